"""How a build stands: the one sentence about it, with what may be said next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.handlers import measures
from bot.handlers.wording import ago, duration, models_to_tell_of, what
from bot.replies import Choice, Fact, Reply, readable
from models.catalog import Catalogue
from orchestration.builds import Build, BuildStatus
from orchestration.ports import Ports, SageBuildError, Unavailable
from orchestration.steps.estimates import TimeLeft, time_left

_DOING: Mapping[BuildStatus, str] = {
    BuildStatus.QUEUED: "{what} is about to start",
    BuildStatus.BUILDING_IMAGE: "the image of {what} is being built",
    BuildStatus.PREPARING_DATA: "the data of {what} is being prepared",
    BuildStatus.TUNING: "{what} is being tuned",
    BuildStatus.TRAINING: "{what} is being trained",
    BuildStatus.EVALUATING: "{what} is being evaluated",
    BuildStatus.REGISTERING: "{what} is being registered",
    BuildStatus.WAITING_FOR_APPROVAL: "{what} waits for approval",
    BuildStatus.DEPLOYING: "{what} is being deployed",
}
_DONE: Mapping[BuildStatus, str] = {
    BuildStatus.READY: "{what} was deployed {ago}",
    BuildStatus.TUNED: "{what} was tuned {ago}",
    BuildStatus.TRAINED: "{what} was trained {ago} and not deployed",
    BuildStatus.REJECTED: "{what} was not let through {ago}",
    BuildStatus.STOPPED: "{what} was stopped {ago}",
    BuildStatus.ERROR: "{what} failed {ago}",
    BuildStatus.ENDPOINT_DELETED: "{what} was served until {ago}",
}
_HAS_REASON = frozenset({BuildStatus.ERROR, BuildStatus.REJECTED, BuildStatus.STOPPED})


def of(build: Build) -> str:
    """What the build is about: "gp on toy", of a deployment also whose model that is."""
    source = f" (the model of build {build.source})" if build.source is not None else ""
    return f"{what(build.service)}{source}"


def sentence(
    build: Build, metrics: Mapping[str, float], now: datetime, catalogue: Catalogue, left: TimeLeft | None = None
) -> str:
    """How the build stands, in one sentence."""
    measured = measures.objective(build, metrics, catalogue)
    if not build.has_ended:
        since = build.entered(build.status) or build.created_at
        doing = _DOING[build.status].format(what=of(build))
        so_far = f"; {measured} so far" if measured else ""
        to_come = f"; {measures.left(left)}" if left is not None else ""
        return f"Build {build.number} is {build.status}: {doing}, for {duration(now - since)}{so_far}{to_come}."
    done = _DONE[build.status].format(what=of(build), ago=ago(build.updated_at, now))
    took = f", after {duration(build.updated_at - build.created_at)}"
    # A build that was resumed keeps the error of the time before: it is not the reason of how it stands now.
    cause = readable(build.cause).rstrip(".") if build.status in _HAS_REASON else ""
    reason = f" because of {build.error}: {cause}" if cause and build.error else f" ({cause})" if cause else ""
    note = _note(build)
    judged = build.status is BuildStatus.REJECTED and build.cause == build.verdict.get("reason")
    measured = f"; {measured}" if measured and not judged else ""  # the gate's own sentence has the numbers
    return f"Build {build.number} is {build.status}: {done}{took}{reason}{measured}{note}."


def _note(build: Build) -> str:
    """Why a model was trained and not deployed, when the timeline says so."""
    if build.status is not BuildStatus.TRAINED:
        return ""
    said = next((change.note for change in reversed(build.timeline) if change.note), "")
    return f". {readable(said).rstrip('.')}" if said else ""


def status_reply(build: Build, ports: Ports) -> Reply:
    """How that build stands, and what may be said next."""
    catalogue, metrics = models_to_tell_of(ports), newest_metrics(build, ports)
    left = time_to_come(build, ports)
    facts = [Fact("build", str(build.number)), Fact("status", build.status)]
    facts += measures.metric_facts(build, metrics, catalogue)
    if build.verdict and build.has_ended:
        labels = ("gate",) if build.status is BuildStatus.REJECTED else ("gate", "verdict")
        facts += [fact for fact in measures.verdict_facts(build.verdict) if fact.label in labels]
    if left is not None and (said := measures.left(left)):
        facts.append(Fact("time left", said))
    text = sentence(build, metrics, ports.clock.now(), catalogue, left)
    return Reply(
        text=f"{text}{_what_to_say(build)}", facts=tuple(facts), choices=next_choices(build), build=build.number
    )


def time_to_come(build: Build, ports: Ports) -> TimeLeft | None:
    """How long it will still take; None when nothing is known, or cannot be known just now."""
    if build.has_ended or build.status is BuildStatus.WAITING_FOR_APPROVAL:
        return None
    try:
        return time_left(build, ports)
    except SageBuildError:
        return None  # how it stands is known, and is what was asked


def _what_to_say(build: Build) -> str:
    if build.status is BuildStatus.WAITING_FOR_APPROVAL:
        number = build.number
        return f" Say 'approve build {number}', or 'reject build {number} because ...'."
    return ""


def next_choices(build: Build) -> tuple[Choice, ...]:
    """What may be said next about a build."""
    number = build.number
    match build.status:
        case BuildStatus.ERROR:
            return (
                Choice("Why?", f"why did build {number} fail"),
                Choice("Resume", f"resume build {number}"),
            )
        case BuildStatus.STOPPED:
            return (Choice("Resume", f"resume build {number}"),)
        case BuildStatus.WAITING_FOR_APPROVAL:
            return (Choice("Approve", f"approve build {number}"), Choice("Reject", f"reject build {number}"))
        case BuildStatus.TRAINED | BuildStatus.TUNED:
            return (Choice("Deploy", f"deploy build {number}"),)
        case BuildStatus.REJECTED | BuildStatus.READY | BuildStatus.ENDPOINT_DELETED:
            return ()
        case _:
            return (
                Choice("Tell me when it is done", "tell me when it is done"),
                Choice("Stop it", f"stop build {number}"),
            )


def newest_metrics(build: Build, ports: Ports) -> Mapping[str, float]:
    """What the build's job has printed so far, or what is on record once it has ended."""
    if build.has_ended or build.metrics or build.status is BuildStatus.QUEUED:
        return build.metrics
    try:
        return ports.pipeline.progress(build)
    except Unavailable:
        return build.metrics  # the status is known and is what was asked
