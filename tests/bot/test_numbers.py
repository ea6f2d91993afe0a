"""Numbers as people say and write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.language.normalise import normalise
from bot.language.numbers import Number, literal, read_numbers, with_numbered_names
from bot.language.parse import Language
from bot.language.tokens import tokenise
from bot.language.units import read_units
from models.catalog import BUILT_IN


def read(text: str) -> list[object]:
    tokens = read_numbers(with_numbered_names(tokenise(normalise(text))))
    return [t.value if isinstance(t, Number) else t for t in tokens]


def read_with_units(text: str) -> list[object]:
    tokens = read_units(read_numbers(tokenise(normalise(text))))
    return [f"{t.value:g} {t.unit}" if isinstance(t, Number) and t.unit else getattr(t, "value", t) for t in tokens]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5, 1.0", [0.5, 1.0]),
        ("0.5,1.0", [0.5, 1.0]),
        (".5 -.5 +2 1.", [0.5, -0.5, 2, 1.0]),
        ("1e-3 -2.5E2", [0.001, -250.0]),
        ("10^-3 2*10^4 2x10^4", [0.001, 20000.0, 20000.0]),
        ("\u22123", [-3]),
        ("1,024", [1024]),
        ("12,345.5", [12345.5]),
        ("fifty", [50]),
        ("twenty five", [25]),
        ("twenty-five", [25]),
        ("a hundred and five", [105]),
        ("two hundred thousand", [200000]),
        ("one two three", [1, 2, 3]),
        ("zero zero seven", [0, 0, 7]),
        ("zero point one", [0.1]),
        ("zero point zero one", [0.01]),
        ("point five", [0.5]),
        ("five point one three point five one point four zero point two", [5.1, 3.5, 1.4, 0.2]),
        ("one hundred twenty three point four five", [123.45]),
        ("two point five million", [2500000.0]),
        ("minus three", [-3]),
        ("negative 1.5", [-1.5]),
        ("minus one point five", [-1.5]),
        ("one e minus three", [0.001]),
        ("ten to the minus three", [0.001]),
        ("10 to the power of four", [10000.0]),
        ("two times ten to the minus three", [0.002]),
        ("from ten to the minus three to one", ["from", 0.001, "to", 1]),
        ("half", [0.5]),
        ("a quarter", [0.25]),
        ("three quarters", [0.75]),
        ("two and a half", [2.5]),
        ("a dozen", [12]),
        ("half a dozen", [6]),
        ("two dozen", [24]),
        ("the last one", ["the", "last", "one"]),
        ("that one", ["that", "one"]),
        ("build one", ["build", 1]),
        ("q=2; l: 3", ["q", 2, "l", 3]),
        ("$5 3x 1/2 nan inf 1e999", ["$5", "3x", "1/2", "nan", "inf", "1e999"]),
        ("minus one and a half", [-1.5]),
        ("a couple of jobs", [2, "of", "jobs"]),
        ("10k 2.5k", [10000, 2500]),
        ("from 0-4", ["from", 0, "dash", 4]),
        ("0..4 0...4", [0, "dash", 4, 0, "dash", 4]),
        ("1e-4..1e-1", [0.0001, "dash", 0.1]),
        ("1e-4-1e-1", [0.0001, "dash", 0.1]),
        ("64-32-16", [64, "dash", 32, "dash", 16]),
        ("-5-5", [-5, "dash", 5]),
        ("0 - 4", [0, "dash", 4]),
        ("sixty four thirty two sixteen", [64, 32, 16]),
        ("x one is zero point five", ["x1", "is", 0.5]),
        ("--epochs 5", ["epochs", 5]),
        ("one training", ["one", "training"]),
        ("- 5", ["-", 5]),
        ("hundred million point minus e", ["hundred", "million", "point", "minus", "e"]),
    ],
    ids=str,
)
def test_read(text: str, expected: list[object]) -> None:
    assert read(text) == expected


def test_whole_numbers_stay_whole() -> None:
    assert [type(value) for value in read("2 2.0 two 1e3")] == [int, float, int, float]


def test_digit_groups_are_several_numbers_in_a_list() -> None:
    values = {t.raw: t.values for t in tokenise("100,200 1,024 1,000") if isinstance(t, Number)}
    assert values == {"100,200": (100, 200), "1,024": (1024,), "1,000": (1000,)}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back_exactly(value: float) -> None:
    number = literal(repr(value))
    assert number is not None
    assert number.value == value


@given(
    st.lists(
        st.sampled_from(
            "a one two zero hundred thousand million point minus e times ten to the half dozen and 3 0.5".split()
        )
    )
)
def test_no_order_of_number_words_breaks_it(words: list[str]) -> None:
    tokens = read_numbers(tokenise(" ".join(words)))
    assert all(isinstance(token, str | Number) for token in tokens)
    assert read_numbers(tokenise(" ".join(words))) == tokens


def test_scales_on_scales_end_somewhere() -> None:
    """Forty scale words are far above what a number can hold: whatever is read, nothing is raised."""
    assert Language(BUILT_IN).parse("predict 5 " + "billion " * 40).utterance


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 percent", ["30 percent"]),
        ("30%", ["30 percent"]),
        ("thirty per cent", ["30 percent"]),
        ("percent", ["percent"]),
        ("2 hours", ["7200 s"]),
        ("2h or 90min or 30s or 1d", ["7200 s", "or", "5400 s", "or", "30 s", "or", "86400 s"]),
        ("1h30", ["5400 s"]),
        ("2-hour timeout", ["7200 s", "timeout"]),
        ("an hour", ["3600 s"]),
        ("half an hour", ["1800 s"]),
        ("an hour and a half", ["5400 s"]),
        ("two and a half hours", ["9000 s"]),
        ("2 hours and 30 minutes", ["9000 s"]),
        ("2 hours 30 minutes", ["9000 s"]),
        ("30 minutes 2 hours", ["1800 s", "7200 s"]),
        ("a couple of hours", ["7200 s"]),
        ("a week and two days", ["777600 s"]),
        ("2 hours and 5 jobs", ["7200 s", "and", 5, "jobs"]),
        ("a second", ["a", "second"]),
        ("hours", ["hours"]),
        ("3m5", ["3m5"]),
    ],
    ids=str,
)
def test_units(text: str, expected: list[object]) -> None:
    assert read_with_units(text) == expected


@given(st.lists(st.sampled_from("a an half 2 0.5 hour minutes percent % and of couple second 3h days".split())))
def test_no_order_of_units_breaks_it(words: list[str]) -> None:
    tokens = read_units(read_numbers(tokenise(" ".join(words))))
    assert all(isinstance(token, str | Number) for token in tokens)
