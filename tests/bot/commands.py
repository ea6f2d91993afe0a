"""A complete command of every intent, and a world in which each of them can be carried out."""

from __future__ import annotations

from bot.handlers.dispatch import answer
from bot.intents.request import Request
from orchestration.builds import Json
from orchestration.ports import NewDataset, Person
from tests.bot.world import World
from tests.fakes import ADA

BOB = Person("bob", "Bob", "builder", ("console:bob",))

READY, WAITING, FAILED, RUNNING, SPARE = 1, 2, 3, 4, 5

SLOTS: dict[str, dict[str, Json]] = {
    "StartTraining": {"model": "gp", "dataset": "toy", "hyperparameters": {"q": 2}},
    "Tune": {"model": "gp", "ranges": {"q": {}, "l": {"low": 0, "high": 2}}, "jobs": 4},
    "RepeatBuild": {"build": READY, "hyperparameters": {"q": 3}},
    "ResumeBuild": {"build": FAILED},
    "StopBuild": {"build": RUNNING},
    "BuildStatus": {"build": READY},
    "BuildDetails": {"build": READY},
    "Progress": {"build": RUNNING},
    "CompareBuilds": {"builds": [READY, SPARE]},
    "WhyFailed": {"build": FAILED},
    "TellMeWhenDone": {"build": RUNNING},
    "Cost": {"build": READY},
    "Approve": {"build": WAITING},
    "Reject": {"build": WAITING, "reason": "no"},
    "Deploy": {"build": SPARE},
    "Rollback": {"model": "gp", "dataset": "diabetes"},
    "DeleteEndpoint": {"model": "gp", "dataset": "toy"},
    "Predict": {"numbers": [0.5, 1.0], "model": "gp", "dataset": "toy"},
    "Sweep": {"input": "x1", "from": 0, "to": 1, "points": 3, "model": "gp", "dataset": "toy"},
    "DescribeModel": {"model": "gp"},
    "DescribeDataset": {"dataset": "toy"},
    "UseDataset": {"dataset": "toy"},
    "DeleteDataset": {"dataset": "old"},
    "ShowSettings": {"setting": "training timeout"},
    "ChangeSetting": {"setting": "training timeout", "value": 7200},
    "LinkAccount": {"channel": "alexa"},
}


def populated() -> World:
    """Build 1 serves gp on toy, 2 waits for approval, 3 failed, 4 trains, 5 is trained and kept; gp on diabetes has
    been deployed twice (6, 7), and the dataset `old` is unused."""
    world = World((ADA, BOB))
    world.ports.datasets.register(NewDataset("old", "y", {"train": "y,x\n1,2\n2,3\n", "validation": "y,x\n1,2\n"}))

    def start(dataset: str = "toy") -> None:
        made = Request("StartTraining", {"dataset": dataset}, "w", BOB, "console", "bobs", f"{len(numbers)}", "")
        numbers.append(answer(made, world.ports).build)

    numbers: list[int | None] = []
    for dataset in ("toy", "toy", "toy", "toy", "toy", "diabetes", "diabetes"):
        start(dataset)
    for number in (READY, 6, 7):
        world.trained(number, {"validation:RMSE": 1.02})
        world.judged(number, {"RMSE": 1.05}, None)
        world.deployed(number)
    world.ports.settings.save({"approval_required": True})
    world.trained(WAITING, {"validation:RMSE": 1.0})
    world.judged(WAITING, {"RMSE": 1.04}, {"RMSE": 1.05})
    world.registered(WAITING)
    world.happens({"build": FAILED, "status": "TRAINING"})
    world.happens({"build": FAILED, "failure": ["TrainingFailed", "why"]})
    world.begins(RUNNING)
    world.happens({"build": RUNNING, "status": "TRAINING", "printed": {"validation:RMSE": 1.3}})
    world.ports.settings.save({"deploy_after_training": False})
    world.trained(SPARE, {"validation:RMSE": 1.1})
    world.judged(SPARE, {"RMSE": 1.06}, {"RMSE": 1.05})
    world.registered(SPARE)
    world.ports.settings.save({})
    return world
