"""models/preparation.py: what is dropped and why, splits that stay, classes in every split, the report."""

from __future__ import annotations

import random

import pytest

from models.datasets import diabetes
from models.preparation import SPLITS, Prepared, Rules, prepare, to_csv
from models.tabular import TabularError, TextTable, parse_text_csv


def table(rows: int, seed: int = 0) -> TextTable:
    source = random.Random(seed)
    lines = "".join(f"{source.gauss(0, 1)},{source.gauss(0, 1)},{source.choice('abc')}\n" for _ in range(rows))
    return parse_text_csv("y,x,town\n" + lines)


def contents(prepared: Prepared) -> dict[str, set[str]]:
    return {split: set(to_csv(prepared.splits[split]).splitlines()[1:]) for split in SPLITS}


def test_the_shares_are_70_15_15_and_nothing_is_lost() -> None:
    prepared = prepare(table(4000), 0)
    counts = {split: prepared.splits[split].rows for split in SPLITS}
    assert sum(counts.values()) == 4000
    assert counts["train"] == pytest.approx(2800, abs=100)
    assert counts["validation"] == pytest.approx(600, abs=80)
    assert prepared.report["rows"] == {"in": 4000, "kept": 4000, **counts}


def test_a_row_keeps_its_split_when_rows_are_added_taken_or_moved() -> None:
    whole = table(500)
    before = contents(prepare(whole, 3))
    more = parse_text_csv(to_csv(whole) + "5,6,a\n7,8,b\n")
    fewer = parse_text_csv("".join(to_csv(whole).splitlines(keepends=True)[:300]))
    turned = parse_text_csv("\n".join(",".join(reversed(line.split(","))) for line in to_csv(whole).splitlines()), "y")
    for other, is_turned in ((more, False), (fewer, False), (turned, True)):
        after = contents(prepare(other, 3))
        for split in SPLITS:
            rows = {",".join(reversed(row.split(","))) for row in after[split]} if is_turned else after[split]
            assert rows - {"5,6,a", "7,8,b"} <= before[split]
    assert contents(prepare(whole, 4)) != before


def test_copies_never_straddle_however_a_number_is_written() -> None:
    lines = "".join(f"{i},{i}.0,a\n{i}.0,{i},a\n{i}e0,0{i},a\n" for i in range(200))
    prepared = prepare(parse_text_csv("y,x,town\n" + lines), 0)
    values = [{float(cell) for cell in prepared.splits[split].columns["y"]} for split in SPLITS]
    assert sum(map(len, values)) == 200
    assert prepared.report["duplicates"] == 400
    assert "400 rows repeated from an earlier row; copies are in the same split." in prepared.notes


@pytest.mark.parametrize("seed", range(5))
def test_every_class_of_three_rows_is_in_every_split(seed: int) -> None:
    source = random.Random(seed)
    lines = [f"common,{source.random()}" for _ in range(300)]
    lines += [f"rare,{source.random()}" for _ in range(3)] + [f"single,{source.random()}" for _ in range(2)]
    prepared = prepare(parse_text_csv("k,x\n" + "\n".join(lines)), seed)
    classes = prepared.report["classes"]
    assert classes["rare"] == {"rows": 3, "train": 1, "validation": 1, "test": 1}
    assert classes["single"] == {"rows": 2, "train": 2, "validation": 0, "test": 0}
    assert min(classes["common"][split] for split in SPLITS) > 20
    assert "Too few rows for every split, so they are in training: single." in prepared.notes


def test_classes_written_as_numbers_are_split_as_such() -> None:
    lines = "".join(f"{int(i % 40 == 0)},{i}\n" for i in range(160))
    assert prepare(parse_text_csv("k,x\n" + lines), 0).report["classes"]["1"]["rows"] == 4
    assert prepare(parse_text_csv("y,x\n" + "".join(f"{i}.5,{i}\n" for i in range(160))), 0).report["classes"] is None


MESSY = "y,x,z\n1,2,1\n,3,1\nNA,3,1\ninf,3,1\n2,,1\n3,inf,1\n" + "".join(f"{i},{i},{i * i}\n" for i in range(4, 60))


def test_what_cannot_be_used_is_dropped_with_the_reason() -> None:
    kept = prepare(parse_text_csv(MESSY), 0)
    assert kept.report["dropped"] == {"the target is missing": 2, "the target is not a finite number": 1}
    x = next(column for column in kept.report["columns"] if column["name"] == "x")
    assert (x["nulls"], x["not_finite"], x["minimum"], x["maximum"]) == (1, 1, 2.0, 59.0)
    assert "The column 'x' is empty in 1 row." in kept.notes
    numbers = prepare(parse_text_csv(MESSY), 0, Rules(numbers_only=True))
    assert numbers.report["dropped"] == {
        "the target is missing": 2,
        "the target is not a finite number": 1,
        "an input is missing, and this model takes whole rows only": 1,
        "an input is not a finite number": 1,
    }
    assert numbers.report["rows"]["kept"] == 57


def test_outliers_are_counted_and_only_on_request_dropped_from_training() -> None:
    source = random.Random(1)
    lines = [f"{source.random()},{source.gauss(0, 1)}" for _ in range(400)] + [f"{i},1e6" for i in range(40)]
    rows = parse_text_csv("y,x\n" + "\n".join(lines))
    reported = prepare(rows, 0)
    x = reported.report["columns"][1]
    assert x["far_out"] == 40
    assert reported.report["rows"]["kept"] == 440
    dropped = prepare(rows, 0, Rules(drop_outliers=True))
    far = reported.splits["train"].columns["x"].count("1e6")
    assert dropped.report["dropped"] == {
        "an input is far out, and outliers were to be dropped from the training rows": far
    }
    assert "1e6" not in dropped.splits["train"].columns["x"]
    for split in ("validation", "test"):
        assert dropped.splits[split] == reported.splits[split]


def test_text_is_refused_where_only_numbers_are_taken() -> None:
    with pytest.raises(
        TabularError, match="The column 'town' holds text, such as '[abc]', but this model takes numbers"
    ):
        prepare(table(50), 0, Rules(numbers_only=True))


@pytest.mark.parametrize("text", ["y,x\n1,2\n", "y,x\n1,2\n1,2\n1,2\n3,4\n", "k,x\na,1\nb,2\nc,3\nd,4\n"])
def test_too_few_rows_are_refused(text: str) -> None:
    with pytest.raises(TabularError, match="rows can be used, too few to train, validate and test"):
        prepare(parse_text_csv(text), 0)


def test_drift_is_told_against_the_reference() -> None:
    prepared = prepare(table(600, seed=1), 0, reference=prepare(table(600, seed=2), 0).splits["train"])
    drift = prepared.report["drift"]
    assert drift["verdict"] == "The data is distributed as the champion's training rows are."
    assert [column["name"] for column in drift["columns"]] == ["y", "x", "town"]
    assert prepare(table(60), 0).report["drift"] is None


def test_cells_and_columns_come_through_as_they_are() -> None:
    text = 'y,"a, b"\n' + "".join(f'{i},"say ""{i}"", please"\n' for i in range(40))
    prepared = prepare(parse_text_csv(text), 0)
    for split in SPLITS:
        part = parse_text_csv(to_csv(prepared.splits[split]))
        assert part.columns == prepared.splits[split].columns
        assert all(cell.startswith('say "') for cell in part.columns["a, b"])


def test_a_sample_comes_out_whole() -> None:
    sample = diabetes()
    text = sample.to_csv("train") + "".join(
        line for part in ("validation", "test") for line in sample.to_csv(part).splitlines(keepends=True)[1:]
    )
    prepared = prepare(parse_text_csv(text, sample.target), 0, Rules(numbers_only=True))
    assert prepared.report["rows"]["kept"] == 442
    assert prepared.report["dropped"] == {}
