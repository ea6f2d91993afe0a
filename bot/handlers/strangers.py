"""Whoever nobody knows on this channel: nothing is done for them, but a code from another channel makes them known."""

from __future__ import annotations

from collections.abc import Mapping

from bot.access import audit
from bot.access.permissions import identify
from bot.handlers import errors
from bot.handlers.linking import code_said, redeem
from bot.intents.request import Request, Utterance
from bot.replies import Reply
from orchestration.builds import Json
from orchestration.ports import Person, Ports, SageBuildError

LINK = "LinkAccount"


def answer(utterance: Utterance, intent: str | None, slots: Mapping[str, Json], ports: Ports) -> Reply:
    """Link them when they say a code. Raises NotAllowed for anything else, Unavailable."""
    code = code_said(slots.get("code")) if intent == LINK else ""
    if not code:
        identify(utterance.identity, ports.people)
    try:
        reply = redeem(code, utterance.identity, utterance.channel, ports)
    except SageBuildError as error:
        reply = errors.to_reply(error)
    person = ports.people.by_identity(utterance.identity)
    _note(utterance, slots, reply, person or Person(utterance.identity, utterance.identity, ""), ports)
    return reply


def _note(utterance: Utterance, slots: Mapping[str, Json], reply: Reply, person: Person, ports: Ports) -> None:
    request = Request(
        intent=LINK,
        slots=slots,
        words=utterance.text,
        person=person,
        channel=utterance.channel,
        conversation=utterance.conversation,
        delivery_id=utterance.delivery_id,
    )
    audit.note(request, f"refused: {reply.error}" if reply.error else "done", None, ports)
