"""The intents that start, repeat, resume and stop builds. All of them cost money or end what did."""

from __future__ import annotations

from bot.intents.kinds import BUILD, OF_MODEL, Intent, Role, Slot, SlotKind, Tier

_MODEL = Slot("model", SlotKind.MODEL, "which model; the environment's default when not said")
_DATASET = Slot("dataset", SlotKind.DATASET, "which dataset; the asker's or the environment's default when not said")
_CHANGES = Slot("hyperparameters", SlotKind.HYPERPARAMETERS, "those that shall be different")

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
        "train keras for 50 epochs with dropout 0.2 and batch size 64 on diabetes and deploy it",
        "train keras with two layers of 64 on a spot instance for at most 2 hours",
        "search the keras model with 20 trials",
    ),
    slots=(
        _MODEL,
        _DATASET,
        Slot("hyperparameters", SlotKind.HYPERPARAMETERS, "those that differ from the model's defaults"),
        Slot("deploy", SlotKind.FLAG, "whether to deploy the result; the environment's setting when not said"),
        Slot("instance", SlotKind.INSTANCE, "on which type of instance"),
        Slot("timeout_s", SlotKind.SECONDS, "how long the training may take"),
        Slot("spot", SlotKind.FLAG, "whether to train on a spot instance, cheaper and sometimes interrupted"),
    ),
    tier=Tier.SPEND,
    role=Role.BUILDER,
    confirmation="That starts a build.",
    makes_build=True,
    topics=("training", "train", "start", "starting", "hyperparameters", "parameters", "searching", "search"),
)

TUNE = Intent(
    "Tune",
    purpose="look for good hyperparameters with several training jobs, and train with the best ones",
    help="tune hyperparameters",
    examples=(
        "tune the gp",
        "tune q and l",
        "tune q from zero to four with ten jobs three at a time",
        "tune the learning rate between 1e-4 and 1e-1 on a log scale",
        "tune dropout from 0 to 0.5 for keras on diabetes using random search",
        "only tune q and l",
    ),
    slots=(
        _MODEL,
        _DATASET,
        Slot("ranges", SlotKind.RANGES, "which hyperparameters, and from where to where"),
        Slot("jobs", SlotKind.COUNT, "how many training jobs in all"),
        Slot("parallel", SlotKind.COUNT, "how many of them at a time"),
        Slot("strategy", SlotKind.STRATEGY, "how the next values are chosen"),
        Slot("only", SlotKind.FLAG, "whether to leave it at the tuning, without training or deploying afterwards"),
    ),
    tier=Tier.SPEND,
    role=Role.BUILDER,
    confirmation="That starts several training jobs.",
    makes_build=True,
    topics=("tuning", "tune", "ranges", "optimisation"),
)

REPEAT_BUILD = Intent(
    "RepeatBuild",
    purpose="start a build like an earlier one, with what is said changed",
    help="the same again, with changes",
    examples=(
        "repeat build 12",
        "the same again but with q 2",
        "run the last build again on diabetes",
        "repeat it with 100 epochs",
    ),
    slots=(
        BUILD,
        _CHANGES,
        Slot("dataset", SlotKind.DATASET, "on which dataset instead"),
    ),
    tier=Tier.SPEND,
    role=Role.BUILDER,
    confirmation="That starts a build like it.",
    makes_build=True,
    topics=("repeating", "repeat", "rerun"),
)

RESUME_BUILD = Intent(
    "ResumeBuild",
    purpose="go on with a build that failed, from where it failed",
    help="go on with a failed build",
    examples=("resume build 7", "pick up build 7 where it left off", "retry the failed build"),
    slots=(BUILD,),
    tier=Tier.SPEND,
    role=Role.BUILDER,
    confirmation="That goes on with a build.",
    topics=("resuming", "resume", "retrying", "retry"),
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

BUILDING = (START_TRAINING, TUNE, REPEAT_BUILD, RESUME_BUILD, STOP_BUILD)
