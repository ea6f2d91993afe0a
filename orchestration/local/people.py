"""People in local mode: whoever sits at this machine may do everything in it, unless `people.json` says who may what.

    <state folder>/people.json    [{"id": "ada", "name": "Ada", "role": "approver", "identities": ["console:ada"]}, ...]

Each entry may also have timezone, environments and models (see `Person`). Whoever is not in the file is then nobody.
What is linked by a one-time code is kept in the engine's own table, as on AWS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestration.ports import BadSettings, Conflict, People, Person

CONSOLE = "console:"
ROLES = ("viewer", "builder", "approver", "admin")


class LocalPeople:
    """The port People: `console:<name>` is the admin of that name, where no file says otherwise.

    stored: where links are kept; None: there is nothing to link. file: the people.json, which need not be there.
    """

    def __init__(self, stored: People | None = None, file: Path | None = None) -> None:
        self._stored, self._file = stored, file

    def by_identity(self, identity: str) -> Person | None:
        listed = self._listed()
        if listed is not None and (found := next((one for one in listed if identity in one.identities), None)):
            return found
        if listed is None and identity.startswith(CONSOLE):
            return _admin(identity.removeprefix(CONSOLE))
        linked = self._stored.by_identity(identity) if self._stored is not None else None
        return self.by_id(linked.id) if linked is not None else None

    def by_id(self, person_id: str) -> Person | None:
        listed = self._listed()
        if listed is not None:
            return next((one for one in listed if one.id == person_id), None)
        return _admin(person_id)

    def everybody(self) -> list[Person]:
        return sorted(self._listed() or [], key=lambda person: person.id)

    def put(self, person: Person) -> None:
        raise Conflict(f"In local mode people are listed in {self._file or 'people.json'}.")

    def link(self, person_id: str, identity: str) -> Person:
        person = self.by_id(person_id)
        holder = self.by_identity(identity)
        if person is None or self._stored is None or (holder is not None and holder.id != person_id):
            raise Conflict(f"{identity} cannot be linked: it is somebody else's, or nobody is called {person_id}.")
        kept = self._stored.by_id(person_id) or replace(person, identities=())
        self._stored.put(replace(kept, identities=tuple(dict.fromkeys((*kept.identities, identity)))))
        return replace(person, identities=tuple(dict.fromkeys((*person.identities, identity))))

    def _listed(self) -> list[Person] | None:
        """Those in the file; None when there is no file. Raises BadSettings."""
        if self._file is None or not self._file.exists():
            return None
        try:
            entries = json.loads(self._file.read_text(encoding="utf-8"))
            return [_from_entry(entry) for entry in entries]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadSettings(
                f"{self._file} does not say who may do what ({type(error).__name__}: {error}); it holds a list like "
                '[{"id": "ada", "name": "Ada", "role": "admin", "identities": ["console:ada"]}].'
            ) from error


def _admin(name: str) -> Person | None:
    if not name:
        return None
    return Person(name, name, "admin", (f"{CONSOLE}{name}",), _own_timezone(), commands_per_minute=None)


def _from_entry(entry: Mapping[str, Any]) -> Person:
    if entry["role"] not in ROLES:
        raise ValueError(f"{entry['role']!r} is none of the roles {', '.join(ROLES)}")
    return Person(
        id=str(entry["id"]),
        name=str(entry.get("name", entry["id"])),
        role=str(entry["role"]),
        identities=tuple(str(one) for one in entry.get("identities", [f"{CONSOLE}{entry['id']}"])),
        timezone=str(entry.get("timezone", _own_timezone())),
        environments=_limit(entry, "environments"),
        models=_limit(entry, "models"),
        commands_per_minute=entry.get("commands_per_minute"),
    )


def _limit(entry: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(str(one) for one in entry[name]) if entry.get(name) is not None else None


def _own_timezone() -> str:
    """This machine's zone by its name, such as Europe/Berlin; UTC when it has none."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        try:
            name = str(Path("/etc/localtime").readlink()).partition("zoneinfo/")[2]
        except OSError:
            name = ""
    try:
        return ZoneInfo(name).key if name else "UTC"
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
