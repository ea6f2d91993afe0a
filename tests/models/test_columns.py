"""models/columns.py: kinds, empty cells, classes and an example, without holding the cells."""

from __future__ import annotations

import pytest

from models.columns import MAX_CLASSES, summarise
from models.tabular import TabularError


def test_kinds_empty_cells_and_classes() -> None:
    found = summarise("kind,size,town,none\nb,,Oslo,\na, 2 ,NA,\nb,3,3,\n")
    assert (found.target, found.rows) == ("kind", 3)
    assert found.kinds == {"kind": "text", "size": "number", "town": "text", "none": "number"}
    assert {name: column.missing for name, column in found.columns.items()} == {
        "kind": 0,
        "size": 1,
        "town": 1,
        "none": 3,
    }
    assert found.classes == ("a", "b")


def test_the_example_is_the_first_row_that_has_everything() -> None:
    assert summarise("y,a,b\n1,,x\n2,inf,x\n3,1.5,x\n4,2,z\n").example == (1.5, "x")


def test_without_a_whole_row_each_column_gives_its_first_cell() -> None:
    assert summarise("y,a,b,c\n1,,x,\n2,7,,\n").example == (7.0, "x", "")


def test_numbers_have_no_classes_and_neither_has_text_of_too_many() -> None:
    assert summarise("y,x\n1,2\n0,3\n").classes == ()
    lines = "".join(f"c{i},1\n" for i in range(MAX_CLASSES + 1))
    assert summarise("y,x\n" + lines).classes == ()
    assert len(summarise("y,x\n" + lines, "y").columns["y"].values) == MAX_CLASSES + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y,x\n1,1\n2,2\n3,b\n", "data.csv: The column 'x' has 'b' in row 4, but numbers in most others"),
        ("y,x\n,1\n?,2\n", "data.csv: the target column 'y' has no values."),
        ("y,x\n1,2,3\n", "data.csv: row 2 has 3 cells, but there are 2 columns."),
        ("y,x\n", "data.csv has a header but no rows."),
    ],
    ids=["mixed", "no target", "ragged", "no rows"],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(TabularError, match=said):
        summarise(text, name="data.csv")


def test_lines_are_enough() -> None:
    found = summarise(iter(["y,x\n", "1,2\n", "3,4\n"]))
    assert (found.rows, found.example) == (2, (2.0,))
