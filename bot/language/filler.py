"""Words that may be left out of a sentence without changing what it means, and "would you mind starting"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.language.numbers import Token

# Wherever they stand. Not "only", "maybe", "again" or "not": they can make a difference.
_FILLER = frozenset(
    "please kindly um uh erm er hmm hm actually basically simply literally like ok okay really exactly even currently "
    "presently already yet still just honestly quickly possibly somehow ever overall right quite rather very pretty "
    "so also either all totally completely fully finally both full quick brief short exact actual entire whole "
    "specific particular own certain always usually normally generally".split()
)
_MIND = (("would", "you", "mind"), ("do", "you", "mind"), ("you", "mind"), ("mind",))


def without_filler(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the words that mean nothing; all of them when there is nothing else ("ok", "please")."""
    return [token for token in tokens if token not in _FILLER] or list(tokens)


def asked_plainly(tokens: Sequence[Token], knows: Callable[[str], bool]) -> list[Token]:
    """ "would you mind stopping build 4" as "stop build 4"; other sentences as they are."""
    for place, token in enumerate(tokens[:-1]):
        following = tokens[place + 1]
        if token != "mind" or not isinstance(following, str):
            continue
        verb = _base(following, knows)
        start = next(
            (place + 1 - len(p) for p in _MIND if tuple(tokens[max(0, place + 1 - len(p)) : place + 1]) == p), 0
        )
        if verb:
            return [*tokens[:start], verb, *tokens[place + 2 :]]
    return list(tokens)


def _base(gerund: str, knows: Callable[[str], bool]) -> str:
    """ "stopping" to "stop", "deleting" to "delete", "training" to "train"; "" when no sentence has the verb."""
    stem = gerund.removesuffix("ing")
    if stem == gerund or len(stem) < 2:
        return ""
    doubled = stem[:-1] if stem[-1] == stem[-2] else ""
    return next((verb for verb in (f"{stem}e", doubled, stem) if verb and knows(verb)), "")
