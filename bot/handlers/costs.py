"""Cost: of a build, of a time, or what a build would cost."""

from __future__ import annotations

from bot.access.memory import Memory
from bot.handlers import measures, ordering, targets, wording
from bot.handlers.listing import MAX_LISTED, span
from bot.intents.request import Request
from bot.replies import Fact, Reply, Table
from orchestration.builds import Build, BuildKind
from orchestration.ports import Ports
from orchestration.settings import effective
from orchestration.steps.estimates import Cost, cost_before, cost_of, endpoint_cost_an_hour

MAX_ROWS = 10


def cost(request: Request, ports: Ports, memory: Memory) -> Reply:
    """What it did or would cost. Raises UnknownBuild, UnknownModel, BadSettings."""
    if request.text("when"):
        return _of_time(request, ports)
    if request.text("model") and "build" not in request.slots:
        return _before(request, ports)
    build = targets.spoken_of(request, ports, memory)
    return _of_build(build, ports) if build is not None else targets.none_yet(ports)


def _of_build(build: Build, ports: Ports) -> Reply:
    found = cost_of(build, ports)
    settings = effective(ports.settings.load(), {}, build.service.key)
    so_far = "" if build.has_ended else " so far"
    serves = ports.endpoints.all() if build.resources.get("endpoint") else []
    is_served = any(one.build_number == build.number for one in serves)
    hourly = endpoint_cost_an_hour(settings)
    running = f" Its endpoint costs {measures.money(hourly)} an hour." if is_served and hourly.usd != 0 else ""
    return Reply(
        text=f"Build {build.number} cost {measures.money(found)}{so_far}.{running}{_dated(found)}",
        facts=(Fact("cost", measures.money(found)), *_priced(found)),
        build=build.number,
    )


def _dated(found: Cost) -> str:
    if found.usd is None:
        return " An admin can add prices to the settings."
    return f" Prices as of {found.prices_date}." if found.prices_date and found.usd else ""


def _priced(found: Cost) -> tuple[Fact, ...]:
    return (Fact("prices as of", found.prices_date),) if found.prices_date else ()


def _of_time(request: Request, ports: Ports) -> Reply:
    """The builds of that time, of a model when one was said; as far as they are among the newest hundred."""
    period = request.text("when")
    start, end = span(period, ports.clock.now(), request.person)
    model = ports.models().model(request.text("model")).name if request.text("model") else ""
    newest = ports.builds.latest(MAX_LISTED)
    builds = [
        build for build in newest if start <= build.created_at < end and (not model or build.service.model == model)
    ]
    if not builds:
        return Reply(f"No builds{f' of {model}' if model else ''} {period}, so they cost nothing.")
    costs = [(build, cost_of(build, ports)) for build in builds]
    known = sum(found.usd for _, found in costs if found.usd is not None)
    unknown = sum(found.usd is None for _, found in costs)
    total = measures.money(Cost(known)) if unknown < len(costs) else measures.money(costs[0][1])
    without = f" {unknown} of them {'has' if unknown == 1 else 'have'} no price." if 0 < unknown < len(costs) else ""
    more = f" Only the newest {MAX_LISTED} were counted." if len(newest) == MAX_LISTED == len(builds) else ""
    rows = tuple(
        (str(build.number), wording.what(build.service), build.status.value, _cell(found))
        for build, found in costs[:MAX_ROWS]
    )
    count = wording.plural(len(builds), "build")
    return Reply(
        text=f"{count}{f' of {model}' if model else ''} {period} cost {total}.{without}{more} Endpoints are not in it.",
        table=Table(("build", "of", "status", "cost"), rows),
    )


def _cell(found: Cost) -> str:
    return "unknown" if found.usd is None else measures.money(found)


def _before(request: Request, ports: Ports) -> Reply:
    """What a training and a tuning of the model would cost."""
    service = ordering.service_of(request.text("model"), ordering.dataset_of(request, ports), ports)
    settings = effective(ports.settings.load(), {}, service.key)
    train, tune = (cost_before(kind, service, settings, ports) for kind in (BuildKind.TRAIN, BuildKind.TUNE))
    hourly = endpoint_cost_an_hour(settings)
    by = "the most that its limits permit: none like it has run yet" if train.bound else "by builds like it"
    if train.usd is None:
        return Reply(f"A training of {wording.what(service)} costs {measures.money(train)}.{_dated(train)}")
    return Reply(
        text=f"A training of {wording.what(service)} costs {measures.money(train)} ({by}), a tuning "
        f"{measures.money(tune)}, its endpoint {measures.money(hourly)} an hour.{_dated(train)}",
        facts=(
            Fact("training", measures.money(train)),
            Fact("tuning", measures.money(tune)),
            Fact("endpoint, an hour", measures.money(hourly)),
            *_priced(train),
        ),
    )
