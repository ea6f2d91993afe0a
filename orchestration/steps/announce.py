"""The outbox to the notification topic: each (build, status) is announced once, in order, also after a crash.

A QUEUED line also starts the build's execution when its starter died before it could. The message is schema version 1
of `orchestration/notification.schema.json`.
"""

from __future__ import annotations

from datetime import timedelta

from orchestration.builds import Build, BuildStatus, Json
from orchestration.ports import Announcement, Ports, Unavailable
from orchestration.steps.start_build import start_if_queued

SCHEMA_VERSION = 1
HOLD = timedelta(seconds=30)  # a publisher that died with a line in hand is replaced after this long
MAX_SUBJECT_CHARS = 100  # SNS Publish
MAX_LINES = 500  # at one go; the next wake-up does the rest


def announce(ports: Ports) -> int:
    """Publish what the outbox holds, until it is empty; how many lines were published.

    Raises Unavailable when a line could not be published: it is there for the next try.
    """
    published, seen = 0, 0
    while seen < MAX_LINES and (lines := ports.builds.unannounced()):
        mine = [line for line in lines if _publish(line, ports)]
        published, seen = published + len(mine), seen + len(lines)
        if not mine:
            break  # all of them are in somebody else's hands
    return published


def _publish(line: Announcement, ports: Ports) -> bool:
    """Whether this call announced it."""
    if not ports.builds.take_announcement(line, ports.clock.now() + HOLD):
        return False
    try:
        if line.build.status is BuildStatus.QUEUED:
            start_if_queued(ports.builds.get(line.build.number), ports)
        ports.notices.publish(_subject(line.build, ports), message(line, ports), _attributes(line.build))
    except Unavailable:
        ports.builds.release_announcement(line)
        raise
    ports.builds.announced(line)
    return True


def message(line: Announcement, ports: Ports) -> dict[str, Json]:
    """The notification of one status of one build, as the build was then."""
    build = line.build
    return {
        "schema_version": SCHEMA_VERSION,
        "id": f"{ports.environment.name}#{line.id}",
        "sequence": line.sequence,
        "environment": ports.environment.name,
        "build": build.number,
        "kind": build.kind,
        "model": build.service.model,
        "dataset": build.service.dataset,
        "status": build.status,
        "at": build.timeline[-1].at.isoformat(),
        "requester": {
            "person": build.requester.person,
            "channel": build.requester.channel,
            "conversation": build.requester.conversation,
        },
        "metrics": dict(build.metrics),
        "endpoint": build.resources.get("endpoint", ""),
        "error": build.error,
        "cause": build.cause,
    }


def _subject(build: Build, ports: Ports) -> str:
    text = f"[{ports.environment.name}] build {build.number} {build.status}: {build.service.key}"
    return text.encode("ascii", "replace").decode()[:MAX_SUBJECT_CHARS]


def _attributes(build: Build) -> dict[str, str]:
    return {"status": build.status, "model": build.service.model, "kind": build.kind}
