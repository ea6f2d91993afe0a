"""Training rows to a preparation of inputs and target, and rows to what the network takes. NumPy only.

What is odd about the data is handled where that loses nothing, and counted in a report for metrics.json; what cannot be
learnt from is refused with a sentence. preparation.py and target.py apply what is fitted here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.keras_net.errors import BadData
from models.keras_net.preparation import (
    MISSING,
    CategoryColumn,
    Cell,
    Column,
    DroppedColumn,
    Float32,
    NumberColumn,
    Preparation,
)
from models.keras_net.target import ClassTarget, Float64, NumberTarget, Target
from models.tabular import TextTable, is_missing, number

# Rarer categories count as unseen: a feature that few rows have teaches nothing.
MAX_CATEGORIES = 100
MAX_CLASSES = 100
MIN_ROWS = 2
_SHOWN_CHARS = 40


@dataclass
class Report:
    """What was odd about rows. Counts by column; a number that is not finite is not counted as missing."""

    missing: dict[str, int] = field(default_factory=dict)
    not_finite: dict[str, int] = field(default_factory=dict)
    unseen_categories: dict[str, int] = field(default_factory=dict)
    rare_categories: dict[str, int] = field(default_factory=dict)
    dropped_columns: dict[str, str] = field(default_factory=dict)
    rows_without_target: int = 0
    rows_of_unseen_class: int = 0

    def to_json(self) -> dict[str, object]:
        """What there is to say, without what is empty."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Rows:
    """Rows as the network takes them. x: (N, F). y: (N, K). truth: (N,), the target in its unit, or class positions."""

    x: Float32
    y: Float32
    truth: Float64

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, index: NDArray[np.intp]) -> Rows:
        """Some of the rows."""
        return Rows(self.x[index], self.y[index], self.truth[index])


def fit_inputs(table: TextTable) -> tuple[Preparation, Report]:
    """The inputs' preparation from training rows.

    Raises BadData for a column that mixes numbers with a few texts, and when no column is left to learn from.
    """
    report = Report()
    columns = tuple(_column(name, table.columns[name], report) for name in table.inputs)
    report.dropped_columns = {column.name: column.why for column in columns if isinstance(column, DroppedColumn)}
    if len(report.dropped_columns) == len(columns):
        why = "; ".join(f"{name}: {text}" for name, text in list(report.dropped_columns.items())[:5])
        raise BadData(f"No input is left to learn from ({why}).")
    return Preparation(columns), report


def fit_target(table: TextTable, task: str, last_activation: str = "auto") -> Target:
    """The target's preparation from training rows. task: auto, regression or classification.

    last_activation: what bounds the output, and so the scale of a number. Raises BadData for a target that cannot be
    learnt: text for a regression, one value or class only, more than MAX_CLASSES classes.
    """
    cells = [cell for cell in table.columns[table.target] if not is_missing(cell)]
    values = [number(cell) for cell in cells]
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    has_text = any(value is None for value in values)
    if not cells or not (has_text or numbers):
        raise BadData(f"The target column {table.target!r} has no values.")
    if task == "classification" or (task == "auto" and (has_text or len(set(numbers)) == 2)):
        return _class_target(table.target, cells)
    if has_text:
        text = next(cell for cell, value in zip(cells, values, strict=True) if value is None)
        raise BadData(f"The target column {table.target!r} has {_shown(text)}, but a regression needs numbers.")
    return _number_target(table.target, np.array(numbers), last_activation)


def prepare(preparation: Preparation, target: Target, table: TextTable) -> tuple[Rows, Report]:
    """A table's rows as the network takes them; rows without a target, or of a class never seen, are left out.

    Raises BadData when no row is left, or for text in a column of numbers.
    """
    report = Report()
    cells = [_cells(column, table.columns[column.name], report) for column in preparation.columns]
    rows = list(zip(*cells, strict=True))
    truth = _truth(target, table.columns[target.name], report)
    kept = np.flatnonzero(np.isfinite(truth))
    if len(kept) == 0:
        raise BadData(f"No row has a usable value in the target column {target.name!r}.")
    report.unseen_categories = preparation.unseen(rows)
    x = preparation.transform(rows)[kept]
    if not np.isfinite(x).all():
        raise BadData("Some inputs are too large to be scaled; the largest magnitude that is taken is about 1e38.")
    return Rows(x, target.encode(truth[kept]), truth[kept]), report


def split(table: TextTable, share: float, seed: int) -> tuple[TextTable, TextTable]:
    """Most of the rows to train on, and a share, at least one, held out. Raises BadData for a single row."""
    if table.rows < MIN_ROWS:
        raise BadData(f"There is {table.rows} row, but one to train on and one to judge by are needed.")
    held_out = min(table.rows - 1, max(1, round(table.rows * share)))
    order = np.random.default_rng([seed, 2]).permutation(table.rows).tolist()

    def part(index: list[int]) -> TextTable:
        return TextTable(table.target, {name: [cells[i] for i in index] for name, cells in table.columns.items()})

    return part(order[held_out:]), part(order[:held_out])


def class_weights(rows: Rows, target: ClassTarget) -> Float32:
    """A weight a row, (N,), of mean 1, with which every class counts the same."""
    positions = rows.truth.astype(np.intp)
    counts = np.bincount(positions, minlength=len(target.classes))
    weights = len(rows) / (np.count_nonzero(counts) * counts[positions])
    return weights.astype(np.float32)


def _column(name: str, cells: Sequence[str], report: Report) -> Column:
    there = [cell for cell in cells if not is_missing(cell)]
    if not there:
        return DroppedColumn(name, "all its values are missing")
    values = [number(cell) for cell in there]
    texts = sum(value is None for value in values)
    if texts == 0:
        return _number_column(name, np.array(values, dtype=np.float64), len(cells))
    if texts < len(there) / 2:
        text = next(cell for cell, value in zip(there, values, strict=True) if value is None)
        row = cells.index(text) + 2
        raise BadData(
            f"The column {name!r} has {_shown(text)} in row {row}, but numbers in most others; use numbers, an empty"
            " cell where one is missing, or text throughout."
        )
    return _category_column(name, cells, report)


def _number_column(name: str, values: Float64, rows: int) -> Column:
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return DroppedColumn(name, "none of its values is finite")
    if finite.min() == finite.max():
        if len(finite) == rows:
            return DroppedColumn(name, f"it is constant ({finite[0]:g})")
        # There or not there is all that it says, and the flag says it.
        return NumberColumn(name, float(finite[0]), 1.0, float(finite[0]), flagged=True)
    # Divided first, so that squares of large numbers do not overflow.
    size = float(np.abs(finite).max())
    mean, scale = float((finite / size).mean() * size), float((finite / size).std() * size)
    if not (math.isfinite(mean) and scale > 0):
        return DroppedColumn(name, "its values are too close to each other to be told apart")
    return NumberColumn(name, mean, scale, float(np.median(finite)), flagged=len(finite) < rows)


def _category_column(name: str, cells: Sequence[str], report: Report) -> Column:
    counts = Counter(MISSING if is_missing(cell) else cell for cell in cells)
    if len(counts) == 1:
        return DroppedColumn(name, f"it is constant ({next(iter(counts))[:_SHOWN_CHARS]})")
    common = [category for category, _ in counts.most_common(MAX_CATEGORIES)]
    rare = sum(counts.values()) - sum(counts[category] for category in common)
    if rare:
        report.rare_categories[name] = rare
    return CategoryColumn(name, tuple(sorted(common)))


def _class_target(name: str, cells: Sequence[str]) -> ClassTarget:
    found = list({name for name in map(_class_name, cells) if name is not None})
    if len(found) == 1:
        raise BadData(f"The target column {name!r} has one class only ({found[0][:_SHOWN_CHARS]}); two are needed.")
    if len(found) > MAX_CLASSES:
        raise BadData(
            f"The target column {name!r} has {len(found)} different values, more than the {MAX_CLASSES} classes that"
            " are taken; is it a regression?"
        )
    values = {each: number(each) for each in found}
    as_numbers = all(value is not None for value in values.values())
    return ClassTarget(name, tuple(sorted(found, key=(lambda each: values[each] or 0.0) if as_numbers else str)))


def _class_name(cell: str) -> str | None:
    """1, 1.0 and 01 are one class; a number that is not finite is none."""
    value = number(cell)
    if value is None:
        return cell
    return f"{value:.12g}" if math.isfinite(value) else None


def _number_target(name: str, values: Float64, last_activation: str) -> NumberTarget:
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise BadData(f"The target column {name!r} has one value only ({low:g}), so there is nothing to learn.")
    size = max(abs(low), abs(high))
    if last_activation in ("tanh", "sigmoid"):
        # Room beyond the training rows' range, where these activations are still steep.
        lowest, highest = (-0.8, 0.8) if last_activation == "tanh" else (0.1, 0.9)
        scale = (high / size - low / size) / (highest - lowest) * size
        return NumberTarget(name, low - lowest * scale, scale)
    offset, scale = float((values / size).mean() * size), float((values / size).std() * size)
    if not (math.isfinite(offset) and math.isfinite(scale) and scale > 0):
        raise BadData(f"The values of the target column {name!r} are too close to each other to be told apart.")
    return NumberTarget(name, offset, scale)


def _cells(column: Column, cells: Sequence[str], report: Report) -> Sequence[Cell]:
    if isinstance(column, DroppedColumn):
        return [None] * len(cells)
    missing = sum(is_missing(cell) for cell in cells)
    if missing:
        report.missing[column.name] = missing
    if isinstance(column, CategoryColumn):
        return [MISSING if is_missing(cell) else cell for cell in cells]
    values = [_number(column.name, cell) for cell in cells]
    not_finite = sum(value is not None and math.isinf(value) for value in values)
    if not_finite:
        report.not_finite[column.name] = not_finite
    return [value if value is not None and math.isfinite(value) else None for value in values]


def _number(name: str, cell: str) -> float | None:
    if is_missing(cell):
        return None
    value = number(cell)
    if value is None:
        raise BadData(f"The column {name!r} has {_shown(cell)}, but had only numbers in the training rows.")
    return value


def _truth(target: Target, cells: Sequence[str], report: Report) -> Float64:
    """The target as numbers, (N,), NaN where there is none that can be used."""
    positions: dict[str, float] | None = None
    if isinstance(target, ClassTarget):
        positions = {each: float(place) for place, each in enumerate(target.classes)}
    truth = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        name = None if is_missing(cell) else cell if positions is None else _class_name(cell)
        if name is None:
            report.rows_without_target += 1
        elif positions is not None:
            truth[row] = positions.get(name, math.nan)
            report.rows_of_unseen_class += name not in positions
        else:
            value = _number(target.name, cell)
            truth[row] = math.nan if value is None else value
            report.rows_without_target += not math.isfinite(truth[row])
    truth[~np.isfinite(truth)] = np.nan
    return truth


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= _SHOWN_CHARS else cell[:_SHOWN_CHARS] + "...")
