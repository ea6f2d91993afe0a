"""One live message a build: where it was asked, edited as the build goes on, outages included; who is told its end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from bot.language.parse import Language
from bot.slack.notices import look, notified
from bot.slack.worker import work
from orchestration.builds import BuildKind, Requester
from orchestration.ports import BadRequest, Unavailable, Work
from orchestration.steps.announce import announce
from orchestration.steps.start_build import Order, start_build
from tests.bot.slack.office import ADA, BOB, CHANNEL, TEAM, Office, command
from tests.bot.slack.office import office as open_office
from tests.fakes import FakeNotices
from tests.fakes.slack import FakeSlack, Shown


def happens(office: Office, number: int = 1, **event: Any) -> None:
    """Something happens to the build, and its notification reaches the channel."""
    office.world.happens({"build": number, **event})
    announced(office)


def announced(office: Office) -> None:
    notices = office.desk.ports.notices
    assert isinstance(notices, FakeNotices)
    announce(office.desk.ports)
    while notices.published:
        notified(json.loads(json.dumps(notices.published.pop(0)[1])), office.queue)


def live(office: Office) -> Shown:
    [shown] = [one for one in office.slack.messages if "Build 1" in one.words and "Asked for by" in one.words]
    return shown


def waiting(office: Office, settings: dict[str, Any] | None = None) -> Shown:
    """A build of Ada's that was judged and waits for approval, shown."""
    document = {"approval_required": True, "two_person_approval": True, "gate_threshold": 1.2, **(settings or {})}
    office.world.happens({"settings": document})
    office.say("start training")
    happens(office, trained={"validation:RMSE": 1.02}, judged={"RMSE": 1.05}, registered=True, after_s=5)
    office.run()
    return live(office)


def ready(office: Office) -> None:
    """It was trained and serves."""
    happens(office, status="TRAINING", after_s=10)
    happens(office, status="READY", metrics={"validation:RMSE": 1.02}, after_s=10)


def test_from_queued_to_ready_in_the_same_message(office: Office) -> None:
    office.say("train the gp with q 2")
    shown = live(office)
    assert "Build 1 started" in shown.earlier[0]
    assert "QUEUED" in shown.words
    assert "q 2" in shown.words
    assert shown.buttons == ["Tell me when it is done", "Stop"]
    happens(office, status="TRAINING", printed={"validation:RMSE": 1.25}, after_s=5)
    office.run()
    assert "TRAINING" in shown.words
    assert "1.25" in shown.words
    happens(office, status="READY", metrics={"validation:RMSE": 1.02}, after_s=60)
    office.run()
    assert "READY" in shown.words
    assert "1.02" in shown.words
    assert shown.buttons == ["Repeat"]
    assert len(office.slack.messages) == 1


def test_edits_are_three_seconds_apart_and_several_news_are_one(office: Office) -> None:
    office.say("start training")
    shown, clock = live(office), office.world.clock
    edits, before = shown.edits, clock.now()
    for status in ("PREPARING_DATA", "TRAINING", "EVALUATING"):
        office.world.happens({"build": 1, "status": status})
        announced(office)
    office.run()
    assert shown.edits == edits + 1
    assert "EVALUATING" in shown.words
    assert clock.now() - before >= timedelta(seconds=3) - timedelta(milliseconds=1)


def test_news_that_change_nothing_edit_nothing(office: Office) -> None:
    office.say("start training")
    happens(office, status="TRAINING")
    office.run()
    edits = live(office).edits
    look("12:00", office.desk.ports, office.queue)
    look("12:00", office.desk.ports, office.queue)
    office.run()
    assert live(office).edits == edits


def test_the_best_so_far_and_the_time_left_change_without_a_notification(office: Office) -> None:
    office.say("start training")
    happens(office, status="TRAINING", printed={"validation:RMSE": 2.5})
    office.run()
    office.world.happens({"build": 1, "printed": {"validation:RMSE": 1.5}, "after_s": 60})
    assert look("12:01", office.desk.ports, office.queue) == [1]
    office.run()
    assert "1.5" in live(office).words


def test_while_slack_is_away_nothing_is_lost(office: Office) -> None:
    office.say("start training")
    shown = live(office)
    office.slack.fail("*", 503, times=100)
    failed = []
    for status in ("TRAINING", "EVALUATING", "READY"):
        happens(office, status=status, after_s=10)
        failed += office.try_to_run()
    assert failed
    assert "QUEUED" in shown.words
    office.slack.recover()
    for one in failed:
        work(one, office.desk)
    assert "READY" in shown.words
    assert len(office.slack.messages) == 1


def test_an_end_that_got_lost_is_shown_by_the_next_look(office: Office) -> None:
    """As when the outage outlived the queue's patience, and the work became a dead letter."""
    office.say("start training")
    office.slack.fail("*", 503, times=100)
    ready(office)
    assert office.try_to_run()
    office.slack.recover()
    assert look("12:05", office.desk.ports, office.queue) == [1]
    office.run()
    assert "READY" in live(office).words
    assert look("12:06", office.desk.ports, office.queue) == []
    office.world.clock.forward(2 * 86_400)
    start_build(order("console"), office.desk.ports)
    happens(office, 2, failure=["E", "elsewhere"])
    office.queue.take_all()
    assert look("12:07", office.desk.ports, office.queue) == []


@pytest.mark.parametrize(("status", "error"), [(429, ""), (500, ""), (200, "ratelimited"), (200, "fatal_error")])
def test_what_slack_has_no_time_for_comes_again(office: Office, status: int, error: str) -> None:
    office.say("start training")
    office.slack.fail("chat.update", status, error, times=100)
    happens(office, status="TRAINING", after_s=10)
    failed = office.try_to_run()
    assert failed
    office.slack.recover()
    for one in failed:
        work(one, office.desk)
    assert "TRAINING" in live(office).words


def test_a_live_message_that_was_deleted_stops_nothing(office: Office) -> None:
    office.say("start training")
    office.slack.messages.clear()
    ready(office)
    office.run()
    assert office.slack.messages == []


def test_a_build_that_was_started_elsewhere_reports_to_the_channel(slack: FakeSlack, language: Language) -> None:
    with open_office(slack, language, channel="C0REPORTS") as office:
        start_build(order("console"), office.desk.ports)
        announced(office)
        office.run()
        assert live(office).channel == "C0REPORTS"
        ready(office)
        office.run()
        assert "READY" in live(office).words


def test_without_such_a_channel_it_reports_nowhere(office: Office) -> None:
    start_build(order("console"), office.desk.ports)
    announced(office)
    office.run()
    assert office.slack.messages == []


def order(channel: str) -> Order:
    requester = Requester("ada", "Ada", channel, "somewhere")
    return Order(BuildKind.TRAIN, "gp", "toy", {}, {}, requester, channel, "delivery-1")


def test_news_that_overtake_the_answer_wait_for_it(office: Office) -> None:
    """The notification of QUEUED may be there before whoever answers the mention has posted."""
    requester = Requester("ada", "Ada", "slack", f"{TEAM}/{CHANNEL}/17.5", f"{TEAM}/{CHANNEL}")
    start_build(Order(BuildKind.TRAIN, "gp", "toy", {}, {}, requester, "slack", "Ev1"), office.desk.ports)
    announced(office)
    before = office.world.clock.now()
    office.run()
    assert office.world.clock.now() - before >= timedelta(seconds=3)
    assert (live(office).channel, live(office).thread) == (CHANNEL, "17.5")


def test_who_wanted_to_be_told_is_told_once_and_by_name(office: Office) -> None:
    office.say("start training")
    shown = live(office)
    office.press(shown, "Tell me when it is done", user=BOB)
    assert "I will tell you" in office.slack.messages[-1].text
    ready(office)
    office.run()
    happens(office, status="ENDPOINT_DELETED", after_s=10)
    office.run()
    [told] = [one for one in office.slack.messages if f"<@{BOB}>" in one.text]
    assert told.thread == shown.thread
    assert "READY" in told.text


def test_who_asked_by_command_is_told_alone(office: Office) -> None:
    office.say("start training")
    address = f"{office.slack.address}/respond/{BOB}"
    office.deliver(command("let me know when build 1 finishes", user=BOB, response_url=address))
    office.run()
    ready(office)
    office.run()
    assert (office.slack.messages[-1].channel, "READY" in office.slack.messages[-1].text) == ("DBOB", True)


def test_asking_how_a_build_stands_shows_it_nowhere_else(slack: FakeSlack, language: Language) -> None:
    with open_office(slack, language, channel="C0REPORTS") as office:
        start_build(order("console"), office.desk.ports)
        office.say("status of build 1")
        assert [shown.channel for shown in slack.messages] == [CHANNEL]


def test_telling_survives_an_outage(office: Office) -> None:
    office.say("start training")
    office.press(live(office), "Tell me when it is done")
    office.slack.fail("chat.postMessage", 503, times=100)
    ready(office)
    failed = office.try_to_run()
    assert failed
    office.slack.recover()
    assert [one for one in failed if is_held(one, office)] == failed  # by whoever did not get through
    office.world.clock.forward(61)
    for one in failed * 2:
        work(one, office.desk)
    assert len([one for one in office.slack.messages if f"<@{ADA}>" in one.text]) == 1


def is_held(one: Work, office: Office) -> bool:
    try:
        work(one, office.desk)
    except Unavailable:
        return True
    return False


def test_what_waits_asks_those_who_may_once(office: Office) -> None:
    shown = waiting(office)
    assert shown.buttons == ["Approve", "Reject ...", "Stop"]
    assert "passed" in shown.words
    assert "1.05" in shown.words
    look("a", office.desk.ports, office.queue)
    office.run()
    [asked] = [one for one in office.slack.messages if "waits for approval" in one.text and one is not shown]
    assert f"<@{BOB}>" in asked.text
    assert f"<@{ADA}>" not in asked.text  # who asked for it may not approve it
    assert asked.thread == shown.thread


def test_a_message_that_is_no_notification_is_refused(office: Office) -> None:
    for message in ({}, {"build": "1", "id": "x"}, {"build": True, "id": "x"}, {"build": 1}):
        with pytest.raises(BadRequest):
            notified(message, office.queue)  # type: ignore[arg-type]
