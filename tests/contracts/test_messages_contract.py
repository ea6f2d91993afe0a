"""The contract of LiveMessages in `orchestration.ports`."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from orchestration.ports import Conflict, LiveMessage, Ports


def some(channel: str, ports: Ports, number: int = 12) -> LiveMessage:
    return LiveMessage(number, channel, "C1", "17.5", "17.1", "digest", ports.clock.now(), frozenset({"waits"}))


def test_what_was_saved_is_there(ports: Ports) -> None:
    channel = uuid.uuid4().hex
    assert ports.messages.get(channel, 12) is None
    saved = ports.messages.save(some(channel, ports))
    assert saved.revision == 1
    assert ports.messages.get(channel, 12) == saved
    again = ports.messages.save(replace(saved, shown="other", shown_at=None, said=frozenset()))
    assert ports.messages.get(channel, 12) == again
    assert again.revision == 2
    assert ports.messages.get(channel, 13) is None


def test_one_of_eight_makes_it(ports: Ports) -> None:
    channel = uuid.uuid4().hex

    def saved(_: int) -> bool:
        try:
            ports.messages.save(some(channel, ports))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(saved, range(8))).count(True) == 1


def test_a_stale_one_is_refused(ports: Ports) -> None:
    first = ports.messages.save(some(uuid.uuid4().hex, ports))
    ports.messages.save(replace(first, shown="newer"))
    with pytest.raises(Conflict):
        ports.messages.save(replace(first, shown="older"))
