"""The engine's SQLite file: folders of older versions are migrated, of newer ones refused, and what is kept stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from orchestration.local.storage import FORMAT, MIGRATIONS, ItemChange, NewerFormat, Storage

# As the first version wrote it.
FORMAT_1 = """
CREATE TABLE IF NOT EXISTS items (tbl TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (tbl, pk, sk));
CREATE TABLE IF NOT EXISTS parameters (name TEXT, version INTEGER, request TEXT NOT NULL, PRIMARY KEY (name, version));
CREATE TABLE IF NOT EXISTS executions (
  name TEXT PRIMARY KEY, machine TEXT NOT NULL, input TEXT NOT NULL, started_at REAL NOT NULL,
  state TEXT NOT NULL DEFAULT '', state_input TEXT NOT NULL DEFAULT '',
  stopping INTEGER NOT NULL DEFAULT 0, error TEXT, cause TEXT
);
INSERT INTO items VALUES ('builds', 'BUILD#1', '-', '{"pk": {"S": "BUILD#1"}}');
INSERT INTO parameters VALUES ('/settings', 1, '{"Name": "/settings", "Value": "{}"}');
INSERT INTO executions (name, machine, input, started_at, state) VALUES ('e1', 'arn', '{}', 1.0, 'Train');
PRAGMA user_version = 1;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.db"


def test_a_folder_of_the_first_format_keeps_everything_and_gets_what_is_new(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(FORMAT_1)
    storage = Storage(path)
    assert list(storage.items()) == [("builds", {"pk": {"S": "BUILD#1"}})]
    assert storage.parameters() == [{"Name": "/settings", "Value": "{}"}]
    assert [(one.name, one.state) for one in storage.unfinished_executions()] == [("e1", "Train")]
    storage.add_event("announce", "{}")
    storage.close()
    again = Storage(path)
    assert [(function, payload) for _, function, payload in again.events()] == [("announce", "{}")]
    again.close()


@pytest.mark.parametrize("version", range(1, FORMAT))
def test_every_format_is_migrated_to_what_a_new_folder_has(path: Path, tmp_path: Path, version: int) -> None:
    with sqlite3.connect(path) as db:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version={version}")
    Storage(path).close()
    Storage(tmp_path / "new.db").close()
    assert tables(path) == tables(tmp_path / "new.db")


def tables(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        return dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type='table'"))


def test_a_migration_that_breaks_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(FORMAT_1)
    broken = (MIGRATIONS[0], ("CREATE TABLE half (a TEXT)", "no SQL at all"))
    with monkeypatch.context() as patch:
        patch.setattr("orchestration.local.storage.MIGRATIONS", broken)
        with pytest.raises(sqlite3.OperationalError):
            Storage(path)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert not db.execute("SELECT name FROM sqlite_master WHERE name='half'").fetchall()
    Storage(path).close()


def test_a_newer_format_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={FORMAT + 1}")
    before = path.read_bytes()
    with pytest.raises(NewerFormat, match=f"format {FORMAT + 1}; this one knows {FORMAT}"):
        Storage(path)
    assert path.read_bytes() == before


def test_of_several_changes_all_are_kept_or_none(path: Path) -> None:
    storage = Storage(path)
    with pytest.raises(TypeError):
        storage.save_items([ItemChange("t", "a", "-", {"pk": {"S": "a"}}), ItemChange("t", "b", "-", {"pk": object()})])
    assert list(storage.items()) == []
    storage.save_items([ItemChange("t", "a", "-", {"pk": {"S": "a"}}), ItemChange("t", "b", "-", {"pk": {"S": "b"}})])
    storage.save_items([ItemChange("t", "a", "-", None)])
    assert list(storage.items()) == [("t", {"pk": {"S": "b"}})]
    storage.close()
