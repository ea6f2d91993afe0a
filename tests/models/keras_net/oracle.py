"""What only TensorFlow can say, computed in one process and printed as JSON; test_against_keras.py judges it.

Run as `python -m tests.models.keras_net.oracle`. One process, since importing TensorFlow takes seconds.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.keras_entry import ACTIVATIONS, KERAS
from models.keras_net import forward
from models.keras_net import search as search_module
from models.keras_net import training as training_module
from models.keras_net.backend import configure, keras
from models.keras_net.building import build, export, make_loss, make_optimizer, prove_equal
from models.keras_net.checkpoint import load as load_checkpoint
from models.keras_net.epochs import CompiledEpochs, order_of
from models.keras_net.errors import Diverged, SearchFailed, Unfaithful
from models.keras_net.fitting import Rows, class_weights
from models.keras_net.forward import DenseNetwork, Layer
from models.keras_net.judging import judge
from models.keras_net.network import Network, Training
from models.keras_net.search import Task, search
from models.keras_net.space import space_of
from models.keras_net.target import ClassTarget, NumberTarget
from models.keras_net.training import train

SOURCE = np.random.default_rng(3)
X = SOURCE.normal(size=(90, 4)).astype(np.float32)
TRUTH = (X[:, 0] - 2 * X[:, 1] + 0.1 * SOURCE.normal(size=90)).astype(np.float64)
NUMBER = NumberTarget("y", 5.0, 2.0)
CLASSES = ClassTarget("k", ("a", "b", "c"))
POSITIONS = (np.digitize(TRUTH, [-1.0, 1.0])).astype(np.float64)


def rows(low: int, high: int, target: NumberTarget | ClassTarget = NUMBER) -> Rows:
    truth = TRUTH * 2 + 5 if isinstance(target, NumberTarget) else POSITIONS
    return Rows(X[low:high], target.encode(truth[low:high]), truth[low:high])


def exports() -> dict[str, float]:
    """The difference of export and Keras, for every activation, with and without batch normalisation."""
    found = {}
    for activation in ACTIVATIONS:
        for normalised in (False, True):
            network = Network((7, 5), activation, "linear", 0.2, normalised, loss="mse")
            model = build(network, 4, 1, seed=1)
            for layer in model.layers:
                if type(layer).__name__ == "BatchNormalization":
                    # As after training: none of the four is what it starts as.
                    layer.set_weights([SOURCE.uniform(0.5, 2.0, weights.shape) for weights in layer.get_weights()])
            found[f"{activation}, {normalised}"] = prove_equal(model, export(model), 3 * X)
    for last, outputs in (("softmax", 3), ("sigmoid", 1), ("tanh", 1)):
        model = build(Network((6,), "relu", last), 4, outputs, seed=1)
        found[last] = prove_equal(model, export(model), 3 * X)
    return found


def refuses_an_unfaithful_export() -> bool:
    model = build(Network((6,), "relu", "linear"), 4, 1, seed=1)
    first, *others = export(model).layers
    wrong = DenseNetwork((Layer(first.weights * np.float32(1.01), first.bias, first.activation), *others))
    try:
        prove_equal(model, wrong, X)
    except Unfaithful:
        return True
    return False


def compiled_against_fit() -> dict[str, list[float]]:
    """For each case the largest difference in weights, and in loss, after three epochs on the same batches."""
    cases: dict[str, tuple[Network, NumberTarget | ClassTarget, bool]] = {
        "nadam, L2": (Network((8, 6), optimizer="nadam", learning_rate=0.01, l2=1e-3), NUMBER, False),
        "batch normalisation, dropout": (Network((8,), dropout=0.3, batch_normalization=True), NUMBER, False),
        "weighted classes": (Network((8,)), CLASSES, True),
    }
    found = {}
    for name, (asked, target, balanced) in cases.items():
        network = asked.resolved(len(target.classes) if isinstance(target, ClassTarget) else None)
        data = rows(0, 70, target)
        weights = class_weights(data, target) if balanced and isinstance(target, ClassTarget) else None
        ours, theirs = (build(network, 4, target.outputs, seed=9) for _ in range(2))
        optimizer = make_optimizer(network)
        epochs = CompiledEpochs(ours, optimizer, make_loss(network, target.outputs), data, weights, 32)
        theirs.compile(make_optimizer(network), make_loss(network, target.outputs))
        losses = []
        for epoch in range(3):
            order = order_of(len(data), 5, epoch)
            loss = epochs.run(order)
            sample_weight = None if weights is None else weights[order]
            history = theirs.fit(
                data.x[order], data.y[order], 32, 1, verbose=0, shuffle=False, sample_weight=sample_weight
            )
            losses.append(abs(loss - history.history["loss"][0]))
        difference = max(
            float(np.abs(a - b).max()) for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True)
        )
        found[name] = [difference, max(losses)]
    return found


class _Stopped(Exception):
    pass


def _stop_at(epoch: int) -> Callable[[int, Any], bool]:
    def on_epoch(number: int, record: Any) -> bool:
        if number == epoch:
            raise _Stopped
        return False

    return on_epoch


def training(folder: Path) -> dict[str, Any]:
    """The same training straight, again, stopped after epoch 6 and resumed, and as it ended."""
    network = Network((8, 6), dropout=0.1, batch_normalization=True, learning_rate=0.03).resolved(None)
    how = Training(epochs=40, batch_size=16, early_stopping_patience=8, lr_update_patience=3, seed=4)
    fit, held_out = rows(0, 70), rows(70, 90)
    straight, again = (train(network, how, NUMBER, fit, held_out) for _ in range(2))
    path = folder / "training.npz"
    training_module.CHECKPOINT_S = 0.0
    with contextlib.suppress(_Stopped):
        train(network, how, NUMBER, fit, held_out, checkpoint=path, on_epoch=_stop_at(7))
    resumed = train(network, how, NUMBER, fit, held_out, checkpoint=path)
    finished = train(network, how, NUMBER, fit, held_out, checkpoint=path)
    other = train(network, replace(how, seed=5), NUMBER, fit, held_out, checkpoint=path)
    straight.model.save(folder / "model.keras")
    reloaded = keras.models.load_model(folder / "model.keras", safe_mode=True)
    forward.save(straight.dense, folder / "weights.npz")
    return {
        "histories": [each.history for each in (straight, again, resumed, finished)],
        "resumed_at": [each.resumed_at for each in (straight, resumed, finished, other)],
        "best_epoch": straight.best_epoch,
        "ended": straight.ended,
        "metrics": straight.metrics,
        "judged": judge(NUMBER, "mse", forward.load(folder / "weights.npz").predict(held_out.x), held_out),
        "keras": float(np.sqrt(np.mean(np.square(NUMBER.decode(np.asarray(reloaded(held_out.x))) - held_out.truth)))),
        "foreign": load_checkpoint(path, "another") is None,
    }


def diverging() -> str:
    network = Network((8,), optimizer="sgd", learning_rate=9.0).resolved(None)
    big = rows(0, 70)
    try:
        train(network, Training(epochs=30), NUMBER, Rows(big.x * 1e18, big.y * 1e18, big.truth), rows(70, 90))
    except Diverged as error:
        return str(error)
    return ""


def searching(folder: Path) -> dict[str, Any]:
    """A search straight, and one that ended after five trials and was resumed from its file with more."""
    search_module.STARTUP_TRIALS = 4  # so that TPE proposes some of them
    task = Task(Network().resolved(None), Training(epochs=3), NUMBER, rows(0, 70), rows(70, 90), False)
    few = {"max_evals": 8, "trial_epochs": 3, "top_k": 1, "num_layers_high": 2, "choice_of_node_numbers": "4,8"}
    space = space_of(KERAS.parse(few), None)
    straight = search(task, space)
    search(task, replace(space, max_evals=5), folder=folder)
    resumed = search(task, space, folder=folder)
    wild = replace(space, learning_rate=(9.9, 10.0), optimizers=("sgd",), max_evals=2)
    huge = Rows(rows(0, 70).x * 1e18, rows(0, 70).y * 1e18, rows(0, 70).truth)
    try:
        search(replace(task, rows=huge), wild)
        failed = ""
    except SearchFailed as error:
        failed = str(error)
    return {
        "straight": [[trial.vals, trial.loss, trial.pruned] for trial in straight.trials],
        "resumed": [[trial.vals, trial.loss, trial.pruned] for trial in resumed.trials],
        "finals": [[final.trial.number, final.loss] for final in straight.finals],
        "resumed_finals": [[final.trial.number, final.loss] for final in resumed.finals],
        "failed": failed,
    }


def main() -> None:
    configure(1)
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "exports": exports(),
            "refuses": refuses_an_unfaithful_export(),
            "compiled": compiled_against_fit(),
            "training": training(Path(folder)),
            "diverging": diverging(),
            "searching": searching(Path(folder) / "search"),
        }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
