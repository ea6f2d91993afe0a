"""containers/common/payloads.py: bodies to rows and predictions to bodies, without a server."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.common import payloads
from containers.common.errors import PayloadError
from containers.common.payloads import CSV, JSON, read_question, write_answer

INPUTS = ("a", "b")

BAD = {
    "not-json": (b"[1", JSON, "The body is not JSON"),
    "deep": (b"[" * 100_000, JSON, "The body is not JSON"),
    "not-utf8": (b"\xff\xfe\x00", JSON, "The body is not JSON"),
    "list": (b"[[1, 2]]", JSON, "each inner list with 2 numbers: a, b."),
    "no-instances": (b"{}", JSON, "each inner list with 2 numbers: a, b."),
    "instances-text": (b'{"instances": "1,2"}', JSON, "each inner list with 2 numbers: a, b."),
    "no-rows": (b'{"instances": []}', JSON, "There are no rows; send at least one with 2 numbers: a, b."),
    "unknown-key": (b'{"instances": [], "return_sd": true}', JSON, "The body has 'return_sd'"),
    "std-text": (b'{"instances": [], "return_std": "yes"}', JSON, "return_std is 'yes', but must be true or false."),
    "object": (b'{"instances": [{"a": 1}]}', JSON, 'Row 1 is {"a": 1}, but must be a list with 2 numbers: a, b.'),
    "true": (b'{"instances": [[1, true]]}', JSON, "Row 1: b is true, but must be a finite number."),
    "null": (b'{"instances": [[null, 1]]}', JSON, "Row 1: a is null, but must be a finite number."),
    "infinity": (b'{"instances": [[1, 1e999]]}', JSON, "Row 1: b is Infinity, but must be a finite number."),
    "400-digits": (b'{"instances": [[1, 1' + b"0" * 400 + b"]]}", JSON, "Row 1: b is 1000"),
    "csv-text": (b"1,2\n3,x\n", CSV, "Row 2: b is 'x', but must be a finite number."),
    "csv-header": (b"a,b\n1,2\n", CSV, "Row 1: a is 'a', but must be a finite number."),
    "csv-empty-cell": (b"1,\n", CSV, "Row 1: b is '', but must be a finite number."),
    "csv-width": (b"1,2,3\n", CSV, "Row 1 has 3 numbers, but the model takes 2 numbers: a, b."),
    "csv-blank": (b"\n\n", CSV, "There are no rows"),
    "csv-not-utf8": (b"\xff\n", CSV, "The body is not UTF-8 text."),
    "csv-quote": (b'1,"2\n', CSV, "The body is not CSV"),
}


@pytest.mark.parametrize(("body", "kind", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_bodies_are_refused_with_a_reason(body: bytes, kind: str, reason: str) -> None:
    with pytest.raises(PayloadError) as raised:
        read_question(body, kind, INPUTS)
    assert reason in str(raised.value)
    assert len(str(raised.value)) < 200
    assert raised.value.status == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x"], ids=["none", "plain", "form"])
def test_other_content_types_are_415(kind: str) -> None:
    with pytest.raises(PayloadError, match="must be text/csv or application/json") as raised:
        read_question(b"1,2", kind, INPUTS)
    assert raised.value.status == 415


def test_too_many_rows_are_413(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payloads, "MAX_ROWS", 1)
    for body, kind in ((b"1,2\n3,4\n", CSV), (b'{"instances": [[1, 2], [3, 4]]}', JSON)):
        with pytest.raises(PayloadError, match="There are 2 rows, but one request may have at most 1") as raised:
            read_question(body, kind, INPUTS)
        assert raised.value.status == 413


@settings(deadline=None)
@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1))
def test_numbers_arrive_exactly(rows: list[list[float]]) -> None:
    as_csv = "\r\n".join(",".join(map(repr, row)) for row in rows).encode()
    assert read_question(json.dumps({"instances": rows}).encode(), JSON, INPUTS).rows == rows
    assert read_question(as_csv, "TEXT/CSV; header=absent", INPUTS).rows == rows


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([CSV, JSON]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    try:
        rows = read_question(body, kind, INPUTS).rows
    except PayloadError:
        return
    assert rows
    assert all(len(row) == 2 for row in rows)


@pytest.mark.parametrize(
    ("accept", "stds", "expected"),
    [
        ("", None, ('{"predictions": [{"mean": 1.5}]}', JSON)),
        ("*/*", [0.25], ('{"predictions": [{"mean": 1.5, "std": 0.25}]}', JSON)),
        ("application/json, text/csv", None, ('{"predictions": [{"mean": 1.5}]}', JSON)),
        ("Text/CSV", None, ("1.5\n", CSV)),
        ("text/csv", [0.25], ("1.5,0.25\n", CSV)),
    ],
    ids=["none", "any", "both", "csv", "csv-std"],
)
def test_answers_take_the_form_that_is_accepted(
    accept: str, stds: list[float] | None, expected: tuple[str, str]
) -> None:
    assert write_answer([1.5], stds, accept) == expected
