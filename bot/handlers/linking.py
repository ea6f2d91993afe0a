"""LinkAccount and WhoAmI: one person on several channels, by a one-time code.

Somebody known asks for a code on one channel, and says it on the other, where nobody knows them yet. A code has six
digits, lives ten minutes, works once and only on another channel; the store knows its digest alone. Wrong codes are
counted, for the one who says them and for all, so that none is found by trying.
"""

from __future__ import annotations

import hashlib
import secrets

from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Problem, Reply
from orchestration.ports import LinkCode, Person, Ports, Unavailable

DIGITS = 6
LIFETIME_S = 600
MAX_TRIES = 5  # wrong codes of one identity in that time
MAX_TRIES_OF_ALL = 50  # of an environment: with a million codes, nobody finds one of a few
_WRONG = "That code is wrong, too old or was used. Where I know you, say 'link my account' for another."


def link_account(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Give a code, or take one that was given elsewhere. Raises Unavailable."""
    if code := code_said(request.slots.get("code")):
        identity = own_identity(request)
        return redeem(code, identity, request.channel, ports) if identity else Reply(_WRONG, error=Problem.BAD_CODE)
    channel = request.text("channel")
    if channel == request.channel:
        return Reply(f"You are on {channel} now, and I know you here. Say it where I know you, about another channel.")
    code = _new_code(LinkCode(request.person.id, request.channel, channel), ports)
    there = channel.title() if channel else "the other channel"
    return Reply(
        text=f"Your code is {code}, for the next {wording.duration_s(LIFETIME_S)} and once. Say on {there}: "
        f"'link my account with the code {code}'. Give it to nobody: whoever says it is you.",
        spoken=f"Your code is {' '.join(code)}. Say on {there}: link my account with the code.",
    )


def code_said(slot: object) -> str:
    """The digits that were said, "" when none were."""
    return "".join(character for character in str(slot or "") if character.isdigit())


def own_identity(request: Request) -> str:
    """The identity by which the person is known on this channel, "" when none."""
    return next((one for one in request.person.identities if one.startswith(f"{request.channel}:")), "")


def _new_code(link: LinkCode, ports: Ports) -> str:
    """A code that is nobody else's. Raises Unavailable when chance is against it."""
    for _ in range(5):
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        if ports.codes.put(_digest(code, ports), link, LIFETIME_S):
            return code
    raise Unavailable("No code could be made.")


def _digest(code: str, ports: Ports) -> str:
    return hashlib.sha256(f"{ports.environment.name}/{code}".encode()).hexdigest()


def redeem(code: str, identity: str, channel: str, ports: Ports) -> Reply:
    """Make that identity the one of whoever asked for the code. Raises Conflict when it is somebody else's."""
    # Counted before it is looked at: many tries at once are as many as one after the other.
    if _count(identity, 1, ports):
        return Reply(
            f"Too many wrong codes. Try again in {wording.duration_s(LIFETIME_S)}, with a new one.",
            error=Problem.BAD_CODE,
        )
    link = ports.codes.take(_digest(code, ports)) if len(code) == DIGITS else None
    if link is None or channel == link.made_in or link.channel not in ("", channel):
        return Reply(_WRONG, error=Problem.BAD_CODE)
    _count(identity, -1, ports)
    person = ports.people.link(link.person, identity)
    return Reply(f"Done: on {channel} I know you as {person.name} now, {_article(person.role)}.")


def _count(identity: str, amount: int, ports: Ports) -> bool:
    """Count a try; whether that is one too many."""
    mine = ports.counters.add(f"codes-tried/{identity}", amount, LIFETIME_S)
    return ports.counters.add("codes-tried", amount, LIFETIME_S) > MAX_TRIES_OF_ALL or mine > MAX_TRIES


def _article(role: str) -> str:
    return f"{'an' if role[:1] in 'aeiou' else 'a'} {role}"


def who_am_i(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Name, role, limits and channels."""
    person = request.person
    channels = wording.listed(sorted({one.partition(":")[0] for one in person.identities}))
    return Reply(
        text=f"You are {person.name}, {_article(person.role)} in {ports.environment.name}{_limits(person, ports)}. "
        f"I know you on {channels or request.channel}; your clock is {person.timezone}. "
        "Say 'help' for what you may do.",
        spoken=f"You are {person.name}, {_article(person.role)}.",
    )


def _limits(person: Person, ports: Ports) -> str:
    limits = []
    if person.environments is not None:
        if ports.environment.name not in person.environments:
            limits.append(", where you may do nothing")
        limits.append(f"; you may use {wording.listed(person.environments) or 'no environment'}")
    if person.models is not None:
        limits.append(f"; you may change {wording.listed(person.models) or 'no model'} only")
    return "".join(limits)
