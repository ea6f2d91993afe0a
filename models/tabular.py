"""A CSV file read and checked: a target and inputs, numbers only or, for models that take them, text too.

Standard library only. `parse_csv` takes numbers, `parse_text_csv` any cells, which a preparation then makes sense of;
columns.py looks at a file without holding its cells.

The same code checks a data set when it is registered (orchestration) and reads it inside a container, so a file that
was accepted cannot fail later. datasets.py makes files of this form.

A file has a header row, or none with the target first: its columns then are called target, x1 .. xn. The first row is a
header when any of its cells is not a number. Rows in messages are counted as a spreadsheet does, header included.
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

# Above these a file is refused before it is read to its end: 200 MB is more than the models here can learn from.
MAX_BYTES = 200 * 1024 * 1024
MAX_ROWS = 2_000_000
MAX_COLUMNS = 1_000
MAX_NAME_CHARS = 128
# What the target of a file without a header is called.
HEADERLESS_TARGET = "target"
# How tables write that there is nothing, in lower case.
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
_SHOWN_CHARS = 40
_SHOWN_COLUMNS = 12

T = TypeVar("T")
C = TypeVar("C")


class TabularError(ValueError):
    """A file that cannot be used. The message is one sentence naming the file, the place and what is expected."""


class NotANumber(TabularError):
    """A file with text, or an empty cell, for a reader that takes finite numbers only."""


@dataclass(frozen=True)
class Table:
    """Columns by name, in the order of the file, all of the same length; `target` is one of them."""

    target: str
    columns: Mapping[str, array[float]]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the other columns, in the order of the file."""
        return tuple(name for name in self.columns if name != self.target)

    @property
    def rows(self) -> int:
        """How many rows there are, without the header."""
        return len(self.columns[self.target])


@dataclass(frozen=True)
class TextTable:
    """Columns of cells as they are written, in the order of the file, all of the same length; an empty cell is ""."""

    target: str
    columns: Mapping[str, list[str]]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the other columns, in the order of the file."""
        return tuple(name for name in self.columns if name != self.target)

    @property
    def rows(self) -> int:
        """How many rows there are, without the header."""
        return len(self.columns[self.target])


def read_csv(path: Path, target: str | None = None) -> Table:
    """The table in a file; see `parse_csv`. Raises TabularError, also when the file is missing or above MAX_BYTES."""
    return _read(path, lambda file: parse_csv(file, target, name=path.name))


def read_text_csv(path: Path, target: str | None = None) -> TextTable:
    """The cells in a file; see `parse_text_csv`. Raises TabularError, also when the file is missing or too large."""
    return _read(path, lambda file: parse_text_csv(file, target, name=path.name))


def _read(path: Path, parse: Callable[[Iterable[str]], T]) -> T:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_BYTES:
            raise TabularError(f"{path.name} has {size_bytes} bytes, but may have at most {MAX_BYTES}.")
        # utf-8-sig: spreadsheets put a byte order mark before the first name.
        with path.open(encoding="utf-8-sig", newline="") as file:
            return parse(file)
    except UnicodeDecodeError as error:
        raise TabularError(f"{path.name} is not UTF-8 text: {error.reason} at byte {error.start}.") from None
    except OSError as error:
        raise TabularError(f"{path.name} cannot be read: {error.strerror}.") from None


def parse_csv(text: str | Iterable[str], target: str | None = None, *, name: str = "The file") -> Table:
    """The table in CSV text or lines.

    target: the target's column name; None takes the first column. name: what messages call the file. Raises
    TabularError for no rows, a missing target, no input, columns without a name or with the same one, text, an empty
    cell, a number that is not finite, a row with too few or too many cells, or too much of anything.
    """
    columns: dict[str, array[float]] = {}
    chosen = fill_columns(text, target, name, columns, lambda: array("d"), _append)
    return Table(chosen, columns)


def parse_text_csv(text: str | Iterable[str], target: str | None = None, *, name: str = "The file") -> TextTable:
    """The cells in CSV text or lines, stripped; otherwise as `parse_csv`, but any text and empty cells are taken.

    A file with text cells needs a header row, since its first row is taken for one.
    """
    columns: dict[str, list[str]] = {}
    chosen = fill_columns(text, target, name, columns, list, _append_text)
    return TextTable(chosen, columns)


def number(cell: str) -> float | None:
    """The number in a cell, or None when it is text or empty. "nan" and "inf" are numbers that are not finite."""
    # Python reads 1_000 as a number; no other program that writes or reads CSV does.
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is nothing."""
    return cell.strip().lower() in MISSING_WORDS


def shown(cell: str) -> str:
    """A cell in quotes, cut to what a sentence can hold."""
    return repr(cell if len(cell) <= _SHOWN_CHARS else cell[:_SHOWN_CHARS] + "...")


def _not_blank(cells: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for row_number, row in enumerate(cells, start=1):
        if any(cell.strip() for cell in row):
            yield row_number, row


def fill_columns(
    text: str | Iterable[str],
    target: str | None,
    name: str,
    columns: dict[str, C],
    empty: Callable[[], C],
    append: Callable[[str, Mapping[str, C], int, list[str]], None],
) -> str:
    """Fills `columns` from CSV and returns the target's name; raises TabularError for what is no table.

    append: given name, columns, the row's number and its cells; checks the row and adds it to the columns.
    """
    cells = csv.reader(io.StringIO(text) if isinstance(text, str) else text, strict=True)
    try:
        records = _not_blank(cells)
        first_number, first = next(records, (0, None))
        if first is None:
            raise TabularError(f"{name} has no rows.")
        is_header = any(cell.strip() and number(cell) is None for cell in first)
        names = _header_names(name, first) if is_header else _default_names(len(first))
        _check_columns(name, names, is_header, target)
        columns.update({column: empty() for column in names})
        if not is_header:
            append(name, columns, first_number, first)
        rows = 0 if is_header else 1
        for row_number, row in records:
            rows += 1
            if rows > MAX_ROWS:
                raise TabularError(f"{name} has more than {MAX_ROWS} rows.")
            append(name, columns, row_number, row)
    except csv.Error as error:
        raise TabularError(f"{name} is not CSV at row {cells.line_num}: {error}.") from None
    if rows == 0:
        raise TabularError(f"{name} has a header but no rows.")
    return names[0] if target is None else target


def _header_names(name: str, first: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in first)
    for position, column in enumerate(names, start=1):
        if not column:
            raise TabularError(f"{name}: column {position} has no name in the header row.")
        if len(column) > MAX_NAME_CHARS or not column.isprintable():
            raise TabularError(
                f"{name}: the name of column {position} must be at most {MAX_NAME_CHARS} printable characters."
            )
        if number(column) is not None:
            text = next(cell for cell in names if number(cell) is None)
            raise TabularError(
                f"{name}: row 1 mixes text ({shown(text)}) and numbers ({column}), so it is neither a header nor data;"
                " name every column, or leave the header out."
            )
    for column in names:
        if names.count(column) > 1:
            raise TabularError(f"{name} has {names.count(column)} columns called {column!r}; each needs its own name.")
    return names


def _default_names(count: int) -> tuple[str, ...]:
    return (HEADERLESS_TARGET, *(f"x{position}" for position in range(1, count)))


def _check_columns(name: str, names: Sequence[str], is_header: bool, target: str | None) -> None:
    if len(names) > MAX_COLUMNS:
        raise TabularError(f"{name} has {len(names)} columns, but may have at most {MAX_COLUMNS}.")
    if len(names) < 2:
        hint = "; cells are separated by commas" if any(mark in names[0] for mark in ";\t|") else ""
        raise TabularError(f"{name} has one column, but needs a target and at least one input{hint}.")
    if target is not None and target not in names:
        there = ", ".join(names[:_SHOWN_COLUMNS]) + (", ..." if len(names) > _SHOWN_COLUMNS else "")
        kind = "the columns are" if is_header else "without a header row its columns are called"
        raise TabularError(f"{name} has no target column {target!r}; {kind} {there}.")


def _append(name: str, columns: Mapping[str, array[float]], row_number: int, row: list[str]) -> None:
    check_width(name, len(columns), row_number, row)
    for (column, values), cell in zip(columns.items(), row, strict=True):
        value = number(cell)
        if value is None or not math.isfinite(value):
            found = shown(cell) if cell.strip() else "an empty cell"
            raise NotANumber(f"{name}: row {row_number}, column {column!r} has {found}, but must have a finite number.")
        values.append(value)


def _append_text(name: str, columns: Mapping[str, list[str]], row_number: int, row: list[str]) -> None:
    check_width(name, len(columns), row_number, row)
    for values, cell in zip(columns.values(), row, strict=True):
        values.append(cell.strip())


def check_width(name: str, width: int, row_number: int, row: list[str]) -> None:
    """Raises TabularError for a row that has not as many cells as there are columns."""
    if len(row) != width:
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        raise TabularError(f"{name}: row {row_number} has {cells}, but there are {width} columns.")
