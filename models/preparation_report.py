"""What a file of rows holds, in numbers and in sentences: the report of preparation.py. Standard library only."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from models.columns import NUMBER, TEXT
from models.tabular import TextTable, is_missing, number

SCHEMA_VERSION = 1
_MOST_SHOWN = 20
_FEW_ROWS = 3
Fences = tuple[float, float] | None


def describe(
    table: TextTable,
    kinds: Mapping[str, str],
    dropped: Mapping[int, str],
    chosen: Mapping[str, Sequence[int]],
    values: Mapping[int, str] | None,
    fences: Mapping[str, Fences],
) -> dict[str, object]:
    """The report of rows that were split. dropped: rows to reasons. values: the target's classes by row, if it has any.

    fences: for each column of numbers among the inputs, what is beyond them is far out.
    """
    kept = sorted(row for rows in chosen.values() for row in rows)
    reasons = dict(Counter(dropped.values()))
    columns = [
        {"name": name, "role": "target" if name == table.target else "input", "kind": kinds[name]}
        | (_text(cells, kept) if kinds[name] == TEXT else _numbers(cells, kept, fences.get(name)))
        for name, cells in table.columns.items()
    ]
    classes = None if values is None else _classes(values, chosen)
    copies = _copies(table, kept)
    return {
        "schema_version": SCHEMA_VERSION,
        "target": table.target,
        "rows": {"in": table.rows, "kept": len(kept), **{split: len(rows) for split, rows in chosen.items()}},
        "dropped": reasons,
        "duplicates": copies,
        "columns": columns,
        "classes": classes,
        "notes": _notes(table, reasons, copies, columns, classes),
    }


def canonical(cell: str) -> str:
    """1, 1.0 and 1e0 are the same content, and so are all ways to say that there is nothing."""
    if is_missing(cell):
        return ""
    value = number(cell)
    return cell if value is None else repr(value + 0.0)


def finite(cells: Sequence[str], rows: Sequence[int]) -> list[float]:
    """The finite numbers in those rows."""
    found = (number(cells[row]) for row in rows)
    return [value for value in found if value is not None and math.isfinite(value)]


def is_far(cell: str, fences: Fences) -> bool:
    """Whether a cell holds a finite number beyond the fences."""
    value = number(cell)
    if fences is None or value is None or not math.isfinite(value):
        return False
    return not fences[0] <= value <= fences[1]


def _numbers(cells: Sequence[str], kept: Sequence[int], fences: Fences) -> dict[str, object]:
    values = sorted(finite(cells, kept))
    nulls = sum(is_missing(cells[row]) for row in kept)
    return {
        "nulls": nulls,
        "not_finite": len(kept) - nulls - len(values),
        "minimum": values[0] if values else None,
        "median": values[len(values) // 2] if values else None,
        "maximum": values[-1] if values else None,
        "far_out": sum(is_far(cells[row], fences) for row in kept),
        "far_out_beyond": list(fences) if fences else None,
    }


def _text(cells: Sequence[str], kept: Sequence[int]) -> dict[str, object]:
    counts = Counter(cells[row] for row in kept if not is_missing(cells[row]))
    common = sorted(counts.items(), key=lambda found: (-found[1], found[0]))[:_MOST_SHOWN]
    return {"nulls": len(kept) - counts.total(), "different": len(counts), "categories": dict(common)}


def _classes(values: Mapping[int, str], chosen: Mapping[str, Sequence[int]]) -> dict[str, dict[str, int]]:
    """How many rows each class has, in each split too; the most frequent first."""
    counts = {split: Counter(values[row] for row in rows) for split, rows in chosen.items()}
    total = sum(counts.values(), Counter())
    return {
        each: {"rows": rows, **{split: counts[split][each] for split in counts}}
        for each, rows in sorted(total.items(), key=lambda found: (-found[1], found[0]))[: 5 * _MOST_SHOWN]
    }


def _copies(table: TextTable, kept: Sequence[int]) -> int:
    """How many rows say what an earlier one said."""
    columns = list(table.columns.values())
    return len(kept) - len({tuple(canonical(column[row]) for column in columns) for row in kept})


def _notes(
    table: TextTable,
    reasons: Mapping[str, int],
    copies: int,
    columns: Sequence[Mapping[str, object]],
    classes: Mapping[str, Mapping[str, int]] | None,
) -> list[str]:
    """What a person should know, a sentence each."""
    notes = [f"{_rows(count)} of {table.rows} left out: {reason}." for reason, count in reasons.items()]
    if copies:
        notes.append(f"{_rows(copies)} repeated from an earlier row; copies are in the same split.")
    for column in columns:
        name = column["name"]
        if column["nulls"]:
            notes.append(f"The column {name!r} is empty in {_rows(column['nulls'])}.")
        if column["kind"] == NUMBER and column["minimum"] is not None and column["minimum"] == column["maximum"]:
            notes.append(f"The column {name!r} is constant.")
        if column.get("far_out"):
            notes.append(f"The column {name!r} is far out in {_rows(column['far_out'])}.")
    rare = [each for each, counts in (classes or {}).items() if counts["rows"] < _FEW_ROWS]
    if rare:
        notes.append(f"Too few rows for every split, so they are in training: {', '.join(rare[:_MOST_SHOWN])}.")
    return notes


def _rows(count: object) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
