"""Completion at the prompt: whole sentences of the catalogue, and the word that is being typed."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bot.intents.catalog import INTENTS
from models.catalog import BUILT_IN

SENTENCES = tuple(dict.fromkeys(example for intent in INTENTS if intent.listed for example in intent.examples))
MIN_LETTERS = 2
MAX_WORDS = 12


def _words() -> tuple[str, ...]:
    """Every word of the catalogue's sentences and topics, and the names of models and their hyperparameters."""
    said = [word for sentence in SENTENCES for word in sentence.split()]
    topics = [word for intent in INTENTS for topic in intent.topics for word in topic.split()]
    names = [name for model in BUILT_IN for name in (model.name, *(one.name for one in model.hyperparameters))]
    choices = [choice for model in BUILT_IN for one in model.hyperparameters for choice in one.choices]
    words = {word.strip(",") for word in (*said, *topics, *names, *choices)}
    return tuple(sorted(word for word in words if len(word) > MIN_LETTERS and not word[0].isdigit()))


WORDS = _words()


class SentenceCompleter(Completer):
    """First the sentences that begin as what has been typed does, then the words that begin as its last one does."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        typed = document.text_before_cursor
        begun = " ".join(typed.lower().split(" ")).lstrip()
        for sentence in SENTENCES:
            if sentence.startswith(begun) and sentence != begun:
                yield Completion(sentence, start_position=-len(typed))
        last = begun.rpartition(" ")[2]
        if len(last) >= MIN_LETTERS:
            found = [word for word in WORDS if word.startswith(last) and word != last]
            for word in found[:MAX_WORDS]:
                yield Completion(word, start_position=-len(last))
