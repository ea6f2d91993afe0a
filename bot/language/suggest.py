"""The nearest sentences to what was not understood. They are offered, never carried out."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from bot.intents.catalog import INTENTS

MAX_SUGGESTIONS = 3
MIN_SCORE = 40.0  # of 100, token_sort_ratio: below it the likeness is chance
MAX_COMPARED_CHARS = 200

_SENTENCES = tuple(example for intent in INTENTS if intent.listed for example in intent.examples)


def nearest(text: str) -> tuple[str, ...]:
    """At most three canonical sentences, the nearest first; none when nothing is near."""
    found = process.extract(
        text[:MAX_COMPARED_CHARS],
        _SENTENCES,
        scorer=fuzz.token_sort_ratio,
        limit=MAX_SUGGESTIONS,
        score_cutoff=MIN_SCORE,
    )
    return tuple(sentence for sentence, _, _ in found)
