"""What a form's fields must hold, carried by the form itself: the ack can refuse a field without knowing the catalogue.

Whoever starts the build checks everything again. Standard library only, for the ack's sake.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_METADATA_CHARS = 3000  # Slack's, of private_metadata
INTEGER, NUMBER = "integer", "number"


@dataclass(frozen=True)
class Rule:
    """A number's kind and bounds, inclusive; None: not bounded. needed: it may not be left empty."""

    kind: str
    low: float | None = None
    high: float | None = None
    needed: bool = False

    def problem(self, text: str) -> str:
        """What is wrong with it, as a sentence; "" when nothing is."""
        if not text.strip():
            return "This is needed." if self.needed else ""
        number = _number(text)
        fits = number is not None and (self.low is None or number >= self.low)
        fits = fits and (self.high is None or (number or 0.0) <= self.high)
        if fits and (self.kind == NUMBER or number == int(number or 0.0)):
            return ""
        return f"It must be {self.allowed()}."

    def allowed(self) -> str:
        """ "a whole number from 0 to 4"."""
        noun = "a whole number" if self.kind == INTEGER else "a number"
        if self.low is not None and self.high is not None:
            return f"{noun} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{noun} of at least {self.low:g}"
        return f"{noun} of at most {self.high:g}" if self.high is not None else noun


@dataclass(frozen=True)
class Metadata:
    """What a form knows of itself.

    channel and thread: where it was asked for and its outcome goes; "" is the person. sealed: what the button carried.
    rules: by block. pairs: (lower, upper) blocks of which the first may not exceed the second.
    """

    channel: str = ""
    thread: str = ""
    sealed: str = ""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    def to_text(self) -> str:
        """As private_metadata. Rules that do not fit are left to whoever starts the build."""
        document: dict[str, Any] = {"c": self.channel, "t": self.thread, "s": self.sealed}
        rules = {block: [rule.kind, rule.low, rule.high, rule.needed] for block, rule in self.rules.items()}
        full = json.dumps({**document, "r": rules, "p": self.pairs}, separators=(",", ":"))
        return full if len(full) <= MAX_METADATA_CHARS else json.dumps(document, separators=(",", ":"))


def metadata_from(text: str) -> Metadata:
    """What `to_text` gave; empty for anything else."""
    try:
        document = json.loads(text or "{}")
        rules = {block: Rule(*given) for block, given in document.get("r", {}).items()}
        pairs = tuple((str(low), str(high)) for low, high in document.get("p", ()))
        channel, thread, sealed = (str(document.get(key, "")) for key in "cts")
    except (ValueError, TypeError, AttributeError):
        return Metadata()
    return Metadata(channel, thread, sealed, rules, pairs)


def problems(fields: Mapping[str, Any], metadata: Metadata) -> dict[str, str]:
    """Block to what is wrong with it: Slack shows these under the fields and keeps the form open."""
    found = {}
    for block, rule in metadata.rules.items():
        value = fields.get(block, "")
        if problem := rule.problem(value if isinstance(value, str) else ""):
            found[block] = problem
    for low, high in metadata.pairs:
        ends = (_number(str(fields.get(low, ""))), _number(str(fields.get(high, ""))))
        if low not in found and high not in found and None not in ends and (ends[0] or 0.0) >= (ends[1] or 0.0):
            found[high] = "It must be more than the lower end."
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None
