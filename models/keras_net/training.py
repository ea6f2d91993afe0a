"""One network trained: epochs until the best one is known, then back to it.

epochs.py has an epoch, patience.py when to stop, checkpoint.py how a stopped job goes on, judging.py the metrics.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.keras_entry import goal
from models.keras_net import checkpoint as checkpoints
from models.keras_net.building import build, export, make_loss, make_optimizer
from models.keras_net.checkpoint import Checkpoint, fingerprint
from models.keras_net.epochs import CompiledEpochs, order_of
from models.keras_net.errors import Diverged
from models.keras_net.fitting import Rows
from models.keras_net.forward import DenseNetwork
from models.keras_net.judging import judge
from models.keras_net.network import Network, Training
from models.keras_net.patience import Patience
from models.keras_net.preparation import Float32
from models.keras_net.target import Target

# What a checkpoint costs must stay small beside what it saves; a stopped job loses this much work at most.
CHECKPOINT_S = 5.0
Record = dict[str, float]
# Given the epoch and its metrics; says whether to end here.
OnEpoch = Callable[[int, Mapping[str, float]], bool]


@dataclass
class Trained:
    """A Keras model with the weights of its best epoch, those weights for the server, and how it came to them.

    history: metrics of every epoch; ended: "epochs", "early" or "pruned"; resumed_at: the epoch of the checkpoint.
    """

    model: Any
    dense: DenseNetwork
    history: list[Record]
    best_epoch: int
    metrics: Record
    ended: str
    resumed_at: int


@dataclass
class _Run:
    """A training under way."""

    model: Any
    optimizer: Any
    patience: Patience
    best: list[Any]
    history: list[Record] = field(default_factory=list)
    ended: str = ""
    resumed_at: int = 0

    @property
    def variables(self) -> list[Any]:
        return [*self.model.variables, *self.optimizer.variables]

    def remember_best(self) -> None:
        self.best = [variable.numpy() for variable in self.model.variables]

    def restore_best(self) -> None:
        for variable, value in zip(self.model.variables, self.best, strict=True):
            variable.assign(value)


def train(
    network: Network,
    training: Training,
    target: Target,
    rows: Rows,
    validation: Rows,
    weights: Float32 | None = None,
    *,
    on_epoch: OnEpoch | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Trains a network, its choices resolved, on `rows` and judges every epoch on `validation`.

    weights: one a row of `rows`. checkpoint: a file to resume from, and to write every CHECKPOINT_S seconds; one of
    another training is not taken. The result depends on the arguments alone: a resumed training ends like one that was
    never stopped. Raises Diverged when no epoch came to finite numbers, OSError when the checkpoint cannot be written.
    """
    run = _begin(network, training, target, rows)
    mark = fingerprint(network, training, rows, validation) if checkpoint else ""
    if checkpoint:
        _resume(run, checkpoints.load(checkpoint, mark))
    saved_s = time.monotonic()
    if not run.ended:
        loss = make_loss(network, target.outputs)
        epochs = CompiledEpochs(run.model, run.optimizer, loss, rows, weights, min(training.batch_size, len(rows)))
    while not run.ended:
        epoch = len(run.history) + 1
        train_loss = epochs.run(order_of(len(rows), training.seed, epoch))
        _note(run, training, train_loss, _judged(run.model, target, network, validation))
        if on_epoch and on_epoch(epoch, run.history[-1]) and not run.ended:
            run.ended = "pruned"
        if checkpoint and (run.ended or time.monotonic() - saved_s > CHECKPOINT_S):
            checkpoints.save(checkpoint, mark, _state(run))
            saved_s = time.monotonic()
    return _finished(run, network, target, validation)


def _begin(network: Network, training: Training, target: Target, rows: Rows) -> _Run:
    model = build(network, rows.x.shape[1], target.outputs, training.seed)
    optimizer = make_optimizer(network)
    optimizer.build(model.trainable_variables)
    patience = Patience(
        stop_after=training.early_stopping_patience,
        reduce_after=training.lr_update_patience,
        maximise=goal(training.monitor.removeprefix("val_")) == "Maximize",
        learning_rate=network.learning_rate,
    )
    return _Run(model, optimizer, patience, best=[])


def _note(run: _Run, training: Training, train_loss: float, metrics: Mapping[str, float]) -> None:
    """Keeps the epoch, changes the learning rate and decides whether it was the last."""
    epoch = len(run.history) + 1
    record = {"loss": train_loss, "learning_rate": run.patience.learning_rate}
    record |= {f"val_{name}": value for name, value in metrics.items()}
    run.history.append(record)
    value = record[training.monitor]
    if not (math.isfinite(value) and math.isfinite(train_loss)):
        # From weights that are not finite there is no way back.
        run.ended = "diverged"
        return
    if run.patience.improved(epoch, value):
        run.remember_best()
    if run.patience.stops(epoch):
        run.ended = "early"
    elif epoch >= training.epochs:
        run.ended = "epochs"
    elif run.patience.reduces(epoch):
        run.optimizer.learning_rate.assign(run.patience.learning_rate)


def _judged(model: Any, target: Target, network: Network, validation: Rows) -> Record:
    try:
        # By the export, as the server will: no graph needs to be traced for it.
        dense = export(model)
    except ValueError:
        return {"loss": math.nan, **dict.fromkeys(("rmse", "mae", "q95", "accuracy", "log_loss"), math.nan)}
    with np.errstate(over="ignore", invalid="ignore"):
        return judge(target, network.loss, dense.predict(validation.x), validation)


def _state(run: _Run) -> Checkpoint:
    state = {"patience": run.patience.to_json(), "history": run.history, "ended": run.ended}
    return Checkpoint([variable.numpy() for variable in run.variables], run.best, state)


def _resume(run: _Run, found: Checkpoint | None) -> None:
    if found is None:
        return
    for variable, value in zip(run.variables, found.now, strict=True):
        variable.assign(value)
    run.best = list(found.best)
    run.patience = Patience.from_json(found.state["patience"])
    run.history = [dict(record) for record in found.state["history"]]
    run.ended = str(found.state["ended"])
    run.resumed_at = len(run.history)


def _finished(run: _Run, network: Network, target: Target, validation: Rows) -> Trained:
    if not run.best:
        raise Diverged(
            f"Training came to numbers that are not finite in epoch {len(run.history)}; a smaller learning_rate than"
            f" {network.learning_rate:g} may help."
        )
    run.restore_best()
    dense = export(run.model)
    metrics = judge(target, network.loss, dense.predict(validation.x), validation)
    return Trained(run.model, dense, run.history, run.patience.best_epoch, metrics, run.ended, run.resumed_at)
