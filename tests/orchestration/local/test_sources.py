"""Event sources: what functions.json says is known, and what it says wrongly is named."""

from __future__ import annotations

import pytest

from orchestration.local import resources
from orchestration.local.sources import EXECUTION, OUTBOX, TOPIC, read_sources


def test_the_houses_own_table_is_read() -> None:
    sources = resources.sources()
    assert sources.of(OUTBOX) == ["announce"]
    assert sources.of(EXECUTION, lambda given: "ABORTED" in given["statuses"]) == ["close-build"]
    assert sources.of(EXECUTION, lambda given: "SUCCEEDED" in given["statuses"]) == []


def test_each_function_gets_an_event_once() -> None:
    table = {
        "a": {"events": [{"type": "topic", "topic": "start"}, {"type": "topic", "topic": "start"}]},
        "b": {"events": [{"type": "topic", "topic": "other"}, {"type": "endpoint-changed"}]},
        "c": {},
    }
    sources = read_sources(table)
    assert sources.of(TOPIC, lambda given: given["topic"] == "start") == ["a"]
    assert sources.functions() == ["a", "b"]
    assert [one.given["topic"] for one in sources.entries(TOPIC)] == ["start", "start", "other"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"type": "wibble"}, "f: there are no events of type 'wibble'; there are execution-changed"),
        ({}, "type 'None'"),
        ({"type": "topic"}, "f: an event source of type topic has topic; got none"),
        ({"type": "schedule", "every_s": 5, "at": 1}, "of type schedule has every_s; got every_s, at"),
        ({"type": "endpoint-changed", "name": "x"}, "has no other keys; got name"),
    ],
    ids=["unknown", "no type", "a key missing", "a key too many", "none wanted"],
)
def test_what_is_not_known_is_named(entry: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_sources({"f": {"events": [entry]}})
