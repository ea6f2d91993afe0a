"""What bench_keras.py measures in other processes: python -m tests.bench.keras_work fit|ours|search|save FOLDER."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from models.keras_entry import KERAS
from models.keras_net import forward
from models.keras_net.backend import configure, keras, tf
from models.keras_net.building import build, export, make_loss, make_optimizer
from models.keras_net.fitting import Rows
from models.keras_net.network import Network, Training
from models.keras_net.predictor import Predictor
from models.keras_net.preparation import NumberColumn, Preparation
from models.keras_net.search import Task, search
from models.keras_net.space import space_of
from models.keras_net.target import NumberTarget
from models.keras_net.training import train

ROWS, FEATURES, HELD_OUT = 10_000, 18, 1_500
EPOCHS, BATCH, ROUNDS = 5, 256, 4
TARGET = NumberTarget("y", 0.0, 1.0)
NETWORK = Network((64,) * 5).resolved(None)


def data(rows: int, seed: int = 0) -> Rows:
    source = np.random.default_rng(seed)
    x = source.normal(size=(rows, FEATURES)).astype(np.float32)
    truth = np.sin(x[:, 0]).astype(np.float64) + x[:, 1] * x[:, 2]
    return Rows(x, TARGET.encode(truth), truth)


def by_fit(folder: Path) -> list[float]:
    """CPU seconds of trials by model.fit."""
    fit, held_out = data(ROWS), data(HELD_OUT, 1)

    def trial() -> None:
        model = build(NETWORK, FEATURES, 1, seed=1)
        model.compile(make_optimizer(NETWORK), make_loss(NETWORK, 1))
        model.fit(fit.x, fit.y, BATCH, EPOCHS, verbose=0, validation_data=(held_out.x, held_out.y))

    return [_cpu_s(trial) for _ in range(ROUNDS)]


def by_us(folder: Path) -> list[float]:
    """CPU seconds of trials as the search makes them."""
    fit, held_out = data(ROWS), data(HELD_OUT, 1)
    training = Training(epochs=EPOCHS, batch_size=BATCH, early_stopping_patience=0, lr_update_patience=0)
    return [_cpu_s(lambda: train(NETWORK, training, TARGET, fit, held_out)) for _ in range(ROUNDS)]


def _cpu_s(work: Callable[[], object]) -> float:
    keras.backend.clear_session()
    started_s = time.process_time()
    work()
    return time.process_time() - started_s


def searching(folder: Path) -> dict[str, Any]:
    """A search kept in the folder. Says when a trial is done, so that it can be killed then."""
    fit, held_out = data(400), data(100, 1)
    few = {"max_evals": "14", "trial_epochs": "4", "top_k": "1", "num_layers_high": "3"}
    task = Task(Network().resolved(None), Training(epochs=3), TARGET, fit, held_out, False)

    def on_trial(trial: Any, best: Any) -> None:
        sys.stdout.write(f"trial {trial.number}\n")
        sys.stdout.flush()

    found = search(task, space_of(KERAS.parse(few), None), on_trial=on_trial, folder=folder)
    return {"trials": [[dict(trial.vals), trial.loss] for trial in found.trials], "final": found.finals[0].loss}


def save(folder: Path) -> dict[str, Any]:
    """A model folder for both servers: five layers of 64 with batch normalisation."""
    network = Network((64,) * 5, batch_normalization=True).resolved(None)
    model = build(network, FEATURES, 1, seed=1)
    columns = tuple(NumberColumn(f"x{place}", 0.1, 1.1, 0.0, False) for place in range(FEATURES))
    predictor = Predictor(Preparation(columns), TARGET, export(model))
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "model.keras")
    (folder / "preprocess.json").write_text(json.dumps(predictor.preprocess_json()))
    forward.save(predictor.network, folder / "weights.npz")
    return {}


if __name__ == "__main__":
    if sys.argv[1] == "fit":
        # As people run it: with one thread like ours, but without our deterministic operations, which cost it more.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    else:
        configure(1)
    work: dict[str, Callable[[Path], object]] = {"fit": by_fit, "ours": by_us, "search": searching, "save": save}
    sys.stdout.write(json.dumps(work[sys.argv[1]](Path(sys.argv[2]))) + "\n")
