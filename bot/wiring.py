"""Bot: an utterance in, a reply out, whatever the channel. Built from ports; `orchestration/wiring.py` makes those."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.access.memory import load
from bot.access.permissions import identify
from bot.handlers import errors, followups, progress, strangers, watching, wording
from bot.handlers.dispatch import answer, misunderstood
from bot.handlers.progress import Progress
from bot.intents.request import Request, Utterance
from bot.language.normalise import MAX_TEXT_CHARS
from bot.language.parse import Language, Parse
from bot.replies import Reply
from models.catalog import Catalogue
from orchestration.builds import Json
from orchestration.ports import Person, Ports

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
        self._compiled().parse("help")

    def say(self, utterance: Utterance) -> Turn:
        """Understand and answer. Never raises."""
        parse = Parse(utterance.text)
        try:
            language = self._compiled()
            parse = language.parse(utterance.text)
            parse, reply = self._reply(utterance, parse, language)
        except Exception as error:  # a channel always has something to say
            reply = errors.to_reply(error)
        if parse.was_cut:
            reply = replace(reply, text=f"{reply.text} (I read only the first {MAX_TEXT_CHARS:,} characters.)")
        return Turn(utterance, parse, reply)

    def answer(self, request: Request) -> Reply:
        """Answer a command that a channel with its own recogniser understood. Never raises."""
        return answer(request, self._ports)

    def hear(self, utterance: Utterance, intent: str, slots: Mapping[str, Json]) -> Reply:
        """Answer what a channel with its own recogniser understood, also when nobody knows who speaks. Never raises.

        utterance.text: the words, as far as the channel knows them.
        """
        try:
            person = self._ports.people.by_identity(utterance.identity)
            if person is None:
                return strangers.answer(utterance, intent, slots, self._ports)
            parse = Parse(utterance.text, intent, slots, heard=utterance.text)
            return answer(_request(utterance, parse, intent, person), self._ports)
        except Exception as error:  # a channel always has something to say
            return errors.to_reply(error)

    def progress(self, number: int) -> Progress:
        """How a build stands now, for a line that is drawn again and again. Raises SageBuildError."""
        return progress.progress(number, self._ports)

    def outcome(self, number: int, utterance: Utterance) -> Reply:
        """How the build ended, or what it waits for, that the speaker waited for. Never raises."""
        try:
            person = identify(utterance.identity, self._ports.people)
            return watching.outcome(number, person.id, utterance.conversation, self._ports)
        except Exception as error:  # a channel always has something to say
            return errors.to_reply(error)

    def since_last_time(self, identity: str, channel: str, *, left_alone: bool = False) -> Iterator[Reply]:
        """What ended while the speaker was away, of what they asked to be told; each counts as told once the next is
        asked for, so show it before. left_alone: only what nobody told although it ended some time ago.

        Never raises: when it cannot be told now, that is logged, and it is told the next time.
        """
        try:
            person = self._ports.people.by_identity(identity)
            if person is not None:
                yield from watching.ended_meanwhile(person.id, channel, self._ports, left_alone=left_alone)
        except Exception:  # nobody asked, so there is nobody to tell
            _log.exception("what ended meanwhile cannot be told to %s", identity)

    def wait(self, seconds: float) -> None:
        """Let that time pass, by the clock of the ports."""
        self._ports.clock.sleep(seconds)

    def _compiled(self) -> Language:
        with self._compiling:
            if self._language is None:
                self._language = _language(wording.models_to_tell_of(self._ports))
            return self._language

    def _reply(self, utterance: Utterance, parse: Parse, language: Language) -> tuple[Parse, Reply]:
        """The reply, and what the text was taken for: what was said before may tell."""
        person = self._ports.people.by_identity(utterance.identity)
        if person is None:
            return parse, strangers.answer(utterance, parse.intent, parse.slots, self._ports)
        memory = load(utterance.conversation, person.id, self._ports.conversations)
        followed = followups.meant(parse, memory, language, self._ports)
        parse = followed.parse
        if parse.intent is None:
            return parse, misunderstood(parse, memory, person, self._ports)
        request = _request(utterance, parse, parse.intent, person)
        return parse, answer(request, self._ports, memory, corrects=followed.corrects)


@lru_cache(maxsize=4)
def _language(catalogue: Catalogue) -> Language:
    """The compiled sentences about those models: compiling takes seconds, and a process may make several bots."""
    return Language(catalogue)


def _request(utterance: Utterance, parse: Parse, intent: str, person: Person) -> Request:
    return Request(
        intent=intent,
        slots=parse.slots,
        words=utterance.text.strip(),
        person=person,
        channel=utterance.channel,
        conversation=utterance.conversation,
        delivery_id=utterance.delivery_id,
        heard=parse.heard,
        repaired=parse.repaired,
        place=utterance.place,
    )
