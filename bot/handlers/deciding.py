"""Approve and Reject: which build waits, and what the person decides about it."""

from __future__ import annotations

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import measures, wording
from bot.intents.request import Request
from bot.replies import Choice, Command, Problem, Question, Reply
from orchestration.builds import Build
from orchestration.ports import BadRequest, NotAllowed, Ports
from orchestration.steps import registration

APPROVED, REJECTED = "approved", "rejected"
_VERBS = {"Approve": "approve", "Reject": "reject"}


def means_deciding(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The build that is named, else the one that waits; asks when several do.

    Raises UnknownBuild; NotAllowed, before anything is asked, for the requester where two persons are needed.
    """
    verb = _VERBS[request.intent]
    waiting = [build.number for build in registration.waiting(ports)]
    number = _named(request, waiting, memory)
    if number is None and len(waiting) > 1:
        numbers = wording.listed((str(one) for one in waiting), "or")
        return Reply(
            text=f"Which one: build {numbers}? Say for example '{verb} build {waiting[0]}'.",
            choices=tuple(Choice(f"{verb.title()} build {one}", f"{verb} build {one}") for one in waiting),
            ask=Question(Command(request.intent, request.slots, request.words), "build"),
            error=Problem.AMBIGUOUS,
        )
    if number is None and not waiting:
        return Reply("No build waits for approval.", error=Problem.NOTHING_WAITS)
    build = ports.builds.get(number if number is not None else waiting[0])
    _check_second_person(request, build)
    reason = f" because of: {request.text('reason')}" if request.text("reason") else ""
    sentence = f"{verb.title()} build {build.number} ({_about(build, ports)}){reason}"
    return Meant({**request.slots, "build": build.number}, sentence, (build.service.model,))


def _named(request: Request, waiting: list[int], memory: Memory) -> int | None:
    """The build that was said, as far as words say one: "it" is the one spoken of when that waits."""
    if (number := request.number("build")) is not None:
        return number
    if request.text("build") in ("it", "") and memory.build in waiting:
        return memory.build
    return None


def _check_second_person(request: Request, build: Build) -> None:
    own = build.requester.person == request.person.id
    if request.intent == "Approve" and own and build.settings.get("two_person_approval"):
        raise NotAllowed(f"Build {build.number} was asked for by you; somebody else has to approve it.")


def _about(build: Build, ports: Ports) -> str:
    measured = measures.objective(build, build.metrics, wording.models_to_tell_of(ports))
    facts = [wording.what(build.service), measured, f"asked for by {build.requester.name}"]
    return "; ".join(fact for fact in facts if fact)


def approve(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Raises what `registration.decide` raises: NotAllowed, Conflict, AlreadyDecided with who was first."""
    build = _decide(request, APPROVED, ports)
    return Reply(
        text=f"You approved build {build.number}; {wording.what(build.service)} is deployed next.",
        choices=(Choice("Tell me when it is done", "tell me when it is done"),),
        build=build.number,
    )


def reject(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Raises what `registration.decide` raises."""
    build = _decide(request, REJECTED, ports)
    reason = f" ({request.text('reason')})" if request.text("reason") else ""
    return Reply(f"You rejected build {build.number}{reason}. What served before goes on serving.", build=build.number)


def _decide(request: Request, decision: str, ports: Ports) -> Build:
    number = request.number("build")
    if number is None:
        raise BadRequest("Say which build: 'approve build 7'.")
    return registration.decide(number, decision, request.person, request.text("reason"), ports)
