"""From a request to an order, its price, and the build that `orchestration/steps/start_build.py` makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.access import limits, memory
from bot.access.confirmations import Meant
from bot.handlers import measures, wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Reply
from models.catalog import BadHyperparameters, Catalogue, Model
from orchestration.builds import Build, BuildKind, Json, Service, execution_name
from orchestration.ports import Ports, UnknownBuild, UnknownDataset
from orchestration.settings import BuildSettings, effective
from orchestration.steps.estimates import Cost, cost_before
from orchestration.steps.start_build import Order, start_build

DATASET = "dataset"  # what the person chose with "use the ... dataset"


def values(slot: Json) -> dict[str, str | int | float]:
    """Hyperparameters as an order takes them: a list becomes the text that `models/catalog.py` parses, "64,32"."""
    found: dict[str, str | int | float] = {}
    for name, value in slot.items() if isinstance(slot, dict) else ():
        if isinstance(value, list):
            found[name] = ",".join(str(one) for one in value)
        elif isinstance(value, (str, int, float)):
            found[name] = str(value) if isinstance(value, bool) else value
    return found


def model_with(names: Mapping[str, object], catalogue: Catalogue) -> str | None:
    """The only model that has all these hyperparameters, when no model was named: "train with 50 epochs"."""
    if not names:
        return None
    having = [model.name for model in catalogue if all(_has(model, name) for name in names)]
    return having[0] if len(having) == 1 else None


def _has(model: Model, name: str) -> bool:
    try:
        model.hyperparameter(name)
    except BadHyperparameters:
        return False
    return True


def dataset_of(request: Request, ports: Ports) -> str | None:
    """The dataset that was said, or that the person chose from now on; None for the environment's default."""
    if said := request.text("dataset"):
        return said
    kept = memory.chosen(request.person.id, DATASET, ports.conversations)
    try:
        return ports.datasets.get(kept).name if kept else None
    except UnknownDataset:
        return None  # it was deleted since


def check_known(request: Request, ports: Ports) -> None:
    """Raises UnknownDataset for a word that is no dataset, and may have been meant for a model: "train xgboost"."""
    said = request.text("dataset")
    if not said or request.text("model"):
        return
    datasets = [one.name for one in ports.datasets.all()]
    if said not in datasets:
        models = wording.listed(ports.models().names())
        known = f"The models are {models}, the datasets {wording.listed(datasets) or 'none yet'}."
        raise UnknownDataset(f"There is no model and no dataset {said!r}. {known}")


def service_of(model: str | None, dataset: str | None, ports: Ports) -> Service:
    """The service of an order, with the environment's defaults. Raises UnknownModel, BadSettings."""
    defaults = effective(ports.settings.load(), {})
    return Service(ports.models().model(model or defaults.default_model).name, dataset or defaults.default_dataset)


def price(order: Order, service: Service, ports: Ports) -> tuple[Cost, BuildSettings]:
    """What the order is expected to cost, and its effective settings. Raises BadSettings."""
    settings = effective(ports.settings.load(), order.settings, service.key)
    if not settings.prices:
        return Cost(None, (settings.training_instance_type,)), settings
    return cost_before(order.kind, service, settings, ports), settings


def meant(order: Order, service: Service, slots: Mapping[str, Json], sentence: str, ports: Ports) -> Meant:
    """The command in full; it is asked about when it would cost more than the settings let pass. Raises BadSettings."""
    cost, settings = price(order, service, ports)
    above = settings.confirm_above_usd
    is_dear = above is not None and cost.usd is not None and cost.usd > above
    known = cost.usd is not None and (above is not None or cost.usd > 0)
    note = f"It will cost {measures.money(cost)}." if known else ""
    if cost.usd is None and above is not None:
        note = f"It costs {measures.money(cost)}."
    return Meant(slots, sentence, (service.model,), asks=is_dear, note=note)


def place(order: Order, service: Service, ports: Ports, said: Callable[[Build, bool], Reply]) -> Reply:
    """Start the order, within the environment's money for today. said: the reply, from the build and whether it is new.

    Raises OverTheLimit, and what `start_build` raises.
    """
    cost, settings = price(order, service, ports)
    try:
        reservation = limits.reserve(cost, settings, ports)
    except limits.OverTheLimit:
        if (before := _started_before(order, ports)) is None:
            raise
        return said(before, False)
    try:
        started = start_build(order, ports)
    except BaseException:
        reservation.give_back()
        raise
    if not started.is_new:
        reservation.give_back()
    reply = said(started.build, started.is_new)
    unknown = settings.daily_spending_limit_usd is not None and cost.usd is None
    return with_price(reply, cost, unknown=unknown) if started.is_new else reply


def _started_before(order: Order, ports: Ports) -> Build | None:
    """The build that this delivery started, when it is delivered again."""
    try:
        return ports.builds.by_execution(execution_name(order.source, order.delivery_id))
    except UnknownBuild:
        return None


def with_price(reply: Reply, cost: Cost, *, unknown: bool) -> Reply:
    """The reply with what it will cost, where that is known and anything. unknown: say also when it is not known."""
    if cost.usd:
        text = f"{reply.text} It will cost {measures.money(cost)}."
    elif cost.usd is None and unknown:
        text = f"{reply.text} It costs {measures.money(cost)}, so it does not count towards today's limit."
    else:
        return reply
    return Reply(text, facts=reply.facts, choices=reply.choices, build=reply.build)


def started(build: Build, is_new: bool) -> Reply:
    """The reply to an order."""
    verb = "started" if is_new else "was already started by this message"
    return Reply(
        text=f"Build {build.number} {verb}: {_what(build)}.",
        facts=(
            Fact("build", str(build.number)),
            Fact("model", build.service.model),
            Fact("dataset", build.service.dataset),
            *(Fact(name, measures.shown(value)) for name, value in build.hyperparameters.items()),
        ),
        choices=(
            Choice("Tell me when it is done", "tell me when it is done"),
            Choice("Stop it", f"stop build {build.number}"),
        ),
        build=build.number,
    )


def _what(build: Build) -> str:
    chosen = f" with {measures.given(build)}" if build.hyperparameters else ""
    if build.kind is BuildKind.TUNE:
        spans = wording.listed(measures.span(name, entry) for name, entry in build.ranges.items())
        return f"tuning {wording.what(build.service)}, {spans}{chosen}{_how(build.overrides)}"
    return f"{wording.what(build.service)}{chosen}{_how(build.overrides)}"


def _how(overrides: Mapping[str, Json]) -> str:
    """What was asked for beyond the hyperparameters: ", on ml.m5.xlarge, for at most 2 hours, and will be deployed"."""
    parts = []
    if jobs := overrides.get("tuning_jobs"):
        parts.append(f"{jobs} jobs")
    if parallel := overrides.get("tuning_parallel_jobs"):
        parts.append(f"{parallel} at a time")
    if strategy := overrides.get("tuning_strategy"):
        parts.append(f"{str(strategy).lower()} search")
    if instance := overrides.get("training_instance_type"):
        parts.append(f"on {instance}")
    if overrides.get("spot"):
        parts.append("on a spot instance")
    if isinstance(seconds := overrides.get("training_timeout_s"), int):
        parts.append(f"for at most {wording.duration_s(seconds)}")
    if overrides.get("tune_only"):
        parts.append("and nothing is trained or deployed afterwards")
    if isinstance(deploy := overrides.get("deploy_after_training"), bool):
        parts.append("and will be deployed" if deploy else "and will not be deployed")
    return f", {', '.join(parts)}" if parts else ""
