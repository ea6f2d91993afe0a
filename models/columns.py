"""What the columns of a CSV file hold: numbers or text, how many cells are empty, the classes of a target.

Standard library only. A file is looked at row by row without holding its cells, so that one of a hundred megabytes is
checked in little memory when it is registered; preparation.py asks the same of rows that it holds anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from models.tabular import TabularError, check_width, fill_columns, is_missing, number, shown

NUMBER, TEXT = "number", "text"
# The most classes that a target is said to have; a text target with more has none worth listing.
MAX_CLASSES = 100


@dataclass
class Column:
    """One column, counted cell by cell. values: its different texts as written, until there are too many to list."""

    numbers: int = 0
    texts: int = 0
    missing: int = 0
    values: set[str] = field(default_factory=set)
    _first_text: str = ""
    _first_text_row: int = 0

    def add(self, row_number: int, cell: str) -> None:
        """One more cell. row_number: as a spreadsheet counts, for messages."""
        if is_missing(cell):
            self.missing += 1
            return
        if number(cell) is None:
            if self.texts == 0:
                self._first_text, self._first_text_row = cell, row_number
            self.texts += 1
        else:
            self.numbers += 1
        if len(self.values) <= MAX_CLASSES:
            self.values.add(cell)

    def kind(self, name: str) -> str:
        """NUMBER or TEXT; a column of nothing is NUMBER. Raises TabularError for a few texts among numbers."""
        if self.texts == 0:
            return NUMBER
        if self.texts < self.numbers:
            raise TabularError(
                f"The column {name!r} has {shown(self._first_text)} in row {self._first_text_row}, but numbers in most"
                " others; use numbers, an empty cell where one is missing, or text throughout."
            )
        return TEXT


@dataclass(frozen=True)
class Summary:
    """What a file holds. columns: in its order. example: one row of inputs, the first that has them all."""

    target: str
    rows: int
    columns: Mapping[str, Column]
    kinds: Mapping[str, str]
    example: tuple[float | str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of a text target, in order; () for numbers, and for more than MAX_CLASSES."""
        found = self.columns[self.target].values
        return tuple(sorted(found)) if self.kinds[self.target] == TEXT and len(found) <= MAX_CLASSES else ()


def summarise(text: str | Iterable[str], target: str | None = None, *, name: str = "The file") -> Summary:
    """Looks at CSV text or lines, as `models.tabular.parse_text_csv` would read them. name: what messages call it.

    Raises TabularError for what that function refuses, a column of numbers with a few texts in it, and a target without
    a single value.
    """
    columns: dict[str, Column] = {}
    whole: list[list[str]] = []
    firsts: dict[str, str] = {}
    rows = 0

    def append(name: str, columns: Mapping[str, Column], row_number: int, row: list[str]) -> None:
        nonlocal rows
        check_width(name, len(columns), row_number, row)
        cells = [cell.strip() for cell in row]
        rows += 1
        for (column, found), cell in zip(columns.items(), cells, strict=True):
            if not (found.numbers or found.texts):
                firsts[column] = cell
            found.add(row_number, cell)
        if not whole and all(map(_is_there, cells)):
            whole.append(cells)

    chosen = fill_columns(text, target, name, columns, Column, append)
    try:
        kinds = {column: found.kind(column) for column, found in columns.items()}
    except TabularError as error:
        raise TabularError(f"{name}: {error}") from None
    if columns[chosen].missing == rows:
        raise TabularError(f"{name}: the target column {chosen!r} has no values.")
    example = dict(zip(columns, whole[0], strict=True)) if whole else firsts
    return Summary(
        target=chosen,
        rows=rows,
        columns=columns,
        kinds=kinds,
        example=tuple(_typed(example[column], kinds[column]) for column in columns if column != chosen),
    )


def _is_there(cell: str) -> bool:
    value = number(cell)
    return not is_missing(cell) if value is None else math.isfinite(value)


def _typed(cell: str, kind: str) -> float | str:
    value = number(cell)
    return value if kind == NUMBER and value is not None and not is_missing(cell) else cell
