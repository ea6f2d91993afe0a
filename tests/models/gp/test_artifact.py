"""models/gp/artifact.py: what is saved predicts the same when loaded; what is not ours is refused, never unpickled."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from models.gp import artifact
from models.gp.errors import BadArtifact
from models.gp.fitting import fit
from models.gp.mixture import Mixture
from models.gp.posterior import Posterior
from models.gp.settings import Settings


class Unpicklable:
    """Says so if it is ever unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a pickle was loaded",)


@pytest.fixture
def posterior() -> Posterior:
    source = np.random.default_rng(0)
    x = source.normal(size=(150, 2))
    settings = Settings(2, 1, 0.3, projection="stereographic")
    return fit(settings, x, 7.0 + x[:, 0], inputs=("left", "right"), target="sum").posterior


@pytest.fixture
def saved(posterior: Posterior, tmp_path: Path) -> Path:
    path = tmp_path / "model.npz"
    artifact.save(posterior, path)
    return path


def rewrite(path: Path, **changed: object) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changed
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


def with_header(path: Path, **changed: object) -> np.ndarray:
    """The header with entries of its one posterior changed."""
    with np.load(path) as file:
        header = json.loads(str(file["header"]))
    header["posteriors"][0] |= changed
    return np.array(json.dumps(header))


def with_top(path: Path, **changed: object) -> np.ndarray:
    with np.load(path) as file:
        return np.array(json.dumps(json.loads(str(file["header"])) | changed))


def test_what_was_saved_predicts_the_same(posterior: Posterior, saved: Path) -> None:
    loaded = artifact.load(saved)
    new = np.random.default_rng(1).normal(size=(30, 2))
    assert (loaded.inputs, loaded.target) == (("left", "right"), "sum")
    for before, after in zip(posterior.predict_with_std(new), loaded.predict_with_std(new), strict=True):
        np.testing.assert_array_equal(before, after)


def test_an_unscaled_projection_round_trips(tmp_path: Path) -> None:
    gp = fit(Settings(projection="unit"), [[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0]).posterior
    artifact.save(gp, tmp_path / "m.npz")
    assert artifact.load(tmp_path / "m.npz").predict([[3.0]]) == gp.predict([[3.0]])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadArtifact, match=r"no model file .*model\.npz"):
        artifact.load(tmp_path / "model.npz")


@pytest.mark.parametrize(
    "content",
    [b"", b"not a zip", pickle.dumps(Unpicklable()), b"PK\x03\x04 cut off"],
    ids=["empty", "text", "pickle", "cut-off"],
)
def test_what_is_not_an_npz_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(BadArtifact, match="damaged or pickled"):
        artifact.load(tmp_path / "model.npz")


def test_an_object_array_is_refused_without_being_unpickled(saved: Path) -> None:
    rewrite(saved, **{"0.alpha": np.array([Unpicklable()], dtype=object)})
    with pytest.raises(BadArtifact, match="damaged or pickled"):
        artifact.load(saved)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "model.npz").open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(BadArtifact, match="damaged or pickled"):
        artifact.load(tmp_path / "model.npz")


@pytest.mark.parametrize(
    ("array", "value"),
    [
        ("alpha", None),
        ("alpha", np.ones(149)),
        ("alpha", np.ones(150, dtype=np.float32)),
        ("r", np.full(150, np.nan)),
        ("z", np.ones((150, 2))),
        ("factor", np.ones(10)),
    ],
    ids=["missing", "short", "float32", "nan", "axes", "factor"],
)
def test_wrong_arrays_are_named(saved: Path, array: str, value: object) -> None:
    rewrite(saved, **{f"0.{array}": value})
    with pytest.raises(BadArtifact, match=f"the array {array} is .* must be finite float64 of shape"):
        artifact.load(saved)


@pytest.mark.parametrize(
    "changed",
    [
        {"q": -1},
        {"q": True},
        {"sigma2": "0.1"},
        {"y_scale": float("nan")},
        {"points": 0},
        {"block": 0},
        {"bias": -1.0},
        {"corrected": 1},
        {"projection": "flat"},
        {"inputs": []},
        {"target": None},
    ],
    ids=lambda changed: "-".join(f"{k}={v}" for k, v in changed.items()),
)
def test_wrong_header_entries_are_named(saved: Path, changed: dict[str, object]) -> None:
    rewrite(saved, header=with_header(saved, **changed))
    with pytest.raises(BadArtifact, match=f"the header's {next(iter(changed))} cannot be read"):
        artifact.load(saved)


def test_another_format_says_which_is_loaded(saved: Path) -> None:
    rewrite(saved, header=with_top(saved, format="sagebuild-gp/1"))
    expected = "format 'sagebuild-gp/1', but this version loads 'sagebuild-gp/2'; train the model again"
    with pytest.raises(BadArtifact, match=expected):
        artifact.load(saved)


@pytest.mark.parametrize(
    "changed",
    [{"posteriors": []}, {"posteriors": [1]}, {"weights": [0.5]}, {"weights": [0.5, 0.5]}, {"weights": [True]}],
    ids=str,
)
def test_an_average_that_does_not_fit_is_refused(saved: Path, changed: dict[str, object]) -> None:
    rewrite(saved, header=with_top(saved, **changed))
    with pytest.raises(BadArtifact, match="the header's (posteriors|weights)"):
        artifact.load(saved)


def test_averages_of_every_solver_round_trip(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    x = source.normal(size=(150, 2))
    parts = tuple(
        fit(Settings(1, 1, solver=solver, inducing_points=40), x, np.sin(x[:, 0])).posterior
        for solver in ("exact", "nystrom", "cg")
    )
    mixture = Mixture(parts, (0.25, 0.5, 0.25))
    artifact.save(mixture, tmp_path / "m.npz")
    new = source.normal(size=(20, 2))
    loaded = artifact.load(tmp_path / "m.npz")
    for before, after in zip(mixture.predict_with_std(new), loaded.predict_with_std(new), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-12)


@pytest.mark.parametrize("header", [None, np.array("{"), np.array("3")], ids=["missing", "not-json", "not-object"])
def test_a_file_without_a_header_is_refused(saved: Path, header: object) -> None:
    rewrite(saved, header=header)
    with pytest.raises(BadArtifact, match="no JSON header"):
        artifact.load(saved)
