"""What the engine keeps across its own death, in one SQLite file: items, parameters, and which executions were started.

Everything is rows of plain text; nothing is pickled. Objects (S3) are files and jobs have their own folders: see
`local_sagemaker/`. Configuration is not kept: `resources.py` makes it again at every boot.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1  # PRAGMA user_version; a newer one is refused, an older one migrated here

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (tbl TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (tbl, pk, sk));
CREATE TABLE IF NOT EXISTS parameters (name TEXT, version INTEGER, request TEXT NOT NULL, PRIMARY KEY (name, version));
CREATE TABLE IF NOT EXISTS executions (
  name TEXT PRIMARY KEY, machine TEXT NOT NULL, input TEXT NOT NULL, started_at REAL NOT NULL,
  state TEXT NOT NULL DEFAULT '', state_input TEXT NOT NULL DEFAULT '',
  stopping INTEGER NOT NULL DEFAULT 0, error TEXT, cause TEXT
);
"""


class NewerFormat(Exception):
    """The folder was written by a newer SageBuild."""


@dataclass(frozen=True)
class ItemChange:
    """One item as it is now; None: it is gone."""

    table: str
    pk: str
    sk: str
    item: Mapping[str, Any] | None


@dataclass(frozen=True)
class Unfinished:
    """An execution that was running when an engine ended; state: the one it was in, "" before the first."""

    name: str
    machine: str
    input: str
    state: str
    state_input: str
    stopping: bool
    error: str | None
    cause: str | None


class Storage:
    """One connection, one lock: each call is one transaction, on disk when it returns."""

    def __init__(self, path: Path) -> None:
        """Raises NewerFormat."""
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found > FORMAT:
            raise NewerFormat(
                f"{path.parent} was written by a newer SageBuild (format {found}; this one knows {FORMAT})."
            )
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version={FORMAT}")

    def save_items(self, changes: list[ItemChange]) -> None:
        """All of them or none."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for change in changes:
                    key = (change.table, change.pk, change.sk)
                    if change.item is None:
                        self._db.execute("DELETE FROM items WHERE tbl=? AND pk=? AND sk=?", key)
                    else:
                        row = (*key, json.dumps(change.item))
                        self._db.execute("INSERT OR REPLACE INTO items VALUES (?,?,?,?)", row)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def has_item(self, pk: str) -> bool:
        """Whether any table holds an item with that hash key."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM items WHERE pk=? LIMIT 1", (pk,)).fetchone() is not None

    def items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every item with its table."""
        with self._lock:
            rows = self._db.execute("SELECT tbl, item FROM items").fetchall()
        for table, text in rows:
            yield table, json.loads(text)

    def save_parameter(self, name: str, request: Mapping[str, Any]) -> None:
        """One more version of a parameter: the request that made it."""
        with self._lock:
            self._db.execute(
                "INSERT INTO parameters SELECT ?, COALESCE(MAX(version), 0) + 1, ? FROM parameters WHERE name=?",
                (name, json.dumps(request), name),
            )

    def delete_parameter(self, name: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM parameters WHERE name=?", (name,))

    def parameters(self) -> list[dict[str, Any]]:
        """The requests that made the parameters, in order."""
        with self._lock:
            rows = self._db.execute("SELECT request FROM parameters ORDER BY name, version").fetchall()
        return [json.loads(text) for (text,) in rows]

    def execution_started(self, name: str, machine: str, input_: str, started_at: float) -> None:
        with self._lock:
            row = (name, machine, input_, started_at)
            self._db.execute(
                "INSERT OR IGNORE INTO executions (name, machine, input, started_at) VALUES (?,?,?,?)", row
            )

    def execution_entered(self, name: str, state: str, state_input: str) -> None:
        """The state that the execution is in now, and its input: where it would go on."""
        with self._lock:
            self._db.execute("UPDATE executions SET state=?, state_input=? WHERE name=?", (state, state_input, name))

    def execution_stopping(self, name: str, error: str | None, cause: str | None) -> None:
        """Somebody stopped it: it must not go on."""
        with self._lock:
            self._db.execute("UPDATE executions SET stopping=1, error=?, cause=? WHERE name=?", (error, cause, name))

    def execution_ended(self, name: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM executions WHERE name=?", (name,))

    def unfinished_executions(self) -> list[Unfinished]:
        """Those that were started and are not known to have ended, oldest first."""
        columns = "name, machine, input, state, state_input, stopping, error, cause"
        with self._lock:
            rows = self._db.execute(f"SELECT {columns} FROM executions ORDER BY started_at").fetchall()
        return [
            Unfinished(name, machine, input_, state, state_input, bool(stopping), error, cause)
            for name, machine, input_, state, state_input, stopping, error, cause in rows
        ]

    def close(self) -> None:
        with self._lock:
            self._db.close()
