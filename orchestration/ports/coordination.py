"""What only one may hold or do: claims, waiting task tokens, and work in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestration.builds import Json


@dataclass(frozen=True)
class Work:
    """One message of the work queue. group: kept in order within; delivery_id: taken once."""

    group: str
    delivery_id: str
    body: Mapping[str, Json]


class WorkQueue(Protocol):
    """The FIFO queue between a channel's acknowledgement and its worker."""

    def put(self, work: Work) -> None:
        """Queue it; the same delivery id within five minutes is queued once. Raises Unavailable."""
        ...


class Claims(Protocol):
    """What only one may hold: a delivery once, a lease for a time. Safe for concurrent use."""

    def take(self, key: str, holder: str, ttl_s: float) -> bool:
        """True when the holder has it now, also when it had it already; False when another holds it.

        It is given back after ttl_s at the latest.
        """
        ...

    def holder(self, key: str) -> str | None:
        """Who holds it now."""
        ...

    def release(self, key: str, holder: str) -> None:
        """Give it back; nothing happens when another holds it."""
        ...


@dataclass(frozen=True)
class Waiting:
    """A state that waits: who (a build's number, ten digits), and its task token."""

    waiter: str
    task_token: str


class Waits(Protocol):
    """Task tokens of states that wait for something, by what they wait for ("endpoint/<name>", "lease/<service>").

    Whoever answers a token removes it afterwards, never before: a token that was answered twice does no harm, one that
    was removed and not answered leaves its build waiting for ever.
    """

    def put(self, topic: str, waiting: Waiting, ttl_s: float) -> None:
        """Remember the token; a later one of the same waiter takes its place."""
        ...

    def of(self, topic: str) -> list[Waiting]:
        """Everybody that waits for it, by waiter; sees every `put` that was answered."""
        ...

    def remove(self, topic: str, waiting: Waiting) -> None:
        """Forget that token; a later one of the same waiter stays."""
        ...
