"""Which build is meant: by its number, "it" (the one spoken of), or else the speaker's latest, then the channel's."""

from __future__ import annotations

from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Reply
from orchestration.builds import WORKING, Build, BuildStatus
from orchestration.ports import Ports, UnknownBuild

MAX_RUNNING_NAMED = 5
MAX_LOOKED_AT = 25  # how far back the latest build of a model is looked for: one page of the index


def spoken_of(request: Request, ports: Ports, memory: Memory) -> Build | None:
    """The build that the request is about; None when it names none and there is none.

    Raises UnknownBuild, UnknownModel.
    """
    if (named := request.number("build")) is not None:
        return ports.builds.get(named)
    return by_word(request.text("build") or ("it" if not request.text("model") else "last"), request, ports, memory)


def by_word(word: str, request: Request, ports: Ports, memory: Memory) -> Build | None:
    """What "it", "mine" or "last" means to the speaker; None when there is none. Raises UnknownModel."""
    if word == "it" and memory.build is not None:
        try:
            return ports.builds.get(memory.build)
        except UnknownBuild:
            pass  # remembered from a state folder that was since emptied: the latest is meant then
    return latest(request, ports)


def latest(request: Request, ports: Ports, statuses: frozenset[BuildStatus] | None = None) -> Build | None:
    """The speaker's newest build, else the newest that was asked for in this conversation. Raises UnknownModel."""
    found = _newest(request, ports, statuses, 1)
    return found[0] if found else None


def _newest(request: Request, ports: Ports, statuses: frozenset[BuildStatus] | None, limit: int) -> list[Build]:
    """The speaker's newest builds, else this conversation's; of the model that was said, when one was."""
    model = ports.models().model(request.text("model")).name if request.text("model") else ""
    count = MAX_LOOKED_AT if model else limit
    mine = _of_model(model, ports.builds.latest(count, person=request.person.id, statuses=statuses))
    if not mine:
        mine = _of_model(
            model, ports.builds.latest(count, place=request.requester.place_or_conversation, statuses=statuses)
        )
    return mine[:limit]


def _of_model(model: str, builds: list[Build]) -> list[Build]:
    return [build for build in builds if not model or build.service.model == model]


def none_yet(ports: Ports) -> Reply:
    """What is said when nothing can be meant."""
    if ports.builds.latest():
        return Reply("You have no such build yet. Say 'list all builds' for those there are, or 'start training'.")
    return Reply(wording.NO_BUILDS, choices=(Choice("Start training", "start training"),))


def running(request: Request, ports: Ports, memory: Memory) -> list[Build]:
    """The builds that a command such as "stop the build" may mean: the named one, else those of the speaker that run.

    More than one: it has to be asked which. Raises UnknownBuild, UnknownModel.
    """
    if (named := request.number("build")) is not None:
        return [ports.builds.get(named)]
    found = _newest(request, ports, frozenset(WORKING), MAX_RUNNING_NAMED)
    spoken = [build for build in found if request.text("build") == "it" and build.number == memory.build]
    return spoken or found
