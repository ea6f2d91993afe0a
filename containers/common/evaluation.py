"""`evaluate`: a candidate and the champion judged on the same held-out rows, as a processing job of the model's image.

    processing/input/model/model.tar.gz        the candidate
    processing/input/test/*.csv                rows that no training saw
    processing/input/champion/model.tar.gz     the model that serves now, when there is one
    processing/output/evaluation/evaluation.json

The image says in an `Evaluator` how its models are loaded, read for and judged. Standard library only.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from containers.common import environment
from containers.common.archives import take
from containers.common.errors import ContractError
from containers.common.output import say, write_json
from containers.common.paths import Paths
from models.tabular import Table, TextTable

SCHEMA_VERSION = 1
MODEL_ARCHIVE = "model.tar.gz"
RESULT = "evaluation.json"
PROBE_ROWS = 3
T = TypeVar("T", Table, TextTable)
T_contra = TypeVar("T_contra", Table, TextTable, contravariant=True)
# A row's prediction as the endpoint answers it: inputs, mean, std, and for classes probabilities.
Probe = Mapping[str, object]


@dataclass(frozen=True)
class Schema:
    """What a model takes and predicts. classes: those of a classifier, None for a number."""

    target: str
    inputs: tuple[str, ...]
    classes: tuple[str, ...] | None = None

    def differs(self, other: Schema) -> bool:
        """Whether the two cannot be compared on the same rows; the order of the inputs does not matter."""
        mine, theirs = (self.target, set(self.inputs), self.classes), (other.target, set(other.inputs), other.classes)
        return mine != theirs

    def in_words(self) -> str:
        """As in "y from x1, x2"; for a classifier with its classes."""
        names = ", ".join(self.inputs[:12]) + (", ..." if len(self.inputs) > 12 else "")
        classes = f" ({', '.join(self.classes[:12])})" if self.classes else ""
        return f"{self.target}{classes} from {names}"


class Judged(Protocol[T_contra]):
    """A loaded model, as it is judged."""

    @property
    def schema(self) -> Schema: ...

    def judge(self, table: T_contra) -> tuple[Mapping[str, float], int]:
        """Metrics by the catalogue's name without `validation:`, and how many rows they are of.

        table: has the columns of the schema, in any order.
        """
        ...

    def probe(self, table: T_contra, count: int) -> Sequence[Probe]:
        """Predictions of at most `count` rows, as the endpoint will answer them."""
        ...


@dataclass(frozen=True)
class Evaluator(Generic[T]):
    """files: what a model is made of. load: a model of the folder with them. read: an input's folder as a table.

    expected: what loading and judging raise with a sentence for the person who asked.
    """

    files: tuple[str, ...]
    load: Callable[[Path], Judged[T]]
    read: Callable[[Path, str, str | None], T]
    expected: tuple[type[Exception], ...]


def evaluate(paths: Paths, evaluator: Evaluator[T]) -> None:
    """Runs one evaluation from its files.

    Raises ContractError, models.tabular.TabularError and the image's own errors with a sentence for the person who
    asked when the candidate cannot be judged. A champion that cannot be is no failure: evaluation.json says why.
    """
    candidate = _model(paths, "model", evaluator)
    target = environment.target() or candidate.schema.target
    table = evaluator.read(paths.processing_input("test"), "input 'test'", target)
    found = Schema(table.target, table.inputs, candidate.schema.classes)
    if found.differs(candidate.schema):
        raise ContractError(
            f"The input 'test' has {found.in_words()}, but the model predicts {candidate.schema.in_words()}."
        )
    metrics, rows = _judged(candidate, table)
    say(f"Judged on {rows} held-out rows: {_in_words(metrics)}.")
    champion, note = None, ""
    if paths.processing_input("champion").is_dir():
        champion, note = _champion(paths, evaluator, candidate.schema, table)
        say(note or f"The champion on the same rows: {_in_words(champion or {})}.")
    document = {
        "schema_version": SCHEMA_VERSION,
        "rows": rows,
        "metrics": metrics,
        "champion": None if champion is None else {"metrics": champion},
        "champion_note": note,
        "probe": list(candidate.probe(table, PROBE_ROWS)),
    }
    write_json(paths.processing_output("evaluation") / RESULT, document)


def _champion(
    paths: Paths, evaluator: Evaluator[T], schema: Schema, table: T
) -> tuple[Mapping[str, float] | None, str]:
    """The champion's metrics, or None and a sentence that says why there are none."""
    expected: tuple[type[Exception], ...] = (ContractError, *evaluator.expected)
    try:
        champion = _model(paths, "champion", evaluator)
        if champion.schema.differs(schema):
            return None, (
                f"The champion predicts {champion.schema.in_words()}, so it cannot be compared with this model, which"
                f" predicts {schema.in_words()}."
            )
        return _judged(champion, table)[0], ""
    except expected as error:
        return None, f"The champion cannot be judged: {error}"


def _model(paths: Paths, name: str, evaluator: Evaluator[T]) -> Judged[T]:
    folder = paths.processing_input(name)
    archive = folder / MODEL_ARCHIVE
    if not archive.is_file():
        there = ", ".join(sorted(path.name for path in folder.glob("*"))[:5]) or "nothing"
        raise ContractError(f"The input {name!r} needs a {MODEL_ARCHIVE}, but {folder} holds {there}.")
    with tempfile.TemporaryDirectory(prefix="sagebuild-model-") as unpacked:
        take(archive, evaluator.files, Path(unpacked))
        return evaluator.load(Path(unpacked))


def _judged(model: Judged[T], table: T) -> tuple[Mapping[str, float], int]:
    metrics, rows = model.judge(table)
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise ContractError(f"The metric {name} came out as {value}, so this model does not suit the rows.")
    return metrics, rows


def _in_words(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.6g}" for name, value in metrics.items())
