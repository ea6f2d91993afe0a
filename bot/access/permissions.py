"""Who may do what. An unknown person and an unknown role may do nothing."""

from __future__ import annotations

from bot.intents.catalog import Intent, Role
from orchestration.ports import NotAllowed, People, Person

_RANK = {role: rank for rank, role in enumerate(Role)}


def identify(identity: str, people: People) -> Person:
    """The person with that channel identity. Raises NotAllowed when nobody has it."""
    person = people.by_identity(identity)
    if person is None:
        raise NotAllowed(f"I do not know {identity}, so I may not answer. An admin can add you.")
    return person


def may(person: Person, intent: Intent) -> bool:
    """Whether the person's role is the intent's or a higher one."""
    return person.role in _RANK and _RANK[Role(person.role)] >= _RANK[intent.role]


def check(person: Person, intent: Intent) -> None:
    """Raises NotAllowed, saying which role it takes."""
    if not may(person, intent):
        article = "an" if intent.role[0] in "aeiou" else "a"
        raise NotAllowed(f"To {intent.purpose.split(',')[0]} takes {article} {intent.role}; you are {person.role!r}.")
