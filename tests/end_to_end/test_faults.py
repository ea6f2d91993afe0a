"""Builds survive the death of any process of the engine's family: six deaths here, fifty with the slow marker."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from orchestration.wiring import close_local, open_local
from tests.end_to_end.faults import FaultRun


def run(folder: Path, kills: int, seed: int) -> FaultRun:
    with open_local(folder, "tester") as session:
        faults = FaultRun(session.ports, folder, random.Random(seed))
        faults.prepare()
        faults.fire(kills)
        faults.finish()
        assert faults.problems() == [], faults.killed
        assert [member.role for member in faults.family() if member.role in ("owner", "container", "tuner")] == []
    close_local(folder)
    assert list(faults.family()) == []
    return faults


@pytest.mark.timeout(400)
def test_six_deaths(tmp_path: Path) -> None:
    run(tmp_path / "state", kills=6, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_deaths(tmp_path: Path, seed: int) -> None:
    faults = run(tmp_path / "state", kills=50, seed=seed)
    assert {role for role, _ in faults.killed} >= {"engine", "function", "owner", "container", "serving"}
