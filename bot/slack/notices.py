"""News of builds as work for the queue: a notification, and a look each minute at what goes on without any."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.slack.incoming import Kind
from orchestration.builds import WORKING, Build, Json
from orchestration.ports import BadRequest, Ports, Work, WorkQueue

CHANNEL = "slack"
MAX_LOOKED_AT, RECENT = 100, 25
LOOKED_AFTER = timedelta(days=1)


def notified(message: Mapping[str, Json], queue: WorkQueue) -> None:
    """One notification (`orchestration/notification.schema.json`). Raises Unavailable, BadRequest."""
    number, id_ = message.get("build"), message.get("id")
    if type(number) is not int or not isinstance(id_, str):
        raise BadRequest("A notification names no build.")
    queue.put(news(number, f"notice:{id_}"))


def look(moment: str, ports: Ports, queue: WorkQueue) -> list[int]:
    """Have messages looked at without a notification; the builds that they are of.

    Those of builds that run, whose best value and time left change all the time; and of those that have ended since
    their message was shown, so that none is left behind by an outage that outlived the queue's patience. moment: the
    same for one look, however often it is asked for. Raises Unavailable.
    """
    running = ports.builds.latest(MAX_LOOKED_AT, statuses=frozenset(WORKING))
    ended = [build for build in ports.builds.latest(RECENT) if build.has_ended and _is_behind(build, ports)]
    for build in (*running, *ended):
        queue.put(news(build.number, f"look:{build.number}:{moment}"))
    return [build.number for build in (*running, *ended)]


def _is_behind(build: Build, ports: Ports) -> bool:
    if ports.clock.now() - build.updated_at > LOOKED_AFTER:
        return False
    message = ports.messages.get(CHANNEL, build.number)
    if message is None:
        return build.requester.channel == CHANNEL
    return message.shown_at is None or message.shown_at < build.updated_at


def news(number: int, delivery_id: str) -> Work:
    """A look at one build, in the build's own group."""
    return Work(f"build/{number}", delivery_id, {"kind": Kind.BUILD, "number": number})
