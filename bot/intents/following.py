"""The intents that ask how builds stand, went, failed and what they cost. None of them changes anything."""

from __future__ import annotations

from bot.intents.kinds import BUILD, OF_MODEL, WHEN, Intent, Slot, SlotKind

BUILD_STATUS = Intent(
    "BuildStatus",
    purpose="say in one sentence how a build stands",
    help="how a build stands",
    examples=("is my build done", "how is it going", "what is the status of build 12", "status"),
    slots=(BUILD, OF_MODEL),
    topics=("status",),
)

BUILD_DETAILS = Intent(
    "BuildDetails",
    purpose="show all that is known of a build",
    help="everything about a build",
    examples=("show me the details", "details of build 12", "describe the last build"),
    slots=(BUILD,),
    topics=("details",),
)

PROGRESS = Intent(
    "Progress",
    purpose="say how far a build is: the best value so far, and how much longer it will take",
    help="how far a build is",
    examples=(
        "how far along is build 12",
        "how much longer will it take",
        "what is the best so far",
        "show me the progress of build 4",
    ),
    slots=(BUILD,),
    topics=("progress",),
)

LIST_BUILDS = Intent(
    "ListBuilds",
    purpose="list the newest builds, all or some of them",
    help="the newest builds",
    examples=("list my builds", "show the last five builds", "which builds failed today", "list running builds"),
    slots=(
        Slot("whose", SlotKind.WHOSE, "only the speaker's, or all"),
        Slot("limit", SlotKind.COUNT, "how many at most"),
        WHEN,
        Slot("status", SlotKind.STATUS, "only those that stand so"),
    ),
    topics=("builds", "history", "lists"),
)

COMPARE_BUILDS = Intent(
    "CompareBuilds",
    purpose="set two or more builds side by side: what differs, and which is better",
    help="builds side by side",
    examples=("compare builds 3 and 4", "compare build 3 with the last one", "which is better, build 3 or build 4"),
    slots=(Slot("builds", SlotKind.BUILDS, "which builds", required=True, question="Which builds?"),),
    topics=("comparing", "compare", "comparison"),
)

WHY_FAILED = Intent(
    "WhyFailed",
    purpose="say why a build failed, or why the last request was refused",
    help="why a build failed",
    examples=("why did it fail", "what went wrong with build 3", "why did my build fail"),
    slots=(BUILD,),
    topics=("errors", "failures", "problems"),
)

TELL_ME_WHEN_DONE = Intent(
    "TellMeWhenDone",
    purpose="tell the speaker when a build has ended",
    help="be told when a build ends",
    examples=("tell me when it is done", "let me know when build 3 finishes", "wait for the build"),
    slots=(BUILD, OF_MODEL),
    topics=("waiting", "notifications", "watching"),
)

COST = Intent(
    "Cost",
    purpose="say what a build or a time has cost, or what a build of a model would cost",
    help="what it costs",
    examples=(
        "what did build 9 cost",
        "how much have we spent this month",
        "what would it cost to train keras",
    ),
    slots=(BUILD, WHEN, Slot("model", SlotKind.MODEL, "what a build of which model costs")),
    topics=("cost", "costs", "money", "price"),
)

FOLLOWING = (
    BUILD_STATUS,
    BUILD_DETAILS,
    PROGRESS,
    LIST_BUILDS,
    COMPARE_BUILDS,
    WHY_FAILED,
    TELL_ME_WHEN_DONE,
    COST,
)
