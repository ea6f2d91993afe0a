"""IteratedArcCosine: the kernel for scikit-learn's own GaussianProcessRegressor, to compose with its other kernels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel

from models.gp.kernel import FloatArray, cosines, covariance
from models.gp.layers import apply_layers_with_slope


class IteratedArcCosine(Kernel):  # type: ignore[misc]
    """(|x|_b |x'|_b)^p k_{q,l}(cos of the angle between [x, b] and [x', b]), |x|_b = |[x, b]|; not stationary.

    q, l: order and iterations (0-based), fixed. norm_exponent: p, 0 or 1, fixed. bias: b > 0, which scikit-learn
    optimises within bias_bounds, or not when they are "fixed". Multiply by ConstantKernel for an amplitude.
    """

    def __init__(
        self,
        q: int = 1,
        l: int = 0,  # noqa: E741 - the paper's symbol
        norm_exponent: int = 1,
        bias: float = 1.0,
        bias_bounds: tuple[float, float] | str = (1e-3, 1e3),
    ) -> None:
        self.q = q
        self.l = l
        self.norm_exponent = norm_exponent
        self.bias = bias
        self.bias_bounds = bias_bounds

    @property
    def hyperparameter_bias(self) -> Hyperparameter:
        """scikit-learn's description of the one parameter that it optimises."""
        return Hyperparameter("bias", "numeric", self.bias_bounds)

    def __call__(
        self, X: npt.ArrayLike, Y: npt.ArrayLike | None = None, eval_gradient: bool = False
    ) -> FloatArray | tuple[FloatArray, FloatArray]:
        """Covariances of X: (S, D) and Y: (N, D) (X when None), (S, N); with the gradient by log bias, (S, S, 1)."""
        left, left_norms = self._lifted(X)
        right, right_norms = (left, left_norms) if Y is None else self._lifted(Y)
        left_r, right_r = left_norms**self.norm_exponent, right_norms**self.norm_exponent
        k = covariance(left, left_r, right, right_r, self.q, self.l)
        if Y is None:
            np.fill_diagonal(k, np.square(left_r))
        if not eval_gradient:
            return k
        if Y is not None:
            raise ValueError("The gradient can only be evaluated when Y is None.")
        if self.hyperparameter_bias.fixed:
            return k, np.empty((*k.shape, 0))
        return k, self._gradient(k, left, left_norms)[:, :, None]

    def diag(self, X: npt.ArrayLike) -> FloatArray:
        """The variances at X: (S, D), as (S,)."""
        return np.asarray(np.square(self._lifted(X)[1] ** self.norm_exponent))

    def is_stationary(self) -> bool:
        """False: the angle depends on where the inputs are."""
        return False

    def __repr__(self) -> str:
        return f"IteratedArcCosine(q={self.q}, l={self.l}, norm_exponent={self.norm_exponent}, bias={self.bias:.3g})"

    def _lifted(self, x: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        rows = np.atleast_2d(np.asarray(x, dtype=np.float64))
        u = np.column_stack([rows, np.full(len(rows), float(self.bias))])
        norms = np.sqrt(np.einsum("ie,ie->i", u, u))
        return u / norms[:, None], norms

    def _gradient(self, k: FloatArray, z: FloatArray, norms: FloatArray) -> FloatArray:
        """dK/dlog b: with s = b^2 / n_i^2 = z_ib^2, dt = 2 z_ib z_jb - t (s_i + s_j) and dlog n = s."""
        t = cosines(z, z)
        np.fill_diagonal(t, 1.0)
        share = np.square(z[:, -1])
        t_gradient = 2.0 * np.outer(z[:, -1], z[:, -1]) - t * (share[:, None] + share)
        same = t >= 1.0
        slope = apply_layers_with_slope(t.reshape(-1), self.q, self.l + 1).reshape(t.shape)
        slope[same] = 0.0
        scale = np.outer(norms, norms) ** self.norm_exponent
        gradient: FloatArray = scale * slope * t_gradient + self.norm_exponent * k * (share[:, None] + share)
        return gradient
