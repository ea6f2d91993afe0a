"""Commands that are asked about first. A confirmation is bound to the person, the conversation and the exact command,
lives five minutes and works once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.access.memory import Memory, Pending
from bot.intents.catalog import BY_NAME, Intent, Tier
from bot.intents.request import Request
from bot.replies import Choice, Command, Reply
from orchestration.builds import Json
from orchestration.ports import Ports

LIFETIME = timedelta(minutes=5)
YES_OR_NO = (Choice("Yes", "yes"), Choice("No", "no"))


def is_needed(intent: Intent, request: Request) -> bool:
    """Whether it is asked about first: what touches production always, what changes anything when it was repaired."""
    if request.confirmed:
        return False
    return intent.tier is Tier.PRODUCTION or (intent.changes and request.repaired)


def question(intent: Intent, request: Request, slots: Mapping[str, Json]) -> Reply:
    """The question. slots: the command's, with "it" and "the last one" replaced by what they mean now."""
    about = slots.get("build")
    meant = f" (build {about})" if isinstance(about, int) and about != request.slots.get("build") else ""
    return Reply(
        text=f"Did you mean: '{request.heard or request.words}'?{meant} {intent.confirmation} Say yes or no.",
        choices=YES_OR_NO,
        build=about if isinstance(about, int) else None,
        confirm=Command(intent.name, slots, request.words),
    )


def pending(command: Command, ports: Ports) -> Pending:
    """The command as it is remembered until it is answered."""
    return Pending(command, ports.clock.now() + LIFETIME)


def take(request: Request, memory: Memory, ports: Ports) -> Request | None:
    """The command that this "yes" confirms, as a confirmed request; None when there is none, or not any more."""
    waiting = memory.pending
    if waiting is None or waiting.command.intent not in BY_NAME or ports.clock.now() >= waiting.expires_at:
        return None
    if not ports.conversations.consume(memory.record, request.delivery_id):
        return None
    command = waiting.command
    return replace(request, intent=command.intent, slots=command.slots, words=command.words, confirmed=True)
