"""Who asks, how often, what was said, who decides, who is to be told, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestration.builds import Json, Requester


@dataclass(frozen=True)
class Person:
    """A person known by channel identities ("slack:T1:U2", "console:ada"). role: viewer, builder, approver or admin.

    environments: the only ones where the person may do anything; models: the only ones about which the person may
    change anything; None: not limited. commands_per_minute: None: as many as they like, on one's own machine.
    """

    id: str
    name: str
    role: str
    identities: tuple[str, ...] = ()
    timezone: str = "UTC"
    environments: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    commands_per_minute: int | None = 30


class People(Protocol):
    """Who may talk to the bot. Unknown is None: nothing is permitted to them."""

    def by_identity(self, identity: str) -> Person | None:
        """One read by key."""
        ...

    def by_id(self, person_id: str) -> Person | None: ...

    def everybody(self) -> list[Person]:
        """Everybody who is listed, by id: of whom a refusal may say "ask them"."""
        ...

    def put(self, person: Person) -> None:
        """As the person is from now on; identities that they had and have no more are theirs no longer.

        For whoever sets an environment up: no sentence reaches it. Raises Conflict when somebody else has one of the
        identities, or the person was changed at the same time.
        """
        ...

    def link(self, person_id: str, identity: str) -> Person:
        """The person with that identity added. Raises Conflict when another has it, or nobody has that id."""
        ...


@dataclass(frozen=True)
class LinkCode:
    """A one-time code that makes whoever says it in another channel the same person.

    made_in: the channel in which it was asked for. channel: the only one in which it works; "" for any but made_in.
    """

    person: str
    made_in: str
    channel: str = ""


class LinkCodes(Protocol):
    """One-time codes, under a digest of theirs: a reader of the store learns no code."""

    def put(self, digest: str, code: LinkCode, ttl_s: float) -> bool:
        """False when that code is somebody's already."""
        ...

    def take(self, digest: str) -> LinkCode | None:
        """The code, to one caller alone; None when there is none, it was taken, or its time is over."""
        ...


class Counters(Protocol):
    """Sums that begin at 0 again after their time: commands of a minute, wrong codes, the money of a day."""

    def add(self, key: str, amount: int, ttl_s: float) -> int:
        """The sum with that amount. It is forgotten ttl_s after what was first added. Exact under concurrent use."""
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
    """The decision about a build, and the token of the state that waits for it (never shown to anybody).

    decision: "" while it waits, then "approved", "rejected" or "expired"; decided_by: the person's name.
    """

    number: int
    requested_at: datetime
    expires_at: datetime
    task_token: str
    decision: str = ""
    decided_by: str = ""
    reason: str = ""


class Approvals(Protocol):
    """Builds that wait for a person. The decision is stored first, then sent; the first one wins, and stays."""

    def request(self, approval: Approval) -> Approval:
        """Store it, or renew the token of one that waits; a decided one comes back as it was decided."""
        ...

    def get(self, number: int) -> Approval | None:
        """The approval of that build, waiting or decided; None when none was asked for."""
        ...

    def decide(self, number: int, decision: str, decided_by: str, reason: str) -> Approval:
        """Store the decision. The same decision by the same decider again is answered as the first time.

        Raises AlreadyDecided with what was decided, UnknownBuild when none was asked for.
        """
        ...

    def waiting(self) -> list[Approval]:
        """Those not decided, oldest build first."""
        ...


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
    """What somebody asked for that changes something, and what came of it. words: as said, cut at 500 characters.

    person: the id; name: what they are called. build_number: the build that it made or changed.
    """

    at: datetime
    person: str
    channel: str
    words: str
    intent: str
    slots: Mapping[str, Json]
    outcome: str
    build_number: int | None = None
    name: str = ""

    @property
    def builds(self) -> frozenset[int]:
        """The builds that it is about: a deployment is of one build and makes another."""
        named = self.slots.get("build")
        numbers = {self.build_number, named if type(named) is int else None}
        return frozenset(number for number in numbers if number is not None)


class Audit(Protocol):
    """An append-only list."""

    def append(self, entry: AuditEntry) -> None: ...

    def entries(
        self,
        *,
        build_number: int | None = None,
        person: str | None = None,
        intents: frozenset[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 25,
    ) -> list[AuditEntry]:
        """The newest first: about one build, of one person, or all; of those intents; from since on and before until.

        At most one of build_number and person is given; each is a key. Without since it looks a year back.
        """
        ...
