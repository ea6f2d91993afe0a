"""Predict: one row to an endpoint, and what it answers: a number with its deviation, or a class with probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from bot.access.memory import Memory
from bot.handlers import asking, wording
from bot.intents.request import Request
from bot.replies import Fact, Reply, Table
from orchestration.ports import Dataset, Endpoint, Ports, Prediction

MAX_CLASSES_SAID = 3


def predict(request: Request, ports: Ports, memory: Memory) -> Reply:
    """One prediction, and the inputs by name.

    Raises BadPrediction when the inputs do not fit, UnknownEndpoint, UnknownModel, Unavailable.
    """
    endpoint = asking.endpoint_meant(request, ports, "predict 0.5 1.0")
    if isinstance(endpoint, Reply):
        return endpoint
    dataset = asking.dataset_served(endpoint, ports)
    row = asking.row_of(request.slots.get("numbers"), dataset, endpoint)
    prediction = ports.endpoints.predict(endpoint.name, [row])[0]
    names = dataset.inputs if dataset else tuple(f"input {index}" for index in range(1, len(row) + 1))
    target = dataset.target if dataset else "the target"
    if prediction.probabilities:
        return _a_class(prediction, target, asking.shown(names, row), endpoint)
    return _a_number(prediction, target, asking.shown(names, row), endpoint, dataset)


def _a_number(prediction: Prediction, target: str, inputs: str, endpoint: Endpoint, dataset: Dataset | None) -> Reply:
    value, deviation = wording.with_deviation(prediction.mean, prediction.std)
    spread = f" ± {deviation}" if deviation else ""
    facts = [Fact(target, value), *([Fact("standard deviation", deviation)] if deviation else [])]
    return Reply(
        text=f"{target} = {value}{spread}, says the {asking.name_of(endpoint)} for {inputs}.",
        spoken=f"{target} is about {value}" + (f", give or take {deviation}." if deviation else "."),
        facts=(*facts, Fact("endpoint", endpoint.name)),
        build=endpoint.build_number,
    )


def _a_class(prediction: Prediction, target: str, inputs: str, endpoint: Endpoint) -> Reply:
    """The most probable class, and every class with its probability."""
    ranked = by_probability(prediction)
    name, probability = ranked[0]
    others = wording.listed(f"{one} {percent(p)}" for one, p in ranked[1:MAX_CLASSES_SAID])
    rest = f" ({others})" if others else ""
    return Reply(
        text=f"{target} = {name}, with probability {percent(probability)}{rest}, says the "
        f"{asking.name_of(endpoint)} for {inputs}.",
        spoken=f"{target} is {name}, with a probability of {percent(probability)}.",
        facts=(
            Fact(target, name),
            Fact("probability", percent(probability)),
            Fact("endpoint", endpoint.name),
        ),
        table=Table(("class", "probability"), tuple((one, percent(p)) for one, p in ranked)),
        build=endpoint.build_number,
    )


def by_probability(prediction: Prediction) -> Sequence[tuple[str, float]]:
    """Class and probability, the most probable first."""
    return sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])


def percent(share: float) -> str:
    """ "97.3 %"."""
    return f"{100 * share:.3g} %"
