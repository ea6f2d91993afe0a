"""Finding, starting and ending the engine of a state folder. Several clients share one; the first starts it.

engine.json says where it is and holds its access key; it counts only while the process that it names is alive.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from orchestration.local import processes
from orchestration.local.files import read_json
from orchestration.local.processes import ProcessIdentity, is_alive, this_process
from orchestration.ports import Unavailable

PROTOCOL = 1  # of engine.json and /_engine; an engine of another SageBuild is not talked to
ENGINE_FILE, LOCK_FILE = "engine.json", "engine.lock"
START_LOG = "engine-start"
ROOT = Path(__file__).parents[2]
START_S = 60.0
END_S = 30.0
REQUEST_S = 10.0
POLL_S = 0.05

# The engine knows processes: within this one, the last open connection says goodbye for all.
_open: Counter[Path] = Counter()
_counting = Lock()


@dataclass(frozen=True)
class Connection:
    """An engine that answers."""

    process: ProcessIdentity
    address: str
    access_key: str

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def ask(self, method: str, path: str, document: Mapping[str, object] | None = None) -> dict[str, Any]:
        """One request to the engine's own paths. Raises Unavailable."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=json.dumps(document or {}).encode() if method == "POST" else None,
            headers={"X-SageBuild-Key": self.access_key, "Content-Type": "application/json"},
        )
        # No proxy, whatever the environment says: the engine is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=REQUEST_S) as response:
                answer: dict[str, Any] = json.loads(response.read())
        except (OSError, ValueError) as error:
            raise Unavailable(f"The local engine at {self.address} does not answer: {error}.") from error
        return answer


@contextmanager
def connect(state_dir: Path) -> Iterator[Connection]:
    """A connection for as long as the block lasts: while it does, the engine does not end.

    Starts the engine when none is there. Raises Unavailable, with what the engine said, when it does not start.
    """
    connection = join(state_dir)
    with _counting:
        _open[state_dir] += 1
    try:
        yield connection
    finally:
        with _counting:
            _open[state_dir] -= 1
            last = _open[state_dir] == 0
        if last:
            leave(state_dir)


def join(state_dir: Path) -> Connection:
    """The folder's engine, started if need be, with us among its clients. Raises Unavailable."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        connection = find(state_dir) or _start(state_dir)
        if not connection.ask("POST", "/_engine/hello", this_process().to_json()).get("ending"):
            return connection
        while is_alive(connection.process) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    raise Unavailable(f"The local engine did not start within {START_S:.0f} s.")


def leave(state_dir: Path) -> None:
    """We need the folder's engine no more."""
    connection = find(state_dir)
    if connection is not None:
        _goodbye(connection, this_process().to_json())


def _goodbye(connection: Connection, me: Mapping[str, object]) -> None:
    try:
        connection.ask("POST", "/_engine/goodbye", me)
    except Unavailable:
        return  # it is ending by itself, and sees that we are gone


def end(state_dir: Path) -> str:
    """End the engine of that folder; a sentence about what was ended."""
    connection = find(state_dir)
    if connection is None:
        return "No engine is running."
    running = connection.ask("POST", "/_engine/end")["running"]
    deadline = time.monotonic() + END_S
    while is_alive(connection.process) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    if is_alive(connection.process):
        return f"The engine (process {connection.process.pid}) was asked to end and is still busy."
    processes.reap()
    if not running:
        return "The engine has ended."
    builds = "1 build was" if running == 1 else f"{running} builds were"
    return f"The engine has ended; {builds} running. A training goes on by itself; the rest goes on when you come back."


def find(state_dir: Path) -> Connection | None:
    """The engine that runs on that folder and answers, or None."""
    connection = named(state_dir)
    if connection is None:
        return None
    try:
        connection.ask("GET", "/_engine/health")
    except Unavailable:
        return None
    return connection


def named(state_dir: Path) -> Connection | None:
    """The engine that engine.json names, if its process is alive."""
    document = read_json(state_dir / ENGINE_FILE)
    if document is None or document.get("protocol") != PROTOCOL:
        return None
    connection = Connection(ProcessIdentity.from_json(document["process"]), document["address"], document["access_key"])
    return connection if is_alive(connection.process) else None


def _start(state_dir: Path) -> Connection:
    """Start an engine, or wait for one that somebody else is starting: the lock lets one of them in."""
    _remove_old_logs(state_dir)
    # Our own: somebody else may be starting one at the same time. It stays where a start has failed.
    log_path = state_dir / f"{START_LOG}-{os.getpid()}-{os.urandom(3).hex()}.log"
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        process = processes.spawn(
            [sys.executable, "-m", "orchestration.local.engine", str(state_dir)],
            cwd=ROOT,
            env=processes.clean_environment({"PYTHONPATH": python_path()}),
            log_path=log_path,
        )
        while is_alive(process) and time.monotonic() < deadline:
            if (connection := find(state_dir)) is not None:
                if connection.process == process:
                    log_path.replace(state_dir / f"{START_LOG}.log")  # what it says from now on, too
                else:
                    log_path.unlink(missing_ok=True)
                return connection
            time.sleep(POLL_S)
        code = processes.exit_code(process)
        if code not in (None, 3):
            said = log_path.read_text(errors="replace").strip().splitlines() or [f"it ended with code {code}"]
            raise Unavailable(f"The local engine did not start: {said[-1]} ({log_path} has more.)")
        log_path.unlink(missing_ok=True)
        time.sleep(POLL_S)
    raise Unavailable(
        f"The local engine did not start within {START_S:.0f} s; see {state_dir / 'logs' / 'engine.log'}."
    )


def _remove_old_logs(state_dir: Path) -> None:
    """Of starts that failed, once those who made them are gone."""
    for path in state_dir.glob(f"{START_LOG}-*.log"):
        pid = path.name.removeprefix(f"{START_LOG}-").partition("-")[0]
        if pid.isdigit() and processes.identify(int(pid)) is None:
            path.unlink(missing_ok=True)


def python_path() -> str:
    """Our root first, then what the caller's environment already had."""
    return os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])


def default_state_dir() -> Path:
    """$SAGEBUILD_STATE_DIR, or ~/.sagebuild."""
    return Path(os.environ.get("SAGEBUILD_STATE_DIR") or Path.home() / ".sagebuild").expanduser()
