"""One file of rows to rows for training, validation and testing, and a report on what they hold. Standard library only.

What a model cannot learn from is dropped with a reason, what is odd is counted; nothing is filled in or scaled here,
since that is fitted on training rows only, by the models themselves.

A row's split follows from a hash of its content, keyed by a seed: it stays when rows are added, and copies of a row are
never on two sides. The shares are 70, 15 and 15 %; for classes the cuts are moved, as little as possible, so that each
class of three different rows or more is in every split.
"""

from __future__ import annotations

import bisect
import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from models.columns import NUMBER, TEXT, Column
from models.drift import drift
from models.preparation_report import canonical, describe, finite, is_far
from models.tabular import TabularError, TextTable, is_missing, number, shown

SPLITS = ("train", "validation", "test")
# Shares of the hash's range below which a row is for training, and below which for validation.
_CUTS = (0.70, 0.85)
_LEAST_DIFFERENT_ROWS = 3
# A number of so few different whole values is split like classes: the rare ones too shall be in every split.
_MOST_VALUES = 20
# Tukey's fences for what is far out: so many quartile ranges beyond the quartiles.
_FAR_OUT = 3.0

NO_TARGET = "the target is missing"
BAD_TARGET = "the target is not a finite number"
NO_INPUT = "an input is missing, and this model takes whole rows only"
BAD_INPUT = "an input is not a finite number"
FAR_OUT = "an input is far out, and outliers were to be dropped from the training rows"


@dataclass(frozen=True)
class Rules:
    """numbers_only: the model takes whole rows of finite numbers. drop_outliers: from the training rows, on request."""

    numbers_only: bool = False
    drop_outliers: bool = False


@dataclass(frozen=True)
class Prepared:
    """splits: rows by split, with all columns of the file. report: plain values; containers/README.md lists them."""

    splits: Mapping[str, TextTable]
    report: Mapping[str, object]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, a sentence each."""
        found = self.report["notes"]
        return tuple(map(str, found)) if isinstance(found, list) else ()


def prepare(table: TextTable, seed: int, rules: Rules = Rules(), reference: TextTable | None = None) -> Prepared:
    """The file's rows, checked and split. reference: the champion's training rows, to say what has changed since.

    Raises TabularError with a sentence for text where only numbers are taken, a few texts in a column of numbers, and
    too few rows.
    """
    kinds = {name: _kind(name, cells) for name, cells in table.columns.items()}
    if rules.numbers_only:
        _check_numbers(table, kinds)
    dropped = _dropped(table, kinds, rules)
    kept = [row for row in range(table.rows) if row not in dropped]
    values = _target_values(table, kinds[table.target], kept)
    chosen = _split(table, kept, values, seed)
    fences = {name: _fences(table, name, chosen["train"]) for name in table.inputs if kinds[name] == NUMBER}
    if rules.drop_outliers:
        far = {row for row in chosen["train"] if any(is_far(table.columns[name][row], fences[name]) for name in fences)}
        dropped |= dict.fromkeys(far, FAR_OUT)
        chosen["train"] = [row for row in chosen["train"] if row not in far]
    _check_splits(table.target, chosen)
    splits = {split: _part(table, chosen[split]) for split in SPLITS}
    report = describe(table, kinds, dropped, chosen, values, fences)
    report |= {"split_seed": seed, "drift": None if reference is None else drift(reference, splits["train"])}
    return Prepared(splits, report)


def to_csv(table: TextTable) -> str:
    """CSV text with a header row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(zip(*table.columns.values(), strict=True))
    return text.getvalue()


def _kind(name: str, cells: Sequence[str]) -> str:
    column = Column()
    for row_number, cell in enumerate(cells, start=2):
        column.add(row_number, cell)
    return column.kind(name)


def _check_numbers(table: TextTable, kinds: Mapping[str, str]) -> None:
    for name, kind in kinds.items():
        if kind == TEXT:
            text = next(cell for cell in table.columns[name] if not is_missing(cell) and number(cell) is None)
            raise TabularError(
                f"The column {name!r} holds text, such as {shown(text)}, but this model takes numbers only; take"
                " another one, or leave the column out."
            )


def _dropped(table: TextTable, kinds: Mapping[str, str], rules: Rules) -> dict[int, str]:
    """Rows that cannot be used, and why."""
    dropped: dict[int, str] = {}
    for row, cell in enumerate(table.columns[table.target]):
        if is_missing(cell):
            dropped[row] = NO_TARGET
        elif kinds[table.target] == NUMBER and not _is_finite(cell):
            dropped[row] = BAD_TARGET
    for name in table.inputs if rules.numbers_only else ():
        for row, cell in enumerate(table.columns[name]):
            if row not in dropped and not _is_finite(cell):
                dropped[row] = NO_INPUT if is_missing(cell) else BAD_INPUT
    return dropped


def _is_finite(cell: str) -> bool:
    value = number(cell)
    return value is not None and math.isfinite(value)


def _target_values(table: TextTable, kind: str, kept: Sequence[int]) -> dict[int, str] | None:
    """Each kept row's class, or value where there are few; None for a number of many values."""
    cells = table.columns[table.target]
    if kind == TEXT:
        return {row: cells[row] for row in kept}
    values = {row: float(cells[row]) for row in kept}
    different = set(values.values())
    if len(different) == 2 or (len(different) <= _MOST_VALUES and all(value.is_integer() for value in different)):
        return {row: f"{value:g}" for row, value in values.items()}
    return None


def _split(table: TextTable, kept: Sequence[int], values: Mapping[int, str] | None, seed: int) -> dict[str, list[int]]:
    places = dict(zip(kept, _places(table, kept, seed), strict=True))
    strata: dict[str, list[int]] = {}
    for row in kept:
        strata.setdefault("" if values is None else values[row], []).append(row)
    chosen: dict[str, list[int]] = {split: [] for split in SPLITS}
    for stratum in strata.values():
        low, high = _cuts([places[row] for row in stratum])
        for row in stratum:
            chosen[SPLITS[(places[row] >= low) + (places[row] >= high)]].append(row)
    return {split: sorted(rows) for split, rows in chosen.items()}


def _places(table: TextTable, rows: Sequence[int], seed: int) -> list[float]:
    """Where each row falls in [0, 1): the same for the same content, whatever the order of rows and columns."""
    columns = [table.columns[name] for name in sorted(table.columns)]
    key = str(seed).encode()
    places = []
    for row in rows:
        content = json.dumps([canonical(column[row]) for column in columns]).encode()
        digest = blake2b(content, digest_size=8, key=key, person=b"sagebuild-split").digest()
        # 53 bits, so that the quotient is exact and below 1.
        places.append((int.from_bytes(digest, "big") >> 11) / 2**53)
    return places


def _cuts(places: Sequence[float]) -> tuple[float, float]:
    """The places from which rows are for validation, and for testing; all for training where there are too few."""
    different = sorted(set(places))
    count = len(different)
    if count < _LEAST_DIFFERENT_ROWS:
        return 1.0, 1.0
    low, high = (bisect.bisect_left(different, cut) for cut in _CUTS)
    high = min(max(high, 2), count - 1)
    low = min(max(low, 1), high - 1)
    return different[low], different[high]


def _check_splits(target: str, chosen: Mapping[str, Sequence[int]]) -> None:
    if all(chosen.values()):
        return
    rows = sum(map(len, chosen.values()))
    raise TabularError(
        f"{rows} rows can be used, too few to train, validate and test: at least {_LEAST_DIFFERENT_ROWS} different ones"
        f" with a value of {target!r} are needed, of one class if it is a class."
    )


def _fences(table: TextTable, name: str, rows: Sequence[int]) -> tuple[float, float] | None:
    """What is beyond them is far out (Tukey 1977); None for a column whose middle half is one value."""
    values = sorted(finite(table.columns[name], rows))
    if not values:
        return None
    low, high = (values[round(share * (len(values) - 1))] for share in (0.25, 0.75))
    beyond = _FAR_OUT * (high - low)
    return (low - beyond, high + beyond) if high > low and math.isfinite(beyond) else None


def _part(table: TextTable, rows: Sequence[int]) -> TextTable:
    return TextTable(table.target, {name: [cells[row] for row in rows] for name, cells in table.columns.items()})
