"""TellMeWhenDone, and what a channel needs to keep its promise: how a build ended, told once where it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.access.memory import Memory
from bot.handlers import targets
from bot.handlers.standing import status_reply
from bot.intents.request import Request
from bot.replies import Reply
from orchestration.ports import Ports, UnknownBuild, Watch

HOLD = timedelta(seconds=60)  # a channel that died while it told is replaced after this long
GRACE = timedelta(seconds=5)  # a conversation that is still there tells within this


def tell_me_when_done(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Remember who is to be told; a build that has ended is told at once. Raises UnknownBuild."""
    build = targets.spoken_of(request, ports, memory)
    if build is None:
        return targets.none_yet(ports)
    if build.has_ended:
        return status_reply(build, ports)
    watch = Watch(build.number, request.requester, ports.clock.now())
    ports.watches.add(watch)
    # It may have ended between the question and the promise, and then nobody would keep it.
    if (now := ports.builds.get(build.number)).has_ended:
        ports.watches.told(watch)
        return status_reply(now, ports)
    return Reply(f"I will tell you when build {build.number} has ended.", build=build.number, follow=build.number)


def outcome(number: int, person: str, conversation: str, ports: Ports) -> Reply:
    """How the build stands, for whoever waited for it in that conversation.

    Once it has ended, the promise to tell them is kept by this; until then (it waits for a person) it stays.
    """
    build = ports.builds.get(number)
    if build.has_ended:
        for watch in ports.watches.of_build(number):
            if watch.requester.person == person and watch.requester.conversation == conversation:
                ports.watches.told(watch)
    return status_reply(build, ports)


def ended_meanwhile(person: str, channel: str, ports: Ports, *, left_alone: bool = False) -> Iterator[Reply]:
    """What ended since the person was last on that channel, of what they wanted to be told.

    Each counts as told when the next one is asked for: one that was not shown, because the channel died, is told again.
    left_alone: only what ended long enough ago that the conversation where it was asked would have told it.
    """
    for watch in ports.watches.of_person(person):
        if watch.requester.channel != channel:
            continue
        try:
            build = ports.builds.get(watch.number)
        except UnknownBuild:
            ports.watches.told(watch)
            continue
        is_theirs = left_alone and ports.clock.now() - build.updated_at < GRACE
        if build.has_ended and not is_theirs and ports.watches.take(watch, ports.clock.now() + HOLD):
            yield status_reply(build, ports)
            ports.watches.told(watch)
