"""Who asks, what was said, who decides, who is to be told, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestration.builds import Json, Requester


@dataclass(frozen=True)
class Person:
    """A person known by channel identities ("slack:T1:U2", "console:ada"). role: viewer, builder, approver or admin."""

    id: str
    name: str
    role: str
    identities: tuple[str, ...] = ()
    timezone: str = "UTC"


class People(Protocol):
    """Who may talk to the bot. Unknown is None: nothing is permitted to them."""

    def by_identity(self, identity: str) -> Person | None: ...

    def by_id(self, person_id: str) -> Person | None: ...

    def link(self, person_id: str, identity: str) -> Person:
        """The person with that identity added. Raises Conflict when another has it."""
        ...


@dataclass(frozen=True)
class Conversation:
    """What a conversation remembers between turns: the build spoken of, a pending question or confirmation.

    consumed_by: the delivery that carried out what was pending in this revision; "" when none did.
    """

    id: str
    state: Mapping[str, Json]
    revision: int = 0
    consumed_by: str = ""


class Conversations(Protocol):
    """Memory of conversations, forgotten after its time."""

    def load(self, conversation_id: str) -> Conversation:
        """Empty with revision 0 when there is none."""
        ...

    def save(self, conversation: Conversation, ttl_s: float) -> Conversation:
        """Stored with the next revision. Raises Conflict when it was changed since it was loaded."""
        ...

    def consume(self, conversation: Conversation, delivery_id: str) -> bool:
        """Whether this delivery may carry out what is pending in the revision that was loaded.


        True for one delivery alone, so that a confirmation works once, and for that one again: it may be delivered
        again because its first answer died.
        """
        ...


@dataclass(frozen=True)
class Approval:
    """The decision about a build, and the token of the state that waits for it (never shown to anybody)."""

    number: int
    requested_at: datetime
    expires_at: datetime
    task_token: str
    decision: str = ""
    decided_by: str = ""
    reason: str = ""


class Approvals(Protocol):
    """Builds that wait for a person. The decision is stored first, then sent; the first one wins."""

    def request(self, approval: Approval) -> Approval:
        """Store it, or renew the token of one that waits; a decided one comes back as it was decided."""
        ...

    def decide(self, number: int, decision: str, person: str, reason: str, at: datetime) -> Approval:
        """decision: "approved" or "rejected". Raises AlreadyDecided, UnknownBuild when none waits."""
        ...

    def waiting(self) -> list[Approval]: ...


@dataclass(frozen=True)
class Watch:
    """Somebody wants to be told when a build ends."""

    number: int
    requester: Requester
    created_at: datetime


class Watches(Protocol):
    """Who is to be told, in the conversation where it was asked: once, and again only when the teller died at it."""

    def add(self, watch: Watch) -> None:
        """Adding the same conversation twice for one build is one watch."""
        ...

    def of_build(self, number: int) -> list[Watch]: ...

    def of_person(self, person: str) -> list[Watch]: ...

    def take(self, watch: Watch, until: datetime) -> bool:
        """True when this caller may tell it until then; False when another does, or it was told."""
        ...

    def told(self, watch: Watch) -> None:
        """It was told: remove it. Doing so twice is fine."""
        ...


@dataclass(frozen=True)
class AuditEntry:
    """What somebody asked for that changes something, and what came of it. words: as said, cut at 500 characters."""

    at: datetime
    person: str
    channel: str
    words: str
    intent: str
    slots: Mapping[str, Json]
    outcome: str
    build_number: int | None = None


class Audit(Protocol):
    """An append-only list."""

    def append(self, entry: AuditEntry) -> None: ...

    def entries(self, *, build_number: int | None = None, limit: int = 25) -> list[AuditEntry]:
        """The newest first, of one build or of all."""
        ...
