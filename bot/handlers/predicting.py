"""Predict: which endpoint is meant, whether the inputs fit its dataset, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Problem, Reply
from orchestration.builds import BuildStatus, Json, Service
from orchestration.ports import (
    BadPrediction,
    BadRequest,
    Dataset,
    Endpoint,
    Ports,
    UnknownBuild,
    UnknownDataset,
    UnknownEndpoint,
)

SERVES = ("InService", "Updating", "SystemUpdating", "RollingBack")  # an endpoint that is being updated still answers


def predict(request: Request, ports: Ports, memory: Memory) -> Reply:
    """One prediction with its standard deviation, and the inputs by name.

    Raises BadPrediction when the inputs do not fit, UnknownEndpoint, UnknownModel, Unavailable.
    """
    serving = [endpoint for endpoint in ports.endpoints.all() if endpoint.status in SERVES]
    meant = _meant(request, serving, ports)
    if not serving:
        return _nothing_serves(request, ports)
    if not meant:
        return _none_such(request, serving)
    endpoint = meant[0] if len(meant) == 1 else _latest(request, meant, ports)
    if endpoint is None:
        names = wording.listed((_name(one) for one in meant), "or")
        return Reply(
            f"Which one: {names}? Say for example 'predict 0.5 1.0 with the {_name(meant[0])}'.",
            error=Problem.AMBIGUOUS,
        )
    dataset = _dataset(endpoint, ports)
    row = _row(request.slots.get("numbers"), dataset, endpoint)
    prediction = ports.endpoints.predict(endpoint.name, [row])[0]
    return _answer(prediction.mean, prediction.std, row, dataset, endpoint)


def _meant(request: Request, serving: Sequence[Endpoint], ports: Ports) -> list[Endpoint]:
    """Those that serve and fit what was said of endpoint, model and dataset."""
    if name := request.text("endpoint"):
        named = [endpoint for endpoint in serving if endpoint.name == name]
        if not named:
            raise UnknownEndpoint(f"No endpoint {name} is in service.")
        return named
    model = ports.models().model(request.text("model")).name if request.text("model") else ""
    wanted = Service(model, request.text("dataset"))
    return [
        endpoint
        for endpoint in serving
        if (not wanted.model or (endpoint.service and endpoint.service.model == wanted.model))
        and (not wanted.dataset or (endpoint.service and endpoint.service.dataset == wanted.dataset))
    ]


def _nothing_serves(request: Request, ports: Ports) -> Reply:
    latest = ports.builds.latest(person=request.person.id)
    if latest and not latest[0].has_ended:
        build = latest[0]
        return Reply(
            f"Nothing is served yet: build {build.number} is {build.status}. Ask again when it is READY.",
            choices=(Choice("Tell me when it is done", "tell me when it is done"),),
            build=build.number,
            error=Problem.NOTHING_SERVED,
        )
    return Reply(
        "Nothing is served yet. Say 'start training' to train and deploy a model.",
        choices=(Choice("Start training", "start training"),),
        error=Problem.NOTHING_SERVED,
    )


def _none_such(request: Request, serving: Sequence[Endpoint]) -> Reply:
    asked = " on ".join(word for word in (request.text("model") or "model", request.text("dataset")) if word)
    return Reply(
        f"No {asked} is served; there is {wording.listed(_name(one) for one in serving)}.",
        error=UnknownEndpoint.__name__,
    )


def _latest(request: Request, meant: Sequence[Endpoint], ports: Ports) -> Endpoint | None:
    """The one that the speaker's latest READY build serves from."""
    ready = ports.builds.latest(person=request.person.id, statuses=frozenset({BuildStatus.READY}))
    if not ready:
        return None
    build = ready[0]
    return next((one for one in meant if one.build_number == build.number or one.service == build.service), None)


def _name(endpoint: Endpoint) -> str:
    return wording.what(endpoint.service) if endpoint.service else endpoint.name


def _dataset(endpoint: Endpoint, ports: Ports) -> Dataset | None:
    """The dataset, in the version that the served model was trained on; None when that is not known."""
    if endpoint.service is None:
        return None
    version = None
    try:
        if endpoint.build_number is not None:
            version = ports.builds.get(endpoint.build_number).dataset_version or None
        return ports.datasets.get(endpoint.service.dataset, version)
    except (UnknownBuild, UnknownDataset):
        return None  # the endpoint itself then says whether the inputs fit


def _row(said: Json, dataset: Dataset | None, endpoint: Endpoint) -> list[float | str]:
    if isinstance(said, dict):
        return _by_name(said, dataset, endpoint)
    given = [value for value in said if isinstance(value, int | float)] if isinstance(said, list) else []
    if dataset is not None and len(given) != len(dataset.inputs):
        were = "was" if len(given) == 1 else "were"
        raise BadPrediction(f"{wording.plural(len(given), 'number')} {were} given, but {_takes(dataset, endpoint)}")
    return [float(value) for value in given]


def _by_name(said: Mapping[str, Json], dataset: Dataset | None, endpoint: Endpoint) -> list[float | str]:
    if dataset is None:
        raise BadRequest(f"I do not know the names of the inputs of {_name(endpoint)}; give the numbers in order.")
    given = {name.lower(): value for name, value in said.items()}
    unknown = [name for name in given if name not in {column.lower() for column in dataset.inputs}]
    missing = [column for column in dataset.inputs if column.lower() not in given]
    if unknown or missing:
        wrong = [f"there is no input {wording.listed(unknown)}"] if unknown else []
        wrong += [f"{wording.columns(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
        text = " and ".join(wrong)
        raise BadPrediction(f"{text[0].upper()}{text[1:]}: {_takes(dataset, endpoint)}")
    return [float(value) for column in dataset.inputs if isinstance(value := given[column.lower()], int | float)]


def _takes(dataset: Dataset, endpoint: Endpoint) -> str:
    example = " ".join(wording.number(value) if isinstance(value, int | float) else value for value in dataset.example)
    hint = f" For example: 'predict {example}'." if example else ""
    return f"the {_name(endpoint)} takes {len(dataset.inputs)}: {wording.columns(dataset.inputs)}.{hint}"


def _answer(
    mean: float, std: float | None, row: Sequence[float | str], dataset: Dataset | None, endpoint: Endpoint
) -> Reply:
    value, deviation = wording.with_deviation(mean, std)
    target = dataset.target if dataset else "the target"
    names = dataset.inputs if dataset else tuple(f"input {index}" for index in range(1, len(row) + 1))
    shown = [
        f"{name} = {wording.number(v) if isinstance(v, int | float) else v}" for name, v in zip(names, row, strict=True)
    ]
    spread = f" ± {deviation}" if deviation else ""
    facts = [Fact(target, value), *([Fact("standard deviation", deviation)] if deviation else [])]
    return Reply(
        text=f"{target} = {value}{spread}, says the {_name(endpoint)} for {wording.columns(shown)}.",
        spoken=f"{target} is about {value}" + (f", give or take {deviation}." if deviation else "."),
        facts=(*facts, Fact("endpoint", endpoint.name)),
        build=endpoint.build_number,
    )
