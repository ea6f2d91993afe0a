"""Bot: an utterance in, a reply out, whatever the channel. Built from ports; `orchestration/wiring.py` makes those."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.access.permissions import identify
from bot.handlers import errors, watching, wording
from bot.handlers.dispatch import answer, misunderstood
from bot.handlers.watching import Progress
from bot.intents.request import Request, Utterance
from bot.language.normalise import MAX_TEXT_CHARS
from bot.language.parse import Language, Parse
from bot.replies import Reply
from orchestration.ports import Ports

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Turn:
    """One exchange: what was said, what it was taken for, what was answered."""

    utterance: Utterance
    parse: Parse
    reply: Reply


class Bot:
    """Answers. Safe for concurrent use; the sentences are compiled at the first use, or by `prepare`."""

    def __init__(self, ports: Ports, language: Language | None = None) -> None:
        self._ports = ports
        self._language = language
        self._compiling = threading.Lock()

    def prepare(self) -> None:
        """Compile the sentences now, so that the first answer does not wait for it."""
        self._understand("help")

    def say(self, utterance: Utterance) -> Turn:
        """Understand and answer. Never raises."""
        parse = Parse(utterance.text)
        try:
            parse = self._understand(utterance.text)
            reply = self._reply(utterance, parse)
        except Exception as error:  # a channel always has something to say
            reply = errors.to_reply(error)
        if parse.was_cut:
            reply = replace(reply, text=f"{reply.text} (I read only the first {MAX_TEXT_CHARS:,} characters.)")
        return Turn(utterance, parse, reply)

    def answer(self, request: Request) -> Reply:
        """Answer a command that a channel with its own recogniser understood. Never raises."""
        return answer(request, self._ports)

    def progress(self, number: int) -> Progress:
        """How a build stands now, for a line that is drawn again and again. Raises SageBuildError."""
        return watching.progress(number, self._ports)

    def outcome(self, number: int, utterance: Utterance) -> Reply:
        """How the build ended that the speaker waited for. Never raises."""
        try:
            person = identify(utterance.identity, self._ports.people)
            return watching.outcome(number, person.id, utterance.conversation, self._ports)
        except Exception as error:  # a channel always has something to say
            return errors.to_reply(error)

    def since_last_time(self, identity: str, channel: str) -> Iterator[Reply]:
        """What ended while the speaker was away, of what they asked to be told; each counts as told once the next is
        asked for, so show it before.

        Never raises: when it cannot be told now, that is logged, and it is told the next time.
        """
        try:
            person = self._ports.people.by_identity(identity)
            if person is not None:
                yield from watching.ended_meanwhile(person.id, channel, self._ports)
        except Exception:  # nobody asked, so there is nobody to tell
            _log.exception("what ended meanwhile cannot be told to %s", identity)

    def wait(self, seconds: float) -> None:
        """Let that time pass, by the clock of the ports."""
        self._ports.clock.sleep(seconds)

    def _understand(self, text: str) -> Parse:
        with self._compiling:
            if self._language is None:
                self._language = Language(wording.models_to_tell_of(self._ports))
        return self._language.parse(text)

    def _reply(self, utterance: Utterance, parse: Parse) -> Reply:
        person = identify(utterance.identity, self._ports.people)
        if parse.intent is None:
            return misunderstood(parse, utterance.conversation, person, self._ports)
        request = Request(
            intent=parse.intent,
            slots=parse.slots,
            words=utterance.text.strip(),
            person=person,
            channel=utterance.channel,
            conversation=utterance.conversation,
            delivery_id=utterance.delivery_id,
            heard=parse.heard,
            repaired=parse.repaired,
        )
        return answer(request, self._ports)
