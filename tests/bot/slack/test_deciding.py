"""Buttons that decide: permission, the second person, the first answer, a reason; stop, deploy, repeat."""

from __future__ import annotations

from orchestration.builds import BuildStatus
from tests.bot.slack.office import ADA, BOB, VERA, Office
from tests.bot.slack.test_live import happens, live, waiting


def decided(office: Office) -> str:
    approval = office.desk.ports.approvals.get(1)
    assert approval is not None
    return approval.decision


def test_an_approver_approves_and_the_message_says_who(office: Office) -> None:
    shown = waiting(office)
    confirm = shown.button("Approve")["confirm"]
    assert "build 1" in confirm["text"]["text"]
    office.press(shown, "Approve", user=BOB)
    assert decided(office) == "approved"
    assert office.world.pipeline.completed["token-1"] == {"decision": "approved"}
    assert "*Approved* by Bob" in shown.words
    assert "Approve" not in shown.buttons
    assert office.slack.whispers == []


def test_who_asked_for_it_may_not_and_only_they_are_told(office: Office) -> None:
    shown = waiting(office)
    messages = len(office.slack.messages)
    office.press(shown, "Approve", user=ADA)
    assert decided(office) == ""
    assert office.slack.whispers[-1].user == ADA
    assert "somebody else" in office.slack.whispers[-1].text
    assert len(office.slack.messages) == messages
    assert "Approve" in shown.buttons


def test_who_has_no_right_may_not(office: Office) -> None:
    shown = waiting(office)
    office.press(shown, "Approve", user=VERA)
    assert decided(office) == ""
    assert "approver" in office.slack.whispers[-1].text


def test_the_first_answer_wins(office: Office) -> None:
    shown = waiting(office, {"two_person_approval": False})
    late = office.pressing(shown, shown.button("Approve"), ADA)
    reject(office, "too slow")
    office.deliver(late)
    office.run()
    assert decided(office) == "rejected"
    assert "Bob" in office.slack.whispers[-1].text


def reject(office: Office, reason: str) -> None:
    shown = live(office)
    assert office.press(shown, "Reject ...", user=BOB).status == 200
    view = office.slack.views["V0001"]
    assert office.submit(view, {"reason": reason}, user=BOB).status == 200


def test_a_rejection_has_a_reason(office: Office) -> None:
    waiting(office)
    reject(office, "the error is *too* high <!channel>")
    approval = office.desk.ports.approvals.get(1)
    assert approval is not None
    assert (approval.decision, approval.decided_by) == ("rejected", "Bob")
    assert approval.reason == "the error is *too* high <!channel>"
    assert "<!channel>" not in live(office).words
    assert "&lt;!channel&gt;" in live(office).words
    assert live(office).buttons == ["Tell me when it is done"]


def test_a_decision_counts_once_however_often_it_is_delivered(office: Office) -> None:
    shown = waiting(office)
    payload = office.pressing(shown, shown.button("Approve"), BOB)
    for _ in range(3):
        office.deliver(payload)
        office.run()
    entries = office.desk.ports.audit.entries(build_number=1)
    assert [entry.intent for entry in entries].count("Approve") == 1


def test_stop_stops_and_a_viewer_may_not(office: Office) -> None:
    office.say("start training")
    shown = live(office)
    office.press(shown, "Stop", user=VERA)
    assert office.desk.ports.builds.get(1).status is BuildStatus.QUEUED
    assert "builder" in office.slack.whispers[-1].text
    office.press(shown, "Stop", user=BOB)
    assert office.desk.ports.builds.get(1).status is BuildStatus.STOPPED
    assert "stopped by Bob" in shown.words
    assert "Stop" not in shown.buttons


def test_what_was_trained_is_deployed_by_button_as_a_build_of_its_own(office: Office) -> None:
    office.say("start training")
    happens(office, trained={"validation:RMSE": 1.02}, status="TRAINED")
    office.run()
    shown = live(office)
    assert shown.buttons[0] == "Deploy"
    office.press(shown, "Deploy", user=BOB)
    build = office.desk.ports.builds.get(2)
    assert (build.kind, build.source, build.requester.name) == ("deploy", 1, "Bob")
    [second] = [one for one in office.slack.messages if "Build 2" in one.words]
    assert second.thread == shown.thread


def test_repeat_starts_the_same_again(office: Office) -> None:
    office.say("train the gp with q 2")
    happens(office, failure=["AlgorithmError", "no rows"])
    office.run()
    shown = live(office)
    assert "no rows" in shown.words
    assert shown.buttons == ["Why?", "Resume", "Repeat"]
    office.press(shown, "Repeat")
    assert office.desk.ports.builds.get(2).hyperparameters == {"q": 2}
    office.press(shown, "Why?")
    assert "no rows" in office.slack.messages[-1].words


def test_what_happened_to_this_build(office: Office) -> None:
    office.say("start training")
    happens(office, failure=["AlgorithmError", "q must be at most 10"])
    office.run()
    for text, blocks, by_bot in (
        (live(office).text, live(office).blocks, True),
        ("look at build 1 please", [], False),
    ):
        explain(office, text, blocks, by_bot)
        assert "q must be at most 10" in str(newest_view(office))
    explain(office, "hello", [], False)
    assert "cannot tell which build" in str(newest_view(office))
    explain(office, "hello", live(office).blocks, False)  # somebody else's blocks say nothing
    assert "cannot tell which build" in str(newest_view(office))


def explain(office: Office, text: str, blocks: list[dict[str, object]], by_bot: bool) -> None:
    pressed = office.pressing(live(office), live(office).button("Why?"))
    message = {"ts": "17.5", "text": text, "blocks": blocks, **({"bot_id": "B0BOT"} if by_bot else {})}
    payload = {**pressed, "type": "message_action", "callback_id": "explain", "message": message}
    assert office.deliver(payload).status == 200
    assert "One moment" in str(newest_view(office))
    office.run()


def newest_view(office: Office) -> dict[str, object]:
    return list(office.slack.views.values())[-1]
