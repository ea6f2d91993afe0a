"""The conversations of the README and of a newcomer, piped into the terminal channel on a real engine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.wiring import close_local

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from bot.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    close_local(tmp_path / "state")


def sagebuild(folder: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments, "--state-dir", str(folder)],
        input=said,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=ROOT,
        env=dict(os.environ),
        check=False,
    )


def test_start_to_prediction(folder: Path) -> None:
    said = "start training\ntell me when it is done\nis my build done?\npredict 0.5 1.0\nlist endpoints\n"
    result = sagebuild(folder, "chat", said=said)
    assert result.returncode == 0, result.stderr
    assert "Build 1 started" in result.stdout
    assert "Build 1 is READY" in result.stdout
    assert "local-gp-toy" in result.stdout
    predicted = re.search(r"y = (-?[\d.]+) ± ([\d.]+)", result.stdout)
    assert predicted is not None
    assert abs(float(predicted[1]) - (1.5 * 0.5 + 5.2 * 1.0)) <= 0.5


def turns(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_bad_input_gets_a_clear_reply_and_starts_nothing(folder: Path) -> None:
    said = "train the gp with q 99\ntrain the gp on no-such-data\nwhy did it fail?\nflurb the wug\nlist my builds\n"
    result = sagebuild(folder, "chat", "--json", said=said)
    assert result.returncode == 0, result.stderr
    replies = [turn["reply"] for turn in turns(result)]
    assert "q is 99, but must be a whole number from 0 to 4" in replies[0]
    assert "no-such-data" in replies[1]
    assert "toy" in replies[1]
    assert "no-such-data" in replies[2]
    assert "flurb the wug" in replies[3] or "understand" in replies[3]
    assert "No builds" in replies[4]
    assert [turn["build"] for turn in turns(result)] == [None] * 5


def test_say_and_parse(folder: Path) -> None:
    said = sagebuild(folder, "say", "which models do you have?")
    assert said.returncode == 0
    assert "gp" in said.stdout
    parsed = subprocess.run(
        [sys.executable, "-c", MAIN, "parse", "train the gp with q 2 on diabetes"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=True,
    )
    meaning = json.loads(parsed.stdout)
    assert (meaning["intent"], meaning["slots"]["model"], meaning["slots"]["dataset"]) == (
        "StartTraining",
        "gp",
        "diabetes",
    )
