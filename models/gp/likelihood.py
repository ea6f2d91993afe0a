"""The exact model's log marginal likelihood as a function of length scales, amplitude and noise, with its gradient.

For search.py and the estimator: dense matrices and LAPACK through SciPy, for a few thousand rows. With M = a K + s I,
alpha = M^-1 y and H = (M^-1 - alpha alpha') / 2, the negative log likelihood has dL = sum_ij H_ij dM_ij (Rasmussen &
Williams 2006, equation 5.9). Through K_ij = (n_i n_j)^p k(z_i . z_j), z_i = u_i / n_i, u_i = [w x_i, b], n_i = |u_i|:
dL/dz_i = 2 a sum_j H_ij (n_i n_j)^p k'(t_ij) z_j, of which the part across z_i, over n_i, reaches u_i; and for p = 1
dL/dn_i = 2 a sum_j H_ij K_ij / n_i along z_i.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from models.gp.errors import NotPositiveDefinite
from models.gp.kernel import FloatArray, cosines
from models.gp.layers import apply_layers_with_slope


@dataclass(frozen=True)
class KernelChoice:
    """Which kernel: order q, iterations l, norm exponent p; on lifted inputs with that bias."""

    q: int
    l: int  # noqa: E741 - the paper's symbol
    norm_exponent: int
    bias: float = 1.0


@dataclass(frozen=True, eq=False)
class Likelihood:
    """For scaled inputs x: (N, D) and scaled targets y: (N,).

    Parameters are logarithms, (D + 2,): of the weights w (1 / length scale), the amplitude a and the noise variance s.
    jitter: added to the noise, over the amplitude, so that a search can go where amplitudes are large.
    """

    choice: KernelChoice
    x: FloatArray
    y: FloatArray
    jitter: float = 0.0

    def value(self, parameters: FloatArray) -> float:
        """The log marginal likelihood, in nats. Raises NotPositiveDefinite."""
        k, _, _, _ = self._kernel(parameters, with_slope=False)
        amplitude, noise = np.exp(parameters[-2:])
        factor, alpha = self._solve(k, amplitude, noise)
        return self._log_likelihood(factor, alpha)

    def value_and_gradient(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """The log marginal likelihood, in nats, and its gradient by the parameters, (D + 2,). Raises as `value`."""
        k, slope, z, norms = self._kernel(parameters, with_slope=True)
        amplitude, noise = np.exp(parameters[-2:])
        factor, alpha = self._solve(k, amplitude, noise)
        value = self._log_likelihood(factor, alpha)
        h = _inverse(factor)
        h -= np.outer(alpha, alpha)
        h *= 0.5
        gradient = np.empty_like(parameters)
        gradient[-1] = noise * np.trace(h)
        k *= h
        gradient[-2] = amplitude * (k.sum() + self.jitter * np.trace(h))
        slope *= h
        z_gradient = 2.0 * amplitude * (slope @ z)
        u_gradient = (z_gradient - np.einsum("ie,ie->i", z_gradient, z)[:, None] * z) / norms[:, None]
        if self.choice.norm_exponent:
            u_gradient += (2.0 * amplitude * k.sum(axis=1) / norms)[:, None] * z
        # u = [w x, b]: du/dlog w = u, for the axes of the inputs.
        gradient[:-2] = (u_gradient * z * norms[:, None]).sum(axis=0)[:-1]
        return value, -gradient

    def leave_one_out(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of each scaled observation given the others, each (N,). Raises as `value`."""
        k, _, _, _ = self._kernel(parameters, with_slope=False)
        factor, alpha = self._solve(k, *np.exp(parameters[-2:]))
        diagonal = np.diagonal(_inverse(factor))
        return self.y - alpha / diagonal, 1.0 / np.sqrt(diagonal)

    def _kernel(
        self, parameters: FloatArray, *, with_slope: bool
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """K: (N, N), (n_i n_j)^p k'(t_ij): (N, N) with zeros where t is 1, z: (N, D + 1), n: (N,)."""
        u = np.column_stack([self.x * np.exp(parameters[:-2]), np.full(len(self.x), self.choice.bias)])
        norms = np.sqrt(np.einsum("ie,ie->i", u, u))
        z = u / norms[:, None]
        k = cosines(z, z)
        np.fill_diagonal(k, 1.0)
        same = k >= 1.0
        slope = apply_layers_with_slope(k.reshape(-1), self.choice.q, self.choice.l + 1).reshape(k.shape)
        # Rows that are equal stay equal whatever the weights are, also where the slope of order 0 is infinite.
        slope[same] = 0.0
        if self.choice.norm_exponent:
            for matrix in (k, slope) if with_slope else (k,):
                matrix *= norms
                matrix *= norms[:, None]
        return k, slope, z, norms

    def _solve(self, k: FloatArray, amplitude: float, noise: float) -> tuple[FloatArray, FloatArray]:
        m = amplitude * k
        m[np.diag_indices(len(m))] += noise + self.jitter * amplitude
        factor, info = lapack.dpotrf(m.T, lower=1, overwrite_a=1, clean=0)
        if info != 0:
            raise NotPositiveDefinite(f"The covariance of {len(m)} rows is not positive definite.")
        return factor, lapack.dpotrs(factor, self.y, lower=1)[0]

    def _log_likelihood(self, factor: FloatArray, alpha: FloatArray) -> float:
        half_log_det = float(np.log(np.diagonal(factor)).sum())
        return -0.5 * float(self.y @ alpha) - half_log_det - 0.5 * len(self.y) * math.log(2.0 * math.pi)


def _inverse(factor: FloatArray) -> FloatArray:
    """The inverse, whole, of the matrix that dpotrf factorised in place (lower half)."""
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    inverse = np.tril(inverse)
    inverse += np.tril(inverse, -1).T
    return np.asarray(inverse)
