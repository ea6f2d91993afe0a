"""Commands that are asked about first. A confirmation is bound to the person, the conversation and the exact command,
lives five minutes and works once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.access.memory import Asked, Memory, Pending, Recent
from bot.intents.catalog import BY_NAME, Intent, Tier
from bot.intents.request import Request
from bot.replies import Choice, Command, Question, Reply
from orchestration.builds import Json
from orchestration.ports import Ports

LIFETIME = timedelta(minutes=5)
YES_OR_NO = (Choice("Yes", "yes"), Choice("No", "no"))
VOICE = frozenset({"alexa"})  # where what costs money is read back first: a room says many things


@dataclass(frozen=True)
class Meant:
    """What a command means exactly, before anything is done: what is asked about, and what "yes" carries out.

    slots: with "it" and "the last one" replaced by what they mean now. sentence: the command in full, as a question
    begins ("Deploy build 7 (gp on toy)"). models: those that it changes anything about; None: the whole environment.
    asks: whether it is asked about although its tier would not be, such as for its price.
    """

    slots: Mapping[str, Json]
    sentence: str = ""
    models: tuple[str, ...] | None = ()
    asks: bool = False
    note: str = field(default="")

    @property
    def build(self) -> int | None:
        """The build that it is about."""
        number = self.slots.get("build")
        return number if type(number) is int else None


def is_needed(intent: Intent, request: Request, meant: Meant) -> bool:
    """Whether it is asked about first: what touches production always; what changes anything when it was repaired,
    when it is heard rather than read, and when it is dear."""
    if request.confirmed or not intent.changes:
        return False
    return intent.tier is Tier.PRODUCTION or request.repaired or request.channel in VOICE or meant.asks


def question(intent: Intent, request: Request, meant: Meant) -> Reply:
    """The question, which reads the command back."""
    said = f"Did you mean: '{request.heard or request.words}'?"
    if request.repaired:
        number = meant.build
        named = f" (build {number})" if number is not None and number != request.slots.get("build") else ""
        text = f"{said}{named}"
    else:
        text = f"{meant.sentence}?" if meant.sentence else said
    note = f" {meant.note}" if meant.note else ""
    return Reply(
        text=f"{text} {intent.confirmation}{note} Say yes or no.",
        choices=YES_OR_NO,
        build=meant.build,
        confirm=Command(intent.name, meant.slots, request.words),
    )


def pending(command: Command, ports: Ports) -> Pending:
    """The command as it is remembered until it is answered."""
    return Pending(command, ports.clock.now() + LIFETIME)


def asked(question_: Question, ports: Ports) -> Asked:
    """The question for a slot as it is remembered until it is answered."""
    return Asked(question_, ports.clock.now() + LIFETIME)


def recent(command: Command, ports: Ports) -> Recent:
    """The command as it is remembered while it may be corrected."""
    return Recent(command, ports.clock.now() + LIFETIME)


def take(request: Request, memory: Memory, ports: Ports) -> Request | None:
    """The command that this "yes" confirms, as a confirmed request; None when there is none, or not any more."""
    waiting = memory.pending
    if waiting is None or waiting.command.intent not in BY_NAME or ports.clock.now() >= waiting.expires_at:
        return None
    if not ports.conversations.consume(memory.record, request.delivery_id):
        return None
    command = waiting.command
    return replace(request, intent=command.intent, slots=command.slots, words=command.words, confirmed=True)
