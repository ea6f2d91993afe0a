"""The ranges of a tuning: what may be said, and the request that it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from models.catalog import GP, BadHyperparameters
from orchestration.builds import Json
from orchestration.ports import BadRequest
from orchestration.steps.ranges import checked_ranges, parameter_ranges


def test_a_name_alone_takes_the_catalogues_range() -> None:
    ranges = checked_ranges({"q": {}, "sigma squared": {}}, (), GP)
    assert ranges == {
        "q": {"low": 0.0, "high": 4.0, "scale": "Auto"},
        "sigma2": {"low": 1e-4, "high": 1.0, "scale": "Logarithmic"},
    }


def test_no_name_means_all_that_can_be_tuned_and_has_no_value() -> None:
    tunable = {p.name for p in GP.hyperparameters if p.tunable}
    assert set(checked_ranges({}, (), GP)) == tunable
    assert set(checked_ranges({}, ("q",), GP)) == tunable - {"q"}


def test_the_request_has_a_list_a_kind_with_texts() -> None:
    asked: dict[str, Json] = {"q": {"low": 1, "high": 3}, "sigma2": {"low": 0.001, "high": 0.1, "scale": "log"}}
    assert parameter_ranges(checked_ranges(asked, (), GP), GP) == {
        "IntegerParameterRanges": [{"Name": "q", "MinValue": "1", "MaxValue": "3", "ScalingType": "Auto"}],
        "ContinuousParameterRanges": [
            {"Name": "sigma2", "MinValue": "0.001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
        ],
    }


@pytest.mark.parametrize(
    ("asked", "fixed", "error", "said"),
    [
        ({"q": {"low": 3, "high": 1}}, (), BadRequest, "from 3 to 1; its low end must be the lower"),
        ({"q": {"low": 0, "high": 9}}, (), BadHyperparameters, "q is 9, but must be"),
        ({"q": {}}, ("q",), BadRequest, "a value and a range"),
        ({"seed": {}}, (), BadRequest, "seed cannot be tuned"),
        ({"wibble": {}}, (), BadHyperparameters, "no hyperparameter 'wibble'"),
        ({}, tuple(p.name for p in GP.hyperparameters), BadRequest, "nothing to tune"),
    ],
    ids=["upside down", "too far", "fixed and tuned", "not tunable", "unknown", "all fixed"],
)
def test_what_cannot_be_tuned_is_named(
    asked: dict[str, Any], fixed: tuple[str, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        checked_ranges(asked, fixed, GP)
