"""What people call the environment's settings: the fields of BuildSettings without their unit, as words.

Pure names: which values a setting takes is the business of `orchestration/settings.py`.
"""

from __future__ import annotations

from dataclasses import fields

from orchestration.settings import BuildSettings

UNITS = frozenset({"s", "gb", "usd", "rows", "percent"})
# Settings of the whole environment that nobody says aloud: documents in themselves.
UNSAID = frozenset({"images", "models"})
_UNSAID_WORDS = frozenset({"the", "of", "for", "in", "a", "our", "my", "type", "after", "s"})


def spoken_settings(names: tuple[str, ...] | None = None) -> dict[str, str]:
    """The field of each setting by what it is called: "training timeout" is training_timeout_s.

    names: the fields; those of BuildSettings when not given.
    """
    names = names if names is not None else tuple(field.name for field in fields(BuildSettings))
    return {" ".join(_words(name)): name for name in names if name not in UNSAID}


def ways_to_say(spoken: str) -> set[str]:
    """ "training timeout" is also said as "timeout for training", "timeout of the training"."""
    first, *others = spoken.split()
    if not others:
        return {spoken}
    rest = " ".join(others)
    of = (f"{rest} {link}{first}{end}" for link in ("for ", "of ", "for the ", "of the ") for end in ("", "s"))
    return {spoken, f"{spoken}s", *of}


def setting_of(said: str, spoken: dict[str, str]) -> str:
    """The name of the setting that has those words in whatever order; as it was said where there is none, or several.

    >>> setting_of("timeout training", {"training timeout": "training_timeout_s"})
    'training timeout'
    """
    wanted = _content(said)
    exact = [name for name in spoken if _content(name) == wanted]
    return exact[0] if len(exact) == 1 else said


def _words(field: str) -> list[str]:
    words = field.split("_")
    return words[:-1] if len(words) > 1 and words[-1] in UNITS else words


def _content(said: str) -> frozenset[str]:
    return frozenset(word.removesuffix("s") for word in said.split() if word not in _UNSAID_WORDS)
