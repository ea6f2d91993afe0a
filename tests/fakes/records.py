"""FakeAudit, FakeNotices, FakeSettings, FakePeople and FakeClock."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orchestration.builds import Json
from orchestration.ports import AuditEntry, BadSettings, Conflict, Person

MAX_SUBJECT_CHARS = 100  # SNS Publish


class FakeClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, at: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) -> None:
        self._lock = threading.Lock()
        self._now = at
        self.slept: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def forward(self, seconds: float) -> None:
        """Move it on."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.forward(seconds)


class FakeAudit:
    """The port Audit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[AuditEntry] = []

    def append(self, entry: AuditEntry) -> None:
        with self._lock:
            self._entries.append(entry)

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
        with self._lock:
            newest = list(reversed(self._entries))
        return [
            entry
            for entry in newest
            if (build_number is None or build_number in entry.builds)
            and person in (None, entry.person)
            and (intents is None or entry.intent in intents)
            and (since is None or entry.at >= since)
            and (until is None or entry.at < until)
        ][:limit]


class FakeNotices:
    """The port Notices. published: subject, body and attributes of each message."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Mapping[str, Json], Mapping[str, str]]] = []

    def publish(self, subject: str, body: Mapping[str, Json], attributes: Mapping[str, str]) -> None:
        if not (len(subject) <= MAX_SUBJECT_CHARS and subject.isascii() and subject.isprintable()):
            raise ValueError(f"the subject {subject!r} is not at most {MAX_SUBJECT_CHARS} printable ASCII characters")
        self.published.append((subject, body, attributes))


class FakeSettings:
    """The port Settings. text: the stored document, which a test may spoil."""

    def __init__(self) -> None:
        self.text = "{}"
        self._version = 0

    def load(self) -> Mapping[str, Json]:
        try:
            document = json.loads(self.text)
        except ValueError as error:
            raise BadSettings(f"The settings document is not JSON: {error}.") from error
        if not isinstance(document, dict):
            raise BadSettings("The settings document must be a JSON object.")
        return document

    def save(self, document: Mapping[str, Json]) -> int:
        self.text = json.dumps(dict(document))
        self._version += 1
        return self._version


class FakePeople:
    """The port People."""

    def __init__(self, *people: Person) -> None:
        self._lock = threading.RLock()
        self._people = {person.id: person for person in people}

    def by_identity(self, identity: str) -> Person | None:
        with self._lock:
            return next((person for person in self._people.values() if identity in person.identities), None)

    def by_id(self, person_id: str) -> Person | None:
        with self._lock:
            return self._people.get(person_id)

    def everybody(self) -> list[Person]:
        with self._lock:
            return [person for _, person in sorted(self._people.items())]

    def put(self, person: Person) -> None:
        with self._lock:
            for identity in person.identities:
                holder = self.by_identity(identity)
                if holder is not None and holder.id != person.id:
                    raise Conflict(f"{identity} already belongs to {holder.name}.")
            self._people[person.id] = person

    def link(self, person_id: str, identity: str) -> Person:
        with self._lock:
            person = self._people.get(person_id)
            if person is None:
                raise Conflict(f"Nobody has the id {person_id}.")
            if identity not in person.identities:
                self.put(replace(person, identities=(*person.identities, identity)))
            return self._people[person_id]
