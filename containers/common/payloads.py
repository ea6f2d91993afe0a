"""Request bodies to rows of numbers, predictions to response bodies: text/csv and application/json.

JSON in: {"instances": [[...], ...], "return_std": true}, return_std being optional. JSON out: {"predictions": [{"mean":
..., "std": ...}, ...]}. CSV in: one row a line, no header. CSV out: one mean a line, and the standard deviation after a
comma when it was asked for. A classifier's prediction has its class and every class's probability instead. serving.py
has the HTTP around it.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from containers.common.errors import PayloadError
from models.tabular import number

CSV = "text/csv"
JSON = "application/json"
# A prediction of this many rows takes minutes already, and SageMaker waits 60 s.
MAX_ROWS = 100_000
_SHOWN_CHARS = 40
_SHOWN_INPUTS = 12

Cell = float | str | None
C = TypeVar("C")


@dataclass(frozen=True)
class Question:
    """rows: S lists of D finite numbers. return_std: whether the standard deviation is wanted."""

    rows: list[list[float]]
    return_std: bool


@dataclass(frozen=True)
class MixedQuestion:
    """As Question, with text where the model takes it, and None for an empty cell or null."""

    rows: list[list[Cell]]
    return_std: bool


def read_question(body: bytes, content_type: str, inputs: Sequence[str]) -> Question:
    """What a request asks. inputs: the model's D input names.

    Raises PayloadError: 415 for another content type, 413 for too many rows, 400 for everything else that is wrong,
    naming the row, what was found and what is expected.
    """
    return Question(*_read(body, content_type, inputs, _json_finite, _csv_finite))


def read_mixed_question(
    body: bytes, content_type: str, inputs: Sequence[str], text_inputs: Collection[str]
) -> MixedQuestion:
    """The same for a model that takes text too, and empty cells. text_inputs: the names whose cells may be text."""

    def json_cell(row_number: int, name: str, cell: object) -> Cell:
        if cell is None or (isinstance(cell, str) and name in text_inputs):
            return cell
        return _json_finite(row_number, name, cell)

    def csv_cell(row_number: int, name: str, cell: str) -> Cell:
        text = cell.strip()
        return (text or None) if not text or name in text_inputs else _csv_finite(row_number, name, cell)

    return MixedQuestion(*_read(body, content_type, inputs, json_cell, csv_cell))


def _read(
    body: bytes,
    content_type: str,
    inputs: Sequence[str],
    json_cell: Callable[[int, str, object], C],
    csv_cell: Callable[[int, str, str], C],
) -> tuple[list[list[C]], bool]:
    """The rows and return_std. The callables make a cell of what was sent, given its row number and input's name."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == CSV:
        rows, return_std = _csv_rows(body, inputs, csv_cell), False
    elif kind == JSON:
        rows, return_std = _json_rows(body, inputs, json_cell)
    else:
        found = f"is {kind[:_SHOWN_CHARS]!r}" if kind else "is missing"
        raise PayloadError(f"The content type {found}, but must be {CSV} or {JSON}.", 415)
    if not rows:
        raise PayloadError(f"There are no rows; send at least one with {_expected(inputs)}.")
    return rows, return_std


def write_classes(
    classes: Sequence[str], numbers: Sequence[float], probabilities: Sequence[Sequence[float]], accept: str
) -> tuple[str, str]:
    """The same for a classifier: each row's likeliest class, its number as mean, and every class's probability.

    numbers: what stands for each class where only a number is taken. CSV has the class alone.
    """
    likeliest = [max(range(len(classes)), key=row.__getitem__) for row in probabilities]
    if CSV in accept.lower() and JSON not in accept.lower():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([classes[place]] for place in likeliest)
        return text.getvalue(), CSV
    predictions = [
        {"mean": numbers[place], "class": classes[place], "probabilities": dict(zip(classes, row, strict=True))}
        for place, row in zip(likeliest, probabilities, strict=True)
    ]
    return json.dumps({"predictions": predictions}, allow_nan=False), JSON


def write_answer(means: Sequence[float], stds: Sequence[float] | None, accept: str) -> tuple[str, str]:
    """The response body and its content type: CSV when `accept` names it and not JSON, else JSON."""
    if CSV in accept.lower() and JSON not in accept.lower():
        lines = [repr(m) for m in means] if stds is None else [f"{m!r},{s!r}" for m, s in zip(means, stds, strict=True)]
        return "\n".join(lines) + "\n", CSV
    if stds is None:
        predictions = [{"mean": mean} for mean in means]
    else:
        predictions = [{"mean": mean, "std": std} for mean, std in zip(means, stds, strict=True)]
    return json.dumps({"predictions": predictions}, allow_nan=False), JSON


def _json_rows(
    body: bytes, inputs: Sequence[str], read_cell: Callable[[int, str, object], C]
) -> tuple[list[list[C]], bool]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError('The body is not JSON; send {"instances": [[...], ...]}.') from None
    if not isinstance(document, dict) or not isinstance(document.get("instances"), list):
        raise PayloadError(f'The body must be {{"instances": [[...], ...]}}, each inner list with {_expected(inputs)}.')
    unknown = sorted(set(document) - {"instances", "return_std"})
    if unknown:
        raise PayloadError(f"The body has {unknown[0][:_SHOWN_CHARS]!r}, but may have only instances and return_std.")
    return_std = document.get("return_std", False)
    if not isinstance(return_std, bool):
        raise PayloadError(f"return_std is {_shown(return_std)}, but must be true or false.")
    instances = document["instances"]
    _check_count(len(instances))
    return [_json_row(i, row, inputs, read_cell) for i, row in enumerate(instances, start=1)], return_std


def _json_row(
    row_number: int, row: object, inputs: Sequence[str], read_cell: Callable[[int, str, object], C]
) -> list[C]:
    if not isinstance(row, list):
        raise PayloadError(f"Row {row_number} is {_shown(row)}, but must be a list with {_expected(inputs)}.")
    _check_width(row_number, len(row), inputs)
    return [read_cell(row_number, name, cell) for name, cell in zip(inputs, row, strict=True)]


def _json_finite(row_number: int, name: str, cell: object) -> float:
    return _finite(row_number, name, cell, _json_number(cell))


def _csv_finite(row_number: int, name: str, cell: str) -> float:
    return _finite(row_number, name, cell, number(cell))


def _json_number(cell: object) -> float | None:
    # JSON's true is a number to Python; a whole number of 400 digits is not one to NumPy.
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return None
    try:
        return float(cell)
    except OverflowError:
        return None


def _csv_rows(body: bytes, inputs: Sequence[str], read_cell: Callable[[int, str, str], C]) -> list[list[C]]:
    try:
        records = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise PayloadError("The body is not UTF-8 text.") from None
    except csv.Error as error:
        raise PayloadError(f"The body is not CSV: {error}.") from None
    rows = [record for record in records if any(cell.strip() for cell in record)]
    _check_count(len(rows))
    for row_number, row in enumerate(rows, start=1):
        _check_width(row_number, len(row), inputs)
    return [
        [read_cell(row_number, name, cell) for name, cell in zip(inputs, row, strict=True)]
        for row_number, row in enumerate(rows, start=1)
    ]


def _check_count(rows: int) -> None:
    if rows > MAX_ROWS:
        raise PayloadError(f"There are {rows} rows, but one request may have at most {MAX_ROWS}.", 413)


def _check_width(row_number: int, width: int, inputs: Sequence[str]) -> None:
    if width != len(inputs):
        numbers = "number" if width == 1 else "numbers"
        raise PayloadError(f"Row {row_number} has {width} {numbers}, but the model takes {_expected(inputs)}.")


def _finite(row_number: int, name: str, cell: object, value: float | None) -> float:
    if value is None or not math.isfinite(value):
        raise PayloadError(f"Row {row_number}: {name} is {_shown(cell)}, but must be a finite number.")
    return value


def _expected(inputs: Sequence[str]) -> str:
    names = ", ".join(inputs[:_SHOWN_INPUTS]) + (", ..." if len(inputs) > _SHOWN_INPUTS else "")
    return f"{len(inputs)} {'number' if len(inputs) == 1 else 'numbers'}: {names}"


def _shown(cell: object) -> str:
    text = repr(cell) if isinstance(cell, str) else json.dumps(cell)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "..."
