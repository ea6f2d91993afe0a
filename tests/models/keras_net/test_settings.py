"""models/keras_entry.py, network.py, space.py, patience.py, trials.py: what may be asked for, without TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from models.hyperparameters import BadHyperparameters, items
from models.keras_entry import KERAS
from models.keras_net.network import Network, check_monitor, network_of
from models.keras_net.patience import Patience
from models.keras_net.space import network_of as network_of_trial
from models.keras_net.space import space_of
from models.keras_net.trials import Notebook, Trial, should_prune


def test_defaults_survive_as_the_strings_that_sagemaker_makes_of_them() -> None:
    defaults = KERAS.parse({})
    assert KERAS.parse({name: str(value) for name, value in defaults.items()}) == defaults
    assert len(defaults) <= 100  # CreateTrainingJob takes no more


def test_lists_are_read_in_every_usual_spelling_and_never_evaluated() -> None:
    for text in ("64,32", "[64, 32]", '["64", "32"]', "64 32", "(64,32)"):
        assert items(KERAS.parse({"nodes": text})["nodes"]) == ("64", "32")
    assert items(KERAS.parse({"nodes": "none"})["nodes"]) == ()
    assert items(KERAS.parse({"choice_of_optimizers": "['adam','sgd']"})["choice_of_optimizers"]) == ("adam", "sgd")
    for text, value in (("True", True), ("yes", True), ("0", False), ('"false"', False)):
        assert KERAS.parse({"batch_normalization": text})["batch_normalization"] is value


BAD = {
    "code": ({"nodes": "__import__('os')"}, "nodes is \"__import__('os')\", but must be a whole number from 1 to 4096"),
    "range": (
        {"choice_of_dropouts": "0.5,2"},
        "is '0.5,2', but must be a number from 0 to 0.95, or",
    ),
    "choice": ({"choice_of_optimizers": "adam,foo"}, "but must be one of adam, adamw, nadam, rmsprop, sgd, or several"),
    "empty": ({"choice_of_node_numbers": ""}, "choice_of_node_numbers is '', but must be a whole number"),
    "flag": ({"pruning": "maybe"}, "pruning is 'maybe', but must be yes or no."),
    "many": ({"nodes": ",".join(["8"] * 33)}, "at most 32 in all."),
    "half": ({"nodes": "1.5"}, "nodes is '1.5', but must be a whole number from 1 to 4096"),
}


@pytest.mark.parametrize(("given", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_values_are_named_with_what_is_allowed(given: dict[str, str], reason: str) -> None:
    with pytest.raises(BadHyperparameters) as raised:
        KERAS.parse(given)
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("given", "layers"),
    [
        ({}, (64, 64)),
        ({"num_layers": "3", "hidden_units": "100", "progressive_reduction": "true"}, (100, 50, 25)),
        ({"nodes": "64,32,1"}, (64, 32, 1)),
        ({"hidden_units": "2", "num_layers": "4", "progressive_reduction": "true"}, (2, 1, 1, 1)),
    ],
)
def test_layers(given: dict[str, str], layers: tuple[int, ...]) -> None:
    assert network_of(KERAS.parse(given)).layers == layers


@pytest.mark.parametrize(
    ("network", "classes", "reason"),
    [
        (Network(loss="cross_entropy"), None, "the target is a number; use mse, mae or huber."),
        (Network(last_activation="softmax"), None, "the target is a number; use linear or tanh."),
        (Network(loss="mae"), 2, "the target is a class; use cross_entropy"),
        (Network(last_activation="linear"), 3, "a target of 3 classes needs softmax."),
    ],
)
def test_choices_that_do_not_suit_the_target_are_refused(network: Network, classes: int | None, reason: str) -> None:
    with pytest.raises(BadHyperparameters, match=reason):
        network.resolved(classes)


def test_a_metric_that_the_target_does_not_have_is_refused() -> None:
    check_monitor("val_q95", None)
    check_monitor("loss", 2)
    with pytest.raises(BadHyperparameters, match="val_accuracy, but the target is a number; use loss"):
        check_monitor("val_accuracy", None)
    with pytest.raises(BadHyperparameters, match="objective is q95, but the target is a class; use loss, rmse"):
        space_of(KERAS.parse({"objective": "q95"}), 2)
    with pytest.raises(BadHyperparameters, match="num_layers_low is 5, but must not be above num_layers_high"):
        space_of(KERAS.parse({"num_layers_low": "5"}), None)
    with pytest.raises(BadHyperparameters, match="nodes has 13 layers, but there may be at most 12"):
        network_of(KERAS.parse({"nodes": ",".join(["8"] * 13)}))


def test_the_default_objective_is_the_quantile_or_the_log_loss() -> None:
    assert space_of(KERAS.parse({}), None).objective == "q95"
    assert space_of(KERAS.parse({}), 3).objective == "log_loss"


def test_a_trial_takes_its_first_layers_and_keeps_what_is_not_searched() -> None:
    choices = {
        "num_layers": 2,
        "nodes_0": 32,
        "nodes_1": 8,
        "nodes_2": 99,
        "activation": "tanh",
        "dropout": 0.1,
        "batch_normalization": True,
        "l2": 1e-3,
        "optimizer": "sgd",
        "learning_rate": 0.01,
    }
    network = network_of_trial(choices, Network(last_activation="tanh", loss="huber"))
    assert network == Network((32, 8), "tanh", "tanh", 0.1, True, 1e-3, "sgd", 0.01, "huber")


def test_patience_reduces_then_stops_and_survives_json() -> None:
    patience = Patience(stop_after=4, reduce_after=2, maximise=False, learning_rate=0.1)
    rates, stopped = [], None
    for epoch, value in enumerate([5.0, 3.0, 4.0, float("nan"), 3.0, 9.0], start=1):
        patience = Patience.from_json(patience.to_json())
        patience.improved(epoch, value)
        if patience.stops(epoch):
            stopped = epoch
            break
        patience.reduces(epoch)
        rates.append(patience.learning_rate)
    assert (patience.best, patience.best_epoch, stopped) == (3.0, 2, 6)
    assert rates == [0.1, 0.1, 0.1, 0.05, 0.05]


def test_patience_can_look_for_the_most() -> None:
    patience = Patience(stop_after=0, reduce_after=0, maximise=True, learning_rate=0.1)
    assert [patience.improved(epoch, value) for epoch, value in enumerate([0.5, 0.4, 0.6], start=1)] == [
        True,
        False,
        True,
    ]
    assert not patience.stops(1000)
    assert not patience.reduces(1000)


def trial(number: int, loss: float | None, curve: tuple[float, ...] = (), **more: object) -> Trial:
    return Trial(number, {}, {"num_layers": number}, loss, curve, **more)  # type: ignore[arg-type]


def test_a_trial_is_pruned_when_most_earlier_ones_were_better_at_that_epoch() -> None:
    earlier = [trial(i, 1.0, (9.0, float(i))) for i in range(5)]
    assert should_prune((9.0, 2.5), earlier)
    assert not should_prune((9.0, 1.5), earlier)
    assert not should_prune((99.0,), earlier), "the first epoch says little"
    assert not should_prune((9.0, 99.0, 99.0), earlier), "no earlier trial came so far"
    assert not should_prune((9.0, 2.5), earlier[:4]), "too few to compare with"


def test_the_best_are_complete_and_differ() -> None:
    trials = [trial(0, 3.0), trial(1, None, error="failed"), trial(2, 1.0, pruned=True), trial(3, 2.0), trial(4, 4.0)]
    same = Trial(5, {}, {"num_layers": 3}, 2.5)
    assert [each.number for each in Notebook("m", [*trials, same]).best(3)] == [3, 0, 4]


def test_a_notebook_is_kept_and_another_searchs_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "search.json"
    notebook = Notebook("mark", [trial(0, 3.0, (4.0, 3.0)), trial(1, None, error="failed")])
    notebook.save(path)
    assert Notebook.load(path, "mark") == notebook
    assert Notebook.load(path, "other") == Notebook("other")
    for damaged in ("", "[]", '{"format": "sagebuild-keras-search/1"}'):
        path.write_text(damaged)
        assert Notebook.load(path, "mark") == Notebook("mark")


@pytest.mark.parametrize("module", ["models.catalog", "containers.keras_image.job", "containers.keras_image.serve"])
def test_tensorflow_is_not_imported_where_it_is_not_needed(module: str) -> None:
    heavy = "{'tensorflow', 'keras', 'hyperopt', 'scipy', 'sklearn'}"
    code = f"import sys, {module}; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
