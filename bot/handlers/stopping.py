"""StopBuild: the build that is meant, stopped by `orchestration/steps/stop_build.py`."""

from __future__ import annotations

from dataclasses import replace

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import targets, wording
from bot.intents.request import Request
from bot.replies import Choice, Command, Problem, Question, Reply
from orchestration.ports import BadRequest, Conflict, Ports
from orchestration.steps.stop_build import stop_build as stop


def means_stopping(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The build that is named, else the one of the speaker that runs; asks when several do.

    Raises UnknownBuild, and Conflict when none runs.
    """
    found = targets.running(request, ports, memory)
    if len(found) > 1:
        numbers = wording.listed((str(build.number) for build in found), "or")
        return Reply(
            text=f"Which one: build {numbers}? Say for example 'stop build {found[0].number}'.",
            choices=tuple(Choice(f"Stop build {build.number}", f"stop build {build.number}") for build in found),
            ask=Question(Command(request.intent, request.slots, request.words), "build"),
            error=Problem.AMBIGUOUS,
        )
    if not found:
        last = targets.latest(request, ports)
        if last is None:
            return replace(targets.none_yet(ports), error=Problem.NOTHING_TO_STOP)
        raise Conflict(f"No build is running, so there is nothing to stop; build {last.number} is {last.status}.")
    build = found[0]
    slots = {**request.slots, "build": build.number}
    return Meant(slots, f"Stop build {build.number} ({wording.what(build.service)})", (build.service.model,))


def stop_build(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Stop it. Raises UnknownBuild, and Conflict when it has ended."""
    number = request.number("build")
    if number is None:
        raise BadRequest("Say which build: 'stop build 7'.")
    build = stop(number, request.requester, ports)
    after = wording.duration(ports.clock.now() - build.created_at)
    return Reply(
        text=f"Build {build.number} is {build.status}, after {after}.",
        choices=(Choice("Resume", f"resume build {build.number}"),),
        build=build.number,
    )
