"""Somebody speaks, the bot answers: where, to whom, once; choices pressed; strangers; commands."""

from __future__ import annotations

import pytest

from bot.slack.worker import work as do
from orchestration.builds import BuildStatus
from orchestration.ports import Unavailable
from tests.bot.slack.office import (
    ADA,
    BOB,
    CHANNEL,
    MALLORY,
    TEAM,
    VERA,
    Office,
    command,
    direct,
    event,
    mention,
)


def test_a_mention_is_answered_in_a_thread_of_its_own(office: Office) -> None:
    payload = mention("is my build done?", ts="17.5")
    office.deliver(payload)
    office.run()
    [answer] = office.slack.messages
    assert (answer.channel, answer.thread) == (CHANNEL, "17.5")
    assert "No builds yet" in answer.text


def test_in_a_thread_it_is_answered_there(office: Office) -> None:
    [answer] = office.say("list models", thread="17.1")
    assert answer.thread == "17.1"
    assert "gp" in answer.words
    assert "keras" in answer.words


def test_a_direct_message_is_answered_beside_it(office: Office) -> None:
    office.deliver(direct("what can you do"))
    office.run()
    [answer] = office.slack.messages
    assert (answer.channel, answer.thread) == ("DADA", "")


def test_nothing_said_is_help(office: Office) -> None:
    [answer] = office.say("")
    assert "start training" in answer.words


def test_a_command_is_answered_to_whoever_gave_it_and_its_build_shown_in_the_channel(office: Office) -> None:
    office.deliver(command("start training", response_url=f"{office.slack.address}/respond/{ADA}"))
    office.run()
    [told] = office.slack.whispers
    assert told.user == ADA
    assert "Build 1 started" in told.text
    [live] = office.slack.messages
    assert (live.channel, live.thread) == (CHANNEL, "")
    assert "Build 1" in live.words


def test_where_the_bot_is_not_it_says_so_directly(office: Office) -> None:
    office.slack.absent_from = {CHANNEL}
    office.deliver(command("start training", response_url=f"{office.slack.address}/respond/{ADA}"))
    office.run()
    [live] = office.slack.messages
    assert live.channel == "DADA"
    office.say("list models")
    assert [message.channel for message in office.slack.messages[1:]] == ["DADA", "DADA"]
    assert "Invite me" in office.slack.messages[1].text


def test_a_stranger_is_told_alone_and_nothing_is_done(office: Office) -> None:
    assert office.say("start training", user=MALLORY) == []
    [told] = office.slack.whispers
    assert told.user == MALLORY
    assert f"slack:{TEAM}:{MALLORY}" in told.text
    assert office.desk.ports.builds.latest() == []


def test_somebody_of_another_workspace_in_a_shared_channel_is_a_stranger(office: Office) -> None:
    payload = mention("start training", user=ADA)
    payload["event"]["user_team"] = "T0OTHER"
    office.deliver(payload)
    office.run()
    assert "slack:T0OTHER:UADA" in office.slack.whispers[0].text
    assert office.desk.ports.builds.latest() == []


def test_who_may_not_is_told_alone(office: Office) -> None:
    assert office.say("start training", user=VERA) == []
    [told] = office.slack.whispers
    assert (told.user, told.thread != "") == (VERA, True)
    assert "builder" in told.text


def test_markup_of_what_somebody_said_is_shown_and_not_obeyed(office: Office) -> None:
    [answer] = office.say("blurb &lt;!channel&gt; <!everyone> *bold*")
    assert "<!" not in answer.text
    assert "<!" not in str([block for block in answer.blocks if block["type"] != "rich_text"])


def test_a_question_is_answered_by_a_button_and_shows_who_did(office: Office) -> None:
    office.say("start training")
    live = office.slack.messages[0]
    [question] = office.say("stop my build plaese", thread=live.thread)
    assert question.buttons == ["Yes", "No"]
    office.press(question, "Yes")
    assert office.desk.ports.builds.get(1).status is BuildStatus.STOPPED
    assert question.buttons == []
    assert f"<@{ADA}> said yes." in question.words


def test_somebody_elses_yes_counts_for_nothing(office: Office) -> None:
    office.say("start training")
    [question] = office.say("stop my build plaese", thread=office.slack.messages[0].thread)
    office.press(question, "Yes", user=BOB)
    assert office.desk.ports.builds.get(1).status is not BuildStatus.STOPPED
    assert question.buttons == ["Yes", "No"]
    assert office.slack.whispers[-1].user == BOB
    office.press(question, "No")
    assert question.buttons == []
    assert office.desk.ports.builds.get(1).status is not BuildStatus.STOPPED
    [again] = office.say("stop my build plaese", thread=office.slack.messages[0].thread)
    office.press(again, "Yes", user=ADA)
    assert office.desk.ports.builds.get(1).status is BuildStatus.STOPPED


def test_a_question_of_a_command_is_answered_in_its_own_message(office: Office) -> None:
    address = f"{office.slack.address}/respond/{ADA}"
    office.say("start training")
    office.deliver(command("stop build 1 plaese", response_url=address))
    office.run()
    question = office.slack.whispers[-1]
    assert question.buttons == ["Yes", "No"]
    office.press(question, "Yes")
    assert office.desk.ports.builds.get(1).status is BuildStatus.STOPPED
    replaced = [one for one in office.slack.whispers if one.earlier]
    assert replaced
    assert replaced[0].buttons == []


def test_suggestions_are_pressed_and_stay(office: Office) -> None:
    [offered] = office.say("blurb the models")
    assert offered.buttons
    before = offered.buttons
    office.press(offered, before[0])
    assert offered.buttons == before
    assert len(office.slack.messages) >= 2


def test_what_was_not_sealed_by_us_is_not_obeyed(office: Office) -> None:
    office.say("start training")
    live = office.slack.messages[0]
    stop = live.button("Stop")
    for value in ("", "AAAA", stop["value"][:-2] + "xx", '{"build": 1}'):
        office.deliver(office.pressing(live, {**stop, "value": value}))
        office.run()
    assert office.desk.ports.builds.get(1).status is not BuildStatus.STOPPED
    assert "none of mine" in office.slack.whispers[-1].text


def test_the_assistants_pane_suggests_sentences_that_are_understood(office: Office) -> None:
    office.deliver(
        event({
            "type": "assistant_thread_started",
            "assistant_thread": {"user_id": ADA, "channel_id": "DADA", "thread_ts": "17.9"},
        })
    )  # fmt: skip
    office.run()
    [given] = office.slack.prompts
    for prompt in given["prompts"]:
        office.deliver(direct(prompt["message"], thread_ts="17.9"))
        office.run()
        answer = office.slack.messages[-1]
        assert answer.thread == "17.9"
        assert "did not understand" not in answer.text


def test_a_sentence_is_said_again_while_slack_is_away_and_done_once(office: Office) -> None:
    office.slack.fail("*", 503, times=3)
    office.deliver(mention("start training"))
    work = office.queue.take_all()
    with pytest.raises(Unavailable):
        do(work[0], office.desk)
    office.slack.recover()
    do(work[0], office.desk)
    office.run()
    assert len(office.desk.ports.builds.latest(10)) == 1
    assert len(office.slack.messages) == 1


def test_a_sweep_is_answered_with_a_picture(office: Office) -> None:
    office.say("start training")
    for status in ("TRAINING", "DEPLOYING"):
        office.world.happens({"build": 1, "status": status})
    office.world.happens({"build": 1, "status": "READY", "serves": "gp/toy"})
    office.run()
    [answer] = office.say("sweep x1 from 0 to 1 in steps of 0.25", thread="17.3")
    [upload] = office.slack.uploads
    assert upload["content"].startswith(b"\x89PNG")
    assert (upload["channel"], upload["thread"]) == (CHANNEL, "17.3")
    assert "x1" in answer.words
