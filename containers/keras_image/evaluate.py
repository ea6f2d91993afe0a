"""`evaluate`: networks judged on held-out rows, by their exported weights and so without TensorFlow.

containers/common/evaluation.py has the rest. The training loss is left out: two models may have minimised different
ones, on scales of their own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from containers.common import evaluation
from containers.common.channels import read_text
from containers.common.errors import PayloadError
from containers.common.evaluation import Evaluator, Probe, Schema
from containers.common.paths import Paths
from containers.common.payloads import JSON
from containers.keras_image import artifacts
from containers.keras_image.answers import KerasAnswers
from models.keras_entry import validation_metric
from models.keras_net.errors import KerasNetError
from models.keras_net.fitting import prepare
from models.keras_net.judging import judge
from models.keras_net.predictor import Predictor, load
from models.keras_net.target import ClassTarget
from models.tabular import TextTable, is_missing, number

# Of so many rows those with the fewest empty cells are found.
_LOOKED_AT_ROWS = 1000
# A cell of a row as JSON has it.
Sent = float | str | None


class JudgedNetwork:
    """A network as it is judged."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    @property
    def schema(self) -> Schema:
        """What it takes and predicts."""
        target = self._predictor.target
        classes = target.classes if isinstance(target, ClassTarget) else None
        return Schema(target.name, self._predictor.preparation.inputs, classes)

    def judge(self, table: TextTable) -> tuple[Mapping[str, float], int]:
        """The catalogue's metrics on the rows with a target, and of a known class. Raises KerasNetError."""
        predictor = self._predictor
        rows, _ = prepare(predictor.preparation, predictor.target, table)
        loss = "mse" if predictor.classes is None else "cross_entropy"
        found = judge(predictor.target, loss, predictor.network.predict(rows.x), rows)
        del found["loss"]
        return {validation_metric(name).removeprefix("validation:"): value for name, value in found.items()}, len(rows)

    def probe(self, table: TextTable, count: int) -> Sequence[Probe]:
        """Predictions as the endpoint answers them, of the rows with the fewest empty cells."""
        rows = [self._as_sent(row) for row in self._first(table, _LOOKED_AT_ROWS)]
        chosen = sorted(rows, key=lambda row: row.count(None))[:count]
        body = json.dumps({"instances": chosen}).encode()
        text, _ = KerasAnswers(self._predictor).answer(body, JSON, JSON)
        found: list[Probe] = []
        for inputs, answered in zip(chosen, json.loads(text)["predictions"], strict=True):
            probabilities = {"probabilities": answered["probabilities"]} if "probabilities" in answered else {}
            found.append({"inputs": inputs, "mean": answered["mean"], "std": None, **probabilities})
        return found

    def _first(self, table: TextTable, count: int) -> Iterator[tuple[str, ...]]:
        names = self._predictor.preparation.inputs
        return zip(*(table.columns[name][:count] for name in names), strict=True)

    def _as_sent(self, row: Sequence[str]) -> list[Sent]:
        """A row's cells as JSON has them: text where the model takes it, None where there is nothing to be used."""
        preparation = self._predictor.preparation
        return [
            _sent(cell, name in preparation.text_inputs) for name, cell in zip(preparation.inputs, row, strict=True)
        ]


def evaluate(paths: Paths) -> None:
    """Runs one evaluation; raises as containers.common.evaluation.evaluate."""
    evaluator = Evaluator((artifacts.PREPROCESS, artifacts.WEIGHTS), _load, read_text, (KerasNetError, PayloadError))
    evaluation.evaluate(paths, evaluator)


def _load(folder: Path) -> JudgedNetwork:
    return JudgedNetwork(load(folder / artifacts.PREPROCESS, folder / artifacts.WEIGHTS))


def _sent(cell: str, is_text: bool) -> Sent:
    if is_missing(cell):
        return None
    if is_text:
        return cell
    value = number(cell)
    return value if value is not None and math.isfinite(value) else None
