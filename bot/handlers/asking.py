"""Which endpoint is asked, and whether what was said fits its dataset: shared by Predict and Sweep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Command, Problem, Question, Reply
from models.catalog import UnknownModel
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

NOT_FINITE = frozenset({"nan", "inf", "infinity", "-inf", "null", "none"})
SERVES = ("InService", "Updating", "SystemUpdating", "RollingBack")  # an endpoint that is being updated still answers


def endpoint_meant(request: Request, ports: Ports, example: str) -> Endpoint | Reply:
    """The endpoint that is asked; a reply when none serves, none fits, or several do.

    example: what may be said, before " with the gp on toy". Raises UnknownEndpoint, UnknownModel.
    """
    serving = [endpoint for endpoint in ports.endpoints.all() if endpoint.status in SERVES]
    found = _fitting(request, serving, ports)
    if not serving:
        return _nothing_serves(request, ports)
    if not found:
        return _none_such(request, serving)
    if len(found) == 1:
        return found[0]
    latest = _latest(request, found, ports)
    if latest is not None:
        return latest
    names = wording.listed((name_of(one) for one in found), "or")
    return Reply(
        f"Which one: {names}? Say for example '{example} with the {name_of(found[0])}'.",
        choices=tuple(Choice(name_of(one), f"{request.words} with the {name_of(one)}") for one in found),
        ask=Question(Command(request.intent, request.slots, request.words), "model"),
        error=Problem.AMBIGUOUS,
    )


def named(said: str, endpoints: Sequence[Endpoint]) -> Endpoint | None:
    """The endpoint of that name, or of the service that the name's words say: "toy-gp"."""
    for endpoint in endpoints:
        if endpoint.name == said:
            return endpoint
    words = set(said.lower().split("-"))
    for endpoint in endpoints:
        service = endpoint.service
        if service is not None and words == {service.model, *service.dataset.split("-")}:
            return endpoint
    return None


def _fitting(request: Request, serving: Sequence[Endpoint], ports: Ports) -> list[Endpoint]:
    """Those that serve and fit what was said of endpoint, model and dataset."""
    if said := request.text("endpoint"):
        one = named(said, serving)
        if one is None:
            raise UnknownEndpoint(f"No endpoint {said} is in service.")
        return [one]
    model = _model(request, ports)
    dataset = request.text("dataset")
    return [
        endpoint
        for endpoint in serving
        if (not model or (endpoint.service and endpoint.service.model == model))
        and (not dataset or (endpoint.service and endpoint.service.dataset == dataset))
    ]


def _model(request: Request, ports: Ports) -> str:
    said = request.text("model")
    if not said:
        return ""
    try:
        return ports.models().model(said).name
    except UnknownModel as error:
        if said in {dataset.name for dataset in ports.datasets.all()}:
            raise UnknownModel(f"{said} is a dataset; say 'with the gp on {said}'.") from error
        raise


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
        f"No {asked} is served; there is {wording.listed(name_of(one) for one in serving)}.",
        error=UnknownEndpoint.__name__,
    )


def _latest(request: Request, found: Sequence[Endpoint], ports: Ports) -> Endpoint | None:
    """The one that the speaker's latest READY build serves from."""
    ready = ports.builds.latest(person=request.person.id, statuses=frozenset({BuildStatus.READY}))
    if not ready:
        return None
    build = ready[0]
    return next((one for one in found if one.build_number == build.number or one.service == build.service), None)


def name_of(endpoint: Endpoint) -> str:
    """ "gp on toy", or the endpoint's name when its service is not known."""
    return wording.what(endpoint.service) if endpoint.service else endpoint.name


def dataset_served(endpoint: Endpoint, ports: Ports) -> Dataset | None:
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


def row_of(said: Json, dataset: Dataset | None, endpoint: Endpoint) -> list[float | str]:
    """The inputs in the order of the columns. Raises BadPrediction, BadRequest."""
    if isinstance(said, dict):
        return [_input(value) for value in _by_name(said, dataset, endpoint)]
    given = [value for value in said if not isinstance(value, (list, dict))] if isinstance(said, list) else []
    if dataset is not None and len(given) != len(dataset.inputs):
        were = "was" if len(given) == 1 else "were"
        raise BadPrediction(f"{wording.plural(len(given), 'number')} {were} given, but {takes(dataset, endpoint)}")
    return [_input(value) for value in given]


def _input(value: Json) -> float | str:
    """One input. Raises BadPrediction when it is none: what is not finite predicts nothing."""
    if isinstance(value, bool) or value is None or isinstance(value, (list, dict)):
        raise BadPrediction(f"{value!r} is no input; inputs are numbers, or the text of a column of text.")
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        raise BadPrediction(f"{value} cannot be predicted from: every input must be a finite number.")
    return float(value)


def _by_name(said: Mapping[str, Json], dataset: Dataset | None, endpoint: Endpoint) -> list[Json]:
    if dataset is None:
        raise BadRequest(f"I do not know the names of the inputs of {name_of(endpoint)}; give the numbers in order.")
    given = by_column(said, dataset, endpoint)
    if missing := [column for column in dataset.inputs if column not in given]:
        are = "is" if len(missing) == 1 else "are"
        raise _misfit(f"{wording.columns(missing)} {are} missing", dataset, endpoint)
    return [given[column] for column in dataset.inputs]


def by_column(said: Mapping[str, Json], dataset: Dataset, endpoint: Endpoint) -> dict[str, Json]:
    """What was said by the names of the columns, whatever its case. Raises BadPrediction naming what is none."""
    if endless := [name for name in said if name.lower() in NOT_FINITE]:
        raise _misfit(f"only finite numbers can be predicted from, not {endless[0]}", dataset, endpoint)
    columns = {column.lower(): column for column in dataset.inputs}
    unknown = [name for name in said if name.lower() not in columns]
    if unknown:
        missing = [column for column in dataset.inputs if column.lower() not in {name.lower() for name in said}]
        also = f" and {wording.columns(missing)} {'is' if len(missing) == 1 else 'are'} missing" if missing else ""
        raise _misfit(f"there is no input {wording.listed(unknown)}{also}", dataset, endpoint)
    return {columns[name.lower()]: value for name, value in said.items()}


def _misfit(text: str, dataset: Dataset, endpoint: Endpoint) -> BadPrediction:
    return BadPrediction(f"{text[0].upper()}{text[1:]}: {takes(dataset, endpoint)}")


def takes(dataset: Dataset, endpoint: Endpoint) -> str:
    """What the endpoint takes, with an example."""
    example = " ".join(wording.number(value) if isinstance(value, int | float) else value for value in dataset.example)
    hint = f" For example: 'predict {example}'." if example else ""
    return f"the {name_of(endpoint)} takes {len(dataset.inputs)}: {wording.columns(dataset.inputs)}.{hint}"


def shown(names: Sequence[str], row: Sequence[float | str]) -> str:
    """ "x1 = 0.5 and x2 = 1"."""
    pairs = [
        f"{name} = {wording.number(v) if isinstance(v, int | float) else v}" for name, v in zip(names, row, strict=True)
    ]
    return wording.columns(pairs)


def service_said(request: Request, ports: Ports) -> Service:
    """Model and dataset as far as they were said, "" otherwise. Raises UnknownModel."""
    return Service(_model(request, ports), request.text("dataset"))
