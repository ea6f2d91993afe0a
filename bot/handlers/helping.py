"""Help, made from the catalogue and showing only what the asker may do; and the reply to what was not understood."""

from __future__ import annotations

import logging

from bot.access.memory import Memory
from bot.access.permissions import may
from bot.handlers import wording
from bot.intents.catalog import INTENTS, START_TRAINING, Intent, SlotKind
from bot.intents.request import Request
from bot.language.parse import Parse
from bot.replies import Choice, Problem, Reply, Table
from orchestration.ports import Person, Ports

MAX_QUOTED_CHARS = 60
MAX_LOGGED_CHARS = 500
MAX_WORDS_LOOKED_AT = 12
_TRAINS = frozenset({"train", "retrain", "training", "fit", "tune"})

_log = logging.getLogger("sagebuild.not_understood")


def help_about(request: Request, ports: Ports, memory: Memory) -> Reply:
    """What can be said, or all about one topic."""
    known = _permitted(request.person, ports)
    about = request.text("about")
    if not about:
        rows = tuple((intent.help, f"'{intent.examples[0]}'") for intent in known)
        return Reply(
            text="You can say, for example, 'start training'. Say 'help with training' for more about one of these.",
            spoken=f"You can say, for example, {wording.listed((one.examples[0] for one in known[:3]), 'or')}. "
            f"There is help with {wording.listed(one.topics[0] for one in known[:5])}, and more.",
            table=Table(("to get", "say"), rows),
            choices=tuple(Choice(intent.help, intent.examples[0]) for intent in known[:3]),
        )
    intent = next((intent for intent in known if about in intent.topics), None)
    if intent is None:
        topics = wording.listed(intent.topics[0] for intent in known)
        return Reply(f"I have no help about '{about}'. There is help with {topics}.", error=Problem.UNKNOWN_TOPIC)
    return _about(intent, ports)


def _permitted(person: Person, ports: Ports) -> list[Intent]:
    return [intent for intent in INTENTS if intent.listed and may(person, intent, ports.environment.name)]


def _about(intent: Intent, ports: Ports) -> Reply:
    said = wording.listed((f"'{example}'" for example in intent.examples), "or")
    text = f"{intent.purpose[0].upper()}{intent.purpose[1:]}. Say {said}."
    takes = tuple((slot.name, slot.meaning) for slot in intent.slots)
    if any(slot.kind is SlotKind.HYPERPARAMETERS for slot in intent.slots):
        models = wording.listed(ports.models().names())
        datasets = wording.listed(dataset.name for dataset in ports.datasets.all())
        text = (
            f"{text} Models: {models}. Datasets: {datasets or 'none yet'}. Say 'list models' for the hyperparameters."
        )
    return Reply(text=text, table=Table(("may say", "meaning"), takes) if takes else None)


def not_understood(parse: Parse, ports: Ports) -> Reply:
    """What is answered then: the nearest sentences, offered and never carried out. Logged for the next edition."""
    known = _known_models(parse.utterance, ports)
    _log.info("not understood: %r", parse.utterance[:MAX_LOGGED_CHARS])
    quoted = " ".join(parse.utterance.split())
    quoted = quoted if len(quoted) <= MAX_QUOTED_CHARS else f"{quoted[:MAX_QUOTED_CHARS]}..."
    if not parse.suggestions:
        return Reply(
            text=f"I did not understand '{quoted}', and did nothing.{known} Say 'help' for what I can do.",
            choices=(Choice("Help", "help"), Choice(START_TRAINING.help, START_TRAINING.examples[0])),
            error=Problem.NOT_UNDERSTOOD,
        )
    meant = wording.listed((f"'{sentence}'" for sentence in parse.suggestions), "or")
    return Reply(
        text=f"I did not understand '{quoted}', and did nothing.{known} Did you mean {meant}?",
        choices=tuple(Choice(sentence, sentence) for sentence in parse.suggestions),
        error=Problem.NOT_UNDERSTOOD,
    )


def _known_models(utterance: str, ports: Ports) -> str:
    """ " The models are gp and keras.", to somebody who would train something that is not one of them."""
    words = utterance.lower().split()[:MAX_WORDS_LOOKED_AT]
    if _TRAINS.isdisjoint(words):
        return ""
    catalogue = wording.models_to_tell_of(ports)
    said = {name for model in catalogue for name in (model.name, *model.words)}
    return "" if not said.isdisjoint(words) else f" The models are {wording.listed(catalogue.names())}."
