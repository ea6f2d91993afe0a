"""ListModels and DescribeModel: what can be trained, and with which hyperparameters."""

from __future__ import annotations

from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Fact, Reply, Table
from models.catalog import Hyperparameter, Model
from orchestration.ports import Ports


def list_models(request: Request, ports: Ports, memory: Memory) -> Reply:
    """The models, one line each."""
    models = list(ports.models())
    titles = "; ".join(f"{model.name}, the {model.title}: {model.description.rstrip('.')}" for model in models)
    return Reply(
        text=f"{wording.plural(len(models), 'model')}. {titles}. Say 'describe the {models[0].name}' for its "
        "hyperparameters.",
        spoken=f"{wording.plural(len(models), 'model')}: {wording.listed(f'the {model.title}' for model in models)}.",
        choices=tuple(Choice(f"Describe {model.name}", f"describe the {model.name}") for model in models),
    )


def describe_model(request: Request, ports: Ports, memory: Memory) -> Reply:
    """One of them, with the range and default of each hyperparameter, and what it is judged by. Raises UnknownModel."""
    model = ports.models().model(request.text("model"))
    also = [word for word in model.words if len(word) > 3 and word not in (model.name, model.title.lower())]
    called = f", also called {wording.listed(also, 'or')}" if also else ""
    tunable = wording.listed(one.name for one in model.hyperparameters if one.tunable)
    objective = model.metric(model.objective)
    return Reply(
        text=f"{model.name}, the {model.title}{called}: {model.description.rstrip('.')}. Judged by "
        f"{objective.title or objective.name}. Tuned can be {tunable or 'nothing'}.",
        spoken=f"{model.name}, the {model.title}: {model.description} It has "
        f"{wording.plural(len(model.hyperparameters), 'hyperparameter')}; tuned can be {tunable or 'none'}.",
        facts=_metrics(model),
        table=Table(
            ("hyperparameter", "allowed", "default", "meaning"), tuple(_row(one) for one in model.hyperparameters)
        ),
        choices=(Choice("Train it", f"train the {model.name}"), Choice("Tune it", f"tune the {model.name}")),
    )


def _metrics(model: Model) -> tuple[Fact, ...]:
    return tuple(Fact(metric.title or metric.name, metric.meaning) for metric in model.metrics)


def _row(parameter: Hyperparameter) -> tuple[str, str, str, str]:
    return parameter.name, parameter.allowed(), str(parameter.default), parameter.meaning
