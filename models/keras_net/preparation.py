"""Inputs as the network takes them: numbers scaled, categories as zeros and ones, missing values filled. NumPy only.

Fitted on training rows once, by fitting.py; kept as JSON and applied unchanged ever after: nothing is fitted again when
predicting, so one row alone comes out as it would among many.

Features are in three blocks: numbers in the order of the columns, one flag for each number column that had missing
values in training (1: missing), one 0 or 1 for each category. A category that training never saw is all zeros.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.keras_net.errors import BadArtifact, BadRows
from models.tabular import number

FORMAT = "sagebuild-keras-preparation/1"
Float32 = NDArray[np.float32]
# A cell of a row: a number, text, or None where there is nothing.
Cell = float | str | None
# What stands for an empty cell among the categories of a column that had some in training.
MISSING = ""


@dataclass(frozen=True)
class NumberColumn:
    """Becomes (x - mean) / scale; `fill`, in the column's unit, where x is missing. flagged: has a flag of its own."""

    name: str
    mean: float
    scale: float
    fill: float
    flagged: bool


@dataclass(frozen=True)
class CategoryColumn:
    """Becomes one feature a category."""

    name: str
    categories: tuple[str, ...]


@dataclass(frozen=True)
class DroppedColumn:
    """A column of a row that the network does not see, and why."""

    name: str
    why: str


Column = NumberColumn | CategoryColumn | DroppedColumn


@dataclass(frozen=True)
class Preparation:
    """columns: every input, in the order of a row."""

    columns: tuple[Column, ...]
    _places: _Places = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_places", _Places.of(self.columns))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The D names of the cells of a row."""
        return tuple(column.name for column in self.columns)

    @property
    def text_inputs(self) -> frozenset[str]:
        """Those whose cells may be text: categories, and what is ignored anyway."""
        return frozenset(column.name for column in self.columns if not isinstance(column, NumberColumn))

    @property
    def features(self) -> int:
        """F, how many numbers the network takes."""
        categories = sum(len(column.categories) for column in self.columns if isinstance(column, CategoryColumn))
        return len(self._places.numbers) + len(self._places.flags) + categories

    def transform(self, rows: Sequence[Sequence[Cell]]) -> Float32:
        """Features (S, F) of S rows of D cells. Raises BadRows for text where a number belongs."""
        places = self._places
        numbers = self._numbers_of(rows)
        features = self._scaled(numbers)
        if not (places.flags or places.categories):
            return features
        blocks = [features, np.isnan(numbers[:, places.flags]).astype(np.float32)]
        blocks += [_one_hot([row[place] for row in rows], column) for place, column in places.categories]
        return np.concatenate(blocks, axis=1)

    def unseen(self, rows: Sequence[Sequence[Cell]]) -> dict[str, int]:
        """How many cells of each category column have a category that training never saw."""
        counts = {}
        for place, column in self._places.categories:
            known = set(column.categories)
            counts[column.name] = sum(category_of(row[place]) not in known for row in rows)
        return {name: count for name, count in counts.items() if count}

    def _numbers_of(self, rows: Sequence[Sequence[Cell]]) -> NDArray[np.float64]:
        """The cells of the number columns, (S, numbers), NaN where there is nothing."""
        places = self._places
        if not places.categories:
            try:
                values = np.asarray(rows, dtype=np.float64)
                return values if len(places.numbers) == len(self.columns) else values[:, places.numbers]
            # Text, perhaps in a column that is dropped anyway: cell by cell, to say which.
            except (TypeError, ValueError):
                pass
        cells = [[_number(row[place]) for place in places.numbers] for row in rows]
        return np.array(cells, dtype=np.float64).reshape(len(rows), len(places.numbers))

    def _scaled(self, values: NDArray[np.float64]) -> Float32:
        places = self._places
        # What is too large for single precision becomes infinite, which the callers refuse.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (values - places.mean) / places.scale
            # Cheaper than asking every cell: a sum is not a number when one of its terms is not.
            if math.isnan(scaled.sum()):
                scaled = np.where(np.isnan(scaled), places.filled, scaled)
            return scaled.astype(np.float32)

    def to_json(self) -> dict[str, object]:
        """Plain values, for preprocess.json."""
        return {"format": FORMAT, "columns": [_column_to_json(column) for column in self.columns]}

    @staticmethod
    def from_json(document: object) -> Preparation:
        """The preparation that `to_json` wrote. Raises BadArtifact for anything else."""
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise BadArtifact(f"The preparation is not of format {FORMAT}.")
        try:
            return Preparation(tuple(_column_from_json(entry) for entry in document["columns"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadArtifact(f"The preparation is damaged: {error}.") from None


@dataclass(frozen=True)
class _Places:
    """Where in a row the cells of each kind are, and the scaling of the numbers as vectors."""

    numbers: tuple[int, ...]
    flags: tuple[int, ...]
    categories: tuple[tuple[int, CategoryColumn], ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    filled: NDArray[np.float64]

    @staticmethod
    def of(columns: Sequence[Column]) -> _Places:
        numbered = [(place, column) for place, column in enumerate(columns) if isinstance(column, NumberColumn)]
        mean = np.array([column.mean for _, column in numbered])
        scale = np.array([column.scale for _, column in numbered])
        fill = np.array([column.fill for _, column in numbered])
        flags = tuple(index for index, (_, column) in enumerate(numbered) if column.flagged)
        categories = tuple(
            (place, column) for place, column in enumerate(columns) if isinstance(column, CategoryColumn)
        )
        return _Places(
            numbers=tuple(place for place, _ in numbered),
            flags=flags,
            categories=categories,
            mean=mean,
            scale=scale,
            filled=(fill - mean) / scale,
        )


def category_of(cell: Cell) -> str:
    """The category that a cell is: text as it is, 3.0 as "3", nothing as MISSING."""
    if cell is None:
        return MISSING
    return cell if isinstance(cell, str) else f"{cell:g}"


def _number(cell: Cell) -> float:
    if cell is None:
        return math.nan
    value = number(cell) if isinstance(cell, str) else float(cell)
    if value is None:
        raise BadRows(f"{cell!r} is not a number.")
    return value


def _one_hot(cells: Sequence[Cell], column: CategoryColumn) -> Float32:
    index = {category: position for position, category in enumerate(column.categories)}
    block = np.zeros((len(cells), len(column.categories)), dtype=np.float32)
    for row, cell in enumerate(cells):
        position = index.get(category_of(cell))
        if position is not None:
            block[row, position] = 1.0
    return block


def _column_to_json(column: Column) -> dict[str, object]:
    if isinstance(column, NumberColumn):
        return {
            "name": column.name,
            "kind": "number",
            "mean": column.mean,
            "scale": column.scale,
            "fill": column.fill,
            "flagged": column.flagged,
        }
    if isinstance(column, CategoryColumn):
        return {"name": column.name, "kind": "category", "categories": list(column.categories)}
    return {"name": column.name, "kind": "dropped", "why": column.why}


def _column_from_json(entry: Mapping[str, object]) -> Column:
    kind, name = entry["kind"], str(entry["name"])
    if kind == "number":
        mean, scale, fill = (_finite(entry[key]) for key in ("mean", "scale", "fill"))
        if scale <= 0:
            raise ValueError(f"the scale of {name} is {scale}")
        return NumberColumn(name, mean, scale, fill, bool(entry["flagged"]))
    if kind == "category":
        categories = entry["categories"]
        if not isinstance(categories, list):
            raise ValueError(f"{name} has no list of categories")
        return CategoryColumn(name, tuple(str(category) for category in categories))
    if kind == "dropped":
        return DroppedColumn(name, str(entry["why"]))
    raise ValueError(f"{name} is of kind {kind!r}")


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)
