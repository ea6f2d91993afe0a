"""What an entry of the catalogue of intents is made of; `catalog.py` lists them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """What an intent risks: nothing, money, or what is in production."""

    READ = "read"
    SPEND = "spend"
    PRODUCTION = "production"


class Role(StrEnum):
    """What a person may do; each role may do all that the ones before it may."""

    VIEWER = "viewer"
    BUILDER = "builder"
    APPROVER = "approver"
    ADMIN = "admin"


class SlotKind(StrEnum):
    """What a slot holds, and the JSON that it is."""

    MODEL = "model"  # a model's name, or the unknown word that was said for one
    DATASET = "dataset"  # a word; the handler knows which datasets there are
    ENDPOINT = "endpoint"  # a word
    HYPERPARAMETERS = "hyperparameters"  # an object: name to number, true, false or word, as said
    RANGES = "ranges"  # an object: hyperparameter to {} or {"low": number, "high": number, "scale": "log"}
    BUILD = "build"  # a number, or "it", "mine" or "last"
    BUILDS = "builds"  # a list of two or more of those
    NUMBERS = "numbers"  # a list of numbers, or an object: input's name to number
    INPUTS = "inputs"  # an object: input's name to number
    INPUT = "input"  # an input's name
    NUMBER = "number"  # a number
    COUNT = "count"  # a whole number
    SECONDS = "seconds"  # a number of seconds
    STATUS = "status"  # "running", "failed", "ready", "trained", "stopped", "ended" or "waiting"
    STRATEGY = "strategy"  # "random", "bayesian", "grid" or "hyperband"
    PERIOD = "period"  # "today", "yesterday", "this week", "this month"
    WHOSE = "whose"  # "mine" or "all"
    ACTION = "action"  # what somebody did: "deployed", "approved", "started", ...
    INSTANCE = "instance"  # an instance type: "ml.m5.xlarge"
    SETTING = "setting"  # what a setting is called: "training timeout"; `language/settings.py` has the field
    VALUE = "value"  # a number, true, false or a word
    CHANNEL = "channel"  # "alexa" or "slack"
    CODE = "code"  # digits, as text: they may begin with 0
    TEXT = "text"  # free text, as it was written
    TOPIC = "topic"  # a word of an intent's topics
    FLAG = "flag"  # true or false


@dataclass(frozen=True)
class Slot:
    """One thing that a sentence may say. question: what is asked when a required one was not said."""

    name: str
    kind: SlotKind
    meaning: str
    required: bool = False
    question: str = ""


@dataclass(frozen=True)
class Intent:
    """One thing that can be asked.

    help: one line for the list of what can be said. examples: sentences that mean exactly this intent. confirmation:
    what "yes" will do, read out before a command that has to be confirmed. topics: the words of "help with <topic>".
    listed: whether it appears in help. makes_build: a refusal of it is what "why did it fail?" may ask about.
    """

    name: str
    purpose: str
    help: str
    examples: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    tier: Tier = Tier.READ
    role: Role = Role.VIEWER
    confirmation: str = ""
    topics: tuple[str, ...] = ()
    listed: bool = True
    makes_build: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes anything that others see or pay for."""
        return self.tier is not Tier.READ

    def slot(self, name: str) -> Slot | None:
        """The slot of that name."""
        return next((slot for slot in self.slots if slot.name == name), None)


BUILD = Slot("build", SlotKind.BUILD, "which build; the speaker's latest when not said")
MODEL = Slot("model", SlotKind.MODEL, "which model")
OF_MODEL = Slot("model", SlotKind.MODEL, "the latest build of which model")
DATASET = Slot("dataset", SlotKind.DATASET, "trained on which dataset")
WHEN = Slot("when", SlotKind.PERIOD, "since when")
