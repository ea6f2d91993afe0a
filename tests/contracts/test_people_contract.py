"""The contracts of People, LinkCodes, Counters and the audit's questions in `orchestration.ports`."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestration.ports import AuditEntry, Conflict, LinkCode, Person, Ports
from tests.contracts.clock import SettableClock


def fresh() -> str:
    return uuid.uuid4().hex


def somebody(**changes: object) -> Person:
    id_ = fresh()
    person = Person(id_, "Ada", "builder", (f"console:{id_}",), "Europe/Berlin", ("dev",), (), 12)
    return replace(person, **changes)  # type: ignore[arg-type]


class TestPeople:
    def test_who_was_put_is_found_by_id_and_by_each_identity(self, ports: Ports) -> None:
        person = somebody()
        ports.people.put(person)
        assert ports.people.by_id(person.id) == person
        assert ports.people.by_identity(person.identities[0]) == person
        assert person in ports.people.everybody()
        assert ports.people.by_identity("console:nobody") is None
        assert ports.people.by_id("nobody") is None

    def test_a_changed_person_is_changed_everywhere(self, ports: Ports) -> None:
        person = somebody()
        ports.people.put(person)
        after = replace(person, role="viewer", identities=(f"slack:{person.id}",), models=None)
        ports.people.put(after)
        assert ports.people.by_identity(f"slack:{person.id}") == after
        assert ports.people.by_identity(person.identities[0]) is None

    def test_a_linked_identity_is_the_persons(self, ports: Ports) -> None:
        person = somebody()
        ports.people.put(person)
        linked = ports.people.link(person.id, f"alexa:{person.id}")
        assert linked == ports.people.link(person.id, f"alexa:{person.id}")
        for identity in linked.identities:
            assert ports.people.by_identity(identity) == linked

    def test_nobody_takes_anothers_identity(self, ports: Ports) -> None:
        ada, bob = somebody(), somebody()
        ports.people.put(ada)
        ports.people.put(bob)
        with pytest.raises(Conflict):
            ports.people.link(bob.id, ada.identities[0])
        with pytest.raises(Conflict):
            ports.people.put(replace(bob, identities=ada.identities))
        assert ports.people.by_identity(ada.identities[0]) == ada
        assert ports.people.by_id(bob.id) == bob

    def test_nobody_is_linked_to_nobody(self, ports: Ports) -> None:
        with pytest.raises(Conflict):
            ports.people.link(fresh(), "console:x")


class TestLinkCodes:
    def test_one_of_eight_takes_it(self, ports: Ports) -> None:
        digest, code = fresh(), LinkCode("ada", "slack", "alexa")
        assert ports.codes.put(digest, code, 600)
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda _: ports.codes.take(digest), range(8)))
        assert [one for one in taken if one is not None] == [code]
        assert ports.codes.take(digest) is None

    def test_a_code_is_one_persons(self, ports: Ports) -> None:
        digest = fresh()
        assert ports.codes.put(digest, LinkCode("ada", "slack"), 600)
        assert not ports.codes.put(digest, LinkCode("bob", "slack"), 600)
        assert ports.codes.take(digest) == LinkCode("ada", "slack")

    def test_it_is_forgotten(self, ports: Ports, clock: SettableClock) -> None:
        digest = fresh()
        ports.codes.put(digest, LinkCode("ada", "slack"), 600)
        clock.forward(602)
        assert ports.codes.take(digest) is None
        assert ports.codes.put(digest, LinkCode("bob", "slack"), 600)


class TestCounters:
    def test_eight_at_once_are_eight(self, ports: Ports) -> None:
        key = fresh()
        with ThreadPoolExecutor(8) as pool:
            sums = list(pool.map(lambda _: ports.counters.add(key, 3, 60), range(8)))
        assert sorted(sums) == [3 * count for count in range(1, 9)]
        assert ports.counters.add(key, -4, 60) == 20

    def test_it_begins_again_after_its_time(self, ports: Ports, clock: SettableClock) -> None:
        key = fresh()
        ports.counters.add(key, 1, 60)
        clock.forward(40)
        assert ports.counters.add(key, 1, 60) == 2
        clock.forward(22)
        assert ports.counters.add(key, 5, 60) == 5


class TestAuditQuestions:
    def entry(self, ports: Ports, **changes: object) -> AuditEntry:
        entry = AuditEntry(ports.clock.now(), "ada", "slack", "deploy", "Deploy", {}, "done", name="Ada")
        entry = replace(entry, **changes)  # type: ignore[arg-type]
        ports.audit.append(entry)
        return entry

    def test_of_a_build_that_was_deployed_and_of_the_one_that_deployed_it(self, ports: Ports) -> None:
        made, of = int(fresh()[:6], 16), int(fresh()[:6], 16)
        entry = self.entry(ports, slots={"build": of}, build_number=made)
        assert ports.audit.entries(build_number=made) == [entry]
        assert ports.audit.entries(build_number=of) == [entry]

    def test_of_a_person_an_intent_and_a_time(self, ports: Ports, clock: SettableClock) -> None:
        person = fresh()
        times = []
        for intent in ("Deploy", "StopBuild", "Deploy"):
            clock.forward(60)
            times.append(clock.now())
            self.entry(ports, person=person, intent=intent)
        of = ports.audit.entries
        assert [entry.at for entry in of(person=person)] == times[::-1]
        assert [entry.at for entry in of(person=person, intents=frozenset({"Deploy"}))] == [times[2], times[0]]
        assert [entry.at for entry in of(person=person, since=times[1])] == [times[2], times[1]]
        assert [entry.at for entry in of(person=person, since=times[0], until=times[1])] == [times[0]]
        assert [entry.at for entry in of(person=person, limit=1)] == [times[2]]

    def test_of_all_over_several_months(self, ports: Ports, clock: SettableClock) -> None:
        words = fresh()
        first = self.entry(ports, words=words)
        clock.forward(timedelta(days=70).total_seconds())
        second = self.entry(ports, words=words)
        found = ports.audit.entries(limit=100)
        assert [entry for entry in found if entry.words == words] == [second, first]
        since = ports.audit.entries(since=second.at, limit=100)
        assert first not in since
        assert second in since
        assert second not in ports.audit.entries(until=second.at, limit=100)
