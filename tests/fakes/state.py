"""What is forgotten: FakeClaims, FakeWaits, FakeConversations, FakeWatches, FakeLinkCodes, FakeCounters."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from orchestration.ports import Clock, Conflict, Conversation, LinkCode, Waiting, Watch

_Kept = TypeVar("_Kept")


class _Expiring(Generic[_Kept]):
    """Values by key, each until its time. The caller holds `lock`."""

    def __init__(self, clock: Clock) -> None:
        self.lock = threading.Lock()
        self._clock = clock
        self._entries: dict[str, tuple[_Kept, datetime]] = {}

    def get(self, key: str) -> _Kept | None:
        entry = self._entries.get(key)
        return entry[0] if entry is not None and entry[1] > self._clock.now() else None

    def put(self, key: str, value: _Kept, ttl_s: float) -> None:
        self._entries[key] = (value, self._clock.now() + timedelta(seconds=ttl_s))

    def replace(self, key: str, value: _Kept) -> None:
        """Another value until the same time."""
        self._entries[key] = (value, self._entries[key][1])

    def remove(self, key: str) -> None:
        self._entries.pop(key, None)


class FakeClaims:
    """The port Claims."""

    def __init__(self, clock: Clock) -> None:
        self._holders: _Expiring[str] = _Expiring(clock)

    def take(self, key: str, holder: str, ttl_s: float) -> bool:
        with self._holders.lock:
            if self._holders.get(key) not in (None, holder):
                return False
            self._holders.put(key, holder, ttl_s)
            return True

    def holder(self, key: str) -> str | None:
        with self._holders.lock:
            return self._holders.get(key)

    def release(self, key: str, holder: str) -> None:
        with self._holders.lock:
            if self._holders.get(key) == holder:
                self._holders.remove(key)


class FakeWaits:
    """The port Waits."""

    def __init__(self, clock: Clock) -> None:
        self._tokens: _Expiring[str] = _Expiring(clock)
        self._waiters: dict[str, set[str]] = {}

    def put(self, topic: str, waiting: Waiting, ttl_s: float) -> None:
        with self._tokens.lock:
            self._tokens.put(f"{topic}#{waiting.waiter}", waiting.task_token, ttl_s)
            self._waiters.setdefault(topic, set()).add(waiting.waiter)

    def of(self, topic: str) -> list[Waiting]:
        with self._tokens.lock:
            found = [(waiter, self._tokens.get(f"{topic}#{waiter}")) for waiter in sorted(self._waiters.get(topic, ()))]
        return [Waiting(waiter, token) for waiter, token in found if token is not None]

    def remove(self, topic: str, waiting: Waiting) -> None:
        with self._tokens.lock:
            if self._tokens.get(f"{topic}#{waiting.waiter}") == waiting.task_token:
                self._tokens.remove(f"{topic}#{waiting.waiter}")


class FakeConversations:
    """The port Conversations. States go through JSON, as they do in a real store."""

    def __init__(self, clock: Clock) -> None:
        self._kept: _Expiring[tuple[str, int, str]] = _Expiring(clock)

    def load(self, conversation_id: str) -> Conversation:
        with self._kept.lock:
            kept = self._kept.get(conversation_id)
        return (
            Conversation(conversation_id, {})
            if kept is None
            else Conversation(conversation_id, json.loads(kept[0]), kept[1], kept[2])
        )

    def save(self, conversation: Conversation, ttl_s: float) -> Conversation:
        state = json.dumps(conversation.state)
        with self._kept.lock:
            kept = self._kept.get(conversation.id)
            if kept is not None and kept[1] != conversation.revision:
                raise Conflict("This conversation went on somewhere else at the same time. Please say it again.")
            self._kept.put(conversation.id, (state, conversation.revision + 1, ""), ttl_s)
        return Conversation(conversation.id, json.loads(state), conversation.revision + 1)

    def consume(self, conversation: Conversation, delivery_id: str) -> bool:
        with self._kept.lock:
            kept = self._kept.get(conversation.id)
            if kept is None or kept[1] != conversation.revision or kept[2] not in ("", delivery_id):
                return False
            self._kept.replace(conversation.id, (kept[0], kept[1], delivery_id))
            return True


class FakeWatches:
    """The port Watches."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._watches: dict[tuple[int, str], Watch] = {}
        self._held_until: dict[tuple[int, str], datetime] = {}

    def add(self, watch: Watch) -> None:
        with self._lock:
            self._watches.setdefault((watch.number, watch.requester.conversation), watch)

    def of_build(self, number: int) -> list[Watch]:
        with self._lock:
            return [watch for watch in self._watches.values() if watch.number == number]

    def of_person(self, person: str) -> list[Watch]:
        with self._lock:
            return [watch for watch in self._watches.values() if watch.requester.person == person]

    def take(self, watch: Watch, until: datetime) -> bool:
        key = (watch.number, watch.requester.conversation)
        with self._lock:
            held = self._held_until.get(key)
            if key not in self._watches or (held is not None and held >= self._clock.now()):
                return False
            self._held_until[key] = until
            return True

    def told(self, watch: Watch) -> None:
        with self._lock:
            self._watches.pop((watch.number, watch.requester.conversation), None)


class FakeLinkCodes:
    """The port LinkCodes."""

    def __init__(self, clock: Clock) -> None:
        self._codes: _Expiring[LinkCode] = _Expiring(clock)

    def put(self, digest: str, code: LinkCode, ttl_s: float) -> bool:
        with self._codes.lock:
            if self._codes.get(digest) is not None:
                return False
            self._codes.put(digest, code, ttl_s)
            return True

    def take(self, digest: str) -> LinkCode | None:
        with self._codes.lock:
            code = self._codes.get(digest)
            self._codes.remove(digest)
            return code


class FakeCounters:
    """The port Counters."""

    def __init__(self, clock: Clock) -> None:
        self._sums: _Expiring[int] = _Expiring(clock)

    def add(self, key: str, amount: int, ttl_s: float) -> int:
        with self._sums.lock:
            before = self._sums.get(key)
            if before is None:
                self._sums.put(key, amount, ttl_s)
                return amount
            self._sums.replace(key, before + amount)
            return before + amount
