"""The contracts of Claims, Waits, Conversations, Watches, Audit and Settings in `orchestration.ports`."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from orchestration.builds import Json, Requester
from orchestration.ports import AuditEntry, Conflict, Conversation, Ports, Waiting, Watch
from tests.contracts.clock import SettableClock


def fresh() -> str:
    return uuid.uuid4().hex


class TestClaims:
    def test_one_of_eight_takes_it(self, ports: Ports) -> None:
        key = fresh()
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda i: ports.claims.take(key, f"holder {i}", 60), range(8)))
        assert taken.count(True) == 1
        assert ports.claims.holder(key) == f"holder {taken.index(True)}"

    @pytest.mark.timeout(900)
    @pytest.mark.parametrize("keys", [50, pytest.param(1000, marks=pytest.mark.slow)])
    def test_of_eight_threads_one_takes_each_of_many_keys(self, ports: Ports, keys: int) -> None:
        prefix, holders = fresh(), range(8)

        def take_all(holder: int) -> list[bool]:
            return [ports.claims.take(f"{prefix}/{key}", f"holder {holder}", 600) for key in range(keys)]

        with ThreadPoolExecutor(len(holders)) as pool:
            taken = list(pool.map(take_all, holders))
        for key, answers in enumerate(zip(*taken, strict=True)):
            assert answers.count(True) == 1
            assert ports.claims.holder(f"{prefix}/{key}") == f"holder {answers.index(True)}"

    def test_the_holder_may_take_it_again(self, ports: Ports) -> None:
        key = fresh()
        assert ports.claims.take(key, "build 1", 60)
        assert ports.claims.take(key, "build 1", 60)
        assert not ports.claims.take(key, "build 2", 60)

    def test_only_the_holder_gives_it_back(self, ports: Ports) -> None:
        key = fresh()
        ports.claims.take(key, "build 1", 60)
        ports.claims.release(key, "build 2")
        assert ports.claims.holder(key) == "build 1"
        ports.claims.release(key, "build 1")
        assert ports.claims.holder(key) is None
        assert ports.claims.take(key, "build 2", 60)

    def test_it_expires(self, ports: Ports, clock: SettableClock) -> None:
        key = fresh()
        ports.claims.take(key, "build 1", 60)
        clock.forward(62)
        assert ports.claims.holder(key) is None
        assert ports.claims.take(key, "build 2", 60)


class TestWaits:
    def test_everybody_that_waits_is_there_until_removed(self, ports: Ports) -> None:
        topic = fresh()
        first, second = Waiting("0000000001", "a"), Waiting("0000000002", "b")
        ports.waits.put(topic, second, 60)
        ports.waits.put(topic, first, 60)
        assert ports.waits.of(topic) == [first, second]
        ports.waits.remove(topic, first)
        ports.waits.remove(topic, first)
        assert ports.waits.of(topic) == [second]

    def test_a_later_token_takes_the_place_and_outlives_the_removal_of_the_earlier(self, ports: Ports) -> None:
        topic = fresh()
        ports.waits.put(topic, Waiting("w", "first"), 60)
        ports.waits.put(topic, Waiting("w", "second"), 60)
        ports.waits.remove(topic, Waiting("w", "first"))
        assert ports.waits.of(topic) == [Waiting("w", "second")]

    def test_it_expires(self, ports: Ports, clock: SettableClock) -> None:
        topic = fresh()
        ports.waits.put(topic, Waiting("w", "token"), 60)
        clock.forward(62)
        assert ports.waits.of(topic) == []


class TestConversations:
    def test_what_was_saved_is_loaded(self, ports: Ports) -> None:
        id_ = fresh()
        assert ports.conversations.load(id_) == Conversation(id_, {})
        saved = ports.conversations.save(Conversation(id_, {"build": 3, "numbers": [0.1, 1e-3]}), 60)
        assert ports.conversations.load(id_) == saved
        assert saved.state == {"build": 3, "numbers": [0.1, 1e-3]}

    def test_a_stale_save_is_refused(self, ports: Ports) -> None:
        id_ = fresh()
        stale = ports.conversations.load(id_)
        ports.conversations.save(stale, 60)
        with pytest.raises(Conflict):
            ports.conversations.save(stale, 60)

    def test_it_is_consumed_once(self, ports: Ports) -> None:
        saved = ports.conversations.save(Conversation(fresh(), {"pending": "x"}), 60)
        with ThreadPoolExecutor(8) as pool:
            consumed = list(pool.map(lambda i: ports.conversations.consume(saved, f"delivery {i}"), range(8)))
        assert consumed.count(True) == 1
        winner = f"delivery {consumed.index(True)}"
        assert ports.conversations.load(saved.id).consumed_by == winner
        assert ports.conversations.consume(saved, winner)  # delivered again: its first answer may have died

    def test_what_was_consumed_is_over_with_the_next_save(self, ports: Ports) -> None:
        saved = ports.conversations.save(Conversation(fresh(), {"pending": "x"}), 60)
        ports.conversations.consume(saved, "delivery")
        again = ports.conversations.save(saved, 60)
        assert again.consumed_by == ""
        assert not ports.conversations.consume(saved, "delivery")

    def test_it_is_forgotten(self, ports: Ports, clock: SettableClock) -> None:
        id_ = fresh()
        ports.conversations.save(Conversation(id_, {"pending": "x"}), 60)
        clock.forward(62)
        assert ports.conversations.load(id_).state == {}


class TestWatches:
    def test_a_watch_is_told_once(self, ports: Ports) -> None:
        person = fresh()
        watch = Watch(7, Requester(person, "Ada", "console", f"c-{person}"), ports.clock.now())
        ports.watches.add(watch)
        ports.watches.add(watch)
        assert ports.watches.of_person(person) == [watch]
        assert watch in ports.watches.of_build(7)
        until = ports.clock.now() + timedelta(seconds=30)
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda _: ports.watches.take(watch, until), range(8)))
        assert taken.count(True) == 1
        ports.watches.told(watch)
        ports.watches.told(watch)
        assert not ports.watches.take(watch, until)
        assert ports.watches.of_person(person) == []
        assert watch not in ports.watches.of_build(7)

    def test_a_watch_whose_teller_died_is_told_again(self, ports: Ports, clock: SettableClock) -> None:
        person = fresh()
        watch = Watch(7, Requester(person, "Ada", "console", f"c-{person}"), ports.clock.now())
        ports.watches.add(watch)
        assert ports.watches.take(watch, clock.now() + timedelta(seconds=30))
        clock.forward(31)
        assert ports.watches.take(watch, clock.now() + timedelta(seconds=30))


class TestAudit:
    def test_newest_first_of_a_build_and_of_all(self, ports: Ports, clock: SettableClock) -> None:
        number = int(fresh()[:6], 16)
        clock.forward(400 * 86_400)  # newer than what any other test has left on the engine
        for outcome in ("first", "second"):
            clock.forward(1)
            slots: dict[str, Json] = {"q": 2, "sigma2": 1e-200}
            entry = AuditEntry(clock.now(), "ada", "console", "train", "StartTraining", slots, outcome, number)
            ports.audit.append(entry)
        clock.forward(1)
        ports.audit.append(AuditEntry(ports.clock.now(), "ada", "console", "stop", "StopBuild", {}, "third"))
        assert [entry.outcome for entry in ports.audit.entries(build_number=number)] == ["second", "first"]
        newest = ports.audit.entries(limit=2)
        assert [entry.outcome for entry in newest] == ["third", "second"]
        assert newest[1].slots == {"q": 2, "sigma2": 1e-200}


class TestSettings:
    def test_what_was_saved_is_loaded(self, ports: Ports) -> None:
        first = ports.settings.save({"schema_version": 1})
        second = ports.settings.save({"schema_version": 1, "training_timeout_s": 900})
        assert second == first + 1
        assert ports.settings.load() == {"schema_version": 1, "training_timeout_s": 900}
        ports.settings.save({"schema_version": 1})
