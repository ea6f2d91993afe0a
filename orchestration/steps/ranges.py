"""The ranges of a tuning: from what was said to CreateHyperParameterTuningJob's ParameterRanges.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ParameterRanges.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from models.catalog import Hyperparameter, Kind, Model
from orchestration.builds import Json
from orchestration.ports import BadRequest

SCALES: Mapping[str, str] = {"log": "Logarithmic", "linear": "Linear", "reverse log": "ReverseLogarithmic"}
NUMERIC = (Kind.INTEGER, Kind.CONTINUOUS)
MAX_VALUES = 30  # CategoricalParameterRange
MAX_JOBS = 750  # of a tuning job


def checked_ranges(asked: Mapping[str, Json], fixed: Iterable[str], model: Model) -> dict[str, Json]:
    """Every range in full: {"low", "high", "scale"} for a number, {"values"} for a choice, by hyperparameter.

    asked: name to {} for the catalogue's range or to what differs; none at all means every tunable hyperparameter that
    is not fixed. Raises BadRequest naming the hyperparameter and what is allowed, BadHyperparameters.
    """
    held = set(fixed)
    names = asked or {p.name: {} for p in model.hyperparameters if p.tunable and p.name not in held}
    ranges: dict[str, Json] = {}
    for said, entry in names.items():
        parameter = model.hyperparameter(said)
        if parameter.name in held:
            raise BadRequest(f"{parameter.name} has a value and a range; it can be tuned or fixed, not both.")
        ranges[parameter.name] = _checked(parameter, entry if isinstance(entry, Mapping) else {})
    if not ranges:
        raise BadRequest(f"There is nothing to tune: every tunable hyperparameter of {model.name} has a value.")
    return ranges


def _checked(parameter: Hyperparameter, entry: Mapping[str, Json]) -> dict[str, Json]:
    if not parameter.tunable:
        raise BadRequest(f"{parameter.name} cannot be tuned; give it a value in a training.")
    if parameter.kind not in NUMERIC:
        choices = list(parameter.choices) if parameter.kind is Kind.CATEGORICAL else ["true", "false"]
        values = entry.get("values") or choices
        listed = values if isinstance(values, list) else [values]
        return {"values": [str(parameter.parse(value)) for value in listed]}
    low, high = _bound(parameter, entry, "low"), _bound(parameter, entry, "high")
    if not low < high:
        raise BadRequest(f"The range of {parameter.name} is from {low:g} to {high:g}; its low end must be the lower.")
    scale = SCALES.get(str(entry.get("scale", "")), str(entry.get("scale") or parameter.scaling))
    if scale == "Logarithmic" and low <= 0:
        raise BadRequest(f"The range of {parameter.name} is from {low:g}; on a log scale it must begin above 0.")
    return {"low": low, "high": high, "scale": scale}


def _bound(parameter: Hyperparameter, entry: Mapping[str, Json], end: str) -> float:
    if entry.get(end) is not None:
        return float(parameter.parse(entry[end]))
    own = (parameter.tune_minimum, parameter.minimum) if end == "low" else (parameter.tune_maximum, parameter.maximum)
    found = next((bound for bound in own if bound is not None), None)
    if found is None:
        raise BadRequest(f"{parameter.name} needs a range, such as 'tune {parameter.name} from 1 to 10'.")
    return found


def for_strategy(ranges: Mapping[str, Json], strategy: str, model: Model) -> dict[str, Json]:
    """Checked ranges as the strategy takes them: Grid takes values alone, so whole numbers become theirs.

    Raises BadRequest when the strategy cannot search them.
    """
    if strategy == "Hyperband" and "epochs" not in {p.name for p in model.hyperparameters}:
        raise BadRequest(f"Hyperband ends trials by their epochs, and {model.name} has none; take Bayesian or Random.")
    if strategy != "Grid":
        return dict(ranges)
    values = {name: _grid(model.hyperparameter(name), entry) for name, entry in ranges.items()}
    if (count := combinations(values, model)) > MAX_JOBS:
        raise BadRequest(f"A grid of these ranges has {count:.0f} combinations; a tuning trains at most {MAX_JOBS}.")
    return values


def _grid(parameter: Hyperparameter, entry: Json) -> Json:
    if not isinstance(entry, Mapping) or "values" in entry:
        return entry
    low, high = float(str(entry["low"])), float(str(entry["high"]))
    if parameter.kind is not Kind.INTEGER or high - low >= MAX_VALUES:
        raise BadRequest(
            f"Grid tries every value, and {parameter.name} goes from {low:g} to {high:g}; it takes at most "
            f"{MAX_VALUES} whole numbers. Take Bayesian or Random."
        )
    return {"values": [str(value) for value in range(int(low), int(high) + 1)]}


def combinations(ranges: Mapping[str, Json], model: Model) -> float:
    """How many different trials there can be; infinitely many where a number need not be whole."""
    count = 1.0
    for name, entry in ranges.items():
        if not isinstance(entry, Mapping):
            continue
        if isinstance(values := entry.get("values"), list):
            count *= len(values)
        elif model.hyperparameter(name).kind is Kind.INTEGER:
            count *= float(str(entry["high"])) - float(str(entry["low"])) + 1
        else:
            return math.inf
    return count


def parameter_ranges(ranges: Mapping[str, Json], model: Model) -> dict[str, Any]:
    """ParameterRanges, from checked ranges."""
    found: dict[str, list[dict[str, Any]]] = {"Integer": [], "Continuous": [], "Categorical": []}
    for name, entry in ranges.items():
        if not isinstance(entry, Mapping):
            continue
        if "values" in entry:
            found["Categorical"].append({"Name": name, "Values": entry["values"]})
            continue
        whole = model.hyperparameter(name).kind is Kind.INTEGER
        ends = {"MinValue": _text(entry["low"], whole), "MaxValue": _text(entry["high"], whole)}
        found["Integer" if whole else "Continuous"].append({"Name": name, **ends, "ScalingType": entry["scale"]})
    return {f"{kind}ParameterRanges": entries for kind, entries in found.items() if entries}


def _text(value: Json, whole: bool) -> str:
    return str(int(float(str(value)))) if whole else repr(float(str(value)))
