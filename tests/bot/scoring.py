"""Whether a sentence of the test sets was understood as its writer meant it.

The writers saw `sentences/BRIEF.md` only, so their labels use its words: "layers" for num_layers, a list for "64,32".
Labels and results are both brought into one form before they are compared; nothing else is forgiven.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from bot.intents.catalog import BY_NAME, INTENTS
from bot.language.grammar import load
from bot.language.names import Names
from bot.language.parse import Language, Parse
from bot.language.settings import setting_of, spoken_settings
from models.catalog import BUILT_IN

FOLDER = Path(__file__).parent / "sentences"


@dataclass(frozen=True)
class Case:
    """A sentence, and what it means: intent None is not for the bot. reason: why the label was corrected, if it was."""

    text: str
    intent: str | None
    slots: Mapping[str, Any]
    kind: str
    reason: str = ""

    @property
    def is_ours(self) -> bool:
        return self.intent is not None


_FIELDS = frozenset(field.name for field in fields(Case))


@dataclass(frozen=True)
class Score:
    """right: of ours, intent and slots. wrong: another intent. slots: the right intent with other slots. missed: not
    understood. accepted: not for the bot, but understood. changed: of these, those that change something."""

    right: tuple[Case, ...]
    wrong: tuple[Case, ...]
    slots: tuple[Case, ...]
    missed: tuple[Case, ...]
    accepted: tuple[Case, ...]
    changed: tuple[Case, ...]

    @property
    def accuracy(self) -> float:
        ours = len(self.right) + len(self.wrong) + len(self.slots) + len(self.missed)
        return len(self.right) / ours if ours else 1.0


def read(name: str) -> list[Case]:
    """The cases of a file of `sentences/`, with corrected labels where `corrections.jsonl` has them."""
    cases = [Case(**line) for line in _lines(name)]
    corrected = {line["text"]: line for line in _lines("corrections.jsonl")}
    return [
        Case(**{**corrected[case.text], "kind": case.kind})
        if name == "others.jsonl" and case.text in corrected
        else case
        for case in cases
    ]


def as_labelled(name: str) -> list[Case]:
    """The cases as their writers labelled them."""
    return [Case(**line) for line in _lines(name)]


def _lines(name: str) -> Iterator[dict[str, Any]]:
    path = FOLDER / name
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield {name: value for name, value in json.loads(line).items() if name in _FIELDS}


def score(cases: list[Case], language: Language) -> Score:
    """How the language does on the cases."""
    found: dict[str, list[Case]] = {name: [] for name in ("right", "wrong", "slots", "missed", "accepted", "changed")}
    for case in cases:
        parse = language.parse(case.text)
        if case.is_ours:
            found[verdict(case, parse)].append(case)
        elif parse.intent is not None:
            found["accepted"].append(case)
            if BY_NAME[parse.intent].changes:
                found["changed"].append(case)
    return Score(**{name: tuple(group) for name, group in found.items()})


def verdict(case: Case, parse: Parse) -> str:
    """ "right", "wrong" (another intent), "slots" (other slots) or "missed"."""
    if parse.intent is None:
        return "missed"
    if parse.intent != case.intent:
        return "wrong"
    return "right" if canonical(parse.slots) == canonical(case.slots) else "slots"


def canonical(slots: Mapping[str, Any]) -> dict[str, Any]:
    """Slots in one form, whoever wrote them."""
    made = {name: _FORMS.get(name, _plain)(value) for name, value in slots.items()}
    return {name: value for name, value in made.items() if value not in ({}, [], "", None)}


@cache
def _names() -> Names:
    return load(BUILT_IN).names


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return float(f"{value:.10g}")
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name).lower(): _plain(one) for name, one in value.items()}
    return " ".join(str(value).lower().split())


def _hyperparameters(value: dict[str, Any]) -> dict[str, Any]:
    """Names as in the catalogue; one number of nodes is nodes per layer; "64,32" is a list."""
    made: dict[str, Any] = {}
    for name, one in value.items():
        known = _names().parameters.get(name.lower().replace("_", " "), _names().parameters.get(name.lower(), name))
        if isinstance(one, str) and re.fullmatch(r"[-\d.e]+(,[-\d.e]+)+", one):
            one = [float(part) for part in one.split(",")]
        if isinstance(one, list) and len(one) == 1:
            one = one[0]
        made[known if isinstance(one, list) else _names().single(known)] = _yes_no(_plain(one))
    return made


def _ranges(value: dict[str, Any]) -> dict[str, Any]:
    return _hyperparameters(value)


def _yes_no(value: Any) -> Any:
    return (
        {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}.get(value, value)
        if isinstance(value, str)
        else value
    )


def _dataset(value: Any) -> str:
    return re.sub(r"[\s_]+", "-", str(value).lower().strip())


def _reason(value: Any) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", str(value).lower()).split())


def _setting(value: Any) -> str:
    return setting_of(str(value).lower().replace("_", " "), spoken_settings())


def _topic(value: Any) -> str:
    """Help with "train" is help with "training"."""
    return next((intent.name for intent in INTENTS if str(value).lower() in intent.topics), str(value).lower())


_FORMS: Mapping[str, Any] = {
    "hyperparameters": _hyperparameters,
    "ranges": _ranges,
    "dataset": _dataset,
    "builds": lambda value: sorted(map(str, value)),
    "reason": _reason,
    "setting": _setting,
    "value": lambda value: _yes_no(_plain(value)),
    "code": lambda value: re.sub(r"\D", "", str(value)),
    "about": _topic,
}
