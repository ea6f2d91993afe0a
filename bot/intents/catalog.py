"""THE list of what can be asked. Help, permissions, confirmations and the suggestions of "did you mean" come from here.

`en-US/<Name>.yaml` has the sentences of each intent, `bot/handlers/registry.py` what it does. The values of slots
(models, hyperparameters) are in `models/catalog.py`.
"""

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
    HYPERPARAMETERS = "hyperparameters"  # an object: name to number or word, as said
    BUILD = "build"  # a number, or "it", "mine" or "last"
    NUMBERS = "numbers"  # a list of numbers, or an object: input's name to number
    COUNT = "count"  # a whole number
    STATUS = "status"  # "running", "failed", "ready", "trained", "stopped" or "ended"
    PERIOD = "period"  # "today", "yesterday", "this week", "this month"
    WHOSE = "whose"  # "mine" or "all"
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
        return next((slot for slot in self.slots if slot.name == name), None)


BUILD = Slot("build", SlotKind.BUILD, "which build; the speaker's latest when not said")
OF_MODEL = Slot("model", SlotKind.MODEL, "the latest build of which model")

START_TRAINING = Intent(
    "StartTraining",
    purpose="train a model, and deploy it when the environment's settings or the sentence say so",
    help="start a training",
    examples=(
        "start training",
        "train the gp",
        "train the gp on diabetes",
        "train the gp with q 2 and sigma2 0.01",
        "start a training run on diabetes with q 2",
        "train the gp and deploy it",
    ),
    slots=(
        Slot("model", SlotKind.MODEL, "which model; the environment's default when not said"),
        Slot("dataset", SlotKind.DATASET, "which dataset; the environment's default when not said"),
        Slot("hyperparameters", SlotKind.HYPERPARAMETERS, "those that differ from the model's defaults"),
        Slot("deploy", SlotKind.FLAG, "whether to deploy the result; the environment's setting when not said"),
    ),
    tier=Tier.SPEND,
    role=Role.BUILDER,
    confirmation="That starts a build.",
    makes_build=True,
    topics=("training", "train", "start", "starting", "hyperparameters", "settings", "parameters"),
)

BUILD_STATUS = Intent(
    "BuildStatus",
    purpose="say in one sentence how a build stands",
    help="how a build stands",
    examples=("is my build done", "how is it going", "what is the status of build 12", "status"),
    slots=(BUILD, OF_MODEL),
    topics=("status", "progress"),
)

BUILD_DETAILS = Intent(
    "BuildDetails",
    purpose="show all that is known of a build",
    help="everything about a build",
    examples=("show me the details", "details of build 12", "describe the last build"),
    slots=(BUILD,),
    topics=("details",),
)

LIST_BUILDS = Intent(
    "ListBuilds",
    purpose="list the newest builds, all or some of them",
    help="the newest builds",
    examples=("list my builds", "show the last five builds", "which builds failed today", "list running builds"),
    slots=(
        Slot("whose", SlotKind.WHOSE, "only the speaker's, or all"),
        Slot("limit", SlotKind.COUNT, "how many at most"),
        Slot("when", SlotKind.PERIOD, "since when"),
        Slot("status", SlotKind.STATUS, "only those that stand so"),
    ),
    topics=("builds", "history", "lists"),
)

WHY_FAILED = Intent(
    "WhyFailed",
    purpose="say why a build failed, or why the last request was refused",
    help="why a build failed",
    examples=("why did it fail", "what went wrong with build 3", "why did my build fail"),
    slots=(BUILD,),
    topics=("errors", "failures", "problems"),
)

STOP_BUILD = Intent(
    "StopBuild",
    purpose="stop a build that is running, and its job with it",
    help="stop a running build",
    examples=("stop the build", "cancel build 4", "stop my build"),
    slots=(BUILD, OF_MODEL),
    tier=Tier.SPEND,
    role=Role.BUILDER,
    confirmation="That stops a build.",
    topics=("stopping", "stop", "cancelling", "cancel"),
)

PREDICT = Intent(
    "Predict",
    purpose="ask a served model for a prediction",
    help="a prediction from a served model",
    examples=(
        "predict 0.5 1.0",
        "what does the gp say for 0.3, 1.2",
        "predict 0.5 1.0 with the gp on toy",
        "predict x1 0.5 and x2 1.0",
    ),
    slots=(
        Slot(
            "numbers",
            SlotKind.NUMBERS,
            "the inputs, in the order of the dataset's columns or by name",
            required=True,
            question="Which numbers?",
        ),
        Slot("model", SlotKind.MODEL, "which model"),
        Slot("dataset", SlotKind.DATASET, "trained on which dataset"),
        Slot("endpoint", SlotKind.ENDPOINT, "which endpoint, by its name"),
    ),
    topics=("predictions", "prediction", "predict", "predicting"),
)

LIST_ENDPOINTS = Intent(
    "ListEndpoints",
    purpose="list what is served",
    help="what is served",
    examples=("list endpoints", "which endpoints are there", "what is deployed"),
    topics=("endpoints", "endpoint", "serving"),
)

LIST_MODELS = Intent(
    "ListModels",
    purpose="list the models that can be trained, with their hyperparameters",
    help="the models and their hyperparameters",
    examples=("which models do you have", "list models", "which hyperparameters does the gp have"),
    slots=(Slot("model", SlotKind.MODEL, "only that one"),),
    topics=("models", "model"),
)

TELL_ME_WHEN_DONE = Intent(
    "TellMeWhenDone",
    purpose="tell the speaker when a build has ended",
    help="be told when a build ends",
    examples=("tell me when it is done", "let me know when build 3 finishes", "wait for the build"),
    slots=(BUILD, OF_MODEL),
    topics=("waiting", "notifications", "watching"),
)

HELP = Intent(
    "Help",
    purpose="say what can be said",
    help="this list",
    examples=("help", "what can you do", "help with training"),
    slots=(Slot("about", SlotKind.TOPIC, "about what"),),
    topics=("help",),
)

YES = Intent(
    "Yes",
    purpose="carry out what was just asked about",
    help="carry out what was just asked about",
    examples=("yes", "go ahead"),
    listed=False,
)

NO = Intent(
    "No",
    purpose="drop what was just asked about",
    help="drop what was just asked about",
    examples=("no", "never mind"),
    listed=False,
)

CANCEL = Intent(
    "Cancel",
    purpose='a bare "stop" or "cancel": never stops a build, but asks whether that was meant',
    help="drop what was just asked about",
    examples=("stop", "cancel"),
    listed=False,
)

INTENTS: tuple[Intent, ...] = (
    START_TRAINING,
    BUILD_STATUS,
    BUILD_DETAILS,
    LIST_BUILDS,
    WHY_FAILED,
    STOP_BUILD,
    PREDICT,
    LIST_ENDPOINTS,
    LIST_MODELS,
    TELL_ME_WHEN_DONE,
    HELP,
    YES,
    NO,
    CANCEL,
)

BY_NAME = {intent.name: intent for intent in INTENTS}
