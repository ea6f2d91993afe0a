"""The intents about models, datasets, settings, and about the bot and who talks to it."""

from __future__ import annotations

from bot.intents.kinds import BUILD, WHEN, Intent, Role, Slot, SlotKind, Tier

_WHICH_DATASET = Slot("dataset", SlotKind.DATASET, "which dataset", required=True, question="Which dataset?")

LIST_MODELS = Intent(
    "ListModels",
    purpose="list the models that can be trained",
    help="the models",
    examples=("which models do you have", "list models", "what can i train"),
    topics=("models",),
)

DESCRIBE_MODEL = Intent(
    "DescribeModel",
    purpose="say what a model is and which hyperparameters it has",
    help="a model and its hyperparameters",
    examples=("describe the gp", "which hyperparameters does the gp have", "tell me about keras"),
    slots=(Slot("model", SlotKind.MODEL, "which model", required=True, question="Which model?"),),
    topics=("model",),
)

LIST_DATASETS = Intent(
    "ListDatasets",
    purpose="list the datasets that can be trained on",
    help="the datasets",
    examples=("list datasets", "which datasets are there", "what data do we have"),
    topics=("datasets", "data"),
)

DESCRIBE_DATASET = Intent(
    "DescribeDataset",
    purpose="say what is in a dataset: columns, rows, target",
    help="what is in a dataset",
    examples=("describe the diabetes dataset", "what is in the toy data", "which columns does diabetes have"),
    slots=(Slot("dataset", SlotKind.DATASET, "which dataset; the asker's default when not said"),),
    topics=("dataset", "columns"),
)

# Read tier: it changes only which dataset the asker's own later sentences mean, nothing that others see or pay for.
USE_DATASET = Intent(
    "UseDataset",
    purpose="take a dataset for what the speaker asks from now on",
    help="the dataset for what you ask next",
    examples=("use the diabetes dataset", "use diabetes from now on", "switch to the toy data"),
    slots=(_WHICH_DATASET,),
    topics=("choosing datasets",),
)

DELETE_DATASET = Intent(
    "DeleteDataset",
    purpose="delete a dataset",
    help="delete a dataset",
    examples=("delete the housing dataset", "remove the dataset housing"),
    slots=(_WHICH_DATASET,),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That deletes the data.",
    topics=("deleting datasets",),
)

_SETTING = Slot("setting", SlotKind.SETTING, "which setting; all of them when not said")

SHOW_SETTINGS = Intent(
    "ShowSettings",
    purpose="show the environment's settings, or one of them",
    help="the settings",
    examples=("show the settings", "what is the training timeout", "is approval required"),
    slots=(_SETTING,),
    topics=("settings", "setting"),
)

CHANGE_SETTING = Intent(
    "ChangeSetting",
    purpose="change a setting of the environment",
    help="change a setting",
    examples=(
        "set the training timeout to 2 hours",
        "change the endpoint instance type to ml.m5.xlarge",
        "turn approval required on",
    ),
    slots=(
        Slot("setting", SlotKind.SETTING, "which setting", required=True, question="Which setting?"),
        Slot("value", SlotKind.VALUE, "its new value", required=True, question="What shall it be?"),
    ),
    tier=Tier.PRODUCTION,
    role=Role.ADMIN,
    confirmation="That changes it for every build that starts after it.",
    topics=("changing settings",),
)

AUDIT_LOG = Intent(
    "AuditLog",
    purpose="say who did what, and when",
    help="who did what",
    examples=("who deployed build 9", "show me the audit log", "who approved something today"),
    slots=(BUILD, Slot("action", SlotKind.ACTION, "what was done"), WHEN),
    topics=("audit", "audit log", "who"),
)

# Read tier: it joins two of the asker's own identities, by a code that only the asker has been given.
LINK_ACCOUNT = Intent(
    "LinkAccount",
    purpose="make the speaker the same person on two channels, by a one-time code",
    help="link your channels",
    examples=("link my alexa", "link my slack account with the code 123456"),
    slots=(
        Slot("channel", SlotKind.CHANNEL, "the other channel"),
        Slot("code", SlotKind.CODE, "the one-time code that the other channel gave"),
    ),
    topics=("linking", "link", "accounts"),
)

HELP = Intent(
    "Help",
    purpose="say what can be said",
    help="this list",
    examples=("help", "what can you do", "help with training"),
    slots=(Slot("about", SlotKind.TOPIC, "about what"),),
    topics=("help",),
)

WHO_AM_I = Intent(
    "WhoAmI",
    purpose="say who the speaker is to the bot, and what they may do",
    help="who you are and what you may do",
    examples=("who am i", "what am i allowed to do", "what is my role"),
    topics=("roles", "permissions", "access"),
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

KNOWING = (
    LIST_MODELS,
    DESCRIBE_MODEL,
    LIST_DATASETS,
    DESCRIBE_DATASET,
    USE_DATASET,
    DELETE_DATASET,
    SHOW_SETTINGS,
    CHANGE_SETTING,
    AUDIT_LOG,
    LINK_ACCOUNT,
    HELP,
    WHO_AM_I,
)
TALKING = (YES, NO, CANCEL)
