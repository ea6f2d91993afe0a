"""`python -m containers.gp_image train` as SageMaker runs it: a process, its files, its log and its exit code."""

from __future__ import annotations

import json
import re
import signal
import time

import numpy as np
import pytest

from models import catalog
from models.datasets import diabetes, toy
from models.gp import artifact

MODULE = "containers.gp_image"


def metrics_in(log: str) -> dict[str, float]:
    found = {metric.name: re.search(metric.regex, log, re.MULTILINE) for metric in catalog.GP.metrics}
    return {name: float(match[1]) for name, match in found.items() if match is not None}


def test_a_training_leaves_a_model_that_predicts_and_prints_its_metrics(folder, programs) -> None:
    code, log = programs.run(MODULE, "train", folder.toy_channels().hyperparameters(q="1", l='"0"', _tuning_x="1"))
    assert code == 0, log
    model = folder.root / "model"
    assert sorted(path.name for path in model.iterdir()) == ["metrics.json", "model.npz", "schema.json"]
    assert not (folder.root / "output" / "failure").exists()
    record = json.loads((model / "metrics.json").read_text())
    assert record["metrics"] == metrics_in(log)
    assert set(record["metrics"]) == {"validation:RMSE", "validation:NLPD", "validation:coverage95"}
    assert record["rows"] == {"train": 100, "validation": 50}
    assert record["hyperparameters"] == catalog.GP.parse({})
    schema = json.loads((model / "schema.json").read_text())
    assert (schema["target"], [each["name"] for each in schema["inputs"]]) == ("y", ["x1", "x2"])
    posterior = artifact.load(model / "model.npz")
    assert posterior.predict([[0.5, 1.0]])[0] == pytest.approx(1.5 * 0.5 + 5.2 * 1.0, abs=0.5)


def test_the_validation_channel_is_what_is_judged_on_and_not_trained_on(folder, programs) -> None:
    # The published version wrote the training rows into the validation file, and so tuned on its training error.
    code, log = programs.run(MODULE, "train", folder.toy_channels())
    assert code == 0, log
    posterior = artifact.load(folder.root / "model" / "model.npz")
    rows = np.array(toy().validation)
    expected = np.sqrt(np.mean(np.square(posterior.predict(rows[:, 1:]) - rows[:, 0])))
    assert metrics_in(log)["validation:RMSE"] == pytest.approx(expected, rel=1e-12)
    assert len(posterior.alpha) == 100


def test_a_named_target_several_files_and_columns_in_another_order(folder, programs) -> None:
    folder.channel("train", "size,price\n1,10\n2,20\n", "a/part-1.csv").channel("train", "size,price\n3,30\n", "b.CSV")
    folder.channel("train", "notes", "readme.txt").channel("train", "junk", ".hidden.csv")
    folder.channel("validation", "price,size\n15,1.5\n")
    code, log = programs.run(MODULE, "train", folder, SAGEBUILD_TARGET="price")
    assert code == 0, log
    posterior = artifact.load(folder.root / "model" / "model.npz")
    assert (posterior.target, posterior.inputs, len(posterior.alpha)) == ("price", ("size",), 3)


def test_files_without_a_header_have_the_target_first(folder, programs) -> None:
    folder.channel("train", "10,1\n20,2\n30,3\n").channel("validation", "15,1.5\n")
    code, log = programs.run(MODULE, "train", folder)
    assert code == 0, log
    assert artifact.load(folder.root / "model" / "model.npz").target == "target"


@pytest.mark.parametrize("criterion", ["lml", "loo"])
def test_a_search_is_written_down_and_averages(folder, programs, criterion: str) -> None:
    folder.toy_channels().hyperparameters(search=criterion, average="2", length_scales="equal")
    code, log = programs.run(MODULE, "train", folder)
    assert code == 0, log
    assert "Compared 1000 kernels and noises; the best is q=" in log
    record = json.loads((folder.root / "model" / "search.json").read_text())
    assert (record["criterion"], len(record["grid"])) == (criterion, 1000)
    plot = record["plot"]
    assert (plot["x"]["name"], plot["x"]["scale"]) == ("sigma2", "log")
    assert plot["y"]["unit"] == {"lml": "nats", "loo": "nats a row"}[criterion]
    assert [line["name"].split(",")[0] for line in plot["series"]] == [f"q={q}" for q in range(5)]
    best = record["grid"][0]["log_marginal_likelihood" if criterion == "lml" else "loo_log_density"]
    assert max(y for line in plot["series"] for _, y in line["points"]) == best
    assert 1 <= len(record["average"]) <= 2
    assert sum(each["weight"] for each in record["average"]) == pytest.approx(1.0)
    assert metrics_in(log)["validation:RMSE"] < 1.3
    model = artifact.load(folder.root / "model" / "model.npz")
    assert model.predict([[0.5, 1.0]])[0] == pytest.approx(1.5 * 0.5 + 5.2 * 1.0, abs=0.6)


def test_the_published_definition_solver_and_amplitude_are_hyperparameters(folder, programs) -> None:
    folder.toy_channels().hyperparameters(definition="published")
    code, log = programs.run(MODULE, "train", folder)
    assert code == 0, log
    assert metrics_in(log)["validation:RMSE"] > 2.0
    folder.hyperparameters(solver="nystrom", inducing_points="30", signal_variance="2", bias="1.5", seed="3")
    code, log = programs.run(MODULE, "train", folder)
    assert code == 0, log
    posterior = artifact.load(folder.root / "model" / "model.npz")
    assert (len(posterior.alpha), posterior.signal_variance, posterior.sphere.bias) == (30, 2.0, 1.5)
    folder.hyperparameters(definition="published", search="lml")
    assert programs.run(MODULE, "train", folder)[0] == 1
    assert folder.failure == "A search is of scaled inputs; with definition=published, search must be off.\n"


def test_the_diabetes_sample_trains(folder, programs) -> None:
    sample = diabetes()
    folder.channel("train", sample.to_csv("train")).channel("validation", sample.to_csv("validation"))
    code, log = programs.run(MODULE, "train", folder.hyperparameters(q="0", l="2"))
    assert code == 0, log
    assert metrics_in(log)["validation:RMSE"] < 75


TRAIN, VALIDATION = "y,x\n1,2\n3,4\n", "y,x\n1,2\n"
BAD = {
    "q-99": (TRAIN, VALIDATION, {"q": "99"}, {}, "q is 99, but must be a whole number from 0 to 4."),
    "q-code": (TRAIN, VALIDATION, {"q": "__import__('os')"}, {}, "but must be a whole number from 0 to 4."),
    "unknown": (
        TRAIN,
        VALIDATION,
        {"depth_of": "1"},
        {},
        "The gp model has no hyperparameter 'depth_of'; it has q, l,",
    ),
    "target": (
        TRAIN,
        VALIDATION,
        {},
        {"SAGEBUILD_TARGET": "z"},
        "In the channel 'train': data.csv has no target column 'z'; the columns are y, x.",
    ),
    "text": (
        "y,x\n1,abc\n",
        VALIDATION,
        {},
        {},
        "In the channel 'train': data.csv: row 2, column 'x' has 'abc', but must have a finite number."
        " A Gaussian process takes whole rows of numbers only.",
    ),
    "no-rows": ("y,x\n", VALIDATION, {}, {}, "In the channel 'train': data.csv has a header but no rows."),
    "no-channel": (TRAIN, None, {}, {}, "The channel 'validation' is missing: there is no folder"),
    "other-columns": (TRAIN, "y,w\n1,2\n", {}, {}, "data.csv has the columns y, w, but must have y, x"),
    "threads": (TRAIN, VALIDATION, {}, {"SAGEBUILD_BLAS_THREADS": "0"}, "must be a whole number from 1 to 1024."),
    "unit": (
        "y,x\n1,1\n2,2\n3,3\n",
        VALIDATION,
        {"projection": "unit"},
        {},
        "Row 2 is zero after scaling, which the unit projection cannot map; use the lift projection.",
    ),
}


@pytest.mark.parametrize(("train", "validation", "values", "environment", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_input_fails_with_one_sentence(folder, programs, train, validation, values, environment, reason) -> None:
    folder.channel("train", train).hyperparameters(**values)
    if validation is not None:
        folder.channel("validation", validation)
    code, log = programs.run(MODULE, "train", folder, **environment)
    assert code == 1
    assert reason in folder.failure
    assert folder.failure.count("\n") == 1
    assert reason in log
    assert "Traceback" not in log
    assert not (folder.root / "model" / "model.npz").exists()


def test_a_channel_without_csv_says_what_is_there(folder, programs) -> None:
    code, _ = programs.run(MODULE, "train", folder.channel("train", "1,2\n", "data.txt"))
    assert code == 1
    assert "The channel 'train' needs a .csv file, but" in folder.failure
    assert "holds data.txt." in folder.failure


@pytest.mark.parametrize("text", ["[1]", '{"q": 1}', "{"], ids=["list", "number", "cut-off"])
def test_hyperparameters_must_be_strings_in_an_object(folder, programs, text: str) -> None:
    folder.toy_channels().hyperparameters()
    (folder.root / "input" / "config" / "hyperparameters.json").write_text(text)
    code, _ = programs.run(MODULE, "train", folder)
    assert code == 1
    assert folder.failure.startswith("hyperparameters.json ")


@pytest.mark.parametrize("verb", ["explain", "--help"])
def test_a_program_that_the_image_does_not_have_is_named(folder, programs, verb: str) -> None:
    code, log = programs.run(MODULE, verb, folder)
    assert code == 1
    assert log == f"This image runs train, serve, evaluate or prepare, but was asked for '{verb}'.\n"
    assert folder.failure == log


def test_sigterm_ends_a_long_training_within_a_second(folder, programs) -> None:
    # Large enough for many seconds of factorising, which is when a signal is hardest to answer.
    source = np.random.default_rng(0)
    lines = "\n".join(f"{y},{x}" for y, x in source.normal(size=(15_000, 2)))
    folder.channel("train", "y,x\n" + lines).channel("validation", VALIDATION)
    folder.hyperparameters(solver="exact")
    process = programs.start(MODULE, "train", folder, SAGEBUILD_BLAS_THREADS="1")
    assert "Fitting 15000 rows" in process.stdout.readline()
    time.sleep(0.5)
    asked_s = time.monotonic()
    process.send_signal(signal.SIGTERM)
    log, _ = process.communicate(timeout=20)
    assert time.monotonic() - asked_s < 1.0
    assert process.returncode == 143
    assert log == "train was stopped by SIGTERM before it was done.\n"
    assert folder.failure == log
    assert not list((folder.root / "model").glob("*"))


def test_sigterm_during_the_heavy_imports_is_answered_and_leaves_nothing_half_written(folder, programs) -> None:
    process = programs.start("tests.containers.slow_import", "train", folder)
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGTERM)
    log, _ = process.communicate(timeout=5)
    assert (process.returncode, log) == (143, "train was stopped by SIGTERM before it was done.\n")
    assert not list((folder.root / "model").iterdir())
