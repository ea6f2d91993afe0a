"""StartTraining: an order for `orchestration/steps/start_build.py`, the only starter."""

from __future__ import annotations

from collections.abc import Mapping

from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Reply
from models.catalog import BadHyperparameters, Catalogue
from orchestration.builds import Build, BuildKind, Json
from orchestration.ports import Ports
from orchestration.steps.start_build import Order, start_build


def start_training(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Start a build. Raises what `start_build` raises; a redelivered request answers with the build it started."""
    hyperparameters = _hyperparameters(request.slots.get("hyperparameters"))
    settings: dict[str, Json] = {}
    if isinstance(deploy := request.slots.get("deploy"), bool):
        settings["deploy_after_training"] = deploy
    order = Order(
        kind=BuildKind.TRAIN,
        model=request.text("model") or _model_with(hyperparameters, ports.models()),
        dataset=request.text("dataset") or None,
        hyperparameters=hyperparameters,
        settings=settings,
        requester=request.requester,
        source=request.channel,
        delivery_id=request.delivery_id,
    )
    started = start_build(order, ports)
    return _started(started.build, started.is_new)


def _hyperparameters(slot: Json) -> dict[str, str | int | float]:
    return (
        {name: value for name, value in slot.items() if isinstance(value, str | int | float)}
        if isinstance(slot, dict)
        else {}
    )


def _model_with(hyperparameters: Mapping[str, str | int | float], catalogue: Catalogue) -> str | None:
    """The only model that has all these hyperparameters, when no model was named: "train with 50 epochs"."""
    if not hyperparameters:
        return None
    having = [model.name for model in catalogue if all(_has(catalogue, model.name, name) for name in hyperparameters)]
    return having[0] if len(having) == 1 else None


def _has(catalogue: Catalogue, model: str, name: str) -> bool:
    try:
        catalogue.model(model).hyperparameter(name)
    except BadHyperparameters:
        return False
    return True


def _started(build: Build, is_new: bool) -> Reply:
    given = [f"{name} {value}" for name, value in build.hyperparameters.items()]
    chosen = f" with {wording.listed(given)}" if given else ""
    deploy = build.overrides.get("deploy_after_training")
    then = "" if not isinstance(deploy, bool) else ", and will be deployed" if deploy else ", and will not be deployed"
    verb = "started" if is_new else "was already started by this message"
    return Reply(
        text=f"Build {build.number} {verb}: {wording.what(build.service)}{chosen}{then}.",
        facts=(
            Fact("build", str(build.number)),
            Fact("model", build.service.model),
            Fact("dataset", build.service.dataset),
            *(Fact(name, str(value)) for name, value in build.hyperparameters.items()),
        ),
        choices=(
            Choice("Tell me when it is done", "tell me when it is done"),
            Choice("Stop it", f"stop build {build.number}"),
        ),
        build=build.number,
    )
