"""AuditLog: who did what, and when; what was refused is there too."""

from __future__ import annotations

from collections.abc import Mapping

from bot.access.memory import Memory
from bot.handlers import targets, wording
from bot.handlers.listing import span
from bot.intents.request import Request
from bot.replies import Problem, Reply, Table
from orchestration.builds import Build, BuildKind
from orchestration.ports import AuditEntry, Ports

MAX_ENTRIES = 25
DONE = "done"

# What somebody did, in words, and the intents that do it.
ACTIONS: Mapping[str, frozenset[str]] = {
    "deployed": frozenset({"Deploy", "Rollback", "Approve"}),
    "approved": frozenset({"Approve"}),
    "rejected": frozenset({"Reject"}),
    "stopped": frozenset({"StopBuild"}),
    "started": frozenset({"StartTraining", "Tune", "RepeatBuild", "ResumeBuild"}),
    "tuned": frozenset({"Tune"}),
    "resumed": frozenset({"ResumeBuild"}),
    "repeated": frozenset({"RepeatBuild"}),
    "rolled back": frozenset({"Rollback"}),
    "deleted": frozenset({"DeleteEndpoint", "DeleteDataset", "RetireEndpoints"}),
    "retired": frozenset({"RetireEndpoints"}),
    "changed": frozenset({"ChangeSetting"}),
    "frozen": frozenset({"FreezeDeploys"}),
    "unfrozen": frozenset({"UnfreezeDeploys"}),
    "linked": frozenset({"LinkAccount"}),
}
_DID: Mapping[str, str] = {
    "Deploy": "deployed",
    "Rollback": "rolled back",
    "Approve": "approved",
    "Reject": "rejected",
    "StopBuild": "stopped",
    "StartTraining": "started",
    "Tune": "started the tuning",
    "RepeatBuild": "repeated",
    "ResumeBuild": "resumed",
    "DeleteEndpoint": "deleted an endpoint",
    "DeleteDataset": "deleted a dataset",
    "RetireEndpoints": "retired endpoints",
    "ChangeSetting": "changed a setting",
    "FreezeDeploys": "froze deployments",
    "UnfreezeDeploys": "lifted the freeze",
    "LinkAccount": "linked a channel",
}


def audit_log(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The entries about a build, of an action, of a time, newest first. Raises UnknownBuild."""
    build = targets.spoken_of(request, ports, memory) if "build" in request.slots else None
    action = request.text("action")
    since, until = (
        span(request.text("when"), ports.clock.now(), request.person) if request.text("when") else (None, None)
    )
    entries = ports.audit.entries(
        build_number=build.number if build is not None else None,
        intents=ACTIONS.get(action),
        since=since,
        until=until,
        limit=MAX_ENTRIES,
    )
    done = [entry for entry in entries if entry.outcome == DONE]
    if not entries or (build is not None and not done):
        reply = _nothing(request, build, action, ports)
        if not entries:
            return reply
        text = f"{reply.text} {_counted(entries, request)}"
    else:
        text = _first(done[0], build, request, ports) if build is not None else _counted(entries, request)
    return Reply(
        text=text,
        table=_table(entries, request),
        build=build.number if build is not None else None,
    )


def _first(entry: AuditEntry, build: Build, request: Request, ports: Ports) -> str:
    """The newest of what was done: "Ada approved build 9 on 20 Nov 13:00:09 UTC (12 minutes ago)."."""
    did = _DID.get(entry.intent, entry.intent)
    at = wording.clock_time(entry.at, request.person.timezone)
    ago = wording.ago(entry.at, ports.clock.now())
    other = f" (as build {entry.build_number})" if entry.build_number not in (None, build.number) else ""
    where = f" on {entry.channel}" if entry.channel else ""
    return f"{entry.name or entry.person} {did} build {build.number}{other} on {at} ({ago}){where}."


def _counted(entries: list[AuditEntry], request: Request) -> str:
    refused = sum(entry.outcome != DONE for entry in entries)
    count = wording.plural(len(entries), "entry").replace("entrys", "entries")
    when = f" {request.text('when')}" if request.text("when") else ""
    also = f", {refused} of them refused" if refused else ""
    most = " There may be more." if len(entries) == MAX_ENTRIES else ""
    return f"{count}{when}{also}, the newest first.{most}"


def _nothing(request: Request, build: Build | None, action: str, ports: Ports) -> Reply:
    """Nobody said so: what the record itself tells is said."""
    when = f" {request.text('when')}" if request.text("when") else ""
    if build is None:
        return Reply(f"Nothing was {action or 'done'}{when}.", error=Problem.NOT_FOUND)
    asked = f"Build {build.number} was asked for by {build.requester.name} ({build.requester.channel})"
    if action == "deployed" and "endpoint" in build.resources and build.has_ended:
        by_itself = "it was deployed by itself, since its settings say so"
        return Reply(f"{asked}; {by_itself}.", build=build.number)
    if action in ("started", ""):
        at = wording.clock_time(build.created_at, request.person.timezone)
        return Reply(f"{asked} on {at}.", build=build.number)
    kind = "" if build.kind is BuildKind.TRAIN else f" It is a {build.kind}."
    return Reply(f"Nobody {action} build {build.number}{when}. {asked}.{kind}", build=build.number)


def _table(entries: list[AuditEntry], request: Request) -> Table:
    zone = request.person.timezone
    return Table(
        ("when", "who", "what", "build", "said", "outcome"),
        tuple(
            (
                wording.clock_time(entry.at, zone),
                entry.name or entry.person,
                entry.intent,
                str(entry.build_number or ""),
                entry.words,
                entry.outcome,
            )
            for entry in entries
        ),
    )
