"""`python -m containers.keras_image evaluate` on networks made by hand, so without TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.keras_net.target import ClassTarget, NumberTarget
from tests.containers.keras_image.test_serve import write

MODULE = "containers.keras_image"
NUMBERS = "y,x,c\n13,1,a\n14,5,\n,1,a\n12.5,2.5,new\n17,1,b\n"
CLASSES = "k,x,c\nyes,0,a\nno,0,b\nno,0,a\n"


def test_a_regression_is_judged_by_the_exported_weights(folder, programs, tmp_path: Path) -> None:
    write(tmp_path / "new", NumberTarget("y", 10.0, 1.0))
    write(tmp_path / "old", NumberTarget("y", 9.0, 1.0))
    folder.processing_input("model", tmp_path / "new").processing_input("champion", tmp_path / "old")
    code, log = programs.run(MODULE, "evaluate", folder.processing_input("test", NUMBERS))
    assert code == 0, log
    found = folder.output("evaluation", "evaluation.json")
    # 13, 15 and 12.5 and 9 are predicted; the row without a target counts for nothing.
    errors = np.array([0.0, 1.0, 0.0, 8.0])
    expected = {
        "RMSE": np.sqrt(np.mean(errors**2)),
        "MAE": errors.mean(),
        "q95": np.quantile(errors, 0.95),
    }
    assert found["rows"] == 4
    assert found["metrics"] == pytest.approx(expected)
    assert found["champion"]["metrics"]["MAE"] == pytest.approx((1 + 0 + 1 + 9) / 4)
    assert found["probe"][0] == {"inputs": [1.0, "a"], "mean": 13.0, "std": None}
    assert [row["inputs"] for row in found["probe"]] == [[1.0, "a"], [1.0, "a"], [2.5, "new"]]


def test_classes_are_judged_and_probed_with_their_probabilities(folder, programs, endpoint, tmp_path: Path) -> None:
    write(tmp_path / "new", ClassTarget("k", ("no", "yes")))
    folder.processing_input("model", tmp_path / "new").processing_input("test", CLASSES)
    code, log = programs.run(MODULE, "evaluate", folder)
    assert code == 0, log
    found = folder.output("evaluation", "evaluation.json")
    assert set(found["metrics"]) == {"RMSE", "accuracy", "log_loss"}
    assert found["metrics"]["accuracy"] == pytest.approx(2 / 3)
    (tmp_path / "new").rename(folder.root / "model")
    server = endpoint(MODULE, folder)
    server.wait_until_ready()
    for row in found["probe"]:
        answered = json.loads(server.ask(json.dumps({"instances": [row["inputs"]]}))[1])["predictions"][0]
        assert (row["mean"], row["std"]) == (answered["mean"], None)
        assert row["probabilities"] == pytest.approx(answered["probabilities"])


def test_a_champion_with_other_classes_is_a_note(folder, programs, tmp_path: Path) -> None:
    write(tmp_path / "new", ClassTarget("k", ("no", "yes")))
    write(tmp_path / "old", ClassTarget("k", ("maybe", "yes")))
    folder.processing_input("model", tmp_path / "new").processing_input("champion", tmp_path / "old")
    assert programs.run(MODULE, "evaluate", folder.processing_input("test", CLASSES))[0] == 0
    found = folder.output("evaluation", "evaluation.json")
    assert found["champion"] is None
    assert found["champion_note"].startswith("The champion predicts k (maybe, yes) from x, c, so it cannot be compared")


def test_rows_that_nobody_can_judge_are_one_sentence(folder, programs, tmp_path: Path) -> None:
    write(tmp_path / "new", NumberTarget("y", 10.0, 1.0))
    folder.processing_input("model", tmp_path / "new").processing_input("test", "y,x,c\n,1,a\n")
    code, log = programs.run(MODULE, "evaluate", folder)
    assert (code, log) == (1, "No row has a usable value in the target column 'y'.\n")
    assert folder.message == log
