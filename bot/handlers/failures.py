"""WhyFailed: why a build failed, or why the last request was refused before there was a build."""

from __future__ import annotations

from bot.access.memory import Memory, Refusal
from bot.handlers import targets, wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Reply, readable
from orchestration.builds import Build, BuildStatus
from orchestration.ports import Ports

FAILED = frozenset({BuildStatus.ERROR})


def why_failed(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The error and cause of the build that is meant. Raises UnknownBuild.

    Without a number, whatever failed last is meant: a request that was refused, or else the speaker's latest build.
    """
    if request.number("build") is not None:
        named = targets.spoken_of(request, ports, memory)
        return _of(named, ports) if named is not None else targets.none_yet(ports)
    meant = targets.spoken_of(request, ports, memory)
    if request.text("build") in ("mine", "last") and meant is not None and meant.status is BuildStatus.ERROR:
        return _of(meant, ports)  # a build was said, so a refused request is not what is asked about
    if memory.refusal is not None and (meant is None or meant.created_at <= memory.refusal.at):
        return _refused(memory.refusal)
    if meant is None:
        return Reply(f"Nothing has failed: there are no builds yet. {wording.NO_BUILDS.partition('. ')[2]}")
    if meant.status is BuildStatus.ERROR:
        return _of(meant, ports)
    failed = targets.latest(request, ports, FAILED)
    if failed is None:
        return Reply(f"None of your builds has failed; build {meant.number} is {meant.status}.", build=meant.number)
    reply = _of(failed, ports)
    return Reply(
        text=f"Build {meant.number} did not fail, it is {meant.status}. The last one that failed: {reply.text}",
        facts=reply.facts,
        choices=reply.choices,
        build=failed.number,
    )


def _refused(refusal: Refusal) -> Reply:
    return Reply(
        text=f"There was no build: '{refusal.words}' was refused before one was made. {refusal.reason}",
        facts=(Fact("asked", refusal.words), Fact("refused because", refusal.reason)),
    )


def _of(build: Build, ports: Ports) -> Reply:
    if build.status is not BuildStatus.ERROR:
        state = "is running still" if not build.has_ended else "did not fail"
        return Reply(f"Build {build.number} {state}: it is {build.status}.", build=build.number)
    when = wording.ago(build.updated_at, ports.clock.now())
    during = next(
        (change.status for change in reversed(build.timeline) if not change.status == BuildStatus.ERROR), build.status
    )
    cause = f"{readable(build.cause).rstrip('.')}." if build.cause else "No cause was recorded."
    return Reply(
        text=f"Build {build.number} failed {when} while {during}, with {build.error or 'an error'}: {cause}",
        facts=(Fact("build", str(build.number)), Fact("error", build.error), Fact("cause", readable(build.cause))),
        choices=(Choice("Details", f"details of build {build.number}"),),
        build=build.number,
    )
