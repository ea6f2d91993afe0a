"""Processes: who one is, starting it apart from us, and ending it with all that it started."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestration.local import processes
from orchestration.local.processes import ProcessIdentity, clean_environment, is_alive, spawn, stop


def until(condition: Callable[[], Any], timeout_s: float = 10.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so within {timeout_s} s"
        time.sleep(0.01)
    return value


def start(folder: Path, code: str, **environment: str) -> ProcessIdentity:
    return spawn(
        [sys.executable, "-c", code], cwd=folder, env=clean_environment(environment), log_path=folder / "log.txt"
    )


def ready(folder: Path) -> Callable[[], bool]:
    return lambda: "ready" in (folder / "log.txt").read_text()


SLEEP = "import time; print('ready', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def test_we_are_ourselves_and_alive() -> None:
    us = processes.this_process()
    assert us.pid == os.getpid()
    assert is_alive(us)
    assert ProcessIdentity.from_json(json.loads(json.dumps(us.to_json()))) == us


def test_another_process_with_the_same_id_is_somebody_else() -> None:
    us = processes.this_process()
    assert not is_alive(dataclasses.replace(us, started_at=us.started_at + "1"))
    assert not stopped_somebody_else(us)


def stopped_somebody_else(us: ProcessIdentity) -> bool:
    """Whether stopping a process of the past ended the one that has its id now: us."""
    received: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    try:
        assert stop(dataclasses.replace(us, started_at="long ago"), grace_s=0.1)
    finally:
        signal.signal(signal.SIGTERM, before)
    return bool(received)


@pytest.mark.parametrize("document", [{}, {"pid": "1", "started_at": "x"}, {"pid": 1}])
def test_what_is_no_identity_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="pid and started_at"):
        ProcessIdentity.from_json(document)


def test_a_process_runs_in_a_session_of_its_own_and_writes_to_its_log(tmp_path: Path) -> None:
    process = start(tmp_path, f"import sys; sys.stderr.write('warned '); {SLEEP}")
    until(ready(tmp_path))
    assert is_alive(process)
    assert processes.exit_code(process) is None
    assert os.getsid(process.pid) == processes.session_of(process) == process.pid != os.getsid(0)
    assert (tmp_path / "log.txt").read_text() == "warned ready\n"
    assert stop(process, grace_s=5.0)
    assert not is_alive(process)
    assert processes.exit_code(process) == -signal.SIGTERM
    assert processes.session_of(process) is None


def test_a_child_that_has_ended_is_no_zombie_and_its_exit_code_is_known(tmp_path: Path) -> None:
    process = start(tmp_path, "raise SystemExit(7)")
    until(lambda: not is_alive(process))
    assert processes.exit_code(process) == 7
    assert not psutil.pid_exists(process.pid)


def test_a_zombie_of_somebody_else_counts_as_dead(tmp_path: Path) -> None:
    parent = start(
        tmp_path,
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', ''])\n"
        "print(child.pid, 'ready', flush=True); time.sleep(60)",
    )
    until(ready(tmp_path))
    child = int((tmp_path / "log.txt").read_text().split()[0])
    until(lambda: psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
    assert processes.identify(child) is None
    stop(parent, grace_s=1.0)


def test_who_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path) -> None:
    process = start(tmp_path, DEAF)
    until(ready(tmp_path))
    began = time.monotonic()
    assert stop(process, grace_s=0.3)
    assert 0.3 <= time.monotonic() - began < 3.0
    assert processes.exit_code(process) == -signal.SIGKILL


def test_what_a_process_started_ends_with_it(tmp_path: Path) -> None:
    """Also in a process group of its own, and also when it ignores SIGTERM."""
    process = start(
        tmp_path,
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {DEAF!r}], process_group=0)\n"
        "print(child.pid, flush=True); time.sleep(60)",
    )
    until(ready(tmp_path))
    child = processes.identify(int((tmp_path / "log.txt").read_text().split()[0]))
    assert child is not None
    assert stop(process, grace_s=5.0)
    until(lambda: not is_alive(child))


def test_a_missing_program_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn([str(tmp_path / "none")], cwd=tmp_path, env={}, log_path=tmp_path / "log.txt")


def test_the_environment_points_to_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "aws_session_token", "BOTO_CONFIG"):
        monkeypatch.setenv(name, "decoy")
    monkeypatch.setenv("KEPT", "yes")
    environment = clean_environment({"AWS_REGION": "us-east-1"})
    assert environment["KEPT"] == "yes"
    assert {name for name in environment if name.upper().startswith(("AWS", "BOTO"))} == {"AWS_REGION"}


def test_processes_are_found_by_their_environment(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEP, SAGEBUILD_TEST_MARK=str(tmp_path))
    until(ready(tmp_path))
    found = processes.find_by_environment("SAGEBUILD_TEST_MARK", lambda value: value == str(tmp_path))
    assert found == [(process, str(tmp_path))]
    assert processes.kill(process)
    assert processes.find_by_environment("SAGEBUILD_TEST_MARK", lambda value: value == str(tmp_path)) == []
