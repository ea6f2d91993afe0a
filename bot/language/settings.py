"""What people call the environment's settings: the fields of BuildSettings without their unit, as words.

Pure names: which values a setting takes is the business of `orchestration/settings.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from orchestration.settings import BuildSettings

UNITS = frozenset({"s", "gb", "mb", "usd", "percent"})
# Not said in sentences about settings: documents in themselves, and the default dataset, which each person chooses
# (UseDataset); a freeze is FreezeDeploys.
UNSAID = frozenset({"images", "models", "prices", "prices_date", "default_dataset", "deploy_freeze"})
# A setting that begins so reads like a command when nothing is said of it: "tune only", "build image".
_VERBS = frozenset({"build", "tune", "retrain", "deploy", "confirm", "evaluate", "register"})
_NUMBER_WORDS = frozenset({"one", "two", "three", "four"})
_UNSAID_WORDS = frozenset({"the", "of", "for", "in", "a", "our", "my", "type", "after", "s"})


def spoken_settings(names: tuple[str, ...] | None = None) -> dict[str, str]:
    """The field of each setting by what it is called: "training timeout" is training_timeout_s.

    names: the fields; those of BuildSettings when not given.
    """
    names = names if names is not None else tuple(field.name for field in fields(BuildSettings))
    return {" ".join(_words(name)): name for name in names}


def said_settings(spoken: Mapping[str, str]) -> dict[str, str]:
    """The settings of more than one word that sentences speak of, in every way to say them."""
    return {
        said: name
        for name, field in spoken.items()
        if field not in UNSAID and " " in name
        for said in ways_to_say(name)
    }


def said_alone(spoken: Mapping[str, str]) -> dict[str, str]:
    """Those of them that are no command when nothing else is said."""
    return {said: name for said, name in said_settings(spoken).items() if name.split()[0] not in _VERBS}


def ways_to_say(spoken: str) -> set[str]:
    """ "training timeout" is also said as "timeout for training", "timeout of the training"."""
    first, *others = spoken.split()
    if first in _NUMBER_WORDS:
        return {spoken.replace(" ", "-")}
    if not others:
        return {spoken}
    rest = " ".join(others)
    of = (f"{rest} {link}{first}{end}" for link in ("for ", "of ", "for the ", "of the ") for end in ("", "s"))
    return {spoken, f"{spoken}s", *of}


def with_numbers(spoken: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """The settings whose words would be read as numbers, to one word: "two-person-approval"."""
    return {
        phrase: name.replace(" ", "-")
        for name in spoken
        if name.split()[0] in _NUMBER_WORDS
        for phrase in (tuple(name.split()), tuple(name.replace(" ", "-", 1).split()))
    }


def setting_of(said: str, spoken: Mapping[str, str]) -> str:
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
