"""Two solvers for many rows: inducing points (Nyström), and conjugate gradients that never hold the covariance.

With m inducing points u, Q = K_nu K_uu^-1 K_un stands for K. Let K_uu = L L', H = L^-1 K_un and B = I + H H' / s2; then
(Q + s2 I)^-1 = (I - H' B^-1 H / s2) / s2 and log |Q + s2 I| = N log s2 + log |B| (Rasmussen & Williams 2006, section
8.3). The variance keeps what Q loses of the prior: k** - |L^-1 v|^2 + |B^-1/2 L^-1 v|^2 (Quiñonero-Candela & Rasmussen
2005, section 5, the deterministic training conditional's), so that it is never overconfident away from the points.
Conjugate gradients solve with the exact K, preconditioned by Q; their variance is Q's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.gp.factor import BlockFactor, factorise, factorise_dense
from models.gp.kernel import FloatArray, covariance, fill_lower
from models.gp.posterior import Explained

# Rows whose covariances with all inducing points are held at once.
_ROWS_AT_ONCE = 2048
# Relative to the mean prior variance, on the diagonal of K_uu, which is singular to rounding for smooth kernels.
_UU_JITTER = 1e-8
# More pivots make each step of conjugate gradients dearer than the steps that they save.
MOST_PIVOTS = 300
_TOLERANCE = 1e-9
_MOST_STEPS = 500


@dataclass(frozen=True, eq=False)
class LowRank:
    """Q + s2 I for N rows. u: rows of the inducing points, (m,). l, b: factors of K_uu and B. hy: H y, (m,)."""

    u: FloatArray | np.typing.NDArray[np.intp]
    noise: float
    l: BlockFactor  # noqa: E741 - the factor L
    b: BlockFactor
    hy: FloatArray
    rows: int

    def log_det(self) -> float:
        """log |Q + s2 I|, in nats."""
        return self.rows * float(np.log(self.noise)) + self.b.log_det()

    def weights(self) -> FloatArray:
        """The mean's weights of the inducing points, (m,)."""
        return self.l.backward(self.b.solve(self.hy / self.noise))

    def quadratic(self, y: FloatArray) -> float:
        """y' (Q + s2 I)^-1 y, for the y that hy was made of."""
        root = self.b.forward(self.hy / self.noise)
        return float(y @ y) / self.noise - float(root @ root)


Kernel = tuple[int, int]


def low_rank(
    z: FloatArray, r: FloatArray, y: FloatArray, kernel: Kernel, noise: float, chosen: np.typing.NDArray[np.intp]
) -> LowRank:
    """Q + noise I for z: (N, E), r: (N,), y: (N,), kernel (q, l) and the rows chosen: (m,).

    Takes N m^2 operations twice and 8 m (2048 + m) bytes. Raises NotPositiveDefinite.
    """
    z_u, r_u = z[chosen], r[chosen]

    def fill_rows(out: FloatArray, start: int) -> None:
        fill_lower(out, start, z_u, r_u, *kernel)

    mean_diagonal = float(np.mean(np.square(r_u)))
    factor, _ = factorise(fill_rows, len(chosen), _UU_JITTER * mean_diagonal, mean_diagonal)
    b, hy = np.eye(len(chosen)), np.zeros(len(chosen))
    for start in range(0, len(z), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        h = factor.forward(covariance(z_u, r_u, z[part], r[part], *kernel))
        b += (h @ h.T) / noise
        hy += h @ y[part]
    b_factor, _ = factorise_dense(b)
    return LowRank(chosen, noise, factor, b_factor, hy, len(z))


def random_rows(rows: int, count: int, seed: int) -> np.typing.NDArray[np.intp]:
    """`count` different rows of `rows`, in order; all of them when there are no more."""
    if count >= rows:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))


def pivots(z: FloatArray, r: FloatArray, kernel: Kernel, count: int) -> np.typing.NDArray[np.intp]:
    """Up to `count` rows whose covariances span K best: pivoted Cholesky, greedy by what is left of the variance."""
    left = np.square(r)
    enough = 1e-10 * float(left.max())
    columns = np.empty((min(count, len(z)), len(z)))
    chosen: list[int] = []
    for step in range(len(columns)):
        pivot = int(np.argmax(left))
        if left[pivot] <= enough:
            break
        column = covariance(z[pivot : pivot + 1], r[pivot : pivot + 1], z, r, *kernel)[0]
        column -= columns[:step, pivot] @ columns[:step]
        columns[step] = column / np.sqrt(left[pivot])
        left = np.maximum(left - np.square(columns[step]), 0.0)
        left[pivot] = 0.0
        chosen.append(pivot)
    return np.array(chosen, dtype=np.intp)


def explained(low: LowRank, z: FloatArray, r: FloatArray, *, of_mean: bool) -> Explained:
    """The variance's part of a posterior. of_mean: whether the mean goes through the same points."""
    return Explained(low.l, low.b, None if of_mean else (z[low.u], r[low.u]))


def conjugate_gradients(
    z: FloatArray, r: FloatArray, y: FloatArray, kernel: Kernel, noise: float, low: LowRank
) -> FloatArray:
    """(K + noise I)^-1 y to a relative residual of 1e-9, (N,), holding panels of K only. Warns when it stops early."""
    h = np.empty((len(low.u), len(z)))
    for start in range(0, len(z), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        h[:, part] = low.l.forward(covariance(z[low.u], r[low.u], z[part], r[part], *kernel))

    def precondition(v: FloatArray) -> FloatArray:
        return (v - h.T @ low.b.solve(h @ v) / noise) / noise

    alpha, residual, steps = _solve(lambda v: times_covariance(z, r, kernel, v) + noise * v, precondition, y)
    if residual > _TOLERANCE:
        warnings.warn(
            f"Conjugate gradients stopped after {steps} steps with a relative residual of {residual:.1e}; a larger"
            " sigma2 or more inducing points help.",
            stacklevel=2,
        )
    return alpha


def times_covariance(z: FloatArray, r: FloatArray, kernel: Kernel, v: FloatArray) -> FloatArray:
    """K v for v: (N,), from panels of the lower half that are thrown away. Returns (N,)."""
    product = np.zeros_like(v)
    for start in range(0, len(z), 512):
        stop = min(start + 512, len(z))
        panel = np.zeros((stop - start, stop))
        fill_lower(panel, start, z, r, *kernel)
        square = np.tril(panel[:, start:])
        product[start:stop] += (
            panel[:, :start] @ v[:start] + square @ v[start:stop] + np.tril(square, -1).T @ v[start:stop]
        )
        product[:start] += panel[:, :start].T @ v[start:stop]
    return product


Operator = Callable[[FloatArray], FloatArray]


def _solve(times: Operator, precondition: Operator, y: FloatArray) -> tuple[FloatArray, float, int]:
    """Preconditioned conjugate gradients from 0: the solution, its relative residual and the steps taken."""
    x, residual = np.zeros_like(y), y.copy()
    size = float(np.linalg.norm(y)) or 1.0
    direction = preconditioned = precondition(residual)
    product = float(residual @ preconditioned)
    relative, steps = float(np.linalg.norm(residual)) / size, 0
    while relative > _TOLERANCE and steps < _MOST_STEPS:
        image = times(direction)
        step = product / float(direction @ image)
        x += step * direction
        residual -= step * image
        preconditioned = precondition(residual)
        before, product = product, float(residual @ preconditioned)
        direction = preconditioned + (product / before) * direction
        relative, steps = float(np.linalg.norm(residual)) / size, steps + 1
    return x, relative, steps
