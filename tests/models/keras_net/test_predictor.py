"""models/keras_net: forward.py, predictor.py and judging.py: the exported network, its files and its metrics."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.figure import Axis, Figure, Series
from models.keras_net import forward
from models.keras_net.errors import BadArtifact, BadRows
from models.keras_net.fitting import Rows
from models.keras_net.forward import DenseNetwork, Layer
from models.keras_net.judging import judge
from models.keras_net.plots import line_chart
from models.keras_net.predictor import Predictor, load
from models.keras_net.preparation import CategoryColumn, NumberColumn, Preparation
from models.keras_net.target import ClassTarget, NumberTarget

PREPARATION = Preparation((NumberColumn("x", 1.0, 2.0, 1.0, False), CategoryColumn("c", ("a", "b"))))


def layer(weights: list[list[float]], bias: list[float], activation: str = "linear") -> Layer:
    return Layer(np.array(weights, np.float32), np.array(bias, np.float32), activation)


NETWORK = DenseNetwork((layer([[2.0], [1.0], [-1.0]], [0.5]),))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    predictor = Predictor(PREPARATION, NumberTarget("y", 10.0, 4.0), NETWORK)
    preprocess, weights = tmp_path / "preprocess.json", tmp_path / "weights.npz"
    preprocess.write_text(json.dumps(predictor.preprocess_json()))
    forward.save(NETWORK, weights)
    return preprocess, weights


def test_the_files_predict_in_the_targets_unit(files: tuple[Path, Path]) -> None:
    predicted = load(*files).predict([[3.0, "a"], [1.0, "never seen"], [None, "b"]])
    # ((x - 1) / 2) * 2 + 1 for a, - 1 for b, + 0.5, times 4, plus 10
    assert predicted.tolist() == [10 + 4 * 3.5, 10 + 4 * 0.5, 10 + 4 * -0.5]


def test_rows_too_far_out_are_named(files: tuple[Path, Path]) -> None:
    with pytest.raises(BadRows, match=r"Row 2 is too far from the training inputs\."):
        load(*files).predict([[1.0, "a"], [1e300, "a"]])


def test_files_without_pickle_damaged_or_of_two_models_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    preprocess, weights = files
    with np.load(weights, allow_pickle=False) as arrays:
        assert set(arrays) == {"header", "weights_0", "bias_0"}
    wide = DenseNetwork((layer([[1.0]], [0.0]),))
    forward.save(wide, tmp_path / "wide.npz")
    with pytest.raises(BadArtifact, match="takes 1 features, but the preparation makes 3"):
        load(preprocess, tmp_path / "wide.npz")
    np.savez(tmp_path / "pickled.npz", header=np.array({"format": forward.FORMAT}, dtype=object), allow_pickle=True)
    (tmp_path / "cut.npz").write_bytes(weights.read_bytes()[:100])
    for name in ("pickled.npz", "cut.npz", "preprocess.json"):
        with pytest.raises(BadArtifact, match="is not a network of format sagebuild-keras/1"):
            load(preprocess, tmp_path / name)
    with pytest.raises(BadArtifact, match="There is no model file"):
        load(preprocess, tmp_path / "none.npz")
    with pytest.raises(BadArtifact, match="There is no model file"):
        load(tmp_path / "none.json", weights)


@pytest.mark.parametrize(
    "layers",
    [
        (),
        (layer([[1.0]], [0.0]), layer([[1.0], [1.0]], [0.0])),
        (layer([[1.0]], [0.0], "eval"),),
        (layer([[float("nan")]], [0.0]),),
    ],
)
def test_layers_that_make_no_network_are_refused(layers: tuple[Layer, ...]) -> None:
    with pytest.raises(BadArtifact):
        DenseNetwork(layers)


@pytest.mark.parametrize("activation", sorted(forward.ACTIVATIONS))
def test_activations_stay_finite_far_out(activation: str) -> None:
    z = np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]], np.float32)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(forward.ACTIVATIONS[activation](z)).all()


def test_metrics_of_a_number_are_in_its_unit() -> None:
    target = NumberTarget("y", 10.0, 4.0)
    truth = np.arange(21.0)
    rows = Rows(np.zeros((21, 1), np.float32), target.encode(truth), truth)
    outputs = target.encode(truth + np.where(truth == 3, 8.0, 1.0))
    metrics = judge(target, "mse", outputs, rows)
    assert metrics["rmse"] == pytest.approx(np.sqrt((64 + 20) / 21))
    assert metrics["mae"] == pytest.approx(28 / 21)
    assert metrics["loss"] == pytest.approx((64 + 20) / 21 / 16)
    # Errors of 0, 1 .. 20: a twentieth of them is above 19.
    assert judge(target, "mse", target.encode(2 * truth), rows)["q95"] == pytest.approx(19.0, rel=1e-5)


def test_metrics_of_classes() -> None:
    target = ClassTarget("k", ("a", "b", "c"))
    truth = np.array([0.0, 1.0, 2.0, 2.0])
    outputs = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2], [0.0, 0.0, 1.0]], np.float32)
    metrics = judge(target, "cross_entropy", outputs, Rows(np.zeros((4, 1), np.float32), target.encode(truth), truth))
    assert metrics["accuracy"] == 0.75
    assert metrics["log_loss"] == pytest.approx(-np.log([0.8, 0.8, 0.2, 1.0]).mean(), rel=1e-5)
    assert metrics["loss"] == pytest.approx(metrics["log_loss"], rel=1e-4)
    brier = np.mean([0.06, 0.06, 0.36 + 0.04 + 0.64, 0.0])
    assert metrics["rmse"] == pytest.approx(np.sqrt(brier), rel=1e-5)


def test_a_chart_is_text_that_leaves_out_what_is_not_finite() -> None:
    one = Series("one", ((1, 2.0), (2, float("nan")), (3, 4.0)), dots=True)
    chart = line_chart(Figure("a < b", Axis("epoch"), Axis("loss"), (one, Series("two", ()))))
    assert chart.startswith("<svg ")
    assert "a &lt; b" in chart
    assert chart.count("<circle") == 2
    assert "nan" not in chart
