"""models/gp/likelihood.py and grid.py against SciPy, central differences and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from models.gp.errors import NotPositiveDefinite
from models.gp.fitting import fit, standardised
from models.gp.grid import WORTH_EIGEN, grid_search
from models.gp.kernel import arc_cosine_iterated
from models.gp.likelihood import KernelChoice, Likelihood
from models.gp.settings import Settings

CHOICES = [(0, 0, 0), (0, 2, 1), (1, 0, 1), (1, 3, 1), (2, 1, 0), (4, 2, 0)]


def rows(count: int = 60, repeated: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(0)
    x = source.normal(size=(count, 3))
    x[count - repeated :] = x[:repeated]
    y = np.sin(2.0 * x[:, 0]) + 0.5 * x[:, 1] + 0.1 * source.normal(size=count)
    return (x - x.mean(0)) / x.std(0), standardised(y)[2]


@pytest.mark.parametrize(("q", "l", "p"), CHOICES, ids=str)
def test_it_is_the_density_that_scipy_computes(q: int, l: int, p: int) -> None:  # noqa: E741
    x, y = rows()
    parameters = np.array([0.1, -0.3, 0.2, 0.3, -2.0])
    u = np.column_stack([x * np.exp(parameters[:3]), np.full(60, 0.7)])
    norms = np.linalg.norm(u, axis=1)
    t = u @ u.T / np.outer(norms, norms)
    np.fill_diagonal(t, 1.0)
    m = np.exp(0.3) * np.outer(norms, norms) ** p * arc_cosine_iterated(t, q, l) + np.exp(-2.0) * np.eye(60)
    likelihood = Likelihood(KernelChoice(q, l, p, bias=0.7), x, y)
    expected = multivariate_normal(np.zeros(60), m).logpdf(y)
    assert likelihood.value(parameters) == pytest.approx(expected, rel=1e-9)
    mean, std = likelihood.leave_one_out(parameters)
    rest = np.arange(1, 60)
    weights = np.linalg.solve(m[np.ix_(rest, rest)], m[rest, 0])
    assert mean[0] == pytest.approx(weights @ y[rest], rel=1e-9)
    assert std[0] == pytest.approx(np.sqrt(m[0, 0] - weights @ m[rest, 0]), rel=1e-9)


@pytest.mark.parametrize("repeated", [0, 5])
@pytest.mark.parametrize(("q", "l", "p"), CHOICES, ids=str)
def test_gradients_are_central_differences(q: int, l: int, p: int, repeated: int) -> None:  # noqa: E741
    likelihood = Likelihood(KernelChoice(q, l, p), *rows(repeated=repeated), jitter=1e-3 * repeated)
    parameters = np.array([0.1, -0.3, 0.2, 0.3, -2.0])
    value, gradient = likelihood.value_and_gradient(parameters)
    steps = 1e-5 * np.eye(5)
    expected = [(likelihood.value(parameters + h) - likelihood.value(parameters - h)) / 2e-5 for h in steps]
    assert value == likelihood.value(parameters)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6 * np.abs(gradient).max())


def test_what_cannot_be_factorised_is_refused() -> None:
    x, y = rows(repeated=30)
    with pytest.raises(NotPositiveDefinite):
        Likelihood(KernelChoice(4, 0, 0), x, y).value(np.array([0.0, 0.0, 0.0, 5.0, -60.0]))


@pytest.mark.parametrize("count", [2, WORTH_EIGEN], ids=["cholesky", "eigen"])
def test_a_grid_is_what_fits_one_by_one_give(count: int) -> None:
    x, y = rows()
    sigma2s = list(np.logspace(-3, 0, count))
    points = grid_search(x, y, CHOICES, sigma2s)
    assert [(p.q, p.l, p.norm_exponent, p.sigma2) for p in points[:count]] == [(0, 0, 0, s) for s in sigma2s]
    for point in points:
        settings = Settings(point.q, point.l, point.sigma2, norm_exponent=point.norm_exponent, bias=1.0)
        found = fit(settings, x, y)
        mean, std = found.loo()
        assert point.log_marginal_likelihood == pytest.approx(found.log_marginal_likelihood, rel=1e-8)
        assert point.loo_rmse == pytest.approx(np.sqrt(np.mean((mean - y) ** 2)), rel=1e-7)
        density = -0.5 * np.log(2 * np.pi * std**2) - 0.5 * ((y - mean) / std) ** 2
        assert point.loo_log_density == pytest.approx(np.mean(density), rel=1e-6)
        assert point.signal_variance == pytest.approx(found.posterior.signal_variance, rel=1e-8)
