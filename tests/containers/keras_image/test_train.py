"""`python -m containers.keras_image train` as SageMaker runs it. Those that start TensorFlow are few: seconds each."""

from __future__ import annotations

import json
import random
import re

import pytest

from models.datasets import toy
from models.keras_entry import KERAS
from models.keras_net.predictor import load

MODULE = "containers.keras_image"
FILES = ["history.svg", "metrics.json", "model.keras", "preprocess.json", "schema.json", "weights.npz"]
SMALL = {"epochs": "12", "hidden_units": "8", "learning_rate": "0.1"}


def metrics_in(log: str) -> dict[str, list[float]]:
    found = {metric.name: re.findall(metric.regex, log, re.MULTILINE) for metric in KERAS.metrics}
    return {name: [float(value) for value in values] for name, values in found.items() if values}


def shops(count: int, seed: int) -> str:
    """A class from a number and a category, with cells missing in both."""
    source = random.Random(seed)
    lines = ["kind,size,town,always,note"]
    for _ in range(count):
        size, town = source.gauss(0, 1), source.choice(["Oslo", "Bergen"])
        kind = "large" if size > (0.5 if town == "Oslo" else -0.5) else "small"
        lines.append(f"{kind},{size if source.random() > 0.1 else ''},{town},1,")
    return "\n".join(lines) + "\n"


def test_classes_from_numbers_and_categories_end_to_end(folder, programs, endpoint, tmp_path) -> None:
    folder.channel("train", shops(200, 1)).channel("validation", shops(60, 2) + "huge,1,Paris,1,\n,1,Oslo,1,\n")
    folder.hyperparameters(**SMALL, balance_classes="True", batch_size="256")
    (tmp_path / "home").mkdir()
    code, log = programs.run(MODULE, "train", folder, HOME=str(tmp_path / "home"))
    assert code == 0, log
    assert not list((tmp_path / "home").iterdir())
    model = folder.root / "model"
    assert sorted(path.name for path in model.iterdir()) == FILES
    record = json.loads((model / "metrics.json").read_text())
    printed = metrics_in(log)
    # The last value of each is the model's own, which the job keeps.
    assert {name: values[-1] for name, values in printed.items() if "validation" in name} == record["metrics"]
    assert set(record["metrics"]) == {f"validation:{name}" for name in ("loss", "RMSE", "accuracy", "log_loss")}
    assert len(printed["train:loss"]) == len(record["history"]) == 12
    assert [len(each["points"]) for each in record["plot"]["series"]] == [12, 12]
    assert record["metrics"]["validation:accuracy"] > 0.7
    assert record["rows"] == {"train": 200, "validation": 60}
    assert record["training"]["batch_size_used"] == 200
    assert record["export_difference"] < 1e-5
    assert record["data"]["train"]["dropped_columns"] == {
        "always": "it is constant (1)",
        "note": "all its values are missing",
    }
    odd = record["data"]["validation"]
    assert (odd["unseen_categories"], odd["rows_of_unseen_class"], odd["rows_without_target"]) == ({"town": 1}, 1, 1)
    server = endpoint(MODULE, folder)
    server.wait_until_ready()
    status, text = server.ask(json.dumps({"instances": [[2.0, "Oslo", 1, None], [-2.0, "Paris", None, "x"]]}))
    large, small = json.loads(text)["predictions"]
    assert (status, large["class"], small["class"]) == (200, "large", "small")
    assert sum(large["probabilities"].values()) == pytest.approx(1)
    predicted = load(model / "preprocess.json", model / "weights.npz").predict([[2.0, "Oslo", 1.0, None]])
    assert large["probabilities"]["large"] == pytest.approx(predicted[0, 0])


def test_a_search_leaves_what_it_found_and_goes_on_where_it_was_killed(folder, programs) -> None:
    # Without a validation channel a share of the training rows is held out.
    folder.channel("train", toy().to_csv("train"))
    (folder.root / "checkpoints").mkdir(parents=True)
    few = {"mode": "search", "max_evals": "4", "trial_epochs": "2", "top_k": "1", "epochs": "3", "num_layers_high": "1"}
    process = programs.start(MODULE, "train", folder.hyperparameters(**few))
    for line in process.stdout:
        if line.startswith("Trial 2"):
            process.kill()
            break
    process.communicate(timeout=20)
    code, log = programs.run(MODULE, "train", folder)
    assert code == 0, log
    assert [line.split(":")[0] for line in log.splitlines() if line.startswith("Trial ")][-1] == "Trial 4"
    assert "Trial 1:" not in log
    model = folder.root / "model"
    assert sorted(path.name for path in model.iterdir()) == sorted([*FILES, "search.json", "search.svg"])
    found = json.loads((model / "search.json").read_text())
    assert (found["objective"], [trial["number"] for trial in found["trials"]]) == ("q95", [1, 2, 3, 4])
    plot = found["plot"]
    assert (plot["title"], plot["x"]["name"], plot["y"]["unit"]) == ("q95 by trial", "trial", "target's unit")
    assert sum(len(each["points"]) for each in plot["series"] if each["style"] == "dots") == 4
    printed = metrics_in(log)
    least = min(trial["loss"] for trial in found["trials"] if not trial["pruned"])
    assert printed["search:best"][-1] == least
    assert printed["search:learning_rate"] == [found["best"]["choices"]["learning_rate"]]
    assert json.loads((model / "metrics.json").read_text())["rows"] == {"train": 85, "validation": 15}
    assert found["best"]["metrics"]["q95"] == printed["validation:q95"][-1]


TRAIN, VALIDATION = "y,x\n1,2\n3,4\n5,7\n", "y,x\n1,2\n"
BAD = {
    "range": (TRAIN, {"num_layers": "99"}, {}, "num_layers is 99, but must be a whole number from 1 to 12."),
    "code": (TRAIN, {"nodes": "__import__('os')"}, {}, "but must be a whole number from 1 to 4096, or several"),
    "unknown": (TRAIN, {"depth_of": "1"}, {}, "The keras model has no hyperparameter 'depth_of'; it has mode,"),
    "target": (TRAIN, {}, {"SAGEBUILD_TARGET": "z"}, "data.csv has no target column 'z'; the columns are y, x."),
    "constant": ("y,x\n1,2\n3,2\n", {}, {}, "No input is left to learn from (x: it is constant (2))."),
    "missing": ("y,x\n1,\n3,nan\n", {}, {}, "No input is left to learn from (x: all its values are missing)."),
    "one-class": ("y,x\na,1\na,2\n", {}, {}, "The target column 'y' has one class only (a); two are needed."),
    "mixed": ("y,x\n1,1\n2,2\n3,b\n", {}, {}, "The column 'x' has 'b' in row 4, but numbers in most others"),
    "loss": ("y,x\na,1\nb,2\n", {"loss_metric": "mae"}, {}, "loss_metric is mae, but the target is a class"),
    "space": (TRAIN, {"mode": "search", "l2_low": "0.1"}, {}, "l2_low is 0.1, but must not be above l2_high"),
    "validation": ("y,x\na,1\nb,2\n", {}, {}, "No row has a usable value in the target column 'y'."),
}


@pytest.mark.parametrize(("train", "values", "environment", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_input_fails_with_one_sentence_before_any_work(
    folder, programs, train, values, environment, reason
) -> None:
    folder.channel("train", train).channel("validation", VALIDATION).hyperparameters(**values)
    code, log = programs.run(MODULE, "train", folder, **environment)
    assert code == 1
    assert reason in folder.failure
    assert folder.failure.count("\n") == 1
    assert reason in log
    assert "Traceback" not in log
    assert not (folder.root / "model").exists()
