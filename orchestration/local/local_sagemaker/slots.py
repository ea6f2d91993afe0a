"""How many jobs may run at once: numbered lock files, and a queue before them.

A running supervisor holds the lock of one slot, a waiting one that of its ticket; both end with the process, whatever
ends it, so nothing has to be given back and no engine has to be alive. Of the jobs that wait, the one that was created
first gets the next slot. `supervisor.py` waits here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from orchestration.local.files import FileLock

_POLL_S = 0.05
_TELL_AFTER_S = 0.25


class Slots:
    """`count` slots in `folder`, shared by all processes that name the same folder."""

    def __init__(self, folder: Path, count: int) -> None:
        if count < 1:
            raise ValueError(f"expected at least one slot, got {count}")
        self._folder = folder
        self._queue = folder / "queue"
        self._count = count

    def wait(
        self, name: str, created_at: float, give_up: Callable[[], bool], waiting: Callable[[], None]
    ) -> FileLock | None:
        """Take a slot, waiting for one until `give_up` says so.

        Args:
            name: unique among all who ever wait here.
            created_at: the place in the queue: the smallest first, in seconds since the epoch.
            give_up: asked about twenty times a second.
            waiting: called once, when there was no slot for a quarter of a second: not while others take theirs.

        Returns:
            The slot, held until it is released or the process ends; None when `give_up` said so first.
        """
        self._queue.mkdir(parents=True, exist_ok=True)
        ticket = self._queue / f"{int(created_at * 1e6):020d}-{name}"
        held = _lock_of(ticket)
        try:
            tell_at = time.monotonic() + _TELL_AFTER_S
            while not give_up():
                slot = self._free_slot() if self._is_first(ticket) else None
                if slot is not None:
                    return slot
                if time.monotonic() >= tell_at:
                    waiting()
                    tell_at = float("inf")
                time.sleep(_POLL_S)
            return None
        finally:
            ticket.unlink(missing_ok=True)
            held.release()

    def _is_first(self, ticket: Path) -> bool:
        for other in sorted(path for path in self._queue.iterdir() if path.name < ticket.name):
            lock = FileLock.try_lock(other)
            if lock is None:
                return False
            # Its process was killed. Removed under its lock, so that nobody can wait on a ticket that is gone.
            other.unlink(missing_ok=True)
            lock.release()
        return True

    def _free_slot(self) -> FileLock | None:
        for number in range(self._count):
            lock = FileLock.try_lock(self._folder / f"slot-{number}.lock")
            if lock is not None:
                return lock
        return None


def _lock_of(ticket: Path) -> FileLock:
    """The lock of a ticket that is in the queue: one not locked yet may have been taken for a dead one's."""
    while True:
        held = FileLock.lock(ticket, timeout_s=5.0)
        try:
            if ticket.stat().st_ino == os.fstat(held.descriptor).st_ino:
                return held
        except FileNotFoundError:
            pass  # removed: made again
        held.release()
