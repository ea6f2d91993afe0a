"""Processes that may outlive whoever started them: who a process is, starting, stopping and reaping it.

A process id alone says little, since ids are used again: a `ProcessIdentity` adds when the process was started, so that
state files can name a process and a later engine can tell whether it still runs. `files.py` keeps those state files;
`local_sagemaker/` runs jobs and endpoints with what is here.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

_KILL_WAIT_S = 5.0  # after SIGKILL; longer only when the process is stuck in the kernel
_POLL_S = 0.02
_KEPT_EXIT_CODES = 256
_FOREIGN_PREFIXES = ("AWS_", "BOTO")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process and no other, also after its id was used again or the machine was restarted.

    Attributes:
        pid: process id.
        started_at: when it was started, to compare and not to read. Linux: boot id and clock ticks since that boot,
            which setting the clock does not move; macOS: seconds since the epoch, which the kernel keeps as they were.
    """

    pid: int
    started_at: str

    def to_json(self) -> dict[str, int | str]:
        """As a state file keeps it."""
        return {"pid": self.pid, "started_at": self.started_at}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> ProcessIdentity:
        """From what `to_json` gave.

        Raises:
            ValueError: not such a document.
        """
        pid, started_at = document.get("pid"), document.get("started_at")
        if not isinstance(pid, int) or not isinstance(started_at, str):
            raise ValueError(f"expected pid and started_at of a process, got {dict(document)}")
        return cls(pid, started_at)


class _Children:
    """The processes started from here: they are waited for, so that none stays a zombie, and their exit codes kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[ProcessIdentity, subprocess.Popen[bytes]] = {}
        self._exit_codes: OrderedDict[ProcessIdentity, int] = OrderedDict()
        atexit.register(self._let_go)

    def _let_go(self) -> None:
        """At our end they live on by design; subprocess would warn of each as forgotten."""
        for process in self._running.values():
            process.returncode = process.poll() or 0

    def add(self, identity: ProcessIdentity, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._running[identity] = process

    def reap(self) -> None:
        with self._lock:
            for identity, process in list(self._running.items()):
                code = process.poll()
                if code is None:
                    continue
                del self._running[identity]
                self._exit_codes[identity] = code
                while len(self._exit_codes) > _KEPT_EXIT_CODES:
                    self._exit_codes.popitem(last=False)

    def exit_code(self, identity: ProcessIdentity) -> int | None:
        self.reap()
        with self._lock:
            return self._exit_codes.get(identity)


_children = _Children()


def identify(pid: int) -> ProcessIdentity | None:
    """Who has this process id now; None when nobody has, or only a zombie that waits to be reaped."""
    if sys.platform == "linux":
        return _identify_on_linux(pid)
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return ProcessIdentity(pid, repr(process.create_time()))
    except psutil.NoSuchProcess:
        return None


def this_process() -> ProcessIdentity:
    """Who runs this code."""
    identity = identify(os.getpid())
    if identity is None:
        raise RuntimeError("the running process is not in the process table; is /proc mounted?")
    return identity


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether that very process still runs. A zombie does not, nor does another process with the same id."""
    _children.reap()
    return identify(identity.pid) == identity


def exit_code(identity: ProcessIdentity) -> int | None:
    """The exit code of a process started by `spawn` in this process (minus the signal when a signal ended it).

    None while it runs, for somebody else's child, and once 256 others have ended since.
    """
    return _children.exit_code(identity)


def reap() -> None:
    """Wait for those children that have ended, without blocking."""
    _children.reap()


def spawn(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log_path: Path, pass_fds: Sequence[int] = ()
) -> ProcessIdentity:
    """Start a process in a session of its own, so that neither a terminal's signals nor our end reach it.

    Args:
        argv: program and arguments; no shell.
        cwd: its working folder.
        env: its whole environment (see `clean_environment`).
        log_path: both of its outputs are appended to this file; its input is empty.
        pass_fds: descriptors that it shall inherit; all others are closed.

    Raises:
        OSError: there is no such program or folder, or it may not be run.
    """
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    # Nobody else waits for our child, so its id cannot have been used again, and `identify` misses it only when it
    # has ended already.
    identity = identify(process.pid) or ProcessIdentity(process.pid, f"ended:{time.monotonic_ns()}")
    _children.add(identity, process)
    return identity


def stop(identity: ProcessIdentity, grace_s: float) -> bool:
    """End a process and whatever else runs in its session: SIGTERM to its group, and after the grace SIGKILL to all.

    A process that does not lead a session is signalled alone. Takes at most `grace_s` and 5 s.

    Returns:
        Whether it is gone.
    """
    if not is_alive(identity):
        return True
    leads = _leads_session(identity.pid)
    _signal(identity.pid, signal.SIGTERM, group=leads)
    _wait_until_gone(identity, grace_s)
    if is_alive(identity):
        _signal(identity.pid, signal.SIGKILL, group=leads)
    if leads:
        _kill_session(identity.pid)
    return _wait_until_gone(identity, _KILL_WAIT_S)


def kill(identity: ProcessIdentity) -> bool:
    """End a process, and its group when it leads one, with SIGKILL. Takes at most 5 s; returns whether it is gone."""
    if not is_alive(identity):
        return True
    _signal(identity.pid, signal.SIGKILL, group=_leads_group(identity.pid))
    return _wait_until_gone(identity, _KILL_WAIT_S)


def session_of(identity: ProcessIdentity) -> int | None:
    """The session of a process: the process id of the one that `spawn` started. None when the process has ended."""
    try:
        session = os.getsid(identity.pid)
    except ProcessLookupError:
        return None
    return session if is_alive(identity) else None


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Our environment without anything that points to an AWS account (`AWS_*`, `BOTO*`), and `extra` on top of it."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(_FOREIGN_PREFIXES)}
    return {**kept, **extra}


def owns_port(identity: ProcessIdentity, port: int) -> bool:
    """Whether that very process has a socket at that local port."""
    if identify(identity.pid) != identity:
        return False
    try:
        sockets = psutil.Process(identity.pid).net_connections(kind="tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return any(socket.laddr and socket.laddr.port == port for socket in sockets)


def find_by_environment(variable: str, accept: Callable[[str], bool]) -> list[tuple[ProcessIdentity, str]]:
    """The processes that were started with an environment variable whose value `accept` takes, and that value.

    Looks at every process of this user, which takes tens of milliseconds: for cleaning up after a crash. Processes
    whose environment may not be read are passed over.
    """
    found: list[tuple[ProcessIdentity, str]] = []
    for pid in psutil.pids():
        identity = identify(pid)
        try:
            value = psutil.Process(pid).environ().get(variable)
        except (psutil.Error, OSError):
            continue
        # Asked again: the id may have changed hands between the two looks.
        if identity is not None and value is not None and accept(value) and identify(pid) == identity:
            found.append((identity, value))
    return found


def _identify_on_linux(pid: int) -> ProcessIdentity | None:
    # proc_pid_stat(5): the name stands in parentheses and may hold anything; after it come state (field 3) and,
    # as field 22, the start in clock ticks since the boot.
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in (b"Z", b"X"):
        return None
    return ProcessIdentity(pid, f"{_boot_id()}:{int(fields[19])}")


@lru_cache(maxsize=1)
def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _leads_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _leads_group(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _signal(pid: int, number: signal.Signals, *, group: bool) -> None:
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        # macOS answers so for a group of which only zombies are left.
        if identify(pid) is not None:
            raise


def _kill_session(session: int) -> None:
    """SIGKILL whoever is left of a session whose leader we have just ended: groups of its own included."""
    for pid in psutil.pids():
        try:
            if pid != session and os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _wait_until_gone(identity: ProcessIdentity, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while is_alive(identity):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True
