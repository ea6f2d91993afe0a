"""One application of k_q after another, in place on arrays of cosines: where the time outside BLAS goes.

Arrays are walked in pieces that stay in a core's cache, each with a handful of NumPy passes: 2.5 ns a number and
application for q = 1 on an EPYC with AVX-512. Where layers.c was compiled ahead (native.py) it takes 0.7 ns instead.
Numba would take 1.3 ns, after 0.4 s of import and as much of compilation, ten times a fit of 1000 rows.

J_{q+1} = (2q+1) t J_q + q^2 (1 - t^2) J_{q-1} with J_0 = pi - theta, J_1 = sin theta + (pi - theta) t follows from
Cho & Saul 2009, equation 4; divided by J_q(0) = pi (2q-1)!! it is the recurrence below.
"""

from __future__ import annotations

import functools
import math
import threading
import warnings

import numpy as np
import numpy.typing as npt

from models.gp import native

FloatArray = npt.NDArray[np.float64]

# Numbers worked on at once: this and the four scratch arrays beside it are 640 KiB, less than a core's own cache.
_PIECE = 16384
# Terms of the series: those of u <= 1/4 fall below 1e-17 of the first after 26.
_SERIES_TERMS = 32


class _Scratch(threading.local):
    """Each thread's own arrays, kept: asking the system for fresh pages costs more than what is done in them."""

    def __init__(self) -> None:
        self.arrays = np.empty((4, _PIECE))


_SCRATCH = _Scratch()


def SLOPES(q: int) -> float:
    """q^2 / (2q - 1), the factor in k_q' = q^2 / (2q - 1) k_{q-1}, for q >= 1."""
    return q * q / (2.0 * q - 1.0)


def apply_layers(t: FloatArray, q: int, applications: int) -> None:
    """k_q, `applications` times, in place on t: (n,), contiguous, values in [-1, 1].

    t = 1 gives exactly 1; values near 0 and 1 can leave [0, 1] by a rounding.
    """
    compiled = _compiled()
    if compiled is not None and t.flags.c_contiguous:
        compiled(t.ctypes.data, t.size, q, applications)
    else:
        _apply_layers(t, q, applications)


@functools.cache
def _compiled() -> native.Layers | None:
    """The compiled form, when there is one and it says what NumPy says."""
    found = native.load()
    if found is None:
        return None
    for q in range(4):
        ours, theirs = np.linspace(-1.0, 1.0, 1001), np.linspace(-1.0, 1.0, 1001)
        _apply_layers(ours, q, 2)
        found(theirs.ctypes.data, theirs.size, q, 2)
        # One ulp of the first application is 1e-8 of the second, for q = 0 near 1.
        if not (np.abs(ours - theirs) <= (1e-7 if q == 0 else 1e-14)).all():
            warnings.warn("The compiled kernel disagrees with NumPy's and is not used; compile it anew.", stacklevel=2)
            return None
    return found


def _apply_layers(t: FloatArray, q: int, applications: int) -> None:
    scratch = _SCRATCH.arrays
    for start in range(0, t.size, _PIECE):
        piece = t[start : start + _PIECE]
        for application in range(applications):
            # Looking is half of the time that clipping takes, and rarely finds anything.
            if application and piece.max() > 1.0:
                np.minimum(piece, 1.0, out=piece)
            _apply(piece, q, scratch[:, : piece.size])


def apply_layers_with_slope(t: FloatArray, q: int, applications: int) -> FloatArray:
    """As apply_layers; returns dk/dt: (n,), infinite where t = 1 and q = 0."""
    slope = np.ones_like(t)
    scratch = _SCRATCH.arrays
    with np.errstate(divide="ignore"):
        for start in range(0, t.size, _PIECE):
            piece, piece_slope = t[start : start + _PIECE], slope[start : start + _PIECE]
            for _ in range(applications):
                np.clip(piece, -1.0, 1.0, out=piece)
                _apply(piece, q, scratch[:, : piece.size], piece_slope)
    np.clip(t, 0.0, 1.0, out=t)
    return slope


def arc_cosine_series(t: FloatArray, q: int) -> FloatArray:
    """k_q(t) = c_q u^(q + 1/2) 2F1(1/2, 1/2; q + 3/2; u), u = (1 + t) / 2, for t <= -0.5: all terms are positive.

    t: (n,). The relative error is below 2e-15. c_q = 2^(q+1) q!^2 / ((3/2)_q pi (2q-1)!!), (3/2)_q being the rising
    factorial: the hypergeometric form of J_q, which solves the differential equation behind the recurrence.
    """
    u = 0.5 * (1.0 + t)
    term, total = np.ones(u.shape), np.ones(u.shape)
    for n in range(_SERIES_TERMS):
        term *= (n + 0.5) ** 2 / ((q + 1.5 + n) * (n + 1.0)) * u
        total += term
    odd = math.prod(range(1, 2 * q, 2))
    rising = math.prod(1.5 + i for i in range(q))
    leading = 2.0 ** (q + 1) * math.factorial(q) ** 2 / (rising * math.pi * odd)
    k: FloatArray = leading * u**q * np.sqrt(u) * total
    return k


def _apply(t: FloatArray, q: int, scratch: FloatArray, slope: FloatArray | None = None) -> None:
    """k_q in place on t: (n,) in [-1, 1], with scratch: (4, n); multiplies slope: (n,) by k_q' when given."""
    angle, sin2, current, _ = scratch
    if q == 0:
        if slope is not None:
            _sin2(t, sin2, angle)
            np.sqrt(sin2, out=sin2)
            sin2 *= math.pi
            slope /= sin2
        np.arccos(t, out=t)
        t *= -1.0 / math.pi
        t += 1.0
        return
    _sin2(t, sin2, angle)
    np.arccos(t, out=angle)
    np.subtract(math.pi, angle, out=angle)
    np.sqrt(sin2, out=current)
    if q == 1:
        if slope is not None:
            slope *= angle
            slope *= 1.0 / math.pi
        t *= angle
        t += current
        t *= 1.0 / math.pi
        return
    previous = _recurrence(t, q, scratch)
    if slope is not None:
        slope *= SLOPES(q)
        slope *= previous


def _recurrence(t: FloatArray, q: int, scratch: FloatArray) -> FloatArray:
    """From pi - theta, sin^2, sin theta in scratch to k_q, in place in t, for q >= 2. Returns k_{q-1}, a view."""
    previous, sin2, current, product = scratch
    np.multiply(t, previous, out=product)
    current += product
    current *= 1.0 / math.pi
    previous *= 1.0 / math.pi
    for j in range(1, q):
        previous *= sin2
        previous *= j * j / ((2.0 * j + 1.0) * (2.0 * j - 1.0))
        np.multiply(t, current, out=product)
        previous += product
        previous, current = current, previous
    t[:] = current
    last: FloatArray = previous
    return last


def _sin2(t: FloatArray, out: FloatArray, scratch: FloatArray) -> None:
    """1 - t^2 as (1 - t)(1 + t), which does not cancel near +-1."""
    np.subtract(1.0, t, out=out)
    np.add(t, 1.0, out=scratch)
    out *= scratch
