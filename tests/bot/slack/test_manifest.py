"""The app's manifest: as the catalogue and the code are, and as Slack's own schema wants it.

The schema (github.com/slackapi/manifest-schema) is read where SAGEBUILD_SLACK_MANIFEST_SCHEMA says it is: a file of one
version, or the folder of them all.
"""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from bot.language.parse import Language
from bot.slack import incoming, openings
from bot.slack.manifest import EVENT_SCOPES, MAX_LONG_CHARS, METHOD_SCOPES, generated, manifest, scopes

ROOT = Path(__file__).parents[3]
SCHEMA = os.environ.get("SAGEBUILD_SLACK_MANIFEST_SCHEMA", "")  # read before the tests' environment is cleaned
CODE = sorted((ROOT / "bot" / "slack").glob("*.py"))


def calls() -> set[str]:
    """The methods of slack_sdk's client that bot/slack calls."""
    found = set()
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "_client"
            ):
                found.add(node.attr)
    return found


def test_the_files_are_what_is_generated() -> None:
    """Written by `sagebuild generate`."""
    for name, text in generated().items():
        assert (ROOT / "bot" / "generated" / name).read_text(encoding="utf-8") == text


def test_the_scopes_are_those_of_the_methods_that_are_called() -> None:
    assert calls() == set(METHOD_SCOPES)
    assert scopes() == [
        "app_mentions:read",
        "assistant:write",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "im:history",
    ]


def test_the_events_are_those_that_are_read() -> None:
    text = Path(incoming.__file__).read_text()
    for event in EVENT_SCOPES:
        assert f'"{event.partition(".")[0]}"' in text
    asked = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert set(asked) == set(EVENT_SCOPES)


def test_the_shortcuts_open_forms_that_there_are() -> None:
    callbacks = {one["callback_id"] for one in manifest()["features"]["shortcuts"]}
    assert callbacks == set(openings.FORMS)


def test_what_it_suggests_is_understood(language: Language) -> None:
    features = manifest()["features"]
    said = [prompt["message"] for prompt in features["assistant_view"]["suggested_prompts"]]
    said += [one.strip("[]") for one in features["slash_commands"][0]["usage_hint"].split(", ")]
    lines = manifest()["display_information"]["long_description"].splitlines()
    said += [line.rpartition(": ")[2] for line in lines if line.startswith("- ")]
    for sentence in said:
        assert language.parse(sentence).intent is not None, sentence


def test_socket_mode_needs_no_address() -> None:
    text = generated()["slack-manifest-socket-mode.json"]
    assert "http" not in text
    assert json.loads(text)["settings"]["socket_mode_enabled"] is True


def test_lengths() -> None:
    about = manifest()["display_information"]
    assert 174 <= len(about["long_description"]) <= MAX_LONG_CHARS
    assert len(about["description"]) <= 140
    assert len(about["name"]) <= 35
    for one in manifest()["features"]["shortcuts"]:
        assert len(one["name"]) <= 24


def validator(version: int) -> Draft7Validator:
    if not SCHEMA:
        pytest.skip("SAGEBUILD_SLACK_MANIFEST_SCHEMA does not say where Slack's manifest schema is")
    path = Path(SCHEMA)
    file = path / f"manifest.schema.{version}.0.0.json" if path.is_dir() else path
    document: dict[str, Any] = json.loads(file.read_text())
    return Draft7Validator(document)


@pytest.mark.parametrize("name", generated())
def test_slacks_schema_takes_it(name: str) -> None:
    document = json.loads(generated()[name])
    schema = validator(document["_metadata"]["major_version"])
    assert [error.message for error in schema.iter_errors(document)] == []


def test_slacks_schema_is_one_that_refuses_something() -> None:
    document = manifest()
    document["settings"]["no_such_setting"] = True
    document["features"]["slash_commands"][0]["command"] = "sagebuild"
    assert len(list(validator(1).iter_errors(document))) >= 2
