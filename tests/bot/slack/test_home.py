"""The Home tab: what somebody sees there, and what its buttons do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestration.ports import Endpoint, Unavailable
from tests.bot.slack.office import ADA, BOB, MALLORY, TEAM, VERA, Office, fresh
from tests.bot.slack.test_forms import publish
from tests.bot.slack.test_live import ready, waiting
from tests.fakes import FakeEndpoints
from tests.fakes.slack import drawn


def home(office: Office, user: str = ADA) -> str:
    publish(office, user)
    return drawn(office.slack.homes[user]["blocks"])


def press(office: Office, user: str, label: str) -> None:
    button = next(
        {**element, "block_id": block["block_id"]}
        for block in office.slack.homes[user]["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["text"]["text"] == label
    )
    payload: dict[str, Any] = {
        "type": "block_actions", "trigger_id": fresh("trigger"), "team": {"id": TEAM}, "user": {"id": user},
        "container": {"type": "view", "view_id": "VHOME"}, "view": {**office.slack.homes[user], "id": "VHOME"},
        "actions": [{**button, "type": "button"}],
    }  # fmt: skip
    assert office.deliver(payload).status == 200
    office.run()


def test_a_newcomer_sees_how_to_begin(office: Office) -> None:
    seen = home(office)
    for words in ("Hello Ada", "Train a model", "Tune a model", "None yet", "Nothing is served yet"):
        assert words in seen


def test_a_stranger_sees_who_they_are(office: Office) -> None:
    assert f"slack:{TEAM}:{MALLORY}" in home(office, MALLORY)


def test_a_viewer_has_no_buttons_that_start_anything(office: Office) -> None:
    seen = home(office, VERA)
    assert "Train a model" not in seen
    assert "What can I say?" in seen


def test_builds_endpoints_and_champions(office: Office) -> None:
    office.say("start training")
    ready(office)
    office.world.happens({"build": 1, "serves": "gp/toy"})
    seen = home(office)
    assert "READY" in seen
    assert "RMSE 1.02" in seen
    assert "gp on toy: InService, build 1 (test-gp-toy" in seen


def test_what_waits_is_decided_there(office: Office) -> None:
    waiting(office)
    assert "Somebody else has to approve it" in home(office, ADA)
    assert "Waiting for approval" in home(office, BOB)
    press(office, BOB, "Approve")
    approval = office.desk.ports.approvals.get(1)
    assert approval is not None
    assert approval.decision == "approved"
    assert "Waiting for approval" not in drawn(office.slack.homes[BOB]["blocks"])
    assert "You approved build 1" in office.slack.messages[-1].text
    assert office.slack.messages[-1].channel == "DBOB"


def test_help_goes_to_a_direct_message(office: Office) -> None:
    home(office)
    press(office, ADA, "What can I say?")
    assert office.slack.messages[-1].channel == "DADA"


def test_a_registry_that_is_away_leaves_the_rest(office: Office) -> None:
    class Away(FakeEndpoints):
        def all(self) -> list[Endpoint]:
            raise Unavailable("away")

    ports = replace(office.desk.ports, endpoints=Away(office.world.clock))
    office.desk = replace(office.desk, ports=ports)
    seen = home(office)
    assert "cannot see the endpoints" in seen
    assert "Your builds" in seen
