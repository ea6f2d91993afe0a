"""Who may do what: default deny. An unknown person, an unknown role, another environment: nothing."""

from __future__ import annotations

from collections.abc import Iterable

from bot.intents.catalog import Intent, Role
from orchestration.ports import NotAllowed, People, Person, Ports, SageBuildError

_RANK = {role: rank for rank, role in enumerate(Role)}
ANYWHERE = frozenset({"WhoAmI", "Help"})  # what is answered where the person may do nothing else
MAX_NAMED = 3


def identify(identity: str, people: People) -> Person:
    """The person with that channel identity. Raises NotAllowed when nobody has it."""
    person = people.by_identity(identity)
    if person is None:
        raise NotAllowed(
            f"I do not know {identity}, so I may not answer. An admin can add you. If I know you on another channel, "
            "say 'link my account' there, and here 'link my account with the code ...'."
        )
    return person


def may(person: Person, intent: Intent, environment: str) -> bool:
    """Whether the person's role is the intent's or a higher one, and the environment one of theirs."""
    here = person.environments is None or environment in person.environments
    return has_role(person, intent.role) and (here or intent.name in ANYWHERE)


def has_role(person: Person, role: Role) -> bool:
    """Whether the person's role is that one or a higher one."""
    return person.role in _RANK and _RANK[Role(person.role)] >= _RANK[role]


def check(person: Person, intent: Intent, ports: Ports) -> None:
    """Raises NotAllowed, saying which role it takes, and who may."""
    environment = ports.environment.name
    if may(person, intent, environment):
        return
    if has_role(person, intent.role):
        theirs = ", ".join(person.environments or ()) or "none"
        raise NotAllowed(f"You may do nothing in the environment {environment}; yours: {theirs}.")
    check_role(person, intent.role, intent.purpose.split(",")[0], ports)


def check_role(person: Person, role: Role, purpose: str, ports: Ports) -> None:
    """Raises NotAllowed unless the person has that role or a higher one. purpose: "stop a build"."""
    if has_role(person, role):
        return
    article = "an" if role[0] in "aeiou" else "a"
    raise NotAllowed(f"To {purpose} takes {article} {role}; you are {person.role!r}.{_who_may(role, ports)}")


def check_models(person: Person, models: Iterable[str] | None) -> None:
    """Raises NotAllowed when it would change anything about a model that is not one of the person's.

    models: those of the command; None: the whole environment, which takes somebody without such a limit.
    """
    if person.models is None:
        return
    theirs = " and ".join(person.models) or "no model"
    if models is None:
        raise NotAllowed(f"That concerns every model of this environment; you may change {theirs} only.")
    if others := sorted(set(models) - set(person.models)):
        raise NotAllowed(f"You may change {theirs} only, not {others[0]}.")


def _who_may(role: Role, ports: Ports) -> str:
    """ " Ask Bob or Carol.", as far as anybody is listed who may."""
    try:
        listed = [one.name for one in ports.people.everybody() if has_role(one, role)]
    except SageBuildError:
        return ""  # the refusal stands without it
    names = list(dict.fromkeys(listed))[:MAX_NAMED]
    return f" Ask {' or '.join(names)}." if names else ""
