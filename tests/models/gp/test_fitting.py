"""models/gp/fitting.py against scikit-learn's process with a kernel written independently, SciPy, and known data."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
import threadpoolctl
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Kernel

from models import datasets
from models.catalog import GP
from models.gp.errors import BadRows, BadSetting
from models.gp.fitting import fit
from models.gp.kernel import covariance
from models.gp.metrics import coverage95, nlpd, rmse
from models.gp.settings import AUTO_EXACT_ROWS, MAX_EXACT_ROWS, Settings, choose_solver
from models.gp.threads import blas_threads


class LiftedArcCosine(Kernel):
    """k_{q,l} of lifted rows, from the closed forms of Cho & Saul; for scikit-learn, which is the oracle."""

    def __init__(self, q: int, l: int, norm_unit: float, scale: float) -> None:  # noqa: E741
        self.q, self.l, self.norm_unit, self.scale = q, l, norm_unit, scale

    def __call__(self, x, y=None, eval_gradient=False):
        a = np.column_stack([x, np.ones(len(x))])
        b = a if y is None else np.column_stack([y, np.ones(len(y))])
        a_norm, b_norm = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
        k = a @ b.T / np.outer(a_norm, b_norm)
        for _ in range(self.l + 1):
            k = self.once(np.arccos(np.clip(k, -1, 1)))
            if y is None:
                # What rounding of the cosine costs an order-0 kernel there is not what is compared.
                np.fill_diagonal(k, 1.0)
        return self.scale * np.outer(a_norm, b_norm) / self.norm_unit**2 * k

    def once(self, angle):
        rest = np.pi - angle
        if self.q == 0:
            return rest / np.pi
        if self.q == 1:
            return (np.sin(angle) + rest * np.cos(angle)) / np.pi
        return (3 * np.sin(angle) * np.cos(angle) + rest * (1 + 2 * np.cos(angle) ** 2)) / (3 * np.pi)

    def diag(self, x):
        return np.array([self(row[None])[0, 0] for row in x])

    def is_stationary(self):
        return False


def wavy(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    x = source.normal([5.0, -1.0, 100.0], [2.0, 0.5, 30.0], size=(rows, 3))
    return x, 40.0 + 10.0 * np.sin(x[:, 0]) + x[:, 1] * x[:, 2] / 10.0 + source.normal(size=rows)


def toy_arrays(seed: int, part: str = "train") -> tuple[np.ndarray, np.ndarray]:
    rows = np.array(getattr(datasets.toy(seed), part))
    return rows[:, 1:], rows[:, 0]


@pytest.mark.parametrize(("q", "l"), [(0, 0), (1, 0), (1, 2), (2, 1)], ids=lambda v: str(v))
def test_predictions_are_those_of_scikit_learn(q: int, l: int) -> None:  # noqa: E741 - the paper's symbol
    x, y = wavy()
    new, _ = wavy(40, seed=1)
    gp = fit(Settings(q, l, 0.05, bias=1.0), x, y)
    scaled, scaled_new = (x - x.mean(0)) / x.std(0), (new - x.mean(0)) / x.std(0)
    norm_unit = np.sqrt(np.mean(1.0 + np.square(scaled).sum(1)))
    a = gp.posterior.signal_variance
    oracle = GaussianProcessRegressor(LiftedArcCosine(q, l, norm_unit, a), alpha=0.05 * a, optimizer=None)
    oracle.fit(scaled, (y - y.mean()) / y.std())
    expected, latent = oracle.predict(scaled_new, return_std=True)
    mean, std = gp.posterior.predict_with_std(new)
    _, latent_std = gp.posterior.predict_with_std(new, noise=False)
    np.testing.assert_allclose(mean, y.mean() + y.std() * expected, rtol=1e-9)
    np.testing.assert_allclose(latent_std, y.std() * latent, rtol=1e-7)
    np.testing.assert_allclose(std, y.std() * np.sqrt(latent**2 + 0.05 * a), rtol=1e-7)
    expected_lml = oracle.log_marginal_likelihood_value_ - len(y) * np.log(y.std())
    assert gp.log_marginal_likelihood == pytest.approx(expected_lml, rel=1e-9)
    _, expected_covariance = oracle.predict(scaled_new, return_cov=True)
    covariance_mean, covariance = gp.posterior.predict_with_covariance(new)
    np.testing.assert_allclose(covariance_mean, mean, rtol=1e-12)
    np.testing.assert_allclose(covariance, y.var() * expected_covariance, atol=1e-8 * y.var())


def test_the_signal_variance_maximises_the_likelihood_that_scipy_computes() -> None:
    x, y = wavy(60)
    gp = fit(Settings(1, 1, 0.2, bias=1.0), x, y)
    scaled = (x - x.mean(0)) / x.std(0)
    k = LiftedArcCosine(1, 1, np.sqrt(np.mean(1.0 + np.square(scaled).sum(1))), 1.0)(scaled) + 0.2 * np.eye(60)

    def log_likelihood(amplitude: float) -> float:
        return multivariate_normal(np.full(60, y.mean()), y.var() * amplitude * k).logpdf(y)

    best = gp.posterior.signal_variance
    assert gp.log_marginal_likelihood == pytest.approx(log_likelihood(best), rel=1e-9)
    assert log_likelihood(best) > max(log_likelihood(0.95 * best), log_likelihood(1.05 * best))


def test_leave_one_out_is_what_refits_without_each_row_give() -> None:
    x, y = wavy(40)
    whole = fit(Settings(1, 1, 0.2), x, y)
    mean, std = whole.loo()
    z, r = whole.posterior.z, whole.posterior.r
    k = covariance(z, r, z, r, 1, 1) + 0.2 * np.eye(40)
    scaled = (y - y.mean()) / y.std()
    for i in range(40):
        rest = np.delete(np.arange(40), i)
        inverse = np.linalg.inv(k[np.ix_(rest, rest)])
        expected = y.mean() + y.std() * (k[i, rest] @ inverse @ scaled[rest])
        variance = whole.posterior.signal_variance * (k[i, i] - k[i, rest] @ inverse @ k[rest, i])
        assert mean[i] == pytest.approx(expected, rel=1e-9)
        assert std[i] == pytest.approx(y.std() * np.sqrt(variance), rel=1e-9)


def test_the_toy_prediction_is_close_with_the_defaults_of_the_catalogue() -> None:
    given = {
        name: value for name, value in GP.parse({}).items() if name in ("q", "l", "sigma2", "norm_exponent", "bias")
    }
    errors = [
        abs(fit(Settings(**given), *toy_arrays(seed)).posterior.predict([[0.5, 1.0]])[0] - (1.5 * 0.5 + 5.2 * 1.0))
        for seed in range(20)
    ]
    assert statistics.median(errors) <= 0.3


def test_the_toy_error_is_near_the_noise_and_deviations_are_calibrated() -> None:
    scores = []
    for seed in range(60):
        x, y = toy_arrays(seed, "validation")
        mean, std = fit(Settings(), *toy_arrays(seed)).posterior.predict_with_std(x)
        scores.append((rmse(y, mean), nlpd(y, mean, std), coverage95(y, mean, std)))
    mean_rmse, mean_nlpd, coverage = np.mean(scores, axis=0)
    # Least squares with the true form gives 1.020 on these validation rows.
    assert mean_rmse <= 1.05
    assert mean_nlpd <= 1.48
    assert coverage == pytest.approx(0.95, abs=0.03)


def test_the_published_definition_is_the_plain_formula_and_worse() -> None:
    x, y = toy_arrays(0)
    new, expected = toy_arrays(0, "validation")
    with pytest.warns(UserWarning, match="ignores the length"):
        published = fit(Settings.published(1, 1, 0.1), x, y).posterior
    z, z_new = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, new))
    gram, cross = z @ z.T, z_new @ z.T
    for _ in range(2):
        gram, cross = (
            (np.sqrt(1 - t**2) + (np.pi - np.arccos(t)) * t) / np.pi for t in (np.clip(m, -1, 1) for m in (gram, cross))
        )
    inverse = np.linalg.inv(gram + 0.1 * np.eye(len(x)))
    mean, std = published.predict_with_std(new)
    np.testing.assert_allclose(mean, cross @ inverse @ y, rtol=1e-7)
    np.testing.assert_allclose(std**2, 1.1 - np.einsum("sn,nm,sm->s", cross, inverse, cross), rtol=1e-7)
    assert rmse(expected, mean) > 2.0 * rmse(expected, fit(Settings(), x, y).posterior.predict(new))


def test_order_zero_with_repeated_rows_remembers_them() -> None:
    x, y = wavy(50)
    gp = fit(Settings(0, 4, 1e-8), np.repeat(x, 2, axis=0), np.repeat(y, 2)).posterior
    mean, latent_std = gp.predict_with_std(x, noise=False)
    np.testing.assert_allclose(mean, y, rtol=1e-5)
    assert latent_std.max() < 1e-3 * y.std()


def test_a_long_prediction_is_the_same_in_blocks() -> None:
    gp = fit(Settings(1, 1), *wavy(100)).posterior
    new, _ = wavy(1100, seed=2)
    mean, std = gp.predict_with_std(new)
    for row in (0, 511, 512, 1099):
        one_mean, one_std = gp.predict_with_std(new[row : row + 1])
        assert mean[row] == pytest.approx(one_mean[0], rel=1e-12)
        assert std[row] == pytest.approx(one_std[0], rel=1e-9)


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("solver", ["exact", "nystrom", "cg"])
def test_hardly_any_rows_are_enough_to_answer(rows: int, solver: str) -> None:
    mean, std = fit(Settings(solver=solver), [[1.0]] * rows, [3.0] * rows).posterior.predict_with_std([[1.0]])
    assert mean[0] == pytest.approx(3.0)
    assert np.isfinite(std[0])


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([[1.0, np.nan]], [1.0], "Row 1 holds a number that is not finite"),
        ([[1.0]], [np.inf], "target of row 1 is not a finite number"),
        ([[1.0]], [1.0, 2.0], r"targets have shape \(2,\), but must have shape \(1,\)"),
        ([1.0, 2.0], [1.0, 2.0], r"must have shape \(rows, inputs\)"),
        ([["a"]], [1.0], "must be numbers in a table"),
        (np.empty((0, 2)), [], "at least one row"),
        ([[1.0], [2.0]], [1e308, -1e308], "too large to scale"),
    ],
    ids=["nan", "inf-target", "lengths", "one-dimension", "text", "no-rows", "huge-target"],
)
def test_bad_training_data_is_refused_in_one_sentence(x: object, y: object, words: str) -> None:
    with pytest.raises(BadRows, match=words):
        fit(Settings(), x, y)


@pytest.mark.parametrize(
    "setting",
    [
        {"q": -1},
        {"q": 1.5},
        {"l": True},
        {"sigma2": 0.0},
        {"sigma2": float("nan")},
        {"solver": "svd"},
        {"inducing_points": 0},
        {"signal_variance": -1.0},
        {"signal_variance": "big"},
        {"bias": 0.0},
        {"length_scales": (1.0, -1.0)},
    ],
    ids=str,
)
def test_bad_settings_are_refused(setting: dict[str, object]) -> None:
    with pytest.raises(BadSetting, match=next(iter(setting))):
        fit(Settings(**setting), [[1.0], [2.0]], [1.0, 2.0])


def test_wrong_numbers_of_inputs_and_names_are_refused() -> None:
    with pytest.raises(BadRows, match=r"shape \(1, 2\), but must have shape \(rows, 3\)"):
        fit(Settings(), *wavy(20)).posterior.predict([[1.0, 2.0]])
    with pytest.raises(BadRows, match="2 input names for 3 inputs"):
        fit(Settings(), *wavy(20), inputs=("a", "b"))


def test_the_solver_is_chosen_by_rows_and_memory_and_says_why() -> None:
    auto, exact = Settings(), Settings(solver="exact")
    assert choose_solver(auto, 10_000, 2**40) == ("exact", "")
    solver, note = choose_solver(auto, AUTO_EXACT_ROWS + 1, 2**40)
    assert (solver, note[:33]) == ("nystrom", "Using 2000 inducing points (Nystr")
    assert "memory is too small" in choose_solver(auto, 10_000, 10**8)[1]
    assert choose_solver(Settings(solver="cg"), 100, 10) == ("cg", "")
    with pytest.raises(BadRows, match=r"needs 0\.4 GB for 10000 rows, but 0\.1 GB are free"):
        choose_solver(exact, 10_000, 10**8)
    with pytest.raises(BadRows, match="takes at most"):
        choose_solver(exact, MAX_EXACT_ROWS + 1, 2**50)
    assert choose_solver(auto, 100)[0] == "exact"


def test_blas_takes_no_more_threads_than_it_is_given() -> None:
    with blas_threads(1, rows=10_000):
        # Apple's own BLAS is not listed, so the set can be empty.
        assert {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"} <= {1}
