"""models/gp/nystrom.py: what inducing points and conjugate gradients give against the exact solver."""

from __future__ import annotations

import numpy as np
import pytest

from models.gp import nystrom
from models.gp.fitting import fit
from models.gp.kernel import covariance
from models.gp.nystrom import low_rank, pivots, random_rows, times_covariance
from models.gp.settings import Settings


def wavy(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    x = source.normal(size=(rows, 3))
    return x, np.sin(2.0 * x[:, 0]) + 0.5 * x[:, 1] + 0.1 * source.normal(size=rows)


def sphere(rows: int) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(1)
    z = source.normal(size=(rows, 4))
    return z / np.linalg.norm(z, axis=1, keepdims=True), source.uniform(0.5, 2.0, size=rows)


@pytest.mark.parametrize("solver", ["nystrom", "cg"])
@pytest.mark.parametrize(("q", "l"), [(0, 1), (1, 1)], ids=str)
def test_with_every_row_as_a_point_it_is_the_exact_solver(solver: str, q: int, l: int) -> None:  # noqa: E741
    x, y = wavy(200)
    new, _ = wavy(30, 1)
    exact = fit(Settings(q, l, 0.05, solver="exact"), x, y)
    other = fit(Settings(q, l, 0.05, solver=solver, inducing_points=200), x, y)
    assert other.solver == solver
    for expected, found in zip(
        exact.posterior.predict_with_std(new), other.posterior.predict_with_std(new), strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert other.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, rel=1e-4)


def test_conjugate_gradients_give_the_exact_mean_with_few_points() -> None:
    x, y = wavy(700)
    new, _ = wavy(30, 1)
    exact = fit(Settings(1, 1, 0.05, solver="exact"), x, y)
    found = fit(Settings(1, 1, 0.05, solver="cg", inducing_points=50), x, y)
    np.testing.assert_allclose(found.posterior.predict(new), exact.posterior.predict(new), rtol=1e-7)
    assert found.posterior.signal_variance == pytest.approx(exact.posterior.signal_variance, rel=1e-8)


def test_few_points_are_never_overconfident() -> None:
    x, y = wavy(400)
    new, _ = wavy(200, 1)
    for solver in ("nystrom", "cg"):
        few = fit(Settings(0, 1, 0.05, solver=solver, inducing_points=20, signal_variance=1.0), x, y)
        exact = fit(Settings(0, 1, 0.05, solver="exact", signal_variance=1.0), x, y)
        _, few_std = few.posterior.predict_with_std(new)
        _, exact_std = exact.posterior.predict_with_std(new)
        assert (few_std >= exact_std * (1.0 - 1e-9)).all()
        covariance_mean, prior = few.posterior.predict_with_covariance(new)
        np.testing.assert_allclose(covariance_mean, few.posterior.predict(new), rtol=1e-10)
        _, latent = few.posterior.predict_with_std(new, noise=False)
        np.testing.assert_allclose(np.sqrt(np.diagonal(prior)), latent, rtol=1e-8)


def test_a_product_with_the_covariance_is_the_same_from_panels() -> None:
    z, r = sphere(1200)
    v = np.random.default_rng(2).normal(size=1200)
    np.testing.assert_allclose(times_covariance(z, r, (1, 1), v), covariance(z, r, z, r, 1, 1) @ v, rtol=1e-10)


def test_the_likelihood_of_the_low_rank_model_is_its_own() -> None:
    z, r = sphere(90)
    y = np.random.default_rng(3).normal(size=90)
    low = low_rank(z, r, y, (1, 1), 0.3, random_rows(90, 25, 0))
    k_un = covariance(z[low.u], r[low.u], z, r, 1, 1)
    m = k_un.T @ np.linalg.solve(k_un[:, low.u], k_un) + 0.3 * np.eye(90)
    assert low.log_det() == pytest.approx(np.linalg.slogdet(m)[1], rel=1e-6)
    assert low.quadratic(y) == pytest.approx(y @ np.linalg.solve(m, y), rel=1e-6)


def test_pivots_span_the_covariance_and_stop_when_nothing_is_left() -> None:
    z, r = sphere(60)
    k = covariance(z, r, z, r, 1, 0)
    chosen = pivots(z, r, (1, 0), 30)
    rest = k - k[:, chosen] @ np.linalg.solve(k[np.ix_(chosen, chosen)], k[chosen])
    others = random_rows(60, 30, 0)
    random_rest = k - k[:, others] @ np.linalg.solve(k[np.ix_(others, others)], k[others])
    assert len(set(chosen)) == 30
    assert np.trace(rest) < np.trace(random_rest)
    assert len(pivots(np.repeat(z[:5], 10, axis=0), np.ones(50), (1, 0), 30)) == 5


def test_giving_up_is_said() -> None:
    x, y = wavy(300)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.gp.nystrom._MOST_STEPS", 2)
        with pytest.warns(UserWarning, match="stopped after 2 steps with a relative residual"):
            fit(Settings(1, 1, 1e-3, solver="cg", inducing_points=5), x, y)


def test_rows_are_chosen_by_the_seed() -> None:
    assert (random_rows(100, 10, 1) == random_rows(100, 10, 1)).all()
    assert (random_rows(100, 10, 1) != random_rows(100, 10, 2)).any()
    assert (random_rows(5, 10, 1) == np.arange(5)).all()


def test_the_preconditioner_saves_most_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = wavy(500)
    steps: list[int] = []
    solve = nystrom._solve

    def counted(times, precondition, b):
        found = solve(times, precondition, b)
        steps.extend([found[2], solve(times, lambda v: v, b)[2]])
        return found

    monkeypatch.setattr(nystrom, "_solve", counted)
    fit(Settings(2, 0, 1e-3, solver="cg", inducing_points=60), x, y)
    assert steps[0] < 0.5 * steps[1]
