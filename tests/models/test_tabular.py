"""models/tabular.py: what is read, and one sentence for everything that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import tabular
from models.tabular import TabularError, number, parse_csv, read_csv


def test_a_header_names_the_columns_and_the_target_may_be_any_of_them() -> None:
    table = parse_csv("x1, y ,x2\n1,2,3\n4,5e-1,-6\n", "y")
    assert (table.target, table.inputs, table.rows) == ("y", ("x1", "x2"), 2)
    assert list(table.columns["y"]) == [2.0, 0.5]
    assert list(table.columns["x2"]) == [3.0, -6.0]


def test_without_a_target_the_first_column_is_it() -> None:
    assert parse_csv("price,size\n1,2\n").target == "price"


@pytest.mark.parametrize("target", [None, "target"])
def test_without_a_header_the_target_comes_first(target: str | None) -> None:
    table = parse_csv("1,2,3\n4,5,6\n", target)
    assert (table.target, table.inputs, table.rows) == ("target", ("x1", "x2"), 2)
    assert list(table.columns["target"]) == [1.0, 4.0]


@pytest.mark.parametrize(
    "text",
    ["\ufeffy,x\r\n1,2\r\n", 'y,"x"\n"1", 2 \n', "\n\ny,x\n\n1,2\n,\n", "y,x\n1,2"],
    ids=["windows", "quotes-and-spaces", "blank-lines", "no-last-newline"],
)
def test_the_ways_programs_write_csv_are_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(text.encode())
    table = read_csv(tmp_path / "data.csv")
    assert {name: list(values) for name, values in table.columns.items()} == {"y": [1.0], "x": [2.0]}


BAD = {
    "empty": ("", None, "data.csv has no rows."),
    "blank": ("\n \n", None, "data.csv has no rows."),
    "header-only": ("y,x\n", None, "data.csv has a header but no rows."),
    "no-target": ("a,b\n1,2\n", "y", "data.csv has no target column 'y'; the columns are a, b."),
    "no-target-headerless": (
        "1,2\n",
        "y",
        "data.csv has no target column 'y'; without a header row its columns are called target, x1.",
    ),
    "text": ("y,x\n1,2\n3,abc\n", None, "data.csv: row 3, column 'x' has 'abc', but must have a finite number."),
    "long-text": (
        "y,x\n1," + "a" * 90 + "\n",
        None,
        "data.csv: row 2, column 'x' has '" + "a" * 40 + "...', but must have a finite number.",
    ),
    "empty-cell": ("y,x\n1,\n", None, "data.csv: row 2, column 'x' has an empty cell, but must have a finite number."),
    "empty-first-cell": (
        "1,,3\n1,2,3\n",
        None,
        "data.csv: row 1, column 'x1' has an empty cell, but must have a finite number.",
    ),
    "nan": ("y,x\n1,NaN\n", None, "data.csv: row 2, column 'x' has 'NaN', but must have a finite number."),
    "inf": ("y,x\n1,-inf\n", None, "data.csv: row 2, column 'x' has '-inf', but must have a finite number."),
    "overflow": ("y,x\n1,1e999\n", None, "data.csv: row 2, column 'x' has '1e999', but must have a finite number."),
    "underscore": ("y,x\n1,1_0\n", None, "data.csv: row 2, column 'x' has '1_0', but must have a finite number."),
    "short-row": ("y,x\n1,2\n3\n", None, "data.csv: row 3 has 1 cell, but there are 2 columns."),
    "long-row": ("1,2\n3,4,5\n", None, "data.csv: row 2 has 3 cells, but there are 2 columns."),
    "same-name": ("y,x,x\n1,2,3\n", None, "data.csv has 2 columns called 'x'; each needs its own name."),
    "no-name": ("y,,x\n1,2,3\n", None, "data.csv: column 2 has no name in the header row."),
    "unprintable-name": (
        "y,\x07\n1,2\n",
        None,
        "data.csv: the name of column 2 must be at most 128 printable characters.",
    ),
    "mixed-first-row": (
        "1,abc\n1,2\n",
        None,
        "data.csv: row 1 mixes text ('abc') and numbers (1), so it is neither a header nor data; name every column, or"
        " leave the header out.",
    ),
    "one-column": ("y\n1\n", None, "data.csv has one column, but needs a target and at least one input."),
    "semicolons": (
        "y;x\n1;2\n",
        None,
        "data.csv has one column, but needs a target and at least one input; cells are separated by commas.",
    ),
    "open-quote": ('y,x\n1,"2\n', None, "data.csv is not CSV at row 2: unexpected end of data."),
}


@pytest.mark.parametrize(("text", "target", "message"), BAD.values(), ids=BAD.keys())
def test_bad_files_get_one_sentence(text: str, target: str | None, message: str) -> None:
    with pytest.raises(TabularError) as raised:
        parse_csv(text, target, name="data.csv")
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [("MAX_ROWS", 1, "more than 1 rows"), ("MAX_COLUMNS", 2, "3 columns, but may have at most 2")],
    ids=["rows", "columns"],
)
def test_sizes_are_bounded(limit: str, value: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, limit, value)
    with pytest.raises(TabularError, match=message):
        parse_csv("1,2,3\n4,5,6\n")


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "MAX_BYTES", 3)
    (tmp_path / "data.csv").write_text("1,2\n")
    with pytest.raises(TabularError, match="has 4 bytes, but may have at most 3"):
        read_csv(tmp_path / "data.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "data.csv cannot be read: No such file"), (b"y,x\n\xff,1\n", "data.csv is not UTF-8 text")],
    ids=["missing", "latin"],
)
def test_unreadable_files_are_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "data.csv").write_bytes(content)
    with pytest.raises(TabularError, match=message):
        read_csv(tmp_path / "data.csv")


@pytest.mark.parametrize(("cell", "value"), [(" 1.5 ", 1.5), ("-2e3", -2000.0), ("", None), ("x", None), ("1_0", None)])
def test_number(cell: str, value: float | None) -> None:
    assert number(cell) == value
