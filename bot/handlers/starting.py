"""StartTraining, Tune, RepeatBuild, ResumeBuild: orders for `orchestration/steps/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.access import permissions
from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import measures, ordering, targets, wording
from bot.intents.catalog import Role
from bot.intents.request import Request
from bot.replies import Choice, Problem, Reply
from models.catalog import Kind, Model
from orchestration.builds import RESUMABLE, Build, BuildKind, Json, Service
from orchestration.ports import BadRequest, Conflict, Ports
from orchestration.settings import effective
from orchestration.steps.resume_build import resume_build as resume
from orchestration.steps.start_build import Order

DEPLOYMENTS = frozenset({BuildKind.DEPLOY, BuildKind.ROLLBACK})
STRATEGIES = {name.lower(): name for name in ("Bayesian", "Random", "Grid", "Hyperband")}
SEARCH = "search"


@dataclass(frozen=True)
class _Ordered:
    """An order, the service that it is for, what that is in words ("Train gp on toy with q 2"), and the slots that say
    so without "it" and defaults."""

    order: Order
    service: Service
    sentence: str
    meant: Mapping[str, Json]


def _handler(
    ordered: Callable[[Request, Ports, Memory], _Ordered | Reply],
) -> tuple[Callable[[Request, Ports, Memory], Reply], Callable[[Request, Ports, Memory], Meant | Reply]]:
    """What an intent that orders a build does, and what it means exactly."""

    def answer(request: Request, ports: Ports, memory: Memory) -> Reply:
        found = ordered(request, ports, memory)
        return (
            found if isinstance(found, Reply) else ordering.place(found.order, found.service, ports, ordering.started)
        )

    def means(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
        found = ordered(request, ports, memory)
        if isinstance(found, Reply):
            return found
        return ordering.meant(found.order, found.service, {**request.slots, **found.meant}, found.sentence, ports)

    return answer, means


def _training(request: Request, ports: Ports, memory: Memory) -> _Ordered:
    """Raises UnknownModel, BadSettings; the rest is checked by `start_build`."""
    hyperparameters = ordering.values(request.slots.get("hyperparameters"))
    model = request.text("model") or ordering.model_with(hyperparameters, ports.models())
    ordering.check_known(request, ports)
    order = _order(request, BuildKind.TRAIN, model, ordering.dataset_of(request, ports), hyperparameters, ports)
    service = ordering.service_of(order.model, order.dataset, ports)
    chosen = wording.listed(f"{name} {measures.shown(value)}" for name, value in hyperparameters.items())
    sentence = f"Train {wording.what(service)}{f' with {chosen}' if chosen else ''}"
    return _Ordered(order, service, sentence, _of(service))


def _of(service: Service) -> Mapping[str, Json]:
    return {"model": service.model, "dataset": service.dataset}


def _order(
    request: Request,
    kind: BuildKind,
    model: str | None,
    dataset: str | None,
    hyperparameters: Mapping[str, str | int | float],
    ports: Ports,
) -> Order:
    ranges = request.slots.get("ranges")
    return Order(
        kind=kind,
        model=ports.models().model(model).name if model else None,
        dataset=dataset,
        hyperparameters=hyperparameters,
        settings=_settings(request, ports),
        requester=request.requester,
        source=request.channel,
        delivery_id=request.delivery_id,
        ranges=ranges if isinstance(ranges, dict) else {},
    )


def _settings(request: Request, ports: Ports) -> dict[str, Json]:
    """What the sentence says of the settings, by their names."""
    slots = request.slots
    settings: dict[str, Json] = {}
    if isinstance(deploy := slots.get("deploy"), bool):
        settings["deploy_after_training"] = deploy
    if instance := request.text("instance"):
        settings["training_instance_type"] = instance
    if isinstance(seconds := slots.get("timeout_s"), (int, float)):
        settings["training_timeout_s"] = int(seconds)
    if isinstance(spot := slots.get("spot"), bool):
        settings["spot"] = spot
    if strategy := request.text("strategy"):
        settings["tuning_strategy"] = STRATEGIES.get(strategy.lower(), strategy)
    if slots.get("only") is True:
        settings["tune_only"] = True
    if (parallel := request.number("parallel")) is not None:
        settings["tuning_parallel_jobs"] = parallel
    if (jobs := request.number("jobs")) is not None:
        settings["tuning_jobs"] = jobs
        usual = effective(ports.settings.load(), {}).tuning_parallel_jobs
        if parallel is None and 0 < jobs < usual:
            settings["tuning_parallel_jobs"] = jobs  # one job cannot run two at a time
    return settings


def _tuning(request: Request, ports: Ports, memory: Memory) -> _Ordered:
    """Raises UnknownModel, BadSettings; the rest is checked by `start_build`.

    A bare "tune <model>" means what the catalogue says: a tuning, or a search inside one training job.
    """
    ranges = request.slots.get("ranges")
    names: Mapping[str, Json] = ranges if isinstance(ranges, dict) else {}
    catalogue = ports.models()
    said = request.text("model") or ordering.model_with(names, catalogue)
    ordering.check_known(request, ports)
    dataset = ordering.dataset_of(request, ports)
    service = ordering.service_of(said, dataset, ports)
    model = catalogue.model(service.model)
    is_bare = not set(request.slots) - {"model", "dataset"}
    if is_bare and model.bare_tune == SEARCH and (switch := search_switch(model)):
        order = _order(request, BuildKind.TRAIN, said, dataset, switch, ports)
        return _Ordered(order, service, f"Search for the best {wording.what(service)} in one job", _of(service))
    order = _order(request, BuildKind.TUNE, said, dataset, {}, ports)
    spans = wording.listed(measures.span(name, entry) for name, entry in names.items()) or "every tunable parameter"
    jobs = effective(ports.settings.load(), order.settings, service.key).tuning_jobs
    sentence = f"Tune {spans} of {wording.what(service)} with {wording.plural(jobs, 'job')}"
    return _Ordered(order, service, sentence, _of(service))


def search_switch(model: Model) -> dict[str, str | int | float]:
    """The hyperparameter that makes one training job search, with that value; empty when the model has none."""
    for parameter in model.hyperparameters:
        if parameter.kind is Kind.CATEGORICAL and SEARCH in parameter.choices:
            return {parameter.name: SEARCH}
    return {}


def _repeating(request: Request, ports: Ports, memory: Memory) -> _Ordered | Reply:
    """The same order again, on the newest version of its dataset, with what is said changed.

    Raises UnknownBuild, and BadRequest for a deployment: that is asked for as one.
    """
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    if build.kind in DEPLOYMENTS:
        raise BadRequest(f"Build {build.number} was a {build.kind}; say 'deploy build {build.origin}' for that model.")
    changes = ordering.values(request.slots.get("hyperparameters"))
    model = ports.models().model(build.service.model)
    fixed = {model.hyperparameter(name).name: value for name, value in changes.items()}
    ranges = {name: entry for name, entry in build.ranges.items() if name not in fixed}
    kept = {name: value for name, value in _asked(build, model).items() if name not in ranges}
    order = Order(
        kind=build.kind if ranges or build.kind is not BuildKind.TUNE else BuildKind.TRAIN,
        model=build.service.model,
        dataset=request.text("dataset") or build.service.dataset,
        hyperparameters={**kept, **fixed},
        settings={name: value for name, value in build.overrides.items() if ranges or not name.startswith("tun")},
        requester=request.requester,
        source=request.channel,
        delivery_id=request.delivery_id,
        ranges=ranges,
    )
    service = Service(build.service.model, order.dataset or build.service.dataset)
    changed = [f"{name} {measures.shown(value)}" for name, value in fixed.items()]
    if service.dataset != build.service.dataset:
        changed.append(service.dataset)
    but = f" with {wording.listed(changed)}" if changed else ""
    sentence = f"Repeat build {build.number} ({wording.what(build.service)}){but}"
    return _Ordered(order, service, sentence, {"build": build.number})


def _asked(build: Build, model: Model) -> dict[str, str | int | float]:
    """The hyperparameters of the record that are not the model's defaults: what a build is repeated with."""
    defaults = {parameter.name: parameter.default for parameter in model.hyperparameters}
    return {
        name: str(value) if isinstance(value, bool) else value
        for name, value in build.hyperparameters.items()
        if isinstance(value, (str, int, float)) and defaults.get(name) != value
    }


def means_resuming(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The build that is named, else the speaker's newest that failed or was stopped. Raises UnknownBuild, Conflict."""
    build = _to_resume(request, ports, memory)
    if build is None:
        return Reply(
            "None of your builds has failed or was stopped, so there is nothing to resume.",
            error=Problem.NOTHING_TO_RESUME,
        )
    if build.status not in RESUMABLE:
        raise Conflict(
            f"Build {build.number} is {build.status}; a build can be resumed once it has failed or was stopped."
        )
    if build.kind in DEPLOYMENTS:
        permissions.check_role(request.person, Role.APPROVER, "resume a deployment", ports)
    slots = {**request.slots, "build": build.number}
    return Meant(slots, f"Resume build {build.number} ({wording.what(build.service)})", (build.service.model,))


def _to_resume(request: Request, ports: Ports, memory: Memory) -> Build | None:
    if request.number("build") is not None or (request.text("build") == "it" and memory.build is not None):
        return targets.spoken_of(request, ports, memory)
    return targets.latest(request, ports, RESUMABLE)


def resume_build(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Go on with it. Raises UnknownBuild, Conflict."""
    number = request.number("build")
    if number is None:
        raise BadRequest("Say which build: 'resume build 7'.")
    before = ports.builds.get(number).status
    build = resume(number, request.requester, ports)
    return Reply(
        text=f"Build {number} goes on from where it {'failed' if before == 'ERROR' else 'was stopped'}: "
        f"{wording.what(build.service)}.",
        choices=(Choice("Tell me when it is done", "tell me when it is done"),),
        build=number,
    )


start_training, means_training = _handler(_training)
tune, means_tuning = _handler(_tuning)
repeat_build, means_repeating = _handler(_repeating)
