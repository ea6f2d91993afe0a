"""Iterated arc-cosine kernels on the unit sphere: values, slopes, and rows of a covariance matrix.

Inputs come from sphere.py; the arithmetic of one application is in layers.py. Symbols: models/gp/__init__.py.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.gp.errors import BadSetting
from models.gp.layers import SLOPES, apply_layers, arc_cosine_series

FloatArray = npt.NDArray[np.float64]

# Above this cosine, t is computed again from the distance. An order-0 kernel turns one ulp of error in t into
# eps^(1/2^(l+1)) of error in k: 0.07 at l = 4, so that two equal rows would look different.
NEAR_DUPLICATE = 1.0 - 1e-4
# Pairs recomputed at once: bounds the temporary arrays when a data set consists of repeated rows.
_PAIRS_AT_ONCE = 65536
# Below this cosine the recurrence subtracts numbers that nearly cancel; the series does not.
_SERIES_BELOW = -0.5
# Numbers of a covariance made at once: the block and what layers.py needs beside it are the megabyte of a core's cache.
_BLOCK_NUMBERS = 65536
# Rows of such a block: enough for the matrix product, and few enough that a block at the diagonal is nearly a triangle.
_LEAST_ROWS, _MOST_ROWS = 4, 128


def arc_cosine(t: npt.ArrayLike, q: int) -> FloatArray:
    """k_q(t) = J_q(acos t) / J_q(0), the normalised arc-cosine kernel of order q (Cho & Saul 2009, section 2).

    t: cosines, any shape; values outside [-1, 1] (rounding) are clipped. q: order, 0 or more.
    Returns the same shape; k_q(1) = 1 and k_q(-1) = 0 exactly, never negative. The absolute error is below 1e-15 for
    q <= 5, and the relative error too for t < -0.5, where the values are small. Raises BadSetting for a negative order.
    """
    _check(q, 0)
    t = _clipped(t)
    k = t.copy()
    apply_layers(k.reshape(-1), q, 1)
    np.clip(k, 0.0, 1.0, out=k)
    low = np.asarray(t < _SERIES_BELOW)
    if low.any():
        k[low] = arc_cosine_series(t[low], q)
    return k


def arc_cosine_iterated(t: npt.ArrayLike, q: int, l: int) -> FloatArray:  # noqa: E741 - l is the paper's symbol
    """k_{q,l}(t): l + 1 applications of k_q, so that l = 0 is the plain kernel.

    t: cosines, any shape. Returns the same shape. Raises BadSetting for a negative q or l.
    """
    _check(q, l)
    k = arc_cosine(t, q)
    for _ in range(l):
        k = arc_cosine(k, q)
    return k


def arc_cosine_slope(t: npt.ArrayLike, q: int, l: int = 0) -> FloatArray:  # noqa: E741 - l is the paper's symbol
    """dk_{q,l}/dt: k_q' = q^2 / (2q - 1) k_{q-1} for q >= 1, k_0' = 1 / (pi sqrt(1 - t^2)); a product along the chain.

    t: cosines, any shape, clipped to [-1, 1]. Returns the same shape; infinite at t = 1 (and t = -1) for q = 0. The
    absolute error is below 2e-15 for 1 <= q <= 5 at l = 0, the relative one for q = 0. Raises BadSetting.
    """
    _check(q, l)
    k = _clipped(t)
    slope = np.ones_like(k)
    with np.errstate(divide="ignore"):
        for _ in range(l + 1):
            slope *= 1.0 / (np.pi * np.sqrt((1.0 - k) * (1.0 + k))) if q == 0 else SLOPES(q) * arc_cosine(k, q - 1)
            k = arc_cosine(k, q)
    return slope


def cosines(left: FloatArray, right: FloatArray) -> FloatArray:
    """Cosines t between unit vectors, exact for equal and accurate for nearly equal ones.

    left: (S, E), right: (N, E), rows of norm 1. Returns (S, N), in [-1, 1]. Pairs above NEAR_DUPLICATE are computed
    again as 1 - |z_i - z_j|^2 / 2, which keeps the digits that the dot product loses; equal rows give exactly 1.
    """
    t = left @ right.T
    _repair(t, left, right)
    return t


def covariance(
    left: FloatArray,
    left_r: FloatArray,
    right: FloatArray,
    right_r: FloatArray,
    q: int,
    l: int,  # noqa: E741 - l is the paper's symbol
) -> FloatArray:
    """Prior covariance over the signal variance, r_i r_j k_{q,l}(z_i . z_j).

    left: (S, E) with norms left_r: (S,); right: (N, E) with norms right_r: (N,). Returns (S, N). The variance at a
    point, its entry on the diagonal, is r^2, exactly. Raises BadSetting for a negative q or l.
    """
    _check(q, l)
    k = np.empty((len(left), len(right)))
    step = max(1, _BLOCK_NUMBERS // max(1, len(right)))
    for start in range(0, len(left), step):
        part = slice(start, start + step)
        _fill(k[part], left[part], right, q, l)
        k[part] *= right_r
        k[part] *= left_r[part, None]
    return k


def fill_lower(
    out: FloatArray,
    start: int,
    z: FloatArray,
    r: FloatArray,
    q: int,
    l: int,  # noqa: E741 - l is the paper's symbol
) -> None:
    """Rows `start` and following of the covariance of z: (N, E) with norms r: (N,), up to the diagonal, into `out`.

    out: (H, start + H). What lies above the diagonal stays as it is, save for a few numbers beside it: half the work.
    """
    own = np.empty(max(_BLOCK_NUMBERS, _LEAST_ROWS * (start + len(out))))
    first = 0
    while first < len(out):
        columns = start + first
        height = max(_LEAST_ROWS, min(_MOST_ROWS, _BLOCK_NUMBERS // (columns + _MOST_ROWS)))
        last = min(len(out), first + height)
        rows = slice(columns, start + last)
        block = own[: (last - first) * (start + last)].reshape(last - first, start + last)
        np.matmul(z[rows], z[: start + last].T, out=block)
        # Each row with itself is known, and as a duplicate would have every block looked through for others.
        diagonal = block.reshape(-1)[columns :: start + last + 1]
        diagonal[:] = 0.0
        _repair(block, z[rows], z[: start + last])
        apply_layers(block.reshape(-1), q, l + 1)
        diagonal[:] = 1.0
        block *= r[: start + last]
        np.multiply(block, r[rows, None], out=out[first:last, : start + last])
        first = last


def _clipped(t: npt.ArrayLike) -> FloatArray:
    # A copy, and an array even of a single number, so that it can be worked on in place.
    own = np.array(t, dtype=np.float64)
    np.clip(own, -1.0, 1.0, out=own)
    return own


def _fill(out: FloatArray, left: FloatArray, right: FloatArray, q: int, l: int) -> None:  # noqa: E741
    """k_{q,l} of left: (S, E) and right: (N, E) into out: (S, N), contiguous."""
    np.matmul(left, right.T, out=out)
    _repair(out, left, right)
    apply_layers(out.reshape(-1), q, l + 1)


def _repair(t: FloatArray, left: FloatArray, right: FloatArray) -> None:
    """Computes pairs above NEAR_DUPLICATE again, which also brings them below 1, and clips at -1; t is contiguous."""
    flat = t.reshape(-1)
    # A reduction is a third of the time of a comparison or a clip, and mostly says that there is nothing to do.
    if flat.min(initial=0.0) < -1.0:
        np.clip(flat, -1.0, None, out=flat)
    if flat.max(initial=0.0) <= NEAR_DUPLICATE:
        return
    near = np.flatnonzero(flat > NEAR_DUPLICATE)
    for start in range(0, near.size, _PAIRS_AT_ONCE):
        pairs = near[start : start + _PAIRS_AT_ONCE]
        rows, columns = np.divmod(pairs, t.shape[1])
        apart = left[rows] - right[columns]
        flat[pairs] = 1.0 - 0.5 * np.einsum("pe,pe->p", apart, apart)


def _check(q: int, l: int) -> None:  # noqa: E741 - l is the paper's symbol
    if q < 0:
        raise BadSetting(f"The order q of the arc-cosine kernel is {q}, but must be 0 or more.")
    if l < 0:
        raise BadSetting(f"The number of iterations l is {l}, but must be 0 or more.")
