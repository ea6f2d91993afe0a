"""Our compiled epochs, export, checkpoints and search against Keras and Hyperopt themselves (oracle.py computes)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.models.keras_net.oracle"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_activation_is_exported_as_keras_has_it_with_batch_normalisation_folded(oracle) -> None:
    assert len(oracle["exports"]) == 19
    assert {name: value for name, value in oracle["exports"].items() if value > 2e-6} == {}


def test_an_export_that_differs_is_not_served(oracle) -> None:
    assert oracle["refuses"]


def test_a_compiled_epoch_does_what_fit_does_on_the_same_batches(oracle) -> None:
    assert set(oracle["compiled"]) == {"nadam, L2", "batch normalisation, dropout", "weighted classes"}
    for weights, loss in oracle["compiled"].values():
        assert weights < 1e-6
        assert loss < 1e-6


def test_the_same_seed_gives_the_same_training(oracle) -> None:
    straight, again, *_ = oracle["training"]["histories"]
    assert straight == again


def test_a_stopped_training_ends_like_one_that_never_stopped(oracle) -> None:
    straight, _, resumed, finished = oracle["training"]["histories"]
    assert resumed == straight
    assert finished == straight
    # Resumed after epoch 6; a finished one is not trained again; a checkpoint of another seed is not taken.
    assert oracle["training"]["resumed_at"] == [0, 6, len(straight), 0]
    assert oracle["training"]["foreign"]


def test_training_ends_early_and_goes_back_to_its_best_epoch(oracle) -> None:
    training = oracle["training"]
    history = training["histories"][0]
    best = min(range(len(history)), key=lambda epoch: history[epoch]["val_loss"])
    assert training["ended"] == "early"
    assert training["best_epoch"] == best + 1 == len(history) - 8
    assert training["metrics"]["rmse"] == history[best]["val_rmse"]
    # The plateau halves the learning rate.
    assert {record["learning_rate"] for record in history} >= {0.03, 0.015}


def test_the_files_predict_what_the_training_said(oracle) -> None:
    assert oracle["training"]["judged"] == oracle["training"]["metrics"]
    assert oracle["training"]["keras"] == pytest.approx(oracle["training"]["metrics"]["rmse"], rel=1e-5)


def test_a_diverging_training_says_what_may_help(oracle) -> None:
    assert oracle["diverging"] == (
        "Training came to numbers that are not finite in epoch 1; a smaller learning_rate than 9 may help."
    )


def test_a_resumed_search_makes_the_same_trials(oracle) -> None:
    searching = oracle["searching"]
    assert len(searching["straight"]) == 8
    assert searching["resumed"] == searching["straight"]
    assert searching["resumed_finals"] == searching["finals"]


def test_failed_trials_are_recorded_and_a_search_without_any_other_says_so(oracle) -> None:
    assert oracle["searching"]["failed"].startswith("None of 2 trials came to an end: Training came to numbers")
