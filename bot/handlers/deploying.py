"""Deploy and Rollback: a build's model into service, or back to the one that served before."""

from __future__ import annotations

from collections.abc import Mapping

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import measures, ordering, targets, wording
from bot.intents.request import Request
from bot.replies import Choice, Command, Problem, Question, Reply
from orchestration.builds import Build, BuildKind, BuildStatus, Json, Service
from orchestration.ports import BadRequest, Conflict, Endpoint, Ports
from orchestration.steps import champions
from orchestration.steps.start_build import DEPLOYABLE, Order, check_deployable


def means_deploying(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The build whose model is deployed, checked before anything is asked.

    Raises UnknownBuild, UnknownModel, BadRequest when it has no model to deploy, Conflict while deployments are frozen
    or when it serves already.
    """
    build = _to_deploy(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    if build.status is BuildStatus.WAITING_FOR_APPROVAL:
        raise BadRequest(f"Build {build.number} waits for approval: say 'approve build {build.number}'.")
    check_deployable(build)
    champions.check_not_frozen(BuildKind.DEPLOY, ports)
    serving = champions.champion(build.service, ports)
    if serving is not None and serving.origin == build.origin:
        as_ = f" (as build {serving.number})" if serving.number != build.origin else ""
        raise Conflict(f"The model of build {build.origin} serves {wording.what(build.service)} already{as_}.")
    now = f"; build {serving.number} serves now" if serving is not None else ""
    measured = measures.objective(build, build.metrics, wording.models_to_tell_of(ports))
    about = "; ".join(word for word in (wording.what(build.service), measured) if word)
    slots = {"build": build.number}
    return ordering.meant(
        _deployment(request, build.number), build.service, slots, f"Deploy build {build.number} ({about}{now})", ports
    )


def _to_deploy(request: Request, ports: Ports, memory: Memory) -> Build | None:
    """The build that was said; of a model, or when none was said, the newest that has a model to deploy."""
    if request.number("build") is not None or (request.text("build") and not request.text("model")):
        return targets.spoken_of(request, ports, memory)
    if not request.text("model"):
        spoken = targets.spoken_of(request, ports, memory)
        return spoken
    model = ports.models().model(request.text("model")).name
    for build in ports.builds.latest(100, statuses=DEPLOYABLE):
        if build.service.model == model and "model" in build.artifacts:
            return build
    raise BadRequest(f"No build of {model} has left a model to deploy.")


def _deployment(request: Request, number: int) -> Order:
    return Order(
        kind=BuildKind.DEPLOY,
        model=None,
        dataset=None,
        hyperparameters={},
        settings={},
        requester=request.requester,
        source=request.channel,
        delivery_id=request.delivery_id,
        of=number,
    )


def deploy(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Start the deployment, a build of its own. Raises what `start_build` raises."""
    number = request.number("build")
    if number is None:
        raise BadRequest("Say which build: 'deploy build 7'.")
    return ordering.place(_deployment(request, number), ports.builds.get(number).service, ports, _deploying)


def _deploying(build: Build, is_new: bool) -> Reply:
    verb = "deploys" if is_new else "was already started by this message and deploys"
    return Reply(
        text=f"Build {build.number} {verb} the model of build {build.source}: {wording.what(build.service)}. "
        "What serves now goes on until the new one is in service.",
        choices=(Choice("Tell me when it is done", "tell me when it is done"),),
        build=build.number,
    )


def means_rolling_back(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The service that is meant, and the version that it goes back to.

    Raises UnknownModel, BadRequest when nothing is served or nothing was before.
    """
    service = _to_roll_back(request, ports, memory)
    if isinstance(service, Reply):
        return service
    serving, before = champions.champion(service, ports), champions.previous(service, ports)
    now = f" from build {serving.number}" if serving is not None else ""
    slots: Mapping[str, Json] = {"model": service.model, "dataset": service.dataset}
    sentence = f"Roll {wording.what(service)} back{now} to build {before.number}"
    return Meant(slots, sentence, (service.model,))


def _to_roll_back(request: Request, ports: Ports, memory: Memory) -> Service | Reply:
    """What was said; else the one service that is deployed; else that of the build spoken of; else it is asked."""
    model = ports.models().model(request.text("model")).name if request.text("model") else ""
    dataset = request.text("dataset")
    if model and dataset:
        return Service(model, dataset)
    served = [one for one in _services(ports.endpoints.all()) if _fits(one, model, dataset)]
    if len(served) == 1:
        return served[0]
    if not served:
        asked = " on ".join(word for word in (model, dataset) if word)
        raise BadRequest(f"Nothing{f' of {asked}' if asked else ''} is deployed, so there is nothing to roll back.")
    spoken = targets.spoken_of(request, ports, memory) if memory.build is not None else None
    if spoken is not None and spoken.service in served:
        return spoken.service
    names = wording.listed((wording.what(one) for one in served), "or")
    return Reply(
        text=f"Which one: {names}? Say for example 'roll back the {wording.what(served[0])}'.",
        choices=tuple(Choice(wording.what(one), f"roll back the {wording.what(one)}") for one in served),
        ask=Question(Command(request.intent, request.slots, request.words), "model"),
        error=Problem.AMBIGUOUS,
    )


def _services(endpoints: list[Endpoint]) -> list[Service]:
    return [endpoint.service for endpoint in endpoints if endpoint.service is not None]


def _fits(service: Service, model: str, dataset: str) -> bool:
    return (not model or service.model == model) and (not dataset or service.dataset == dataset)


def rollback(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Start the rollback, a build of its own; a freeze does not stop it. Raises what `start_build` raises."""
    order = Order(
        kind=BuildKind.ROLLBACK,
        model=request.text("model") or None,
        dataset=request.text("dataset") or None,
        hyperparameters={},
        settings={},
        requester=request.requester,
        source=request.channel,
        delivery_id=request.delivery_id,
    )
    service = ordering.service_of(order.model, order.dataset, ports)
    return ordering.place(order, service, ports, _rolling_back)


def _rolling_back(build: Build, is_new: bool) -> Reply:
    verb = "rolls" if is_new else "was already started by this message and rolls"
    return Reply(
        text=f"Build {build.number} {verb} {wording.what(build.service)} back to the model of build {build.source}.",
        choices=(Choice("Tell me when it is done", "tell me when it is done"),),
        build=build.number,
    )
