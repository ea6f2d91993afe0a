"""The nearest sentences to what was not understood. They are offered, never carried out."""

from __future__ import annotations

from rapidfuzz import fuzz, process

from bot.intents.catalog import INTENTS

MAX_SUGGESTIONS = 3
MIN_SCORE = 40.0  # of 100, token_sort_ratio: below it the likeness is chance
MAX_COMPARED_CHARS = 200

# Without numbers: "cancel build 4" is nobody's near miss but of somebody who means build 4.
_EXAMPLES = tuple(
    (example, intent.changes)
    for intent in INTENTS
    if intent.listed
    for example in intent.examples
    if not any(character.isdigit() for character in example) or "predict" in example
)
_NEGATIONS = frozenset({"not", "dont", "don't", "never", "without", "no"})


def nearest(text: str) -> tuple[str, ...]:
    """At most three canonical sentences, the nearest first; none when nothing is near.

    To somebody who says "do not ..." nothing is offered that changes anything.
    """
    negated = not _NEGATIONS.isdisjoint(text.lower().split())
    sentences = tuple(example for example, changes in _EXAMPLES if not (negated and changes))
    found = process.extract(
        text[:MAX_COMPARED_CHARS],
        sentences,
        scorer=fuzz.token_sort_ratio,
        limit=MAX_SUGGESTIONS,
        score_cutoff=MIN_SCORE,
    )
    return tuple(sentence for sentence, _, _ in found)
