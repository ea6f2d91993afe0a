"""The validator of Slack's limits: each is found, and what is right is let pass."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bot.slack.limits import message_problems, view_problems

TEXT = {"type": "mrkdwn", "text": "hello"}
PLAIN = {"type": "plain_text", "text": "hello"}
BUTTON = {"type": "button", "action_id": "a", "text": PLAIN, "value": "v"}
OPTION = {"text": PLAIN, "value": "1"}
SELECT = {"type": "static_select", "action_id": "s", "options": [OPTION]}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
INPUT = {"type": "input", "label": PLAIN, "element": {"type": "plain_text_input", "action_id": "i"}}
RIGHT: list[dict[str, Any]] = [
    {"type": "section", "text": TEXT, "block_id": "b1"},
    {"type": "section", "fields": [TEXT] * 10},
    {"type": "context", "elements": [TEXT]},
    {"type": "actions", "elements": [BUTTON, SELECT], "block_id": "b2"},
    {"type": "header", "text": PLAIN},
    {"type": "divider"},
    {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x"},
    RICH,
    INPUT,
]


def long(kind: str, length: int) -> dict[str, Any]:
    return {"type": kind, "text": "x" * length}


def test_what_is_right() -> None:
    assert message_problems("hello", RIGHT) == []


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "section"}, "neither text nor fields"),
        ({"type": "section", "text": long("mrkdwn", 3001)}, "3001 characters"),
        ({"type": "section", "text": long("mrkdwn", 0)}, "0 characters"),
        ({"type": "section", "fields": [TEXT] * 11}, "11 fields"),
        ({"type": "section", "fields": [long("mrkdwn", 2001)]}, "2001"),
        ({"type": "section", "text": "bare"}, "no text object"),
        ({"type": "section", "text": TEXT, "accessory": {**BUTTON, "style": "loud"}}, "style 'loud'"),
        ({"type": "header", "text": long("plain_text", 151)}, "151"),
        ({"type": "header", "text": TEXT}, "must be plain_text"),
        ({"type": "context", "elements": []}, "0 elements"),
        ({"type": "context", "elements": [TEXT] * 11}, "11 elements"),
        ({"type": "actions", "elements": []}, "0 elements"),
        ({"type": "actions", "elements": [{**BUTTON, "action_id": f"a{n}"} for n in range(26)]}, "26 elements"),
        ({"type": "actions", "elements": [BUTTON, BUTTON]}, "action id is there twice"),
        ({"type": "actions", "elements": [{**BUTTON, "text": long("plain_text", 76)}]}, "76"),
        ({"type": "actions", "elements": [{**BUTTON, "text": TEXT}]}, "must be plain_text"),
        ({"type": "actions", "elements": [{**BUTTON, "value": "x" * 2001}]}, "value is too long"),
        ({"type": "actions", "elements": [{**BUTTON, "action_id": ""}]}, "no action id"),
        ({"type": "actions", "elements": [{**BUTTON, "action_id": "x" * 256}]}, "too long"),
        ({"type": "actions", "elements": [{**BUTTON, "confirm": {"title": PLAIN}}]}, "confirmation's text"),
        ({"type": "actions", "elements": [{"type": "hologram", "action_id": "h"}]}, "no element 'hologram'"),
        ({"type": "actions", "elements": [{**SELECT, "options": []}]}, "0 options"),
        ({"type": "actions", "elements": [{**SELECT, "options": [OPTION, OPTION]}]}, "value twice"),
        ({"type": "actions", "elements": [{**SELECT, "options": [{"text": PLAIN, "value": "x" * 151}]}]}, "too long"),
        ({"type": "actions", "elements": [{**SELECT, "initial_option": {"text": PLAIN, "value": "2"}}]}, "has not"),
        ({"type": "actions", "elements": [{**SELECT, "placeholder": long("plain_text", 151)}]}, "151"),
        ({**INPUT, "label": TEXT}, "must be plain_text"),
        ({"type": "rich_text", "elements": []}, "no elements"),
        ({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}, "has no elements"),
        ({"type": "image", "image_url": "x", "alt_text": ""}, "alt_text"),
        ({"type": "carousel_of_dreams"}, "no block 'carousel_of_dreams'"),
        ({"type": "divider", "block_id": "x" * 256}, "id is too long"),
    ],
)
def test_what_is_wrong_is_named(block: dict[str, Any], said: str) -> None:
    found = message_problems("hello", [block])
    assert any(said in problem for problem in found), found


def test_of_a_whole_message() -> None:
    assert "no text for notifications" in message_problems("", RIGHT)[0]
    assert "51 blocks" in message_problems("x", [{"type": "divider"}] * 51)[0]
    assert "block id 'b' is there twice" in message_problems("x", [{"type": "divider", "block_id": "b"}] * 2)[0]
    many = [{"type": "section", "text": long("mrkdwn", 2999)} for _ in range(5)]
    assert "characters in all" in message_problems("x", many)[0]
    assert "40001" in message_problems("x" * 40_001, [])[0]


VIEW = {"type": "modal", "title": PLAIN, "submit": PLAIN, "close": PLAIN, "blocks": [INPUT]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"type": "poster"}, "no view of type"),
        ({"title": long("plain_text", 25)}, "the title has 25"),
        ({"title": None}, "no text object"),
        ({"private_metadata": "x" * 3001}, "private_metadata"),
        ({"blocks": [{"type": "divider"}] * 101}, "101 blocks"),
    ],
)
def test_of_views(changed: dict[str, Any], said: str) -> None:
    view = {**copy.deepcopy(VIEW), **changed}
    assert any(said in problem for problem in view_problems(view))


def test_of_modals() -> None:
    assert view_problems(VIEW) == []
    assert view_problems({"type": "home", "blocks": [{"type": "divider"}] * 100}) == []
    for missing, said in (("title", "no title"), ("submit", "no submit")):
        view = {name: value for name, value in VIEW.items() if name != missing}
        assert any(said in problem for problem in view_problems(view))
