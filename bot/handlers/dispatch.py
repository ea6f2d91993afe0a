"""A request from beginning to end: permission, confirmation, the handler, the audit entry, what is remembered."""

from __future__ import annotations

from dataclasses import replace

from bot.access import audit, confirmations, permissions
from bot.access.memory import Memory, Refusal, load, save
from bot.handlers import errors
from bot.handlers.helping import not_understood
from bot.handlers.registry import HANDLERS
from bot.intents.catalog import BY_NAME, YES, Intent
from bot.intents.request import Request
from bot.language.parse import Parse
from bot.replies import Problem, Reply
from models.catalog import CatalogueError
from orchestration.ports import Conversation, Person, Ports, SageBuildError


def answer(request: Request, ports: Ports) -> Reply:
    """The reply to a request. Never raises: what goes wrong is a reply too."""
    try:
        memory = load(request.conversation, request.person.id, ports.conversations)
        if request.intent == YES.name and (command := confirmations.take(request, memory, ports)) is not None:
            request, memory = command, replace(memory, record=Conversation(memory.record.id, {}), pending=None)
        reply = _audited(request, memory, ports)
        save(_remembered(request, reply, memory, ports), ports.conversations)
    except Exception as error:  # the one place where anything that went wrong becomes a reply
        return errors.to_reply(error)
    return reply


def misunderstood(parse: Parse, conversation: str, person: Person, ports: Ports) -> Reply:
    """The reply to what was not understood. Raises Unavailable.

    A pending question is dropped: a "yes" that follows would be meant for what this reply offers.
    """
    memory = load(conversation, person.id, ports.conversations)
    save(replace(memory, pending=None), ports.conversations)
    return not_understood(parse)


def _audited(request: Request, memory: Memory, ports: Ports) -> Reply:
    """The reply; a command that changes anything leaves its audit entry, whatever came of it."""
    intent = BY_NAME[request.intent]
    try:
        reply = _carried_out(intent, request, memory, ports)
    except (SageBuildError, CatalogueError) as error:
        reply = errors.to_reply(error)
    except Exception:
        if intent.changes:
            audit.note(request, Problem.INTERNAL_ERROR, request.number("build"), ports)
        raise
    if intent.changes and reply.confirm is None:
        audit.note(request, f"refused: {reply.error}" if reply.error else "done", reply.build, ports)
    return reply


def _carried_out(intent: Intent, request: Request, memory: Memory, ports: Ports) -> Reply:
    permissions.check(request.person, intent)
    missing = next((slot for slot in intent.slots if slot.required and slot.name not in request.slots), None)
    if missing is not None:
        return Reply(f"{missing.question} For example: '{intent.examples[0]}'.", error=Problem.MISSING_SLOT)
    handler = HANDLERS[intent.name]
    if confirmations.is_needed(intent, request):
        slots = handler.bind(request, ports, memory) if handler.bind else dict(request.slots)
        return confirmations.question(intent, request, slots)
    return handler.answer(request, ports, memory)


def _remembered(request: Request, reply: Reply, memory: Memory, ports: Ports) -> Memory:
    """After the turn: the build spoken of, the last refusal, and only a confirmation that this reply asks for."""
    refusal = memory.refusal
    if BY_NAME[request.intent].makes_build and reply.confirm is None:
        refusal = Refusal(request.words, reply.text, ports.clock.now()) if reply.error else None
    return replace(
        memory,
        build=reply.build if reply.build is not None else memory.build,
        refusal=refusal,
        pending=confirmations.pending(reply.confirm, ports) if reply.confirm else None,
    )
