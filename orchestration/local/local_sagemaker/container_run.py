"""A container's process from its start to its end: its output, and stopping it as the service does.

Stopping is SIGTERM, then a grace, then SIGKILL: 120 s,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html. Whatever the
container started ends with it, as in a container. `supervisor.py` runs one of these; `metrics.py` reads the lines.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from orchestration.local.processes import ProcessIdentity, identify

LOG_LIMIT_BYTES = 64 * 2**20
_TAIL_LINES = 20
_MAX_LINE_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024
_POLL_S = 0.1
_DRAIN_S = 1.0  # for output that is still in the pipe when the container has ended


class Log:
    """The container's output on its way from the pipe to a bounded file, cut into lines."""

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        self._file = path.open("ab", buffering=0)
        self._left_bytes = limit_bytes
        self._partial = b""
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def write(self, data: bytes) -> list[str]:
        """Keep what was read; returns the lines that it completes. Past the limit nothing is kept but the tail."""
        if self._left_bytes > 0:
            self._file.write(data[: self._left_bytes])
            self._left_bytes -= len(data)
            if self._left_bytes <= 0:
                self._file.write(b"\n[this log is cut here; its last lines follow when the container ends]\n")
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > _MAX_LINE_BYTES:
            lines.append(self._partial)
            self._partial = b""
        return self._keep(lines)

    def close(self) -> list[str]:
        """End the log; returns the last line when it had no end."""
        lines = self._keep([self._partial] if self._partial else [])
        if self._left_bytes <= 0:
            self._file.write(("\n".join(self._tail) + "\n").encode())
        self._file.close()
        return lines

    def tail(self) -> str:
        """The last lines."""
        return "\n".join(self._tail)

    def _keep(self, lines: Sequence[bytes]) -> list[str]:
        decoded = [line.decode(errors="replace").rstrip("\r") for line in lines]
        self._tail.extend(decoded)
        return decoded


class ContainerRun:
    """One run of a container's program; a context manager, so that the program never outlives the block."""

    def __init__(self, argv: Sequence[str], cwd: Path, env: Mapping[str, str], log: Log) -> None:
        """Start the program in a process group of its own, within our session.

        Raises:
            OSError: there is no such program or folder.
        """
        self._process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        if self._process.stdout is None:
            raise RuntimeError("a process started with a pipe has no pipe")
        self._pipe: int | None = self._process.stdout.fileno()
        os.set_blocking(self._pipe, False)
        self._log = log
        self._kill_at: float | None = None
        self.identity: ProcessIdentity | None = identify(self._process.pid)

    def run(self, on_lines: Callable[[list[str]], None], on_poll: Callable[[], None]) -> int:
        """Wait for the end of the program, and of whatever it started.

        Args:
            on_lines: given the lines of output as they come.
            on_poll: called about ten times a second; may call `stop`.

        Returns:
            The exit code, or minus the number of the signal that ended it.
        """
        while (code := self._process.poll()) is None:
            on_lines(self._read(_POLL_S))
            on_poll()
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._kill_group()
        self._kill_group()
        self._drain(on_lines)
        on_lines(self._log.close())
        return code

    def stop(self, grace_s: float) -> None:
        """Ask the program to end, once: it has `grace_s` before it is killed."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + grace_s
            self._process.terminate()

    def _read(self, timeout_s: float) -> list[str]:
        if self._pipe is None:
            # The program closed its outputs and goes on.
            time.sleep(timeout_s)
            return []
        if not select.select([self._pipe], [], [], timeout_s)[0]:
            return []
        data = os.read(self._pipe, _READ_BYTES)
        if not data:
            self._pipe = None
            # Its end follows in a moment, as a rule: do not sleep over it.
            self._wait(0.05)
        return self._log.write(data)

    def _wait(self, timeout_s: float) -> None:
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return

    def _drain(self, on_lines: Callable[[list[str]], None]) -> None:
        deadline = time.monotonic() + _DRAIN_S
        while self._pipe is not None and time.monotonic() < deadline:
            on_lines(self._read(0.05))

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left of the group (PermissionError: macOS, only zombies are)

    def __enter__(self) -> ContainerRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._kill_group()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
