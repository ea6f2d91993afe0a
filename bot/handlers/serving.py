"""ListEndpoints and ListModels: what is served, and what can be trained."""

from __future__ import annotations

from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Reply, Table
from models.catalog import Hyperparameter
from orchestration.ports import Ports


def list_endpoints(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Our endpoints as a table, the newest first."""
    endpoints = ports.endpoints.all()
    if not endpoints:
        return Reply(
            "There are no endpoints yet. Say 'start training' to train and deploy a model.",
            choices=(Choice("Start training", "start training"),),
        )
    now = ports.clock.now()
    rows = tuple(
        (
            endpoint.name,
            endpoint.status,
            endpoint.service.model if endpoint.service else "",
            endpoint.service.dataset if endpoint.service else "",
            str(endpoint.build_number or ""),
            wording.ago(endpoint.updated_at, now),
        )
        for endpoint in endpoints
    )
    names = wording.columns([endpoint.name for endpoint in endpoints])
    return Reply(
        text=f"{wording.plural(len(endpoints), 'endpoint')}: {names}.",
        table=Table(("endpoint", "status", "model", "dataset", "build", "updated"), rows),
    )


def list_models(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The models, or one of them, with the range and default of each hyperparameter. Raises UnknownModel."""
    catalogue = ports.models()
    models = [catalogue.model(request.text("model"))] if request.text("model") else list(catalogue)
    rows = tuple((model.name, *_row(parameter)) for model in models for parameter in model.hyperparameters)
    titles = "; ".join(f"{model.name}, the {model.title}: {model.description.rstrip('.')}" for model in models)
    count = "" if request.text("model") else f"{wording.plural(len(models), 'model')}. "
    return Reply(
        text=f"{count}{titles}.", table=Table(("model", "hyperparameter", "allowed", "default", "meaning"), rows)
    )


def _row(parameter: Hyperparameter) -> tuple[str, str, str, str]:
    return parameter.name, parameter.allowed(), str(parameter.default), parameter.meaning
