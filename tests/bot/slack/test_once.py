"""Delivered again, also at the same time: one effect. 200 commands of 20 people: none lost, in order in each thread."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.language.parse import Language
from bot.slack.ack import Acknowledger
from bot.slack.desk import Desk
from bot.slack.gateway import Gateway
from bot.slack.local_queue import LocalQueue
from bot.slack.worker import DONE, work
from orchestration.ports import Person, Unavailable, Work
from tests.bot.slack.office import (
    ADA,
    BOB,
    CHANNEL,
    SECRET,
    TEAM,
    Office,
    as_form,
    as_json,
    command,
    direct,
    event,
    mention,
    sender,
)
from tests.bot.slack.office import office as open_office
from tests.bot.slack.test_live import waiting
from tests.bot.slack.test_uploads import HOUSES
from tests.fakes.slack import FakeSlack

TIMES = 3


def deliveries(office: Office) -> dict[str, Any]:
    """One of each kind."""
    file_id = office.slack.share("houses.csv", HOUSES)
    return {
        "mention": mention("start training"),
        "direct": direct("start training"),
        "command": command("start training", response_url=f"{office.slack.address}/respond/{ADA}"),
        "question": mention("list models"),
        "file": mention("", files=[{"id": file_id}]),
        "home": event({"type": "app_home_opened", "user": ADA, "tab": "home"}),
    }


KINDS = ("mention", "direct", "command", "question", "file", "home")


def effects(office: Office) -> tuple[int, ...]:
    """What has been done: builds, messages, whispers, audit entries, files asked about."""
    builds = len(office.desk.ports.builds.latest(100))
    called = Counter(office.slack.calls)
    return (
        builds,
        len(office.slack.messages),
        len(office.slack.whispers),
        len(office.desk.ports.audit.entries(limit=100)),
        called["views.publish"],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_three_times_one_after_the_other(office: Office, kind: str) -> None:
    payload = deliveries(office)[kind]
    office.deliver(payload)
    office.run()
    once = effects(office)
    assert sum(once) > 0
    for _ in range(TIMES - 1):
        office.deliver(payload)
        office.run()
    assert effects(office) == once


@pytest.mark.parametrize("kind", KINDS)
def test_three_times_past_the_queues_own_memory(office: Office, kind: str) -> None:
    """SQS forgets a delivery id after five minutes, and Slack's last try comes later than that."""
    office.deliver(deliveries(office)[kind])
    [one] = office.queue.take_all()
    work(one, office.desk)
    office.run()
    once = effects(office)
    for _ in range(TIMES - 1):
        office.world.clock.forward(600)
        work(one, office.desk)
        office.run()
    assert effects(office) == once


@pytest.mark.parametrize("kind", KINDS)
def test_three_times_at_the_same_time(office: Office, kind: str) -> None:
    """Each attempt of another worker: whoever is second comes again, and finds it done."""
    office.deliver(deliveries(office)[kind])
    [one] = office.queue.take_all()
    start = threading.Barrier(TIMES)

    def attempt(_: int) -> bool:
        start.wait()
        try:
            work(one, office.desk)
        except Unavailable:
            return False
        return True

    with ThreadPoolExecutor(TIMES) as pool:
        done = list(pool.map(attempt, range(TIMES)))
    assert any(done)
    for _ in range(TIMES - sum(done)):
        work(one, office.desk)
    office.run()
    once = effects(office)
    assert once[0] <= 1
    assert once[1] + once[2] + once[4] == 1 + (kind == "command")
    office.run()
    assert effects(office) == once


def test_a_decision_three_times_at_the_same_time(office: Office) -> None:
    shown = waiting(office)
    payload = office.pressing(shown, shown.button("Approve"), BOB)
    with ThreadPoolExecutor(TIMES) as pool:
        assert {answer.status for answer in pool.map(office.deliver, [payload] * TIMES)} == {200}
    office.run()
    entries = office.desk.ports.audit.entries(build_number=1)
    assert [entry.intent for entry in entries].count("Approve") == 1


def test_work_whose_worker_died_is_done_by_the_next(office: Office) -> None:
    office.deliver(mention("start training"))
    [one] = office.queue.take_all()
    assert office.desk.ports.claims.take(f"slack/{one.delivery_id}", "a worker that died", 150)
    with pytest.raises(Unavailable):
        work(one, office.desk)
    office.world.clock.forward(152)
    work(one, office.desk)
    assert office.desk.ports.builds.get(1)
    assert office.desk.ports.claims.holder(f"slack/{one.delivery_id}/{DONE}") is not None


def test_a_worker_that_died_after_it_showed_the_build_is_not_followed_by_a_second_message(office: Office) -> None:
    office.deliver(mention("start training"))
    [one] = office.queue.take_all()
    work(one, office.desk)
    office.desk.ports.claims.release(f"slack/{one.delivery_id}/{DONE}", DONE)  # it died before the mark
    work(one, office.desk)
    office.run()
    assert len(office.slack.messages) == 1
    assert len(office.desk.ports.builds.latest(10)) == 1


PEOPLE, COMMANDS = 20, 200


def test_two_hundred_commands_of_twenty_people_at_once(slack: FakeSlack, language: Language, tmp_path: Path) -> None:
    """Over the real local queue with its worker threads, each person in a thread of their own."""
    people = tuple(
        Person(f"p{i}", f"P{i}", "builder", (f"slack:{TEAM}:UP{i}",), commands_per_minute=None) for i in range(PEOPLE)
    )
    chance = random.Random(20261120)
    sent: dict[str, list[str]] = {f"17.{i:03d}": [] for i in range(PEOPLE)}
    payloads = []
    for number in range(COMMANDS):
        person = number % PEOPLE
        thread = f"17.{person:03d}"
        words = f"blurb {number:03d} {chance.randrange(10)}"
        sent[thread].append(words)
        payloads.append((person, mention(words, user=f"UP{person}", thread=thread)))
    with open_office(slack, language, people) as office:
        queue = LocalQueue(tmp_path / "queue.db")
        desk = Desk(office.desk.settings, office.desk.bot, office.desk.ports, office.desk.slack, queue)
        gateway = Gateway(Acknowledger(desk.settings, sender(queue)).app, SECRET)
        workers = [threading.Thread(target=queue.run, args=(partial(work, desk=desk),)) for _ in range(8)]
        for worker in workers:
            worker.start()

        def speak(person: int) -> None:
            """One person's commands one after the other, while the others speak too."""
            for who, payload in payloads:
                if who == person:
                    assert gateway.answer(as_json(payload)).status == 200

        with ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(speak, range(PEOPLE)))
        wait_until_done(queue)
        queue.stop()
        for worker in workers:
            worker.join(10)
        queue.close()
    assert len(slack.messages) == COMMANDS
    for thread, words in sent.items():
        answers = [shown.text for shown in slack.in_thread(thread)]
        assert [next(one for one in words if one in answer) for answer in answers] == words


def wait_until_done(queue: LocalQueue) -> None:
    end = time.monotonic() + 100
    while queue.waiting():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_ack_itself_takes_many_at_once(office: Office) -> None:
    payloads = [command(f"list models {i}", user=f"U{i % PEOPLE}") for i in range(COMMANDS)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        statuses = list(pool.map(lambda one: office.gateway.answer(as_form(one)).status, payloads))
    assert statuses == [200] * COMMANDS
    queued = office.queue.take_all()
    assert len(queued) == COMMANDS
    assert {one.group for one in queued} == {f"slack/{TEAM}/{CHANNEL}/U{i}" for i in range(PEOPLE)}


def test_the_queue_keeps_what_it_took(tmp_path: Path) -> None:
    """A process that ends with work in hand leaves it to the next."""
    first = LocalQueue(tmp_path / "queue.db")
    for number in range(3):
        first.put(Work("g", f"d{number}", {"number": number}))
    first.close()
    second, seen = LocalQueue(tmp_path / "queue.db"), []
    second.put(Work("g", "d0", {"number": 99}))

    def handle(one: Work) -> None:
        seen.append(one.body["number"])
        if len(seen) == 3:
            second.stop()

    second.run(handle)
    assert second.waiting() == 0
    second.close()
    assert seen == [0, 1, 2]
