"""People in local mode: whoever sits at this machine may do everything in it."""

from __future__ import annotations

from orchestration.ports import Conflict, Person

CONSOLE = "console:"


class LocalPeople:
    """The port People: `console:<name>` is the admin of that name."""

    def by_identity(self, identity: str) -> Person | None:
        if not identity.startswith(CONSOLE):
            return None
        name = identity.removeprefix(CONSOLE)
        return Person(id=name, name=name, role="admin", identities=(identity,)) if name else None

    def by_id(self, person_id: str) -> Person | None:
        return self.by_identity(f"{CONSOLE}{person_id}")

    def link(self, person_id: str, identity: str) -> Person:
        raise Conflict("In local mode there are no other channels to link.")
