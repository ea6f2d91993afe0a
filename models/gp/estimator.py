"""ArcCosineGPRegressor: Gaussian process regression in scikit-learn's conventions; the only module that needs it.

fitting.py does the work; the container calls that directly, since importing scikit-learn takes a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from models.gp.errors import BadSetting
from models.gp.fitting import Fit, fit
from models.gp.kernel import FloatArray
from models.gp.likelihood import KernelChoice, Likelihood
from models.gp.mixture import Mixture, Model
from models.gp.posterior import Posterior
from models.gp.search import CRITERIA, SearchSettings, search
from models.gp.settings import AUTO, PROFILE, Settings

# Relative to the largest entry of a covariance, so that draws from it exist.
_DRAW_JITTER = 1e-10


class ArcCosineGPRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Gaussian process regression with kernel k_{q,l} on the sphere; inputs and target are standardised inside.

    q: order of the kernel. l: iterations after the first application (0-based). sigma2: noise variance over the signal
    variance. projection, norm_exponent, bias, length_scale (a number, or one an input; in standard deviations): see
    sphere.py. signal_variance: "profile" (closed form) or a number. normalize_y: whether the target is standardised.
    optimizer: None, or "lml" or "loo" to search for the kernel (search.py), which then replaces q, l, sigma2,
    norm_exponent and length_scale, averaging `average` kernels. solver, n_inducing, n_threads, random_state: see
    settings.py.

    After `fit`: model_, n_features_in_, and for a single kernel posterior_, solver_, signal_variance_,
    log_marginal_likelihood_value_; search_ (the record) after a search.
    Raises from `fit`: BadSetting for an argument out of range, ValueError for rows that cannot be used.
    """

    def __init__(
        self,
        q: int = 1,
        l: int = 0,  # noqa: E741 - the paper's symbol
        sigma2: float = 0.1,
        *,
        projection: str = "lift",
        norm_exponent: int = 1,
        bias: float = 0.5,
        length_scale: float | Sequence[float] = 1.0,
        signal_variance: float | str = PROFILE,
        normalize_y: bool = True,
        optimizer: str | None = None,
        average: int = 3,
        solver: str = AUTO,
        n_inducing: int = 2000,
        n_threads: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.q = q
        self.l = l
        self.sigma2 = sigma2
        self.projection = projection
        self.norm_exponent = norm_exponent
        self.bias = bias
        self.length_scale = length_scale
        self.signal_variance = signal_variance
        self.normalize_y = normalize_y
        self.optimizer = optimizer
        self.average = average
        self.solver = solver
        self.n_inducing = n_inducing
        self.n_threads = n_threads
        self.random_state = random_state

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> ArcCosineGPRegressor:
        """Fits to X: (N, D) and y: (N,), in the units of the data. Returns itself."""
        x, targets = validate_data(self, X, y, y_numeric=True, dtype=np.float64)
        settings = self._settings(x.shape[1])
        self.x_train_, self.y_train_ = x, targets
        self.fit_: Fit | None = None
        if self.optimizer is None:
            self.fit_ = fit(settings, x, targets)
            self.model_: Model = self.fit_.posterior
        elif self.optimizer in CRITERIA:
            found = search(SearchSettings(self.optimizer, self.average, base=settings), x, targets)
            self.model_, self.search_ = found.model, found.record
            self.fit_ = found.fits[0] if len(found.fits) == 1 else None
        else:
            raise BadSetting(f"optimizer is {self.optimizer!r}, but must be None or one of {', '.join(CRITERIA)}.")
        if self.fit_ is not None:
            self.posterior_, self.solver_ = self.fit_.posterior, self.fit_.solver
            self.signal_variance_ = self.posterior_.signal_variance
            self.log_marginal_likelihood_value_ = self.fit_.log_marginal_likelihood
        return self

    def predict(
        self, X: npt.ArrayLike, return_std: bool = False, return_cov: bool = False
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """The mean at X: (S, D), as (S,), in the target's unit.

        return_std: also the standard deviation of a new observation, (S,). return_cov: also the covariance of the
        function without its noise, (S, S), as scikit-learn's. Raises BadSetting when both are asked for, or the
        covariance of an average.
        """
        rows = self._rows(X)
        if return_std and return_cov:
            raise BadSetting("At most one of return_std and return_cov can be asked for.")
        if return_cov:
            return self._single("return_cov").predict_with_covariance(rows)
        return self.model_.predict_with_std(rows) if return_std else self.model_.predict(rows)

    def sample_y(self, X: npt.ArrayLike, n_samples: int = 1, random_state: int | None = 0) -> FloatArray:
        """Draws of the function without its noise at X: (S, D), as (S, n_samples), in the target's unit."""
        check_is_fitted(self, "model_")
        source = np.random.default_rng(random_state)
        if not isinstance(self.model_, Mixture):
            return _draws(self.model_, self._rows(X), n_samples, source)
        counts = source.multinomial(n_samples, self.model_.weights)
        parts = [_draws(p, self._rows(X), int(n), source) for p, n in zip(self.model_.posteriors, counts, strict=True)]
        return np.asarray(source.permuted(np.concatenate(parts, axis=1), axis=1))

    def log_marginal_likelihood(
        self, theta: npt.ArrayLike | None = None, eval_gradient: bool = False
    ) -> float | tuple[float, FloatArray]:
        """Natural logarithm of the density of the training targets in their own unit.

        theta: (D + 2,), logarithms of the weights (1 / length scale), of the amplitude before norms are divided by
        their mean square, and of the noise variance, both over the target's variance (likelihood.py); for lifted
        inputs. None: at what was fitted. eval_gradient: also the gradient by theta.
        """
        check_is_fitted(self, "model_")
        if theta is None and not eval_gradient:
            self._single("log_marginal_likelihood")
            return float(self.log_marginal_likelihood_value_)
        posterior = self._single("log_marginal_likelihood")
        if posterior.sphere.projection != "lift" or not self.normalize_y:
            raise BadSetting("log_marginal_likelihood with theta is for the lift projection and normalize_y=True.")
        mean, scale = self.x_train_.mean(axis=0), self._input_scale()
        choice = KernelChoice(posterior.q, posterior.l, posterior.sphere.norm_exponent, posterior.sphere.bias)
        likelihood = Likelihood(choice, (self.x_train_ - mean) / scale, self._scaled_targets(posterior))
        own_unit = len(self.y_train_) * float(np.log(posterior.y_scale))
        parameters = self._theta(posterior, scale) if theta is None else np.asarray(theta, dtype=np.float64)
        if not eval_gradient:
            return likelihood.value(parameters) - own_unit
        value, gradient = likelihood.value_and_gradient(parameters)
        return value - own_unit, gradient

    def loo_predict(self) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of each training observation given the others, each (N,); exact solver only."""
        self._single("loo_predict")
        if self.fit_ is None:
            raise BadSetting("loo_predict needs a single kernel.")
        return self.fit_.loo()

    def _settings(self, inputs: int) -> Settings:
        scales = np.atleast_1d(np.asarray(self.length_scale, dtype=np.float64))
        if scales.shape == (1,):
            scales = np.repeat(scales, inputs)
        return Settings(
            q=self.q,
            l=self.l,
            sigma2=self.sigma2,
            projection=self.projection,
            norm_exponent=self.norm_exponent,
            bias=self.bias,
            length_scales=tuple(float(s) for s in scales),
            normalise_target=self.normalize_y,
            signal_variance=self.signal_variance,
            solver=self.solver,
            inducing_points=self.n_inducing,
            seed=self.random_state,
            n_threads=self.n_threads,
        )

    def _rows(self, X: npt.ArrayLike) -> FloatArray:
        check_is_fitted(self, "model_")
        rows: FloatArray = validate_data(self, X, reset=False, dtype=np.float64)
        return rows

    def _single(self, what: str) -> Posterior:
        check_is_fitted(self, "model_")
        if isinstance(self.model_, Mixture):
            raise BadSetting(f"{what} needs a single kernel, but this model averages {len(self.model_.posteriors)}.")
        return self.model_

    def _input_scale(self) -> FloatArray:
        scale: FloatArray = self.posterior_.sphere.x_scale / np.asarray(self._length_scales())
        return scale

    def _length_scales(self) -> Any:
        if self.optimizer is not None:
            average: Any = self.search_["average"]
            return average[0]["length_scales"]
        return self._settings(self.x_train_.shape[1]).length_scales

    def _scaled_targets(self, posterior: Posterior) -> FloatArray:
        scaled: FloatArray = (self.y_train_ - posterior.y_mean) / posterior.y_scale
        return scaled

    def _theta(self, posterior: Posterior, scale: FloatArray) -> FloatArray:
        log_weights = np.log(scale / posterior.sphere.x_scale)
        amplitude = posterior.signal_variance / posterior.sphere.norm_unit ** (2 * posterior.sphere.norm_exponent)
        noise = posterior.signal_variance * posterior.sigma2
        return np.concatenate([log_weights, np.log([amplitude, noise])])


def _draws(posterior: Posterior, rows: FloatArray, count: int, source: np.random.Generator) -> FloatArray:
    mean, covariance = posterior.predict_with_covariance(rows)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, _DRAW_JITTER * max(float(values[-1]), 0.0)))
    return np.asarray(mean[:, None] + root @ source.standard_normal((len(mean), count)))
