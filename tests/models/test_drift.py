"""models/drift.py: no cry for nothing with few rows, none missed with many."""

from __future__ import annotations

import random

import pytest

from models.drift import drift, population_stability
from models.tabular import TextTable


def table(seed: int, rows: int, shift: float = 0.0, towns: str = "aab") -> TextTable:
    source = random.Random(seed)
    return TextTable(
        "y",
        {
            "y": [repr(source.gauss(0, 1)) for _ in range(rows)],
            "x": [repr(source.gauss(shift, 1)) for _ in range(rows)],
            "town": [source.choice(towns) for _ in range(rows)],
        },
    )


def verdicts(found: dict[str, object]) -> dict[str, str]:
    columns = found["columns"]
    assert isinstance(columns, list)
    return {column["name"]: column["verdict"] for column in columns}


@pytest.mark.parametrize("rows", [30, 100, 2000])
def test_the_same_distribution_is_unchanged_whatever_the_number_of_rows(rows: int) -> None:
    said = [verdicts(drift(table(2 * seed, rows), table(2 * seed + 1, rows))) for seed in range(20)]
    wrong = sum(verdict != "unchanged" for each in said for verdict in each.values())
    assert wrong <= 2


def test_a_shift_is_found_and_said() -> None:
    found = drift(table(1, 500), table(2, 500, shift=1.0, towns="abbb"))
    assert verdicts(found) == {"y": "unchanged", "x": "changed", "town": "changed"}
    assert found["verdict"] == "2 of 3 columns differ from the champion's training rows: x, town."
    assert verdicts(drift(table(1, 2000), table(2, 2000, shift=0.4)))["x"] == "shifted"


def test_what_is_missing_now_and_new_categories_are_changes() -> None:
    before, after = table(1, 200), table(2, 200)
    after.columns["x"][:100] = [""] * 100
    after.columns["town"][:100] = ["c"] * 100
    assert verdicts(drift(before, after)) == {"y": "unchanged", "x": "changed", "town": "changed"}


def test_columns_that_came_went_or_became_text_are_named() -> None:
    before = TextTable("y", {"y": ["1"] * 30, "a": ["1"] * 30, "b": ["1"] * 30})
    after = TextTable("y", {"y": ["1"] * 30, "c": ["1"] * 30, "b": ["x"] * 30})
    found = drift(before, after)
    assert (found["new_columns"], found["gone_columns"]) == (["c"], ["a"])
    assert found["columns"][1]["sentence"] == "b holds text, and numbers before."
    nothing = drift(TextTable("a", {"a": ["1"]}), TextTable("b", {"b": ["1"]}))
    assert nothing["verdict"].startswith("No column is the same")


def test_with_too_few_rows_nothing_is_claimed() -> None:
    found = drift(table(1, 5), table(2, 500, shift=3.0))
    assert set(verdicts(found).values()) == {"unchanged"}
    assert "Too few rows" in found["columns"][1]["sentence"]


def test_the_index_is_zero_for_equal_shares_and_symmetric() -> None:
    assert population_stability([10, 20], [10, 20]) == 0.0
    assert population_stability([10, 0], [0, 10]) == population_stability([0, 10], [10, 0]) > 1.0
