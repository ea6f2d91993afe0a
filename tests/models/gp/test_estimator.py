"""ArcCosineGPRegressor and IteratedArcCosine under scikit-learn's own checks and against its own process."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, WhiteKernel
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from models.gp.errors import BadSetting
from models.gp.estimator import ArcCosineGPRegressor
from models.gp.sklearn_kernel import IteratedArcCosine


def wavy(rows: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    x = source.normal(size=(rows, 3))
    return x, 7.0 + 3.0 * (np.sin(2.0 * x[:, 0]) + 0.5 * x[:, 1] + 0.1 * source.normal(size=rows))


def test_scikit_learns_checks_pass() -> None:
    results = check_estimator(ArcCosineGPRegressor(), on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "skipped"}
    assert len(results) > 40


@pytest.mark.parametrize(("q", "l", "p"), [(0, 1, 0), (1, 0, 1), (2, 1, 1)], ids=str)
def test_predictions_are_those_of_scikit_learn_with_our_kernel(q: int, l: int, p: int) -> None:  # noqa: E741
    x, y = wavy()
    new, _ = wavy(20, 1)
    ours = ArcCosineGPRegressor(q, l, 0.1, norm_exponent=p, bias=0.8).fit(x, y)
    scaled, scaled_new = (x - x.mean(0)) / x.std(0), (new - x.mean(0)) / x.std(0)
    unit2 = ours.posterior_.sphere.norm_unit ** (2 * p)
    kernel = ConstantKernel(ours.signal_variance_ / unit2) * IteratedArcCosine(q, l, p, bias=0.8)
    theirs = GaussianProcessRegressor(kernel, alpha=0.1 * ours.signal_variance_, optimizer=None, normalize_y=True)
    theirs.fit(scaled, y)
    mean, covariance = ours.predict(new, return_cov=True)
    expected_mean, expected_covariance = theirs.predict(scaled_new, return_cov=True)
    np.testing.assert_allclose(mean, expected_mean, rtol=1e-8)
    np.testing.assert_allclose(covariance, expected_covariance, atol=1e-8)
    expected = theirs.log_marginal_likelihood_value_ - 80 * np.log(y.std())
    assert ours.log_marginal_likelihood() == pytest.approx(expected, rel=1e-9)


def test_likelihood_and_gradient_by_theta() -> None:
    ours = ArcCosineGPRegressor(2, 1, length_scale=[1.0, 2.0, 0.5]).fit(*wavy())
    value, gradient = ours.log_marginal_likelihood(eval_gradient=True)
    assert value == pytest.approx(ours.log_marginal_likelihood_value_, rel=1e-9)
    theta = ours._theta(ours.posterior_, ours._input_scale())
    expected = [
        (ours.log_marginal_likelihood(theta + h) - ours.log_marginal_likelihood(theta - h)) / 2e-5
        for h in 1e-5 * np.eye(5)
    ]
    np.testing.assert_allclose(gradient, expected, atol=1e-6 * np.abs(gradient).max())


def test_leave_one_out_and_deviations() -> None:
    x, y = wavy()
    ours = ArcCosineGPRegressor(1, 1, signal_variance=2.0).fit(x, y)
    mean, std = ours.loo_predict()
    rest = np.arange(1, 80)
    k = IteratedArcCosine(1, 1, 1, bias=0.5)((x - x.mean(0)) / x.std(0)) / ours.posterior_.sphere.norm_unit**2
    m = k + 0.1 * np.eye(80)
    weights = np.linalg.solve(m[np.ix_(rest, rest)], m[rest, 0])
    assert mean[0] == pytest.approx(y.mean() + weights @ (y[rest] - y.mean()), rel=1e-9)
    assert std[0] == pytest.approx(y.std() * np.sqrt(2.0 * (m[0, 0] - weights @ m[rest, 0])), rel=1e-9)


def test_draws_have_the_mean_and_covariance_of_the_prediction() -> None:
    ours = ArcCosineGPRegressor(1, 1).fit(*wavy())
    new, _ = wavy(4, 1)
    draws = ours.sample_y(new, 40_000)
    mean, covariance = ours.predict(new, return_cov=True)
    assert draws.shape == (4, 40_000)
    deviations = np.sqrt(np.diagonal(covariance))
    np.testing.assert_allclose(draws.mean(axis=1), mean, atol=0.03 * deviations.max())
    np.testing.assert_allclose(np.cov(draws), covariance, atol=0.04 * deviations.max() ** 2)


def test_a_search_can_be_the_optimizer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ORDERS", range(2)), ("ITERATIONS", range(2)), ("CANDIDATES", 2)):
        monkeypatch.setattr(f"models.gp.search.{name}", value)
    x, y = wavy()
    averaged = ArcCosineGPRegressor(optimizer="lml", average=2).fit(x, y)
    single = ArcCosineGPRegressor(optimizer="loo", average=1).fit(x, y)
    assert averaged.score(x, y) > 0.9
    assert averaged.sample_y(x[:3], 10).shape == (3, 10)
    value, _ = single.log_marginal_likelihood(eval_gradient=True)
    assert value == pytest.approx(single.log_marginal_likelihood_value_, rel=1e-9)


def test_what_cannot_be_answered_is_refused() -> None:
    x, y = wavy()
    with pytest.raises(BadSetting, match="optimizer is 'fmin', but must be None or one of lml, loo"):
        ArcCosineGPRegressor(optimizer="fmin").fit(x, y)
    fitted = ArcCosineGPRegressor(projection="stereographic").fit(x, y)
    with pytest.raises(BadSetting, match="At most one"):
        fitted.predict(x, return_std=True, return_cov=True)
    with pytest.raises(BadSetting, match="lift projection"):
        fitted.log_marginal_likelihood(np.zeros(5))


def test_it_works_inside_scikit_learns_tools() -> None:
    search = GridSearchCV(ArcCosineGPRegressor(), {"q": [0, 1], "sigma2": [0.01, 0.1]}, cv=3).fit(*wavy())
    assert clone(search.best_estimator_).get_params()["q"] in (0, 1)


def test_scikit_learn_optimises_our_kernel() -> None:
    x, y = wavy()
    kernel = ConstantKernel() * IteratedArcCosine(1, 1) + WhiteKernel()
    fitted = GaussianProcessRegressor(kernel, normalize_y=True).fit(x, y)
    assert fitted.score(x, y) > 0.95
    assert not fitted.kernel_.is_stationary()


@pytest.mark.parametrize(("q", "l", "p"), [(0, 0, 0), (1, 1, 1), (2, 0, 1), (0, 1, 1)], ids=str)
def test_the_kernels_gradient_is_a_central_difference(q: int, l: int, p: int) -> None:  # noqa: E741
    x, _ = wavy(20)
    kernel = IteratedArcCosine(q, l, p, bias=0.7)
    k, gradient = kernel(x, eval_gradient=True)
    h = 1e-6
    above, below = (IteratedArcCosine(q, l, p, bias=0.7 * np.exp(step))(x) for step in (h, -h))
    np.testing.assert_allclose(gradient[:, :, 0], (above - below) / (2.0 * h), atol=1e-7)
    np.testing.assert_allclose(np.diagonal(k), kernel.diag(x), rtol=1e-12)
    assert IteratedArcCosine(q, l, p, bias_bounds="fixed")(x, eval_gradient=True)[1].shape == (20, 20, 0)
