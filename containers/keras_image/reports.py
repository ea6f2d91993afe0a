"""What a training leaves behind besides the model: log and metric lines, metrics.json, search.json, charts.

Metric lines are `<name>=<value>;`, several in a line while training, so that "what did tuning find?" can be answered
from the job's metrics, without its log.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from containers.common.output import metric, say
from models.figure import Axis, Figure, Series
from models.hyperparameters import Value
from models.keras_entry import BEST_LOSS, BEST_SETTINGS, KERAS, TRAIN_LOSS, TRIAL_LOSS, goal, validation_metric
from models.keras_net.fitting import Report, Rows
from models.keras_net.network import Network, Training
from models.keras_net.preparation import CategoryColumn, NumberColumn, Preparation
from models.keras_net.search import Final, Found
from models.keras_net.space import Space
from models.keras_net.target import ClassTarget, Target
from models.keras_net.training import Trained
from models.keras_net.trials import Trial

_UNITS = dict.fromkeys(("rmse", "mae", "q95"), "target's unit")
_CLASS_UNITS = {"log_loss": "nats"}


def beginning(
    rows: Rows, preparation: Preparation, target: Target, network: Network, training: Training, space: Space | None
) -> str:
    """What is about to be done."""
    what = f"the classes {', '.join(target.classes[:10])}" if isinstance(target, ClassTarget) else "a number"
    data = f"{len(rows)} rows of {len(preparation.inputs)} inputs ({preparation.features} features)"
    if space is not None:
        return f"Searching {space.max_evals} trials on {data}; the target {target.name} is {what}."
    layers = ", ".join(str(nodes) for nodes in network.layers)
    return (
        f"Training layers of {layers} on {data}; the target {target.name} is {what}; {training.epochs} epochs at most."
    )


def print_epoch(epoch: int, record: Mapping[str, float]) -> bool:
    """One line an epoch; never ends the training."""
    found = {TRAIN_LOSS.name: record["loss"]}
    found |= {validation_metric(name.removeprefix("val_")): value for name, value in record.items() if "val_" in name}
    say(f"Epoch {epoch}: {_pairs(found)} learning rate {record['learning_rate']:.3g}")
    return False


def print_metrics(metrics: Mapping[str, float]) -> None:
    """The model's own metrics, which are the job's. Raises ContractError for one that is not finite."""
    for name, value in metrics.items():
        metric(validation_metric(name), value)


def print_trial(trial: Trial, best: Trial | None) -> None:
    """One line a trial."""
    if trial.loss is None:
        say(f"Trial {trial.number + 1} failed: {trial.error}")
        return
    found = {TRIAL_LOSS.name: trial.loss} | ({BEST_LOSS.name: best.loss} if best and best.loss is not None else {})
    ended = f", ended after {len(trial.curve)} epochs" if trial.pruned else ""
    say(f"Trial {trial.number + 1}: {_pairs(found)} {_chosen(trial)}{ended}")


def print_best(found: Found, objective: str) -> None:
    """The best trial's settings as metrics, and what the finals came to."""
    for final in found.finals:
        say(f"Trained in full: trial {final.trial.number + 1}, {objective} {final.loss:.6g}, {_chosen(final.trial)}")
    best = found.finals[0].trial
    for each in BEST_SETTINGS:
        metric(each.name, float(best.choices[each.name.removeprefix("search:")]))


def metrics_record(
    values: Mapping[str, Value],
    rows: Rows,
    validation: Rows,
    reports: Mapping[str, Report],
    network: Network,
    training: Training,
    trained: Trained,
) -> dict[str, object]:
    """The content of metrics.json."""
    reduced = {"batch_size_used": len(rows)} if training.batch_size > len(rows) else {}
    return {
        "model": KERAS.name,
        "metrics": {validation_metric(name): value for name, value in trained.metrics.items()},
        "rows": {"train": len(rows), "validation": len(validation)},
        "hyperparameters": dict(values),
        "network": network.to_json(),
        "training": {**training.to_json(), **reduced},
        "data": {name: report.to_json() for name, report in reports.items()},
        "best_epoch": trained.best_epoch,
        "ended": trained.ended,
        "resumed_at": trained.resumed_at,
        "history": [_finite(record) for record in trained.history],
        "plot": history_figure(trained).to_json(),
        "cpu_s": time.process_time(),
    }


def schema(preparation: Preparation, target: Target) -> dict[str, object]:
    """The content of schema.json."""
    inputs: list[dict[str, object]] = []
    for column in preparation.columns:
        entry: dict[str, object] = {"name": column.name, "kind": "ignored"}
        if isinstance(column, NumberColumn):
            entry["kind"] = "number"
        elif isinstance(column, CategoryColumn):
            entry |= {"kind": "category", "categories": list(column.categories)}
        inputs.append(entry)
    classes = {"classes": list(target.classes)} if isinstance(target, ClassTarget) else {}
    return {"target": target.name, **classes, "inputs": inputs}


def search_record(found: Found, space: Space) -> dict[str, object]:
    """The content of search.json. Losses are what was minimised: a metric that is better when higher is negative."""
    return {
        "objective": space.objective,
        "goal": goal(space.objective),
        "plot": search_figure(found, space).to_json(),
        "space": space.to_json(),
        "trials": [
            {
                "number": trial.number + 1,
                "choices": dict(trial.choices),
                "loss": trial.loss,
                "curve": list(trial.curve),
                "pruned": trial.pruned,
                "error": trial.error,
                "cpu_s": trial.cpu_s,
            }
            for trial in found.trials
        ],
        "finals": [_final(final) for final in found.finals],
        "best": _final(found.finals[0]),
    }


def history_figure(trained: Trained) -> Figure:
    """Training and validation loss by epoch."""
    points = {
        name: tuple((float(epoch), record[key]) for epoch, record in enumerate(trained.history, start=1))
        for name, key in (("training", "loss"), ("validation", "val_loss"))
    }
    title = f"Loss by epoch; the best was epoch {trained.best_epoch}"
    return Figure(title, Axis("epoch"), Axis("loss"), tuple(Series(name, each) for name, each in points.items()))


def search_figure(found: Found, space: Space) -> Figure:
    """Each trial's objective, as it is and not as it is minimised, and the best so far of those not pruned."""
    sign = -1.0 if goal(space.objective) == "Maximize" else 1.0
    done = [(float(trial.number + 1), sign * trial.loss, trial) for trial in found.trials if trial.loss is not None]
    whole = tuple((x, y) for x, y, trial in done if not trial.pruned)
    pruned = tuple((x, y) for x, y, trial in done if trial.pruned)
    best = tuple((x, sign * min(sign * y for _, y in whole[: place + 1])) for place, (x, _) in enumerate(whole))
    series = (Series("trial", whole, dots=True), Series("ended early", pruned, dots=True), Series("best so far", best))
    units = _CLASS_UNITS if "accuracy" in found.finals[0].trained.metrics else _UNITS
    y_axis = Axis(space.objective, units.get(space.objective, ""))
    return Figure(f"{space.objective} by trial", Axis("trial"), y_axis, series)


def _final(final: Final) -> dict[str, object]:
    return {
        "trial": final.trial.number + 1,
        "choices": dict(final.trial.choices),
        "loss": final.loss,
        "metrics": final.trained.metrics,
        "best_epoch": final.trained.best_epoch,
    }


def _chosen(trial: Trial) -> str:
    layers = [trial.choices[f"nodes_{place}"] for place in range(int(trial.choices["num_layers"]))]
    normalised = ", batch normalisation" if trial.choices["batch_normalization"] else ""
    return (
        f"layers of {', '.join(map(str, layers))}, {trial.choices['activation']}, {trial.choices['optimizer']}"
        f" at {trial.choices['learning_rate']:.3g}, batches of {trial.choices['batch_size']},"
        f" dropout {trial.choices['dropout']:g}, l2 {trial.choices['l2']:.3g}{normalised}"
    )


def _pairs(found: Mapping[str, float]) -> str:
    return " ".join(f"{name}={value!r};" for name, value in found.items() if math.isfinite(value))


def _finite(record: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in record.items()}
