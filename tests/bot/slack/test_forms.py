"""The training and tuning forms: opened at once, made from the catalogue, checked in place, carried out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.form_rules import INTEGER, MAX_METADATA_CHARS, NUMBER, Metadata, Rule, metadata_from, problems
from models.catalog import BUILT_IN
from orchestration.builds import BuildKind
from tests.bot.conversations import FOREST
from tests.bot.slack.office import ADA, CHANNEL, TEAM, VERA, Office, event, fresh
from tests.fakes.slack import Shown


def opened(office: Office, form: str = "train", user: str = ADA) -> dict[str, Any]:
    """The form, by the global shortcut."""
    payload = {
        "type": "shortcut", "callback_id": form, "trigger_id": fresh("trigger"),
        "team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM},
    }  # fmt: skip
    assert office.deliver(payload).status == 200
    loading = newest(office)
    assert "One moment" in str(loading)
    office.run()
    return newest(office)


def newest(office: Office) -> dict[str, Any]:
    return list(office.slack.views.values())[-1]


def changed(office: Office, view: dict[str, Any], block: str, value: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The view after a picker in it was changed. fields: as of Incoming: block to value."""
    state = {name: {name: filled} for name, filled in fields.items()}
    payload = {
        "type": "block_actions", "trigger_id": fresh("trigger"), "team": {"id": TEAM}, "user": {"id": ADA},
        "container": {"type": "view"}, "view": {**view, "hash": "1", "state": {"values": state}},
        "actions": [
            {"type": "static_select", "action_id": block, "block_id": block, "selected_option": {"value": value}}
        ],
    }  # fmt: skip
    assert office.deliver(payload).status == 200
    office.run()
    return newest(office)


def blocks_of(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"]}


def errors_of(answer: Any) -> dict[str, str]:
    document = json.loads(answer.body)
    assert document["response_action"] == "errors"
    found: dict[str, str] = document["errors"]
    return found


def live(office: Office) -> Shown:
    return office.slack.messages[-1]


def test_every_hyperparameter_has_a_field_with_its_range_and_default(office: Office) -> None:
    view = opened(office)
    fields = blocks_of(view)
    for one in BUILT_IN.model("gp").hyperparameters:
        block = fields[f"hp:{one.name}"]
        assert one.allowed()[:20].lower() in block["hint"]["text"].lower()
        assert str(one.default) in block["element"]["placeholder"]["text"]
        assert block["optional"]


def test_another_model_has_other_fields(office: Office) -> None:
    view = opened(office)
    chosen = {"type": "static_select", "selected_option": {"value": "keras"}}
    view = changed(office, view, "model", "keras", {"model": chosen})
    assert "hp:dropout" in blocks_of(view)
    assert "hp:q" not in blocks_of(view)
    assert len(view["private_metadata"]) <= MAX_METADATA_CHARS


def test_what_is_out_of_range_is_said_under_its_field_and_nothing_is_started(office: Office) -> None:
    view = opened(office)
    wrong = errors_of(office.submit(view, {"hp:q": "99", "hp:sigma2": "much", "hp:l": "1.5"}))
    assert set(wrong) == {"hp:q", "hp:sigma2", "hp:l"}
    assert "whole number from" in wrong["hp:q"]
    assert office.desk.ports.builds.latest() == []
    assert office.submit(view, {"hp:q": "2", "hp:sigma2": "1e-2"}).status == 200
    build = office.desk.ports.builds.get(1)
    assert build.hyperparameters == {"q": 2, "sigma2": 0.01}
    assert build.requester.person == "ada"
    assert live(office).channel == "DADA"


def test_a_form_of_a_button_in_a_thread_answers_there(office: Office) -> None:
    publish(office)
    home = office.slack.homes[ADA]
    button = next(
        {**element, "block_id": block["block_id"]}
        for block in home["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == "open:train"
    )
    office.say("list models")
    pressed = office.pressing(office.slack.messages[0], button)
    assert office.deliver(pressed).status == 200
    office.run()
    office.submit(newest(office), {"hp:q": "2", "deploy": "no"})
    assert (live(office).channel, live(office).thread) == (CHANNEL, office.slack.messages[0].thread)
    assert office.desk.ports.builds.get(1).overrides == {"deploy_after_training": False}


def publish(office: Office, user: str = ADA) -> None:
    office.deliver(event({"type": "app_home_opened", "user": user, "channel": f"D{user[1:]}", "tab": "home"}))
    office.run()


def test_tuning_asks_from_where_to_where(office: Office) -> None:
    view = opened(office, "tune")
    options = [option["value"] for option in blocks_of(view)["picked"]["element"]["options"]]
    assert options == [one.name for one in BUILT_IN.model("gp").hyperparameters if one.tunable]
    picked = {"type": "multi_static_select", "selected_options": [{"value": "q"}, {"value": "sigma2"}]}
    gp = {"type": "static_select", "selected_option": {"value": "gp"}}
    view = changed(office, view, "picked", "q", {"model": gp, "picked": picked})
    assert {"low:q", "high:q", "low:sigma2", "high:sigma2"} <= set(blocks_of(view))
    wrong = errors_of(office.submit(view, {"low:q": "3", "high:q": "1", "low:sigma2": "", "jobs": "0"}))
    assert set(wrong) == {"high:q", "low:sigma2", "jobs"}
    answer = office.submit(
        view, {"low:q": "0", "high:q": "3", "low:sigma2": "0.001", "high:sigma2": "1", "jobs": "6", "parallel": "2",
               "strategy": "Random", "only": "yes"},
    )  # fmt: skip
    assert answer.status == 200
    build = office.desk.ports.builds.get(1)
    assert build.kind is BuildKind.TUNE
    ranges = build.ranges["q"]
    assert isinstance(ranges, dict)
    assert (ranges["low"], ranges["high"]) == (0, 3)
    assert build.overrides["tuning_jobs"] == 6
    assert build.overrides["tune_only"] is True
    assert build.overrides["tuning_strategy"] == "Random"


def test_a_model_of_the_settings_has_a_form_too(office: Office) -> None:
    office.desk.ports.settings.save({"models": [FOREST], "default_model": "forest"})
    view = opened(office)
    assert blocks_of(view)["model"]["element"]["initial_option"]["value"] == "forest"
    assert {"hp:max_depth", "hp:boot_strap", "hp:sizes", "hp:criterion"} <= set(blocks_of(view))
    office.submit(view, {"hp:boot_strap": "yes", "hp:sizes": "16,32"})
    assert office.desk.ports.builds.get(1).hyperparameters == {"boot_strap": True, "sizes": "16,32"}


def test_settings_that_cannot_be_read_are_said_in_the_form(office: Office) -> None:
    office.desk.ports.settings.save({"default_model": "oak"})
    assert "no model" in str(opened(office))


def test_who_may_not_start_is_told_alone(office: Office) -> None:
    office.submit(opened(office, user=VERA), {"hp:q": "2"}, user=VERA)
    assert office.desk.ports.builds.latest() == []
    assert "builder" in live(office).text
    assert live(office).channel == "DVERA"


def test_what_costs_more_than_is_let_pass_is_asked_first(office: Office) -> None:
    office.desk.ports.settings.save({"prices": {"ml.m5.large": 100.0}, "confirm_above_usd": 1.0})
    office.submit(opened(office), {"hp:q": "2"})
    question = live(office)
    assert "$" in question.text
    assert office.desk.ports.builds.latest() == []
    office.press(question, "Yes")
    assert office.desk.ports.builds.get(1).hyperparameters == {"q": 2}


def test_an_expired_trigger_or_an_absent_slack_opens_nothing_and_breaks_nothing(office: Office) -> None:
    payload = {
        "type": "shortcut", "callback_id": "train", "trigger_id": "expired-1",
        "team": {"id": TEAM}, "user": {"id": ADA},
    }  # fmt: skip
    assert office.deliver(payload).status == 200
    office.slack.fail("views.open", 503)
    assert office.deliver({**payload, "trigger_id": "t2"}).status == 200
    assert office.queue.take_all() == []


@given(
    rules=st.dictionaries(
        st.text(min_size=1, max_size=20),
        st.builds(
            Rule,
            st.sampled_from([INTEGER, NUMBER]),
            st.none() | st.floats(-100, 0),
            st.none() | st.floats(1, 100),
            st.booleans(),
        ),
        max_size=5,
    ),
    sealed=st.text(max_size=50),
)
def test_what_a_form_knows_of_itself_comes_back(rules: dict[str, Rule], sealed: str) -> None:
    kept = Metadata("C1", "17.5", sealed, rules, (("a", "b"),))
    assert metadata_from(kept.to_text()) == kept


@given(st.text(max_size=200))
def test_nonsense_in_its_place_is_nothing(text: str) -> None:
    found = metadata_from(text)
    assert problems({}, found) == {} or found.rules


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1_0", "", " ", "0x10", "1e400", "１２３", "two"])
def test_what_is_no_number_is_refused(text: str) -> None:
    rule = Rule(NUMBER, 0, 10, needed=True)
    assert rule.problem(text) or text == "１２３"
