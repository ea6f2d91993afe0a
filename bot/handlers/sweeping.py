"""Sweep: predictions along one input, in one request, as a picture of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.access.memory import Memory
from bot.handlers import asking, wording
from bot.handlers.predicting import by_probability
from bot.intents.request import Request
from bot.replies import Fact, Reply, Table
from models.figure import Axis, Figure, Series
from orchestration.builds import Json
from orchestration.ports import BadPrediction, Dataset, Endpoint, Ports, Prediction

DEFAULT_POINTS = 21
MAX_POINTS = 1000
MAX_ROWS_SHOWN = 11
TOLERANCE = 1e-9  # of a step: "from 0 to 1 in steps of 0.1" ends at 1


@dataclass(frozen=True)
class _Along:
    """What is varied, where, and what the other inputs are."""

    column: str
    places: Sequence[float]
    others: str
    rows: Sequence[Sequence[float | str]]


def sweep(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The predictions from the first value to the last, both included.

    Raises BadPrediction naming what does not fit, UnknownEndpoint, UnknownModel, Unavailable.
    """
    endpoint = asking.endpoint_meant(request, ports, request.words)
    if isinstance(endpoint, Reply):
        return endpoint
    dataset = asking.dataset_served(endpoint, ports)
    if dataset is None:
        raise BadPrediction(f"I do not know the inputs of {asking.name_of(endpoint)}, so none can be varied.")
    along = _along(request, dataset, endpoint)
    predictions = ports.endpoints.predict(endpoint.name, along.rows)
    return _answer(along, predictions, dataset, endpoint)


def places(start: float, end: float, step: float | None, points: int | None) -> list[float]:
    """Where the input is put: at least two places, both ends among them. Raises BadPrediction.

    A last step that would go beyond the end is shorter; the sign of the step follows from the ends.
    """
    if not all(math.isfinite(one) for one in (start, end, step or 0.0)):
        raise BadPrediction("An input is varied between finite numbers.")
    if start == end:
        raise BadPrediction(f"From {wording.number(start)} to {wording.number(end)} there is nothing to vary.")
    if step is not None and points is None:
        return _in_steps(start, end, abs(step))
    count = DEFAULT_POINTS if points is None else points
    if not 2 <= count <= MAX_POINTS:
        raise BadPrediction(f"I can show from 2 to {MAX_POINTS} points, not {count}.")
    return [start + (end - start) * index / (count - 1) for index in range(count - 1)] + [end]


def _in_steps(start: float, end: float, step: float) -> list[float]:
    if step == 0 or abs(end - start) / step > MAX_POINTS - 1:
        raise BadPrediction(
            f"In steps of {wording.number(step)} that would be more than {MAX_POINTS} points; take larger steps."
        )
    whole = math.ceil(abs(end - start) / step - TOLERANCE)
    direction = 1 if end > start else -1
    return [start + direction * step * index for index in range(whole)] + [end]


def _along(request: Request, dataset: Dataset, endpoint: Endpoint) -> _Along:
    said = request.text("input")
    column = next((one for one in dataset.inputs if one.lower() == said.lower()), None)
    if column is None:
        raise BadPrediction(f"There is no input {said}: {asking.takes(dataset, endpoint)}")
    if column in dataset.text_columns:
        raise BadPrediction(f"{column} is text, so it cannot be varied from one number to another.")
    found = places(
        _number(request, "from"),
        _number(request, "to"),
        _number(request, "step") if "step" in request.slots else None,
        request.number("points"),
    )
    fixed = _others(request.slots.get("numbers"), column, dataset, endpoint)
    rows = [[place if name == column else fixed[name] for name in dataset.inputs] for place in found]
    names = [name for name in dataset.inputs if name != column]
    return _Along(column, found, asking.shown(names, [fixed[name] for name in names]) if names else "", rows)


def _number(request: Request, slot: str) -> float:
    value = request.slots.get(slot)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadPrediction(f"{slot} must be a number.")
    return float(value)


def _others(said: Json, column: str, dataset: Dataset, endpoint: Endpoint) -> dict[str, float | str]:
    """The other inputs: as said, else as in the dataset's example row. Raises BadPrediction."""
    given = asking.by_column(said, dataset, endpoint) if isinstance(said, dict) else {}
    typical = dict(zip(dataset.inputs, dataset.example, strict=False))
    found: dict[str, float | str] = {}
    for name in dataset.inputs:
        value = given.get(name, typical.get(name))
        if name == column:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise BadPrediction(f"Say what {name} is: the dataset has no example of it.")
        found[name] = value
    return found


def _answer(along: _Along, predictions: Sequence[Prediction], dataset: Dataset, endpoint: Endpoint) -> Reply:
    others = f", with {along.others}" if along.others else ""
    first, last = wording.number(along.places[0]), wording.number(along.places[-1])
    count = wording.plural(len(along.places), "point")
    if predictions[0].probabilities:
        ends = [by_probability(predictions[0])[0][0], by_probability(predictions[-1])[0][0]]
        goes = (
            f"{dataset.target} is {ends[0]}"
            if ends[0] == ends[1]
            else f"{dataset.target} goes from {' to '.join(ends)}"
        )
    else:
        means = [wording.with_deviation(one.mean, one.std)[0] for one in predictions]
        goes = f"{dataset.target} goes from {means[0]} to {means[-1]}{_between(predictions)}"
    return Reply(
        text=f"{goes} as {along.column} goes from {first} to {last}, says the {asking.name_of(endpoint)} "
        f"in {count}{others}.",
        spoken=f"{goes} as {along.column} goes from {first} to {last}.",
        facts=(Fact("points", str(len(along.places))), Fact("endpoint", endpoint.name)),
        table=_table(along, predictions, dataset.target),
        picture=Figure(
            title=f"{dataset.target} by {asking.name_of(endpoint)}{others}",
            x=Axis(along.column),
            y=Axis(f"probability of {dataset.target}" if predictions[0].probabilities else dataset.target),
            series=_series(along.places, predictions, dataset.target),
        ),
        build=endpoint.build_number,
    )


def _between(predictions: Sequence[Prediction]) -> str:
    """What lies outside of the two ends, when anything does."""
    means = [one.mean for one in predictions]
    low, high = min(means), max(means)
    ends = (means[0], means[-1])
    outside = [f"lowest {wording.number(low)}"] if low < min(ends) else []
    outside += [f"highest {wording.number(high)}"] if high > max(ends) else []
    return f" ({wording.listed(outside)})" if outside else ""


def _series(at: Sequence[float], predictions: Sequence[Prediction], target: str) -> tuple[Series, ...]:
    """A line of the means, and one standard deviation below and above it; of a classifier, a line a class."""
    if predictions[0].probabilities:
        names = list(predictions[0].probabilities)
        return tuple(_line(name, at, [one.probabilities.get(name, 0.0) for one in predictions]) for name in names)
    means = [one.mean for one in predictions]
    deviations = [one.std for one in predictions if one.std is not None]
    if len(deviations) < len(predictions):
        return (_line(target, at, means),)
    below = [mean - std for mean, std in zip(means, deviations, strict=True)]
    above = [mean + std for mean, std in zip(means, deviations, strict=True)]
    return (_line(target, at, means), _line("1 std less", at, below), _line("1 std more", at, above))


def _line(name: str, at: Sequence[float], values: Sequence[float]) -> Series:
    return Series(name, tuple(zip(at, values, strict=True)))


def _table(along: _Along, predictions: Sequence[Prediction], target: str) -> Table:
    """At most eleven of the points, both ends among them."""
    last = len(along.places) - 1
    count = min(last + 1, MAX_ROWS_SHOWN)
    shown = sorted({round(index * last / (count - 1)) for index in range(count)})
    rows = []
    for index in shown:
        one = predictions[index]
        if one.probabilities:
            name, probability = by_probability(one)[0]
            cells: tuple[str, ...] = (name, f"{100 * probability:.3g} %")
        else:
            cells = wording.with_deviation(one.mean, one.std)
        rows.append((wording.number(along.places[index]), *cells))
    second = "probability" if predictions[0].probabilities else "±"
    return Table((along.column, target, second), tuple(rows))
