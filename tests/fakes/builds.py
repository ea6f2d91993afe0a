"""FakeBuilds: the port Builds in memory."""

from __future__ import annotations

import threading
from datetime import datetime

from orchestration.builds import Build, BuildStatus, Service
from orchestration.ports import Announcement, Change, Clock, NewBuild, UnknownBuild
from orchestration.records import changed, first_record, newest_line

LOOKED_AT = 100  # builds that a filter by status goes through


class FakeBuilds:
    """Every operation is atomic under one lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._builds: dict[int, Build] = {}
        self._by_execution: dict[str, int] = {}
        self._outbox: dict[str, Announcement] = {}
        self._held_until: dict[str, datetime] = {}

    def create(self, new: NewBuild) -> tuple[Build, bool]:
        with self._lock:
            if new.execution_name in self._by_execution:
                return self.get(self._by_execution[new.execution_name]), False
            number = len(self._builds) + 1
            self._by_execution[new.execution_name] = number
            self._store(first_record(number, new))
            return self.get(number), True

    def get(self, number: int) -> Build:
        with self._lock:
            if number not in self._builds:
                there = f"the latest is build {len(self._builds)}" if self._builds else "there are no builds yet"
                raise UnknownBuild(f"There is no build {number}; {there}.")
            return self._builds[number]

    def by_execution(self, execution_name: str) -> Build:
        with self._lock:
            if execution_name not in self._by_execution:
                raise UnknownBuild(f"No build has the execution {execution_name}.")
            return self.get(self._by_execution[execution_name])

    def latest(
        self,
        limit: int = 1,
        *,
        person: str | None = None,
        place: str | None = None,
        service: Service | None = None,
        statuses: frozenset[BuildStatus] | None = None,
        before: int | None = None,
    ) -> list[Build]:
        if sum(given is not None for given in (person, place, service)) > 1:
            raise ValueError("at most one of person, place and service may be given")
        with self._lock:
            indexed = [
                build
                for number, build in sorted(self._builds.items(), reverse=True)
                if (before is None or number < before)
                and (person is None or build.requester.person == person)
                and (place is None or build.requester.place_or_conversation == place)
                and (service is None or build.service == service)
            ]
        if statuses is not None:
            indexed = [build for build in indexed[:LOOKED_AT] if build.status in statuses]
        return indexed[:limit]

    def apply(self, number: int, change: Change) -> Build:
        with self._lock:
            before = self.get(number)
            after = changed(before, change)
            if len(after.timeline) == len(before.timeline):
                self._builds[number] = after
            else:
                self._store(after)
            return after

    def _store(self, build: Build) -> None:
        """The record with the line of the outbox for the status that it just reached."""
        self._builds[build.number] = build
        line = newest_line(build)
        self._outbox[line.id] = line

    def unannounced(self, limit: int = 25) -> list[Announcement]:
        with self._lock:
            return [line for _, line in sorted(self._outbox.items())][:limit]

    def take_announcement(self, announcement: Announcement, until: datetime) -> bool:
        with self._lock:
            held = self._held_until.get(announcement.id)
            if announcement.id not in self._outbox or (held is not None and held >= self._clock.now()):
                return False
            self._held_until[announcement.id] = until
            return True

    def release_announcement(self, announcement: Announcement) -> None:
        with self._lock:
            self._held_until.pop(announcement.id, None)

    def announced(self, announcement: Announcement) -> None:
        with self._lock:
            self._outbox.pop(announcement.id, None)
