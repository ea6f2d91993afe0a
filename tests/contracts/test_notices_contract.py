"""The contract of `orchestration.ports.Notices`."""

from __future__ import annotations

from orchestration.builds import Json
from orchestration.ports import Ports
from tests.contracts.stage import FakeStage, WireStage


class TestNotices:
    def test_a_message_arrives_as_it_was_published(self, ports: Ports, stage: FakeStage | WireStage) -> None:
        newest = stage.listen()
        body: dict[str, Json] = {
            "schema_version": 1,
            "text": "ä \U0001f600 \"'",
            "numbers": [0.1, None, True],
            "deep": {},
        }
        ports.notices.publish("Build 7 is READY", body, {"status": "READY", "model": "gp", "kind": "train"})
        assert newest() == ("Build 7 is READY", body, {"status": "READY", "model": "gp", "kind": "train"})

    def test_the_longest_subject_and_no_attributes(self, ports: Ports, stage: FakeStage | WireStage) -> None:
        newest = stage.listen()
        ports.notices.publish("x" * 100, {"a": 1}, {})
        assert newest() == ("x" * 100, {"a": 1}, {})
