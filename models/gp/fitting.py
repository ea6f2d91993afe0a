"""From rows and settings to a fitted Gaussian process: scaling, solver, signal variance, likelihood. NumPy only.

estimator.py offers the same in scikit-learn's conventions, search.py chooses the settings.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.gp.errors import BadRows
from models.gp.factor import BlockFactor, factorise
from models.gp.kernel import FloatArray, fill_lower
from models.gp.nystrom import MOST_PIVOTS, conjugate_gradients, explained, low_rank, pivots, random_rows
from models.gp.posterior import Explained, Posterior, as_rows
from models.gp.settings import EXACT, NYSTROM, PROFILE, Settings, choose_solver
from models.gp.sphere import SphereMap
from models.gp.threads import blas_threads

# A target without spread has no signal to profile; its variance is kept above zero for the logarithm.
_LEAST_SIGNAL_VARIANCE = 1e-12


@dataclass(frozen=True, eq=False)
class Fit:
    """What fitting gives.

    log_marginal_likelihood: natural logarithm of the density of y in its own unit, given the kernel, mean and signal
    variance; of the low-rank model for nystrom, with its determinant for cg. solver: which one it was. note: why, when
    it was not asked for. y: the scaled target, (N,).
    """

    posterior: Posterior
    log_marginal_likelihood: float
    solver: str
    note: str
    y: FloatArray

    def loo(self) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of each training observation given all others, each (N,), in the target's unit.

        mu_i = y_i - alpha_i / [M^-1]_ii, var_i = a / [M^-1]_ii (Rasmussen & Williams 2006, equations 5.10 to 5.12).
        Scaling and signal variance stay those of all rows. Raises BadRows for other solvers than the exact one.
        """
        if self.solver != EXACT:
            raise BadRows("Leave-one-out predictions need the exact solver.")
        p = self.posterior
        diagonal = p.explained.factor.inverse_diagonal()
        mean = p.y_mean + p.y_scale * (self.y - p.alpha / diagonal)
        return mean, p.y_scale * np.sqrt(p.signal_variance / diagonal)


def fit(
    settings: Settings,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    inputs: Sequence[str] | None = None,
    target: str = "target",
) -> Fit:
    """Fits to x: (N, D) and y: (N,), in the units of the data. inputs: D names, x1 to xD by default.

    Raises BadSetting, BadRows (shape, not finite, no rows, too many or too large for the memory) and
    NotPositiveDefinite. Warns when jitter was needed and when the settings throw away the inputs' length.
    """
    settings.check()
    rows, targets = training_data(x, y)
    names = tuple(inputs) if inputs is not None else tuple(f"x{i + 1}" for i in range(rows.shape[1]))
    if len(names) != rows.shape[1]:
        raise BadRows(f"There are {len(names)} input names for {rows.shape[1]} inputs.")
    if settings.loses_length:
        warnings.warn(
            "The unit projection with norm_exponent 0 ignores the length of the inputs; lift keeps it.", stacklevel=2
        )
    solver, note = choose_solver(settings, len(rows))
    scaling = standardised(targets) if settings.normalise_target else (0.0, 1.0, targets.copy())
    sphere = SphereMap.fit(
        rows,
        settings.projection,
        settings.norm_exponent,
        bias=settings.bias,
        length_scales=settings.length_scales,
        standardise=settings.standardise,
    )
    with blas_threads(settings.n_threads, len(rows)):
        solved = _solve(settings, solver, *sphere(rows), scaling[2])
    return _fit(settings, solved, sphere, scaling, names, target, solver, note)


def _fit(
    settings: Settings,
    solved: _Solved,
    sphere: SphereMap,
    scaling: tuple[float, float, FloatArray],
    names: tuple[str, ...],
    target: str,
    solver: str,
    note: str,
) -> Fit:
    y_mean, y_scale, y = scaling
    amplitude = _signal_variance(settings, solved.quadratic, len(y))
    posterior = Posterior(
        q=settings.q,
        l=settings.l,
        sigma2=float(settings.sigma2),
        jitter=solved.jitter,
        inputs=names,
        target=target,
        sphere=sphere,
        z=solved.z,
        r=solved.r,
        alpha=solved.alpha,
        explained=solved.explained,
        y_mean=y_mean,
        y_scale=y_scale,
        signal_variance=amplitude,
    )
    log_scale = math.log(2.0 * math.pi * amplitude) + 2.0 * math.log(y_scale)
    likelihood = -0.5 * (solved.quadratic / amplitude + solved.log_det + len(y) * log_scale)
    return Fit(posterior, likelihood, solver, note, y)


@dataclass(frozen=True, eq=False)
class _Solved:
    """(K + noise I)^-1 y as weights of the points z, r; quadratic = y' M^-1 y; log_det = log |M|."""

    z: FloatArray
    r: FloatArray
    alpha: FloatArray
    explained: Explained
    jitter: float
    quadratic: float
    log_det: float


def _solve(settings: Settings, solver: str, z: FloatArray, r: FloatArray, y: FloatArray) -> _Solved:
    noise, kernel = float(settings.sigma2), (settings.q, settings.l)
    if solver == EXACT:
        factor, jitter = _exact_factor(settings, z, r)
        alpha = factor.solve(y)
        return _Solved(z, r, alpha, Explained(factor), jitter, float(y @ alpha), factor.log_det())
    if solver == NYSTROM:
        low = low_rank(z, r, y, kernel, noise, random_rows(len(z), settings.inducing_points, settings.seed))
        quadratic = low.quadratic(y)
        part = explained(low, z, r, of_mean=True)
        return _Solved(z[low.u], r[low.u], low.weights(), part, 0.0, quadratic, low.log_det())
    low = low_rank(z, r, y, kernel, noise, pivots(z, r, kernel, min(settings.inducing_points, MOST_PIVOTS)))
    alpha = conjugate_gradients(z, r, y, kernel, noise, low)
    return _Solved(z, r, alpha, explained(low, z, r, of_mean=False), 0.0, float(y @ alpha), low.log_det())


def _exact_factor(settings: Settings, z: FloatArray, r: FloatArray) -> tuple[BlockFactor, float]:
    def fill_rows(out: FloatArray, start: int) -> None:
        fill_lower(out, start, z, r, settings.q, settings.l)

    try:
        return factorise(fill_rows, len(z), float(settings.sigma2), float(np.mean(np.square(r))))
    except MemoryError:
        raise BadRows(f"The memory is too small for the exact solver with {len(z)} rows; nystrom needs less.") from None


def _signal_variance(settings: Settings, quadratic: float, rows: int) -> float:
    if settings.signal_variance != PROFILE:
        return float(settings.signal_variance)
    return max(quadratic / rows, _LEAST_SIGNAL_VARIANCE)


def training_data(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """x as (N, D) and y as (N,), finite, with at least one row and one input. Raises BadRows."""
    rows = as_rows(x)
    if rows.shape[0] == 0 or rows.shape[1] == 0:
        raise BadRows(f"The training inputs have shape {rows.shape}, but need at least one row and one input.")
    targets = np.asarray(y, dtype=np.float64)
    if targets.shape != (rows.shape[0],):
        raise BadRows(f"The targets have shape {targets.shape}, but must have shape ({rows.shape[0]},), one a row.")
    if not np.isfinite(targets).all():
        raise BadRows(f"The target of row {int(np.argmax(~np.isfinite(targets))) + 1} is not a finite number.")
    return rows, targets


def standardised(targets: FloatArray) -> tuple[float, float, FloatArray]:
    """Mean, standard deviation (1 for a constant) and scaled targets, of targets: (N,). Raises BadRows."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(targets.mean()), float(targets.std())
    if not (math.isfinite(mean) and math.isfinite(scale)):
        raise BadRows("The targets are numbers too large to scale; keep them below 1e150.")
    if scale <= 1e-12 * float(np.abs(targets).max()):
        scale = 1.0
    return mean, scale, (targets - mean) / scale
