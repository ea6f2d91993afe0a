""" "Tell me when it is done", when whoever asked and the engine die before the build has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.wiring import close_local

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from bot.cli import main; sys.exit(main(sys.argv[1:]))"
PATIENCE_S = 90


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    close_local(tmp_path / "state")


def chat(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", MAIN, "chat", "--state-dir", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
    )


def conversation(folder: Path, said: str) -> str:
    with chat(folder) as process:
        return process.communicate(said, timeout=PATIENCE_S)[0]


@pytest.mark.timeout(300)
def test_it_is_told_once_after_a_restart(folder: Path) -> None:
    with chat(folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("start training\ntell me when it is done\n")
        process.stdin.flush()
        for line in process.stdout:
            if "I will tell you when build 1 has ended" in line:
                break
        process.send_signal(signal.SIGKILL)
    close_local(folder)

    said, deadline = "", time.monotonic() + PATIENCE_S
    while "Build 1 is READY" not in said and time.monotonic() < deadline:
        said += conversation(folder, "is my build done?\n")
    later = [conversation(folder, "help\n") for _ in range(2)]
    assert "Build 1 is READY" in said
    assert "".join([said, *later]).count("Since last time: Build 1 is READY") == 1
