"""A fitted Gaussian process: all that prediction needs, as arrays, and prediction itself. NumPy only.

Made by fitting.py or loaded by artifact.py; mixture.py averages several. Symbols: models/gp/__init__.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.gp.errors import BadRows
from models.gp.factor import BlockFactor
from models.gp.kernel import FloatArray, covariance
from models.gp.metrics import log_normal_density
from models.gp.sphere import SphereMap

# Rows predicted at once: bounds the memory of a prediction at this many times N numbers.
PREDICT_ROWS = 512


@dataclass(frozen=True, eq=False)
class Explained:
    """How much of the prior variance at a point the training rows explain, given the covariances v with some points.

    |L^-1 v|^2 - |B^-1 L^-1 v|^2, where L is `factor` and B `correction`; None: without the second term, the exact
    solver. points: (z: (M, E), r: (M,)) when they are others than those of the mean. What is left of the prior
    variance is never lost, so that a low-rank solver is not overconfident away from its points.
    """

    factor: BlockFactor
    correction: BlockFactor | None = None
    points: tuple[FloatArray, FloatArray] | None = None

    def roots(self, cross: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """L^-1 v and B^-1 L^-1 v, each (M, S), for cross: (S, M)."""
        half = self.factor.forward(cross.T)
        return half, None if self.correction is None else self.correction.forward(half)


@dataclass(frozen=True, eq=False)
class Posterior:
    """The posterior given training rows with D inputs, through M points (all N training rows, or inducing points).

    q, l, sigma2: the kernel and the noise over the signal variance. jitter: what factorising added to sigma2.
    inputs: D column names. target: its column name. sphere: inputs to sphere. z: (M, E), r: (M,), alpha: (M,), the
    weights of the mean. explained: for the variance. y_mean, y_scale: the target's scaling, in its unit.
    signal_variance: a, of the scaled target.
    """

    q: int
    l: int  # noqa: E741 - the paper's symbol
    sigma2: float
    jitter: float
    inputs: tuple[str, ...]
    target: str
    sphere: SphereMap
    z: FloatArray
    r: FloatArray
    alpha: FloatArray
    explained: Explained
    y_mean: float
    y_scale: float
    signal_variance: float

    def predict(self, x: npt.ArrayLike) -> FloatArray:
        """The mean at x: (S, D), as (S,), in the target's unit.

        Raises BadRows for the wrong number of inputs, numbers that are not finite, or rows that cannot be mapped.
        """
        return self._predict(as_rows(x, len(self.inputs)), None, True)

    def predict_with_std(self, x: npt.ArrayLike, *, noise: bool = True) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation at x: (S, D), each (S,), in the target's unit.

        The standard deviation is that of a new observation; with noise=False, of the function without its noise.
        Raises as `predict`.
        """
        rows = as_rows(x, len(self.inputs))
        std = np.empty(len(rows))
        return self._predict(rows, std, noise), std

    def predict_with_covariance(self, x: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Mean (S,) and covariance (S, S) of the function without its noise at x: (S, D). Raises as `predict`."""
        rows = as_rows(x, len(self.inputs))
        z, r = self.sphere(rows)
        prior = covariance(z, r, z, r, self.q, self.l)
        np.fill_diagonal(prior, np.square(r))
        half, corrected = self.explained.roots(self._cross_of_variance(z, r, None))
        prior -= half.T @ half
        if corrected is not None:
            prior += corrected.T @ corrected
        prior *= self.y_scale**2 * self.signal_variance
        return self._predict(rows, None, False), prior

    def log_density(self, x: npt.ArrayLike, y: FloatArray) -> FloatArray:
        """Log density, in nats, of each observation y: (S,) at x: (S, D), as (S,). Raises as `predict`."""
        return log_normal_density(y, *self.predict_with_std(x))

    def _predict(self, rows: FloatArray, std: FloatArray | None, noise: bool) -> FloatArray:
        z, r = self.sphere(rows)
        mean = np.empty(len(rows))
        for start in range(0, len(rows), PREDICT_ROWS):
            part = slice(start, start + PREDICT_ROWS)
            cross = covariance(z[part], r[part], self.z, self.r, self.q, self.l)
            mean[part] = self.y_mean + self.y_scale * (cross @ self.alpha)
            if std is not None:
                std[part] = self._std(self._cross_of_variance(z[part], r[part], cross), r[part], noise)
        return mean

    def _cross_of_variance(self, z: FloatArray, r: FloatArray, cross: FloatArray | None) -> FloatArray:
        points = self.explained.points
        if points is None and cross is not None:
            return cross
        return covariance(z, r, *(points or (self.z, self.r)), self.q, self.l)

    def _std(self, cross: FloatArray, r: FloatArray, noise: bool) -> FloatArray:
        half, corrected = self.explained.roots(cross)
        # A training point without noise has variance 0; rounding must not make it negative.
        latent = np.maximum(np.square(r) - np.einsum("ns,ns->s", half, half), 0.0)
        if corrected is not None:
            latent += np.einsum("ns,ns->s", corrected, corrected)
        if noise:
            latent += self.sigma2 + self.jitter
        std: FloatArray = self.y_scale * np.sqrt(self.signal_variance * latent)
        return std


def as_rows(x: npt.ArrayLike, inputs: int | None = None) -> FloatArray:
    """x as a finite (S, D) array. Raises BadRows naming the shape, or the first row that is not finite."""
    try:
        rows = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadRows("The rows must be numbers in a table, each row with the same number of inputs.") from None
    if rows.ndim != 2 or (inputs is not None and rows.shape[1] != inputs):
        expected = f"(rows, {inputs})" if inputs is not None else "(rows, inputs)"
        raise BadRows(f"The rows have shape {rows.shape}, but must have shape {expected}.")
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        raise BadRows(f"Row {int(np.argmax(bad)) + 1} holds a number that is not finite.")
    return rows
