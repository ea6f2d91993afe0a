"""What comes in over HTTP: what is not Slack's, not ours or not well formed starts nothing and gets its status code."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from bot.slack.config import NotConfigured, SlackSettings, settings_from, settings_from_variables
from bot.slack.gateway import MAX_BODY_BYTES, HttpRequest, request_of_lambda, response_of_lambda
from tests.bot.slack.office import (
    ADA,
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
    signed,
)
from tests.fakes.slack import BOT_USER, TOKEN

START = mention("start training")


def queued(office: Office) -> list[str]:
    return [work.body["kind"] for work in office.queue.take_all()]


def test_a_mention_becomes_one_piece_of_work_in_its_threads_group(office: Office) -> None:
    payload = mention("start training", ts="1.5")
    assert office.gateway.answer(as_json(payload)).status == 200
    [work] = office.queue.take_all()
    assert work.group == f"slack/{TEAM}/{CHANNEL}/1.5"
    assert work.delivery_id == payload["event_id"]
    assert "start training" in str(work.body["text"])


def test_a_challenge_is_answered(office: Office) -> None:
    answer = office.gateway.answer(as_json({"token": "x", "challenge": "3eZb", "type": "url_verification"}))
    assert (answer.status, json.loads(answer.body)) == (200, {"challenge": "3eZb"})


@pytest.mark.parametrize(
    ("age_s", "status"), [(0, 200), (290, 200), (-290, 200), (302, 401), (-302, 401), (10**12, 401)]
)
def test_age(office: Office, age_s: int, status: int) -> None:
    request = signed(json.dumps(START).encode(), at=str(int(time.time()) - age_s))
    assert office.gateway.answer(request).status == status
    assert (queued(office) == []) == (status != 200)


@pytest.mark.parametrize("changed", [{"secret": "wrong"}, {"at": "soon"}, {"at": ""}, {"at": "1e9"}, {"at": "١٧٠٠"}])
def test_signature(office: Office, changed: dict[str, str]) -> None:
    assert office.gateway.answer(signed(json.dumps(START).encode(), **changed)).status == 401
    assert queued(office) == []


def test_without_signature_or_with_a_changed_body(office: Office) -> None:
    request = as_json(START)
    for missing in ("x-slack-signature", "x-slack-request-timestamp"):
        headers = {name: value for name, value in request.headers.items() if name != missing}
        assert office.gateway.answer(HttpRequest("POST", headers, request.body)).status == 401
    changed = request.body.replace(b"start", b"stop!")
    assert office.gateway.answer(HttpRequest("POST", request.headers, changed)).status == 401
    odd = {**request.headers, "x-slack-signature": "v0=ü"}
    assert office.gateway.answer(HttpRequest("POST", odd, request.body)).status == 401
    assert office.gateway.answer(HttpRequest("POST", request.headers, b"\xff\xfe")).status == 401
    assert queued(office) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"type": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"payload=%7B", "application/x-www-form-urlencoded", 400),
        (b"payload=[]", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 1000, "application/x-www-form-urlencoded", 400),
        (b"%ff=%fe", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 400),
        (b"<xml/>", "text/xml", 415),
        (b"{}", "", 415),
        (b"x" * (MAX_BODY_BYTES + 1), "application/json", 413),
    ],
)
def test_bodies_that_are_none(office: Office, body: bytes, content_type: str, status: int) -> None:
    assert office.gateway.answer(signed(body, content_type)).status == status
    assert queued(office) == []


def test_only_post(office: Office) -> None:
    request = as_json(START)
    assert office.gateway.answer(HttpRequest("GET", request.headers, request.body)).status == 405


def test_another_workspace_is_not_served_and_not_asked_to_try_again(office: Office) -> None:
    answer = office.gateway.answer(as_json({**START, "team_id": "T0OTHER"}))
    assert answer.status == 403
    assert answer.headers["x-slack-no-retry"] == "1"
    pressed = {"type": "block_actions", "team": {"id": "T0OTHER"}, "user": {"id": "U1"}}
    assert office.gateway.answer(as_form({"payload": json.dumps(pressed)})).status == 403
    assert queued(office) == []


@pytest.mark.parametrize(
    "inner",
    [
        {**START["event"], "bot_id": "B1"},
        {**START["event"], "subtype": "bot_message"},
        {**START["event"], "edited": {"user": ADA, "ts": "1.2"}},
        {**START["event"], "user": BOT_USER},
        {**direct("start training")["event"], "subtype": "message_changed"},
        {**direct("start training")["event"], "subtype": "message_deleted"},
        {**direct("start training")["event"], "hidden": True},
        {**direct("start training")["event"], "channel_type": "channel"},
        {"type": "reaction_added", "user": ADA},
        {"type": "app_home_opened", "user": ADA, "tab": "messages"},
        {"type": "file_shared", "file_id": "F1"},
    ],
    ids=["bot", "bot message", "edited mention", "ourselves", "changed", "deleted", "hidden", "in a channel", "other",
         "messages tab", "a file to others"],
)  # fmt: skip
def test_what_is_not_said_to_us_is_acknowledged_and_left(office: Office, inner: dict[str, Any]) -> None:
    assert office.gateway.answer(as_json(event(inner))).status == 200
    assert queued(office) == []


@pytest.mark.parametrize("type_", ["app_rate_limited", "view_closed", "block_suggestion", "something_new"])
def test_other_payloads_are_acknowledged(office: Office, type_: str) -> None:
    payload = {"type": type_, "team_id": TEAM, "user": {"id": ADA}, "view": {}}
    assert office.gateway.answer(as_json(payload)).status == 200
    assert queued(office) == []


def test_a_command_that_says_payload_is_a_command(office: Office) -> None:
    """Bolt's own parser takes it for an interaction without a payload."""
    assert office.deliver(command("describe the payload dataset")).status == 200
    assert office.gateway.answer(as_form({**command("x"), "payload": "{}"})).status == 200
    assert [work.body["text"] for work in office.queue.take_all()] == ["describe the payload dataset", "x"]


def test_while_the_queue_is_away_slack_sends_again_and_a_person_is_told(office: Office) -> None:
    office.queue.is_away = True
    answer = office.gateway.answer(as_json(START))
    assert answer.status == 503
    assert "x-slack-no-retry" not in answer.headers
    told = office.deliver(command("start training", response_url="https://hooks.slack.com/x"))
    assert told.status == 200
    assert "say it again" in json.loads(told.body)["text"]


@pytest.mark.parametrize(
    "missing",
    [
        {"bot_token": ""},
        {"signing_secret": "  "},
        {"team": ""},
        {"team": "my-team"},
        {"bot_token": "xoxp-1"},
        {"app_token": "nonsense"},
    ],
)
def test_nothing_is_served_without_all_of_it(missing: dict[str, str]) -> None:
    given = {"team": TEAM, "bot_token": TOKEN, "signing_secret": SECRET}
    with pytest.raises(NotConfigured) as raised:
        SlackSettings(**{**given, **missing})
    assert SECRET not in str(raised.value)
    assert TOKEN not in str(raised.value)


def test_settings_come_from_the_secret_or_from_variables() -> None:
    variables = {"SAGEBUILD_SLACK_TEAM": TEAM, "SAGEBUILD_SLACK_CHANNEL": CHANNEL}
    found = settings_from({"bot_token": TOKEN, "signing_secret": SECRET}, variables)
    assert (found.team, found.channel, found.bot_token) == (TEAM, CHANNEL, TOKEN)
    assert TOKEN not in repr(found)
    assert SECRET not in repr(found)
    with pytest.raises(NotConfigured, match="SLACK_BOT_TOKEN"):
        settings_from_variables(variables)


def test_lambda_events(office: Office) -> None:
    """Payload format 2.0, plain and in base64."""
    request = as_json(mention("help"))
    shape = {"version": "2.0", "headers": dict(request.headers), "requestContext": {"http": {"method": "POST"}}}
    plain = {**shape, "body": request.body.decode(), "isBase64Encoded": False}
    coded = {**shape, "body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}
    for given in (plain, coded):
        answer = response_of_lambda(office.gateway.answer(request_of_lambda(given)))
        assert answer["statusCode"] == 200
    for broken in ({}, {**coded, "body": "%%%"}, {**shape, "headers": None}, {**shape, "requestContext": {}}):
        with pytest.raises(ValueError, match=".*"):
            request_of_lambda(broken)
