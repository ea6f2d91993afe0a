"""models/keras_net: fitting.py, preparation.py, target.py: what becomes of columns, odd cells and classes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from models.keras_net.errors import BadArtifact, BadData, BadRows
from models.keras_net.fitting import class_weights, fit_inputs, fit_target, prepare, split
from models.keras_net.preparation import Preparation
from models.keras_net.target import ClassTarget, NumberTarget, target_from_json
from models.tabular import parse_text_csv

TABLE = parse_text_csv(
    "price,size,town,rooms,always,nothing\n"
    "10,1,Oslo,2,7,\n20,2,Bergen,,7,NA\n30,3,Oslo,4,7,\n40,inf,,6,7,nan\n,5,Oslo,6,7,\n"
)


def test_numbers_are_scaled_categories_are_one_hot_and_missing_values_have_a_flag() -> None:
    preparation, report = fit_inputs(TABLE)
    assert preparation.inputs == ("size", "town", "rooms", "always", "nothing")
    assert report.dropped_columns == {"always": "it is constant (7)", "nothing": "all its values are missing"}
    x = preparation.transform([[3.0, "Oslo", None, 1.0, "any text"], [1.0, "Paris", 4.0, None, None]])
    size, rooms = np.array([1, 2, 3, 5.0]), np.array([2, 4, 6, 6.0])
    expected = [
        # size, rooms (its median, 5, where missing), flags of both, then "" (missing), Bergen, Oslo
        [(3 - size.mean()) / size.std(), (5 - rooms.mean()) / rooms.std(), 0, 1, 0, 0, 1],
        [(1 - size.mean()) / size.std(), (4 - rooms.mean()) / rooms.std(), 0, 0, 0, 0, 0],
    ]
    assert x == pytest.approx(np.array(expected), abs=1e-6)
    assert preparation.features == 7
    assert preparation.text_inputs == {"town", "always", "nothing"}


def test_rows_without_a_target_are_left_out_and_what_is_odd_is_counted() -> None:
    preparation, _ = fit_inputs(TABLE)
    target = fit_target(TABLE, "auto")
    other = parse_text_csv("price,size,town,rooms,always,nothing\n15,-inf,Paris,1,7,\n,1,Oslo,1,8,\ninf,1,Oslo,,7,\n")
    rows, report = prepare(preparation, target, other)
    assert rows.truth.tolist() == [15.0]
    assert report.to_json() == {
        "missing": {"rooms": 1},
        "not_finite": {"size": 1},
        "unseen_categories": {"town": 1},
        "rows_without_target": 2,
    }


def test_one_row_alone_comes_out_as_among_many() -> None:
    # The replaced application fitted its scaler on each request, so a single row became all zeros.
    preparation, _ = fit_inputs(TABLE)
    rows = [[1.0, "Oslo", 2.0, 7.0, None], [9.0, "Bergen", 5.0, 7.0, None]]
    together = preparation.transform(rows)
    assert np.array_equal(together, np.concatenate([preparation.transform([row]) for row in rows]))
    assert np.abs(together).max() > 1


def test_the_preparation_survives_json_exactly() -> None:
    preparation, _ = fit_inputs(TABLE)
    again = Preparation.from_json(json.loads(json.dumps(preparation.to_json())))
    assert again == preparation
    for target in (fit_target(TABLE, "auto"), ClassTarget("k", ("a", "b"))):
        assert target_from_json(json.loads(json.dumps(target.to_json()))) == target


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"columns": [{"name": "x", "kind": "number", "mean": "a", "scale": 1, "fill": 0, "flagged": False}]},
        {"columns": [{"name": "x", "kind": "number", "mean": 0, "scale": 0, "fill": 0, "flagged": False}]},
        {"columns": [{"name": "x", "kind": "guess"}]},
        {"columns": [{"kind": "category", "categories": []}]},
    ],
)
def test_a_damaged_preparation_is_refused(change: dict[str, object]) -> None:
    document = fit_inputs(TABLE)[0].to_json()
    with pytest.raises(BadArtifact):
        Preparation.from_json({**document, **change})


def test_huge_tiny_and_scaled_columns_stay_finite() -> None:
    table = parse_text_csv("y,a,b\n1,1e300,1e-300\n2,2e300,3e-300\n3,-1e300,2e-300\n")
    preparation, _ = fit_inputs(table)
    rows, _ = prepare(preparation, fit_target(table, "regression"), table)
    assert np.isfinite(rows.x).all()
    assert rows.x.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert rows.x.std(axis=0) == pytest.approx(1, abs=1e-5)


BAD_INPUTS = {
    "mixed": ("y,x\n1,1\n2,2\n3,abc\n", "The column 'x' has 'abc' in row 4, but numbers in most others"),
    "constant": ("y,x\n1,5\n2,5\n", "No input is left to learn from (x: it is constant (5))."),
    "missing": ("y,x\n1,\n2,NaN\n", "No input is left to learn from (x: all its values are missing)."),
    "infinite": ("y,x\n1,inf\n2,-inf\n", "No input is left to learn from (x: none of its values is finite)."),
}


@pytest.mark.parametrize(("text", "reason"), BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
def test_inputs_that_cannot_be_learnt_from_are_named(text: str, reason: str) -> None:
    with pytest.raises(BadData) as raised:
        fit_inputs(parse_text_csv(text))
    assert reason in str(raised.value)


BAD_TARGETS = {
    "text": (
        "y,x\n1,1\nabc,2\n2,3\n",
        "regression",
        "has 'abc', but a regression needs numbers.",
    ),
    "constant": ("y,x\n1,1\n1,2\n", "auto", "The target column 'y' has one value only (1), so there is nothing"),
    "empty": ("y,x\n,1\nnan,2\n", "auto", "The target column 'y' has no values."),
    "infinite": ("y,x\ninf,1\n", "auto", "The target column 'y' has no values."),
    "one-class": ("y,x\na,1\na,2\n", "auto", "The target column 'y' has one class only (a); two are needed."),
    "many": ("y,x\n" + "".join(f"{i},1\n" for i in range(101)), "classification", "has 101 different values"),
}


@pytest.mark.parametrize(("text", "task", "reason"), BAD_TARGETS.values(), ids=BAD_TARGETS.keys())
def test_targets_that_cannot_be_learnt_are_named(text: str, task: str, reason: str) -> None:
    with pytest.raises(BadData) as raised:
        fit_target(parse_text_csv(text), task)
    assert reason in str(raised.value)


def test_a_column_that_had_numbers_keeps_to_them() -> None:
    preparation, _ = fit_inputs(TABLE)
    with pytest.raises(BadRows, match="'many' is not a number"):
        preparation.transform([["many", "Oslo", 1.0, 7.0, None]])
    other = parse_text_csv("price,size,town,rooms,always,nothing\n15,big,Oslo,1,7,\n")
    with pytest.raises(BadData, match="The column 'size' has 'big', but had only numbers in the training rows"):
        prepare(preparation, fit_target(TABLE, "auto"), other)


@pytest.mark.parametrize(
    ("cells", "task", "expected"),
    [
        ("0 1 1", "auto", ("0", "1")),
        ("1.0 1 02", "auto", ("1", "2")),
        ("b a nan b", "auto", ("a", "b")),
        ("10 9 8", "classification", ("8", "9", "10")),
        ("1 2 3", "auto", None),
        ("0 1", "regression", None),
    ],
)
def test_what_is_taken_for_classes(cells: str, task: str, expected: tuple[str, ...] | None) -> None:
    target = fit_target(parse_text_csv("y,x\n" + "".join(f"{cell},1\n" for cell in cells.split())), task)
    assert (target.classes if isinstance(target, ClassTarget) else None) == expected


def test_rows_of_a_class_that_training_never_saw_are_left_out_and_counted() -> None:
    table = parse_text_csv("k,x\na,1\nb,2\nc,3\nb,4\n")
    target = fit_target(table, "auto")
    preparation, _ = fit_inputs(table)
    rows, report = prepare(preparation, target, parse_text_csv("k,x\nz,1\nb,2\n"))
    assert rows.truth.tolist() == [1.0]
    assert rows.y.tolist() == [[0.0, 1.0, 0.0]]
    assert report.to_json() == {"rows_of_unseen_class": 1}


def test_class_weights_let_every_class_count_the_same() -> None:
    table = parse_text_csv("k,x\na,1\nb,2\nb,3\nb,4\n")
    target = fit_target(table, "auto")
    assert isinstance(target, ClassTarget)
    rows, _ = prepare(fit_inputs(table)[0], target, table)
    weights = class_weights(rows, target)
    assert weights[rows.truth == 0].sum() == pytest.approx(weights[rows.truth == 1].sum())
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(("activation", "low", "high"), [("tanh", -0.8, 0.8), ("sigmoid", 0.1, 0.9)])
def test_a_bounded_output_gets_a_bounded_target(activation: str, low: float, high: float) -> None:
    target = fit_target(TABLE, "auto", activation)
    assert isinstance(target, NumberTarget)
    encoded = target.encode(np.array([10.0, 40.0]))
    assert encoded[:, 0].tolist() == pytest.approx([low, high])
    assert target.decode(encoded).tolist() == pytest.approx([10.0, 40.0])


def test_a_split_has_every_row_once_and_is_the_same_each_time() -> None:
    table = parse_text_csv("y,x\n" + "".join(f"{i},{i}\n" for i in range(20)))
    train, held_out = split(table, 0.15, 7)
    assert (train.rows, held_out.rows) == (17, 3)
    assert sorted(train.columns["x"] + held_out.columns["y"], key=int) == [str(i) for i in range(20)]
    assert split(table, 0.15, 7)[1] == held_out
    with pytest.raises(BadData, match="There is 1 row"):
        split(parse_text_csv("y,x\n1,1\n"), 0.15, 7)


def test_two_probabilities_are_made_of_one_output() -> None:
    target = ClassTarget("k", ("a", "b"))
    assert target.decode(np.array([[0.25]], dtype=np.float32)).tolist() == [[0.75, 0.25]]
    assert [target.number_of(0), ClassTarget("k", ("3", "5")).number_of(1)] == [0.0, 5.0]
    assert math.isclose(ClassTarget("k", ("a", "b", "c")).decode(np.full((1, 3), 1 / 3, np.float32)).sum(), 1.0)
