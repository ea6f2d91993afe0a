"""A request from beginning to end: rate, permission, confirmation, the handler, the audit entry, what is remembered."""

from __future__ import annotations

from dataclasses import replace

from bot.access import audit, confirmations, limits, permissions
from bot.access.confirmations import Meant
from bot.access.memory import Memory, Refusal, load, save
from bot.handlers import errors
from bot.handlers.helping import not_understood
from bot.handlers.registry import HANDLERS
from bot.intents.catalog import BY_NAME, YES, Intent
from bot.intents.request import Request
from bot.language.parse import Parse
from bot.replies import Command, Problem, Question, Reply
from models.catalog import CatalogueError
from orchestration.ports import Conversation, Person, Ports, SageBuildError

# What is written down although it costs nothing: who may do what changes by it.
AUDITED = frozenset({"LinkAccount"})


def answer(request: Request, ports: Ports, memory: Memory | None = None, *, corrects: bool = False) -> Reply:
    """The reply to a request. Never raises: what goes wrong is a reply too.

    memory: when it was loaded already. corrects: it is the last command with something different, so that it is asked
    about first when it changes anything.
    """
    try:
        if memory is None:
            memory = load(request.conversation, request.person.id, ports.conversations)
        if request.intent == YES.name and (command := confirmations.take(request, memory, ports)) is not None:
            request, memory = command, replace(memory, record=Conversation(memory.record.id, {}), pending=None)
        turn = _Turn(request, memory, ports, corrects)
        reply = turn.audited()
        save(turn.remembered(reply), ports.conversations)
    except Exception as error:  # the one place where anything that went wrong becomes a reply
        return errors.to_reply(error)
    return reply


def misunderstood(parse: Parse, memory: Memory, person: Person, ports: Ports) -> Reply:
    """The reply to what was not understood. Raises Unavailable.

    A pending question is dropped: a "yes" that follows would be meant for what this reply offers.
    """
    if not limits.is_within_rate(person, ports):
        return _too_many(person)
    save(replace(memory, pending=None, asked=None), ports.conversations)
    return not_understood(parse, ports)


class _Turn:
    """One request as it becomes exact: `request` has the slots that were meant once that is known."""

    def __init__(self, request: Request, memory: Memory, ports: Ports, corrects: bool) -> None:
        self._corrects = corrects
        self.request, self._memory, self._ports = request, memory, ports
        self._said = Command(request.intent, request.slots, request.words)
        self._intent: Intent = BY_NAME[request.intent]

    def audited(self) -> Reply:
        """The reply; a command that changes anything leaves its audit entry, whatever came of it."""
        is_kept = self._intent.changes or (self._intent.name in AUDITED and "code" in self.request.slots)
        try:
            reply = self._carried_out()
        except (SageBuildError, CatalogueError) as error:
            reply = errors.to_reply(error)
        except Exception:
            if is_kept:
                audit.note(self.request, Problem.INTERNAL_ERROR, self.request.number("build"), self._ports)
            raise
        if is_kept and reply.confirm is None and reply.ask is None:
            outcome = f"refused: {reply.error}" if reply.error else "done"
            audit.note(self.request, outcome, reply.build, self._ports)
        return reply

    def _carried_out(self) -> Reply:
        request, intent, ports = self.request, self._intent, self._ports
        if not limits.is_within_rate(request.person, ports):
            return _too_many(request.person)
        permissions.check(request.person, intent, ports)
        if (asking := _missing(intent, request)) is not None:
            return asking
        handler = HANDLERS[intent.name]
        if handler.means is not None:
            meant = handler.means(request, ports, self._memory)
            if not isinstance(meant, Meant):
                return meant
            permissions.check_models(request.person, meant.models)
            if self._corrects:
                meant = replace(meant, asks=True, note=f"{meant.note} {self._what_goes_on()}".strip())
            if confirmations.is_needed(intent, request, meant):
                return confirmations.question(intent, request, meant)
            self.request = replace(request, slots=meant.slots)
        return handler.answer(self.request, ports, self._memory)

    def _what_goes_on(self) -> str:
        """What the corrected command has started already, and how it is ended."""
        memory = self._memory
        last = BY_NAME.get(memory.last.command.intent) if memory.last is not None else None
        if memory.pending is not None or memory.build is None or last is None or not last.makes_build:
            return ""
        return f"Build {memory.build} goes on; say 'stop build {memory.build}' to end it."

    def remembered(self, reply: Reply) -> Memory:
        """After the turn: the build spoken of, the last refusal, and only what this reply itself asks."""
        memory, request, now = self._memory, self.request, self._ports.clock.now()
        asks = reply.confirm is not None or reply.ask is not None
        refusal = memory.refusal
        if self._intent.makes_build and not asks:
            refusal = Refusal(request.words, reply.text, now) if reply.error else None
        return replace(
            memory,
            build=reply.build if reply.build is not None else memory.build,
            refusal=refusal,
            pending=confirmations.pending(reply.confirm, self._ports) if reply.confirm else None,
            asked=confirmations.asked(reply.ask, self._ports) if reply.ask else None,
            last=confirmations.recent(self._said, self._ports) if self._intent.listed else memory.last,
        )


def _missing(intent: Intent, request: Request) -> Reply | None:
    """The question for the first required slot that was not said."""
    slot = next((slot for slot in intent.slots if slot.required and slot.name not in request.slots), None)
    if slot is None:
        return None
    command = Command(intent.name, request.slots, request.words)
    text = f"{slot.question} For example: '{intent.examples[0]}'."
    return Reply(text, spoken=slot.question, ask=Question(command, slot.name), error=Problem.MISSING_SLOT)


def _too_many(person: Person) -> Reply:
    return Reply(
        f"That were more than {person.commands_per_minute} commands in one minute, so I did nothing. Wait a minute.",
        error=Problem.TOO_MANY_COMMANDS,
    )
