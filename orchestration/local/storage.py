"""What the engine keeps across its own death, in one SQLite file; its format is that of the whole state folder.

    items, parameters     of DynamoDB and SSM           executions    which were started, and where they are
    events                still to be delivered (`events.py`), or given up
    documents             small things by kind (`scaling.py`)           invocations   of endpoints, by the minute

Everything is rows of plain text; nothing is pickled. Objects (S3) are files and jobs have their own folders: see
`local_sagemaker/`. Configuration is not kept: `resources.py` makes it again at every boot.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# One entry a format, each making the next of the one before; a change of any file in the state folder is a format too.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE items (tbl TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (tbl, pk, sk))",
        "CREATE TABLE parameters (name TEXT, version INTEGER, request TEXT NOT NULL, PRIMARY KEY (name, version))",
        """CREATE TABLE executions (
             name TEXT PRIMARY KEY, machine TEXT NOT NULL, input TEXT NOT NULL, started_at REAL NOT NULL,
             state TEXT NOT NULL DEFAULT '', state_input TEXT NOT NULL DEFAULT '',
             stopping INTEGER NOT NULL DEFAULT 0, error TEXT, cause TEXT)""",
    ),
    (
        """CREATE TABLE events (
             id INTEGER PRIMARY KEY, function TEXT NOT NULL, payload TEXT NOT NULL, failed_at REAL, reason TEXT)""",
        "CREATE TABLE documents (kind TEXT, name TEXT, document TEXT NOT NULL, PRIMARY KEY (kind, name))",
        """CREATE TABLE invocations (
             endpoint TEXT, variant TEXT, minute INTEGER, count INTEGER NOT NULL,
             PRIMARY KEY (endpoint, variant, minute))""",
    ),
)
FORMAT = len(MIGRATIONS)  # PRAGMA user_version; a newer one is refused


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
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found > FORMAT:
            raise NewerFormat(
                f"{path.parent} was written by a newer SageBuild (format {found}; this one knows {FORMAT})."
            )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")  # what that risks: DECISIONS.md
        for version in range(found, FORMAT):
            with self._transaction():
                for statement in MIGRATIONS[version]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={version + 1}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that happens in the block, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def save_items(self, changes: list[ItemChange]) -> None:
        """All of them or none."""
        with self._lock, self._transaction():
            for change in changes:
                key = (change.table, change.pk, change.sk)
                if change.item is None:
                    self._db.execute("DELETE FROM items WHERE tbl=? AND pk=? AND sk=?", key)
                else:
                    self._db.execute("INSERT OR REPLACE INTO items VALUES (?,?,?,?)", (*key, json.dumps(change.item)))

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

    def add_event(self, function: str, payload: str) -> int:
        """An event to be delivered; its id, in the order of arrival."""
        with self._lock:
            added = self._db.execute("INSERT INTO events (function, payload) VALUES (?,?)", (function, payload))
            return int(added.lastrowid or 0)

    def remove_event(self, id_: int) -> None:
        with self._lock:
            self._db.execute("DELETE FROM events WHERE id=?", (id_,))

    def give_up_event(self, id_: int, at: float, reason: str) -> None:
        """It could not be delivered: it stays until the next boot tries it again, as in a dead-letter queue."""
        with self._lock:
            self._db.execute("UPDATE events SET failed_at=?, reason=? WHERE id=?", (at, reason, id_))

    def events(self) -> list[tuple[int, str, str]]:
        """Id, function and payload of all events that were not delivered, in the order of arrival."""
        with self._lock:
            return self._db.execute("SELECT id, function, payload FROM events ORDER BY id").fetchall()

    def given_up_events(self) -> list[tuple[str, float, str]]:
        """Function, time and reason of the events that were given up."""
        query = "SELECT function, failed_at, reason FROM events WHERE failed_at IS NOT NULL ORDER BY id"
        with self._lock:
            return self._db.execute(query).fetchall()

    def forget_given_up_events(self, before: float) -> None:
        """Those that were given up before that time."""
        with self._lock:
            self._db.execute("DELETE FROM events WHERE failed_at<?", (before,))

    def save_document(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO documents VALUES (?,?,?)", (kind, name, json.dumps(document)))

    def delete_document(self, kind: str, name: str) -> None:
        with self._lock:
            self._db.execute("DELETE FROM documents WHERE kind=? AND name=?", (kind, name))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """All of one kind, by name."""
        with self._lock:
            rows = self._db.execute("SELECT name, document FROM documents WHERE kind=? ORDER BY name", (kind,))
            return {name: json.loads(text) for name, text in rows}

    def count_invocation(self, endpoint: str, variant: str, minute: int) -> None:
        """One more in that minute since 1970."""
        with self._lock:
            self._db.execute(
                "INSERT INTO invocations VALUES (?,?,?,1) ON CONFLICT DO UPDATE SET count = count + 1",
                (endpoint, variant, minute),
            )

    def invocations(self, endpoint: str, variant: str, first: int, end: int) -> dict[int, int]:
        """How many there were in each minute that had any, from the first to before the end."""
        query = "SELECT minute, count FROM invocations WHERE endpoint=? AND variant=? AND minute>=? AND minute<?"
        with self._lock:
            return dict(self._db.execute(query, (endpoint, variant, first, end)).fetchall())

    def forget_invocations(self, before: int) -> None:
        """Of the minutes before that one."""
        with self._lock:
            self._db.execute("DELETE FROM invocations WHERE minute<?", (before,))

    def close(self) -> None:
        with self._lock:
            self._db.close()
