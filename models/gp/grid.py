"""Every (q, l, norm exponent, sigma2) of a grid on the same rows, by log marginal likelihood and by leave-one-out.

One eigendecomposition K = U diag(e) U' of a kernel serves all its sigma2: with v = U' y, log |M| = sum log(e + s2),
y' M^-1 y = sum v^2 / (e + s2), alpha = U (v / (e + s2)) and diag M^-1 = (U o U) (1 / (e + s2)), the last two for all
sigma2 in one matrix product each. It takes as long as about a dozen Cholesky factors, or five with their inverses,
which leave-one-out needs; fewer sigma2 than that are better off with those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from models.gp.factor import factorise
from models.gp.kernel import FloatArray, covariance
from models.gp.sphere import SphereMap

# Number of sigma2 from which one eigendecomposition is faster than a Cholesky factor with its inverse for each.
WORTH_EIGEN = 6
# Eigenvalues of a covariance are at least 0; rounding leaves them within this share of the largest.
_EIGEN_ROUNDING = 1e-15


@dataclass(frozen=True)
class GridPoint:
    """One configuration and how well it explains the scaled targets.

    log_marginal_likelihood: in nats, with the signal variance profiled. loo_log_density: mean over rows, in nats.
    loo_rmse: in standard deviations of the target. signal_variance: a.
    """

    q: int
    l: int  # noqa: E741 - the paper's symbol
    norm_exponent: int
    sigma2: float
    log_marginal_likelihood: float
    loo_log_density: float
    loo_rmse: float
    signal_variance: float


def grid_search(
    x: FloatArray,
    y: FloatArray,
    kernels: Iterable[tuple[int, int, int]],
    sigma2s: Sequence[float],
    projection: str = "lift",
    bias: float = 1.0,
) -> list[GridPoint]:
    """Every kernel (q, l, norm exponent) with every sigma2, in that order.

    x: (N, D) inputs in the units of the data; y: (N,) scaled targets. Needs 24 N^2 bytes. Raises as SphereMap.fit.
    """
    found: list[GridPoint] = []
    spheres: dict[int, tuple[FloatArray, FloatArray]] = {}
    noises = np.asarray(sigma2s, dtype=np.float64)
    for q, l, exponent in kernels:  # noqa: E741 - the paper's symbol
        if exponent not in spheres:
            spheres[exponent] = SphereMap.fit(x, projection, exponent, bias=bias)(x)
        z, r = spheres[exponent]
        k = covariance(z, r, z, r, q, l)
        np.fill_diagonal(k, np.square(r))
        by_eigen = len(noises) >= WORTH_EIGEN
        parts = _by_eigen(k, y, noises) if by_eigen else _by_cholesky(k, y, noises)
        found += [
            _point((q, l, exponent), float(s2), y, *part)
            for s2, part in zip(noises, zip(*parts, strict=True), strict=True)
        ]
    return found


Parts = tuple[FloatArray, FloatArray, FloatArray]


def _by_eigen(k: FloatArray, y: FloatArray, noises: FloatArray) -> Parts:
    """log |M| (S,), alpha (S, N) and diag M^-1 (S, N) for S noises."""
    values, vectors = np.linalg.eigh(k)
    values = np.maximum(values, _EIGEN_ROUNDING * values[-1])
    inverse = 1.0 / (values + noises[:, None])
    alpha = (inverse * (vectors.T @ y)) @ vectors.T
    np.square(vectors, out=vectors)
    return -np.log(inverse).sum(axis=1), alpha, inverse @ vectors.T


def _by_cholesky(k: FloatArray, y: FloatArray, noises: FloatArray) -> Parts:
    log_dets, alphas, diagonals = [], [], []
    mean_diagonal = float(np.mean(np.diagonal(k)))

    def fill_rows(out: FloatArray, start: int) -> None:
        out[:] = k[start : start + len(out), : out.shape[1]]

    for noise in noises:
        factor, _ = factorise(fill_rows, len(k), float(noise), mean_diagonal)
        log_dets.append(factor.log_det())
        alphas.append(factor.solve(y))
        diagonals.append(factor.inverse_diagonal())
    return np.array(log_dets), np.array(alphas), np.array(diagonals)


def _point(
    kernel: tuple[int, int, int], sigma2: float, y: FloatArray, log_det: float, alpha: FloatArray, diagonal: FloatArray
) -> GridPoint:
    rows = len(y)
    signal_variance = max(float(y @ alpha) / rows, 1e-12)
    errors, variances = alpha / diagonal, signal_variance / diagonal
    log_densities = -0.5 * np.log(2.0 * math.pi * variances) - 0.5 * np.square(errors) / variances
    return GridPoint(
        *kernel,
        sigma2=sigma2,
        log_marginal_likelihood=-0.5 * (rows * math.log(2.0 * math.pi * signal_variance) + rows + float(log_det)),
        loo_log_density=float(np.mean(log_densities)),
        loo_rmse=float(np.sqrt(np.mean(np.square(errors)))),
        signal_variance=signal_variance,
    )
