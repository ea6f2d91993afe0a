"""A folder's CSV files as one table: a channel of a training job, an input of a processing job.

A channel is read for what it is called: validation data is never trained on.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from containers.common.errors import ContractError
from containers.common.paths import Paths
from models.tabular import MAX_ROWS, Table, TabularError, TextTable, read_csv, read_text_csv

T = TypeVar("T", Table, TextTable)


def read_channel(paths: Paths, channel: str, target: str | None = None, like: Table | None = None) -> Table:
    """All rows of a channel: every .csv file below its folder, in the order of their paths.

    target: the target's column name; None takes the first column. like: the table of another channel that this one
    must have the columns of; they then come in its order, and its target is this one's. Raises ContractError for a
    missing channel, one without a CSV file or with other columns, and models.tabular.TabularError for a bad file.
    """
    return read_numbers(paths.channel(channel), f"channel {channel!r}", target, like)


def read_text_channel(
    paths: Paths, channel: str, target: str | None = None, like: TextTable | None = None
) -> TextTable:
    """The same for a model that takes text and empty cells: the cells as they are written."""
    return read_text(paths.channel(channel), f"channel {channel!r}", target, like)


def read_numbers(folder: Path, where: str, target: str | None = None, like: Table | None = None) -> Table:
    """As `read_channel`, of any folder. where: what messages call it, such as "input 'test'"."""
    tables = _tables(folder, where, like.target if like else target, like, read_csv)
    columns: dict[str, array[float]] = {name: array("d") for name in (like or tables[0]).columns}
    for table in tables:
        for name, values in columns.items():
            values.extend(table.columns[name])
    return Table(tables[0].target, columns)


def read_text(folder: Path, where: str, target: str | None = None, like: TextTable | None = None) -> TextTable:
    """As `read_text_channel`, of any folder."""
    tables = _tables(folder, where, like.target if like else target, like, read_text_csv)
    columns: dict[str, list[str]] = {name: [] for name in (like or tables[0]).columns}
    for table in tables:
        for name, values in columns.items():
            values.extend(table.columns[name])
    return TextTable(tables[0].target, columns)


def _tables(
    folder: Path, where: str, target: str | None, like: T | None, read: Callable[[Path, str | None], T]
) -> list[T]:
    """Each file's table, all with the same columns and within the limit of rows together."""
    tables = [(path, _named(where, path, target, read)) for path in _csv_files(folder, where)]
    first = tables[0][1] if like is None else like
    for path, table in tables:
        _check_columns(where, path, table, first)
    rows = sum(table.rows for _, table in tables)
    if rows > MAX_ROWS:
        raise ContractError(f"The {where} has {rows} rows, but may have at most {MAX_ROWS}.")
    return [table for _, table in tables]


def _named(where: str, path: Path, target: str | None, read: Callable[[Path, str | None], T]) -> T:
    try:
        return read(path, target)
    except TabularError as error:
        raise type(error)(f"In the {where}: {error}") from None


def _csv_files(folder: Path, where: str) -> Iterator[Path]:
    if not folder.is_dir():
        raise ContractError(f"The {where} is missing: there is no folder {folder}.")
    # Names that begin with a dot are left by tools, such as macOS's ._ copies of every file.
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    found = [path for path in files if path.suffix.lower() == ".csv"]
    if not found:
        there = ", ".join(path.name for path in files[:5]) or "nothing"
        raise ContractError(f"The {where} needs a .csv file, but {folder} holds {there}.")
    return iter(found)


def _check_columns(where: str, path: Path, table: Table | TextTable, first: Table | TextTable) -> None:
    if set(table.columns) != set(first.columns) or table.target != first.target:
        raise ContractError(
            f"In the {where}, {path.name} has the columns {_listed(table)}, but must have {_listed(first)},"
            f" as the others do, with {first.target} as the target."
        )


def _listed(table: Table | TextTable) -> str:
    names = list(table.columns)
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
