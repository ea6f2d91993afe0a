"""FakeLiveMessages and FakeWorkQueue."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

from orchestration.ports import Conflict, LiveMessage, Unavailable, Work


class FakeLiveMessages:
    """The port LiveMessages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, int], LiveMessage] = {}

    def get(self, channel: str, number: int) -> LiveMessage | None:
        with self._lock:
            return self._kept.get((channel, number))

    def save(self, message: LiveMessage) -> LiveMessage:
        key = (message.channel, message.number)
        with self._lock:
            there = self._kept.get(key)
            if (there.revision if there else 0) != message.revision:
                raise Conflict(f"The message about build {message.number} was changed at the same time.")
            self._kept[key] = replace(message, revision=message.revision + 1)
            return self._kept[key]


class FakeWorkQueue:
    """The port WorkQueue. `take_all` empties it; is_away: nothing can be queued."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._waiting: list[Work] = []
        self.is_away = False

    def put(self, work: Work) -> None:
        if self.is_away:
            raise Unavailable("The queue is away.")
        body = json.loads(json.dumps(dict(work.body)))  # what no JSON holds, no queue holds
        with self._lock:
            if work.delivery_id not in self._seen:
                self._seen.add(work.delivery_id)
                self._waiting.append(replace(work, body=body))

    def take_all(self) -> list[Work]:
        """What is queued, in order; each is taken once."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
            return waiting
