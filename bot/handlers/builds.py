"""BuildStatus, BuildDetails, ListBuilds: what is on record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.access.memory import Memory
from bot.handlers import targets, wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Reply, Table, readable
from orchestration.builds import ENDED, WORKING, Build, BuildStatus
from orchestration.ports import BadRequest, Person, Ports, Unavailable

DEFAULT_LISTED = 10
MAX_LISTED = 100  # Builds.latest gives no more at once

STATUSES: Mapping[str, frozenset[BuildStatus]] = {
    "running": frozenset(WORKING),
    "failed": frozenset({BuildStatus.ERROR}),
    "ready": frozenset({BuildStatus.READY}),
    "trained": frozenset({BuildStatus.TRAINED}),
    "stopped": frozenset({BuildStatus.STOPPED}),
    "ended": ENDED,
}


def build_status(request: Request, ports: Ports, memory: Memory) -> Reply:
    """One sentence: number, status, what it is doing and for how long, the metric when there is one."""
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    return status_reply(build, ports)


def status_reply(build: Build, ports: Ports) -> Reply:
    """How that build stands."""
    metrics = newest_metrics(build, ports)
    facts = [Fact("build", str(build.number)), Fact("status", build.status)]
    facts += [
        Fact(wording.metric_title(n, build.service.model, wording.models_to_tell_of(ports)), wording.number(v))
        for n, v in metrics.items()
    ]
    choices = (Choice("Why?", f"why did build {build.number} fail"),) if build.status is BuildStatus.ERROR else ()
    return Reply(
        text=wording.sentence(build, metrics, ports.clock.now(), wording.models_to_tell_of(ports)),
        facts=tuple(facts),
        choices=choices,
        build=build.number,
    )


def newest_metrics(build: Build, ports: Ports) -> Mapping[str, float]:
    """What the build's job has printed so far, or what is on record once it has ended."""
    if build.has_ended or build.metrics or build.status is BuildStatus.QUEUED:
        return build.metrics
    try:
        return ports.pipeline.progress(build)
    except Unavailable:
        return build.metrics  # the status is known and is what was asked


def build_details(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Everything on record, with the timeline as a table."""
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    zone, metrics = request.person.timezone, newest_metrics(build, ports)
    facts = [
        Fact("status", build.status),
        Fact("model", build.service.model),
        Fact("dataset", f"{build.service.dataset} {build.dataset_version}".strip()),
        Fact("asked for by", f"{build.requester.name} ({build.requester.channel})"),
        Fact("started", wording.clock_time(build.created_at, zone)),
        *(Fact(name, str(value)) for name, value in build.hyperparameters.items()),
        *(
            Fact(wording.metric_title(n, build.service.model, wording.models_to_tell_of(ports)), wording.number(v))
            for n, v in metrics.items()
        ),
        *(Fact(f"{stage} job", job) for stage, job in build.jobs.items()),
        *(Fact(name.replace("_", " "), value) for name, value in build.resources.items()),
        *(Fact(f"{name} artifact", uri) for name, uri in build.artifacts.items()),
    ]
    facts += [
        Fact(label, value)
        for label, value in (("image", build.image), ("error", build.error), ("cause", readable(build.cause)))
        if value
    ]
    return Reply(
        text=wording.sentence(build, metrics, ports.clock.now(), wording.models_to_tell_of(ports)),
        facts=tuple(facts),
        table=_timeline(build, zone),
        build=build.number,
    )


def _timeline(build: Build, zone: str) -> Table:
    ends = [change.at for change in build.timeline[1:]]
    rows = [
        (change.status.value, wording.clock_time(change.at, zone), wording.duration(end - change.at) if end else "")
        for change, end in zip(build.timeline, [*ends, None], strict=True)
    ]
    return Table(("status", "at", "for"), tuple(rows))


def list_builds(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The newest builds as a table. Raises BadRequest when the number asked for is out of range."""
    limit = request.number("limit")
    if limit is not None and not 1 <= limit <= MAX_LISTED:
        raise BadRequest(f"I can list from 1 to {MAX_LISTED} builds, not {limit}.")
    status, period = request.text("status"), request.text("when")
    wanted = MAX_LISTED if period else limit or DEFAULT_LISTED
    builds = ports.builds.latest(
        wanted if wanted == MAX_LISTED else wanted + 1,  # one more tells whether there are more
        person=request.person.id if request.text("whose") == "mine" else None,
        statuses=STATUSES.get(status),
    )
    if period:
        start, end = _period(period, ports.clock.now(), request.person)
        builds = [build for build in builds if start <= build.created_at < end][: limit or MAX_LISTED]
    if not builds:
        return _none_listed(request, ports)
    more = " There are more: say 'list the last 50 builds'." if len(builds) > wanted and limit is None else ""
    builds = builds[:wanted]
    kinds = " ".join(word for word in (status, wording.plural(len(builds), "build").partition(" ")[2]) if word)
    return Reply(
        text=f"{len(builds)} {kinds}{f' {period}' if period else ''}, the newest first.{more}",
        table=_table(builds, ports),
    )


def _none_listed(request: Request, ports: Ports) -> Reply:
    said = any(request.text(slot) for slot in ("status", "when", "whose"))
    if not said or not ports.builds.latest():
        return Reply(wording.NO_BUILDS, choices=(Choice("Start training", "start training"),))
    words = [word for word in (request.text("status"), "builds", request.text("when")) if word]
    return Reply(f"{'You have no' if request.text('whose') == 'mine' else 'No'} {' '.join(words)}.")


def _period(period: str, now: datetime, person: Person) -> tuple[datetime, datetime]:
    """Where the period begins and ends, by the person's clock."""
    try:
        local = now.astimezone(ZoneInfo(person.timezone))
    except (ZoneInfoNotFoundError, ValueError):
        local = now
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    later = now + timedelta(days=1)
    if period == "yesterday":
        return midnight - timedelta(days=1), midnight
    if period == "this week":
        return midnight - timedelta(days=midnight.weekday()), later
    if period == "this month":
        return midnight.replace(day=1), later
    return midnight, later


def _table(builds: list[Build], ports: Ports) -> Table:
    now = ports.clock.now()
    return Table(
        ("build", "status", "model", "dataset", "by", "started", "result"),
        tuple(
            (
                str(build.number),
                build.status.value,
                build.service.model,
                build.service.dataset,
                build.requester.name,
                wording.ago(build.created_at, now),
                build.error or wording.objective(build, build.metrics, wording.models_to_tell_of(ports)),
            )
            for build in builds
        ),
    )
