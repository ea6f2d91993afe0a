"""models/gp/search.py: it finds what there is to find, sees training rows only, and floors the noise."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models import datasets
from models.gp.errors import BadSetting
from models.gp.grid import GridPoint
from models.gp.metrics import log_normal_density, rmse
from models.gp.mixture import Mixture
from models.gp.search import (
    NOISE_FLOOR,
    NOISE_FLOOR_REPEATED,
    SearchSettings,
    _choose,
    noise_floor,
    search,
    stacking_weights,
)
from models.gp.settings import Settings

BASE = Settings(n_threads=1)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer kernels and steps: how good the whole search is, is measured by `make bench`."""
    monkeypatch.setattr("models.gp.search.ITERATIONS", range(2))
    monkeypatch.setattr("models.gp.search.ORDERS", range(3))
    monkeypatch.setattr("models.gp.search.CANDIDATES", 4)


def steps(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A target that only the second input moves, in steps: rough, and two inputs irrelevant."""
    source = np.random.default_rng(seed)
    x = source.normal(size=(rows, 3))
    return x, np.sign(x[:, 1]) + np.sign(x[:, 1] - 1.0) + 0.05 * source.normal(size=rows)


def toy_arrays(seed: int, part: str) -> tuple[np.ndarray, np.ndarray]:
    rows = np.array(getattr(datasets.toy(seed), part))
    return rows[:, 1:], rows[:, 0]


@pytest.mark.parametrize("criterion", ["lml", "loo"])
def test_a_rough_target_gets_a_rough_kernel_and_long_scales_for_what_does_not_matter(criterion: str) -> None:
    lines: list[str] = []
    found = search(SearchSettings(criterion, base=BASE), *steps(200), report=lines.append)
    best = found.record["average"][0]
    assert best["q"] == 0
    assert min(best["length_scales"][0], best["length_scales"][2]) > 5.0 * best["length_scales"][1]
    new, y = steps(300, seed=1)
    mean, _ = found.model.predict_with_std(new)
    assert rmse(y, mean) < 0.45
    assert any("Refined" in line for line in lines)
    json.dumps(found.record, allow_nan=False)
    assert len(found.record["grid"]) == 3 * 2 * 2 * 20


def test_subsets_are_used_above_their_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRID_ROWS", "FIRST_ROWS"):
        monkeypatch.setattr(f"models.gp.search.{name}", 50)
    monkeypatch.setattr("models.gp.search.REFINE_ROWS", 100)
    found = search(SearchSettings(base=BASE), *steps(150))
    assert found.record["average"][0]["q"] == 0
    assert all(len(f.y) == 150 for f in found.fits)


def test_the_toy_error_stays_near_the_noise_without_seeing_validation_rows() -> None:
    errors = []
    for seed in range(6):
        model = search(SearchSettings(base=BASE), *toy_arrays(seed, "train")).model
        x, y = toy_arrays(seed, "validation")
        errors.append(rmse(y, model.predict(x)))
    assert np.mean(errors) <= 1.12


def test_equal_scales_and_a_single_kernel_can_be_asked_for() -> None:
    found = search(SearchSettings(average=1, refine=False, base=BASE), *steps(100), inputs=("a", "b", "c"), target="y")
    assert len(found.fits) == 1
    assert found.model.inputs == ("a", "b", "c")
    assert found.record["average"][0]["length_scales"] == [1.0, 1.0, 1.0]


def test_the_fit_on_all_rows_has_the_noise_and_amplitude_of_the_refinement() -> None:
    found = search(SearchSettings(average=1, base=BASE), *steps(150))
    posterior, best = found.fits[0].posterior, found.record["average"][0]
    unit2 = posterior.sphere.norm_unit ** (2 * posterior.sphere.norm_exponent)
    assert posterior.sigma2 * unit2 == pytest.approx(best["noise"] / best["amplitude"] + 1e-8, rel=1e-9)
    assert posterior.signal_variance / unit2 == pytest.approx(best["amplitude"], rel=0.3)


def test_repeated_rows_raise_the_floor_of_the_noise() -> None:
    x, _ = steps(50)
    assert noise_floor(x) == NOISE_FLOOR
    assert noise_floor(np.vstack([x, x[:1]])) == NOISE_FLOOR_REPEATED
    x, _ = steps(80)
    found = search(SearchSettings(average=1, base=BASE), np.repeat(x, 2, axis=0), np.repeat(np.sin(9 * x[:, 0]), 2))
    assert found.record["average"][0]["noise"] >= NOISE_FLOOR_REPEATED * 0.999


def test_every_order_is_refined_however_the_grid_judged_it() -> None:
    grid = [GridPoint(q, l, 0, 0.1, -10.0 * q - l, 0.0, 1.0, 1.0) for q in range(5) for l in range(3)]  # noqa: E741
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.gp.search.ORDERS", range(5))
        chosen = _choose(grid, "lml", 6)
    assert [(p.q, p.l) for p in chosen] == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]


def test_stacking_finds_the_weights_of_the_mixture_that_the_data_are_from() -> None:
    source = np.random.default_rng(0)
    y = np.where(source.random(4000) < 0.3, source.normal(0, 1, 4000), source.normal(4, 1, 4000))
    densities = np.array([log_normal_density(y, np.full(4000, m), np.ones(4000)) for m in (0.0, 4.0, 50.0)])
    np.testing.assert_allclose(stacking_weights(densities), [0.3, 0.7, 0.0], atol=0.03)


def test_a_mixture_has_the_moments_and_density_of_its_parts() -> None:
    fits = search(SearchSettings(average=3, refine=False, base=BASE), *toy_arrays(0, "train")).fits
    parts = (fits[0].posterior, search(SearchSettings(average=1, base=BASE), *toy_arrays(0, "train")).fits[0].posterior)
    x, y = toy_arrays(0, "validation")
    mixture = Mixture(parts, (0.25, 0.75))
    (m1, s1), (m2, s2) = (p.predict_with_std(x) for p in parts)
    mean, std = mixture.predict_with_std(x)
    np.testing.assert_allclose(mean, 0.25 * m1 + 0.75 * m2)
    np.testing.assert_allclose(mixture.predict(x), mean)
    second = 0.25 * (s1**2 + m1**2) + 0.75 * (s2**2 + m2**2)
    np.testing.assert_allclose(std, np.sqrt(second - mean**2), rtol=1e-9)
    density = 0.25 * np.exp(log_normal_density(y, m1, s1)) + 0.75 * np.exp(log_normal_density(y, m2, s2))
    np.testing.assert_allclose(mixture.log_density(x, y), np.log(density), rtol=1e-9)
    for weights in ((1.0,), (0.5, 0.6), (-0.5, 1.5)):
        with pytest.raises(BadSetting, match="weights"):
            Mixture(parts, weights)


@pytest.mark.parametrize("settings", [SearchSettings("aic"), SearchSettings(average=0)], ids=["criterion", "average"])
def test_bad_settings_are_refused(settings: SearchSettings) -> None:
    with pytest.raises(BadSetting, match="must be"):
        search(settings, *steps(20))
