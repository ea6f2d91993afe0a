"""How far the rows of today are from those that a model was trained on: the population stability index of each column.

PSI = sum over bins of (p - q) log(p / q), bins being tenths of the earlier rows, or categories. Below 0.1 a column
counts as unchanged, from 0.25 on as changed (Siddiqi 2006). With few rows chance alone passes those marks: without any
change PSI / (1/n + 1/m) follows a chi-square law of bins - 1 degrees (Yurdakul & Naranjo 2020), so that a verdict also
takes PSI to be three standard deviations above what chance makes of it. Standard library only.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Sequence

from models.tabular import TextTable, is_missing, number

_BINS = 10
_SHIFTED, _CHANGED = 0.1, 0.25
_DEVIATIONS = 3.0
_LEAST_ROWS = 20
_MOST_CATEGORIES = 20
# Added to each count, so that a bin that is empty on one side has a logarithm.
_SMOOTHING = 0.5


def drift(reference: TextTable, current: TextTable) -> dict[str, object]:
    """The columns of `current` compared with those of `reference`, and a verdict: a sentence about all of them."""
    shared = [name for name in current.columns if name in reference.columns]
    columns = [_column(name, reference.columns[name], current.columns[name]) for name in shared]
    return {
        "rows": {"reference": reference.rows, "current": current.rows},
        "columns": columns,
        "new_columns": [name for name in current.columns if name not in reference.columns],
        "gone_columns": [name for name in reference.columns if name not in current.columns],
        "verdict": _overall(
            [str(column["name"]) for column in columns if column["verdict"] != "unchanged"], len(shared)
        ),
    }


def population_stability(before: Sequence[int], after: Sequence[int]) -> float:
    """PSI of counts in the same bins, smoothed; 0 when the shares are the same."""
    bins = len(before)
    total_before, total_after = sum(before) + bins * _SMOOTHING, sum(after) + bins * _SMOOTHING
    found = 0.0
    for old, new in zip(before, after, strict=True):
        q, p = (old + _SMOOTHING) / total_before, (new + _SMOOTHING) / total_after
        found += (p - q) * math.log(p / q)
    return found


def _column(name: str, before: Sequence[str], after: Sequence[str]) -> dict[str, object]:
    was_text, is_text = _is_text(before), _is_text(after)
    if was_text != is_text:
        words = "text, and numbers before" if is_text else "numbers, and text before"
        return {"name": name, "psi": None, "verdict": "changed", "sentence": f"{name} holds {words}."}
    if min(len(before), len(after)) < _LEAST_ROWS:
        return {"name": name, "psi": None, "verdict": "unchanged", "sentence": f"Too few rows to compare {name}."}
    old, new = _binned(before, after, was_text)
    psi = population_stability(old, new)
    degrees, chance = len(old) - 1, 1.0 / len(before) + 1.0 / len(after)
    noise = chance * (degrees + _DEVIATIONS * math.sqrt(2.0 * degrees))
    verdict = "unchanged" if psi < max(_SHIFTED, noise) else "shifted" if psi < _CHANGED else "changed"
    sentence = {
        "unchanged": f"{name} is distributed as before (PSI {psi:.2f}).",
        "shifted": f"{name} has shifted (PSI {psi:.2f}).",
        "changed": f"{name} is distributed differently than before (PSI {psi:.2f}).",
    }[verdict]
    return {"name": name, "psi": psi, "noise": noise, "verdict": verdict, "sentence": sentence}


def _binned(before: Sequence[str], after: Sequence[str], is_text: bool) -> tuple[list[int], list[int]]:
    """Counts in the same bins; the last bin is for what is missing, or a category that is rare or new."""
    if is_text:
        common = [each for each, _ in Counter(filter(_is_there, before)).most_common(_MOST_CATEGORIES)]
        place = {each: index for index, each in enumerate(common)}
        binned = [Counter(place.get(cell, len(common)) for cell in cells) for cells in (before, after)]
        bins = len(common) + 1
    else:
        edges = _edges(before)
        binned = [Counter(_bin(cell, edges) for cell in cells) for cells in (before, after)]
        bins = len(edges) + 2
    used = [index for index in range(bins) if binned[0][index] or binned[1][index]]
    return [binned[0][index] for index in used], [binned[1][index] for index in used]


def _edges(cells: Sequence[str]) -> list[float]:
    """Between tenths of the values; fewer where values repeat."""
    values = sorted(value for value in map(_finite, cells) if value is not None)
    tenths = (values[len(values) * tenth // _BINS] for tenth in range(1, _BINS)) if values else ()
    return sorted(set(tenths))


def _bin(cell: str, edges: Sequence[float]) -> int:
    value = _finite(cell)
    return len(edges) + 1 if value is None else bisect.bisect_right(edges, value)


def _finite(cell: str) -> float | None:
    value = number(cell)
    return value if value is not None and math.isfinite(value) else None


def _is_there(cell: str) -> bool:
    return not is_missing(cell)


def _is_text(cells: Sequence[str]) -> bool:
    return any(number(cell) is None for cell in cells if not is_missing(cell))


def _overall(moved: Sequence[str], count: int) -> str:
    if not count:
        return "No column is the same as those of the champion's training rows, so there is nothing to compare."
    if not moved:
        return "The data is distributed as the champion's training rows are."
    names = ", ".join(moved[:5]) + (f" and {len(moved) - 5} more" if len(moved) > 5 else "")
    return f"{len(moved)} of {count} columns differ from the champion's training rows: {names}."
