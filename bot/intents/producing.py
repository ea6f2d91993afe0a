"""The intents about what is in production: approving, deploying, endpoints, predictions."""

from __future__ import annotations

from bot.intents.kinds import BUILD, DATASET, MODEL, OF_MODEL, Intent, Role, Slot, SlotKind, Tier

_ENDPOINT = Slot("endpoint", SlotKind.ENDPOINT, "which endpoint, by its name")
_REASON = Slot("reason", SlotKind.TEXT, "why, for whoever asks later")

APPROVE = Intent(
    "Approve",
    purpose="let a build that waits for approval be deployed",
    help="approve a build",
    examples=("approve build 7", "approve it", "sign off on build 7"),
    slots=(BUILD,),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That lets it be deployed.",
    topics=("approving", "approve", "approval", "approvals"),
)

REJECT = Intent(
    "Reject",
    purpose="refuse a build that waits for approval",
    help="reject a build",
    examples=("reject build 7", "reject build 7 because the error is too high", "decline it"),
    slots=(BUILD, _REASON),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That refuses its deployment.",
    topics=("rejecting", "reject"),
)

DEPLOY = Intent(
    "Deploy",
    purpose="put the model of a build into service",
    help="deploy a build's model",
    examples=("deploy build 7", "deploy the gp", "put build 7 into production"),
    slots=(BUILD, OF_MODEL),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That puts its model into service.",
    topics=("deploying", "deploy", "deployment", "deployments"),
)

ROLLBACK = Intent(
    "Rollback",
    purpose="go back to the version that was served before",
    help="back to the previous version",
    examples=("roll back", "roll back the gp on diabetes", "go back to the previous version"),
    slots=(MODEL, DATASET),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That puts the previous version back into service.",
    topics=("rollback", "rolling back", "versions"),
)

LIST_ENDPOINTS = Intent(
    "ListEndpoints",
    purpose="list what is served",
    help="what is served",
    examples=("list endpoints", "which endpoints are there", "what is deployed"),
    topics=("endpoints", "endpoint", "serving"),
)

DELETE_ENDPOINT = Intent(
    "DeleteEndpoint",
    purpose="take an endpoint out of service",
    help="delete an endpoint",
    examples=("delete the endpoint of the gp on toy", "delete endpoint local-gp-toy", "take the keras endpoint down"),
    slots=(_ENDPOINT, MODEL, DATASET),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="Nobody can ask it any more after that.",
    topics=("deleting endpoints", "undeploying"),
)

RETIRE_ENDPOINTS = Intent(
    "RetireEndpoints",
    purpose="take the endpoints that nobody uses out of service",
    help="delete endpoints that nobody uses",
    examples=("retire unused endpoints", "clean up the endpoints that nobody uses"),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That deletes every endpoint that nobody has asked lately.",
    topics=("retiring", "cleaning up"),
)

FREEZE_DEPLOYS = Intent(
    "FreezeDeploys",
    purpose="let nothing be deployed for a time, and say who froze it and why",
    help="freeze deployments",
    examples=("freeze deploys", "freeze deployments for two hours because of the demo"),
    slots=(_REASON, Slot("until_s", SlotKind.SECONDS, "for how long; until somebody lifts it when not said")),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="Nothing can be deployed after that, until it is lifted.",
    topics=("freezing", "freeze"),
)

UNFREEZE_DEPLOYS = Intent(
    "UnfreezeDeploys",
    purpose="let models be deployed again",
    help="lift the freeze",
    examples=("unfreeze deploys", "lift the deploy freeze"),
    tier=Tier.PRODUCTION,
    role=Role.APPROVER,
    confirmation="That lets models be deployed again.",
    topics=("unfreezing", "unfreeze"),
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
        MODEL,
        DATASET,
        _ENDPOINT,
    ),
    topics=("predictions", "prediction", "predict", "predicting"),
)

SWEEP = Intent(
    "Sweep",
    purpose="show how a prediction changes with one input, as a picture",
    help="predictions along one input",
    examples=(
        "vary x1 from 0 to 2 in steps of 0.1",
        "sweep x1 from 0 to 2 with x2 at 1",
        "plot the prediction for x1 from 0 to 2 in 20 points",
    ),
    slots=(
        Slot("input", SlotKind.INPUT, "which input", required=True, question="Which input shall I vary?"),
        Slot("from", SlotKind.NUMBER, "its first value", required=True, question="From which value?"),
        Slot("to", SlotKind.NUMBER, "its last value, included", required=True, question="To which value?"),
        Slot("step", SlotKind.NUMBER, "how far apart the values are"),
        Slot("points", SlotKind.COUNT, "how many values, instead of a step"),
        Slot("numbers", SlotKind.INPUTS, "the other inputs by name; the dataset's typical values when not said"),
        MODEL,
        DATASET,
    ),
    topics=("sweeps", "sweep", "plots", "pictures"),
)

PRODUCING = (
    APPROVE,
    REJECT,
    DEPLOY,
    ROLLBACK,
    LIST_ENDPOINTS,
    DELETE_ENDPOINT,
    RETIRE_ENDPOINTS,
    FREEZE_DEPLOYS,
    UNFREEZE_DEPLOYS,
    PREDICT,
    SWEEP,
)
