"""ListBuilds, and what a word for a time or a status means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.access.memory import Memory
from bot.handlers import measures, wording
from bot.intents.request import Request
from bot.replies import Choice, Reply, Table
from orchestration.builds import ENDED, WORKING, Build, BuildStatus
from orchestration.ports import BadRequest, Person, Ports

DEFAULT_LISTED = 10
MAX_LISTED = 100  # Builds.latest gives no more at once

STATUSES: Mapping[str, frozenset[BuildStatus]] = {
    "running": frozenset(WORKING),
    "failed": frozenset({BuildStatus.ERROR}),
    "ready": frozenset({BuildStatus.READY}),
    "trained": frozenset({BuildStatus.TRAINED}),
    "tuned": frozenset({BuildStatus.TUNED}),
    "stopped": frozenset({BuildStatus.STOPPED}),
    "rejected": frozenset({BuildStatus.REJECTED}),
    "waiting": frozenset({BuildStatus.WAITING_FOR_APPROVAL}),
    "ended": ENDED,
}
_ADJECTIVES = {"waiting": "waiting for approval"}


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
        start, end = span(period, ports.clock.now(), request.person)
        builds = [build for build in builds if start <= build.created_at < end][: limit or MAX_LISTED]
    if not builds:
        return _none_listed(request, ports)
    more = " There are more: say 'list the last 50 builds'." if len(builds) > wanted and limit is None else ""
    builds = builds[:wanted]
    noun = wording.plural(len(builds), "build").partition(" ")[2]
    after = f" {_ADJECTIVES[status]}" if status in _ADJECTIVES else ""
    kinds = " ".join(word for word in ("" if after else status, noun) if word)
    say = f" Say 'approve build {builds[0].number}', or reject it." if status == "waiting" else ""
    return Reply(
        text=f"{len(builds)} {kinds}{after}{f' {period}' if period else ''}, the newest first.{more}{say}",
        table=_table(builds, ports),
        build=builds[0].number if len(builds) == 1 else None,
    )


def _none_listed(request: Request, ports: Ports) -> Reply:
    said = any(request.text(slot) for slot in ("status", "when", "whose"))
    if not said or not ports.builds.latest():
        return Reply(wording.NO_BUILDS, choices=(Choice("Start training", "start training"),))
    status = request.text("status")
    before, after = ("", _ADJECTIVES[status]) if status in _ADJECTIVES else (status, "")
    words = [word for word in (before, "builds", after, request.text("when")) if word]
    return Reply(f"{'You have no' if request.text('whose') == 'mine' else 'No'} {' '.join(words)}.")


def span(period: str, now: datetime, person: Person) -> tuple[datetime, datetime]:
    """Where the period ("today", "yesterday", "this week", "this month") begins and ends, by the person's clock."""
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
    now, catalogue = ports.clock.now(), wording.models_to_tell_of(ports)
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
                build.error or measures.objective(build, build.metrics, catalogue),
            )
            for build in builds
        ),
    )
