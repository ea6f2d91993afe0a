"""The work queue on one machine: a FIFO in a file, so that what was acknowledged survives the process.

As SQS FIFO: the same delivery id counts once, work of one group is done one after the other, and what failed is tried
again before the group's next.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from orchestration.ports import Unavailable, Work

KEPT_S = 14 * 86_400.0  # as long as SQS keeps a message; what was done is known for a day
DONE_KEPT_S = 86_400.0
FORGET_EVERY_S = 3600.0
MAX_DELAY_S = 30.0
GIVEN_UP_AFTER = 5
POLL_S = 0.5

_log = logging.getLogger(__name__)


class LocalQueue:
    """The port WorkQueue, and what takes work out of it. Safe for concurrent use in one process."""

    def __init__(self, path: Path, now_s: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._now_s = now_s
        self._lock = threading.Condition()
        self._taken: dict[str, int] = {}  # group to id
        self._closed = False
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS work (id INTEGER PRIMARY KEY, grp TEXT NOT NULL, delivery TEXT NOT NULL UNIQUE,"
            " body TEXT NOT NULL, put_at REAL NOT NULL, not_before REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
            " done INTEGER NOT NULL DEFAULT 0)"
        )
        # Looks at builds that run make many rows, of which nearly all are done.
        self._database.execute("CREATE INDEX IF NOT EXISTS waiting ON work (grp, id) WHERE done = 0")
        self._forgot_at = 0.0
        self._forget_old()

    def put(self, work: Work) -> None:
        now_s = self._now_s()
        with self._lock:
            self._database.execute(
                "INSERT OR IGNORE INTO work (grp, delivery, body, put_at, not_before) VALUES (?, ?, ?, ?, ?)",
                (work.group, work.delivery_id, json.dumps(dict(work.body)), now_s, now_s),
            )
            self._lock.notify()

    def run(self, handle: Callable[[Work], None]) -> None:
        """Take work and do it until `close`. Several threads may run this; what `handle` raises is tried again."""
        while (taken := self._wait()) is not None:
            id_, work = taken
            try:
                handle(work)
            except Exception as error:  # whatever it was, the next work must still be done
                _log.exception("%s failed", work.delivery_id)
                self._failed(id_, work, is_outage=isinstance(error, Unavailable))
            else:
                self._done(id_, work)

    def waiting(self) -> int:
        """How much is still to be done."""
        with self._lock:
            return int(self._database.execute("SELECT COUNT(*) FROM work WHERE done = 0").fetchone()[0])

    def stop(self) -> None:
        """Let `run` return when it has done what it has in hand."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def close(self) -> None:
        """After every `run` has returned."""
        self.stop()
        with self._lock:
            self._database.close()

    def _wait(self) -> tuple[int, Work] | None:
        with self._lock:
            while not self._closed:
                if (taken := self._take()) is not None:
                    return taken
                self._lock.wait(POLL_S)
            return None

    def _take(self) -> tuple[int, Work] | None:
        """The oldest work of a group that nobody is at: never a group's second before its first."""
        rows = self._database.execute(
            "SELECT id, grp, delivery, body, MIN(not_before) FROM work w WHERE done = 0 AND id ="
            " (SELECT MIN(id) FROM work WHERE grp = w.grp AND done = 0) GROUP BY id ORDER BY id"
        )
        for id_, group, delivery, body, not_before in rows:
            if group not in self._taken and not_before <= self._now_s():
                self._taken[group] = id_
                return id_, Work(group, delivery, json.loads(body))
        return None

    def _done(self, id_: int, work: Work) -> None:
        with self._lock:
            self._database.execute("UPDATE work SET done = 1 WHERE id = ?", (id_,))
            self._taken.pop(work.group, None)
            if self._now_s() - self._forgot_at > FORGET_EVERY_S:
                self._forget_old()
            self._lock.notify()

    def _failed(self, id_: int, work: Work, *, is_outage: bool) -> None:
        """Later once more. What fails again by a fault of ours is given up, so that its group goes on."""
        with self._lock:
            attempts = self._database.execute("SELECT attempts FROM work WHERE id = ?", (id_,)).fetchone()[0] + 1
            given_up = not is_outage and attempts >= GIVEN_UP_AFTER
            later = self._now_s() + min(MAX_DELAY_S, 0.5 * 2 ** min(attempts, 10))
            self._database.execute(
                "UPDATE work SET attempts = ?, not_before = ?, done = ? WHERE id = ?", (attempts, later, given_up, id_)
            )
            self._taken.pop(work.group, None)
            self._forget_old()
        if given_up:
            _log.error("%s is given up", work.delivery_id)

    def _forget_old(self) -> None:
        now_s = self._forgot_at = self._now_s()
        self._database.execute("DELETE FROM work WHERE done = 1 AND put_at < ?", (now_s - DONE_KEPT_S,))
        lost = self._database.execute("SELECT delivery FROM work WHERE put_at < ?", (now_s - KEPT_S,)).fetchall()
        for (delivery,) in lost:
            _log.error("%s could not be done for two weeks and is given up", delivery)
        self._database.execute("DELETE FROM work WHERE put_at < ?", (now_s - KEPT_S,))
