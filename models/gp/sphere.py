"""From inputs in the units of the data to points on the unit sphere, where the kernels of kernel.py live.

Inputs are standardised with the training columns' mean and standard deviation, divided by the length scales (1 each
without automatic relevance determination), then projected; b is the bias, 1 unless set:

unit            x / |x|                              the published version; loses the length of x
lift            [x, b] / |[x, b]|                    keeps it, as the angle to the added axis
stereographic   [2bx, |x|^2 - b^2] / (|x|^2 + b^2)   keeps it, as the latitude

A zero vector (a row at the training mean, after standardising) is where lift and stereographic put a pole; unit has no
place for it and refuses it by its row number, instead of dividing zero by zero.

With norm_exponent = 1 the kernel is also scaled by the norms of both inputs, as Cho & Saul's kernel of order 1 is, and
so can follow a linear trend. The norms are |x| for unit and |[x, b]| for the other two, whose prior would otherwise be
zero at the mean of the data. They are divided by their root mean square over the training rows, which makes the mean
prior variance 1: sigma2 then is relative to the signal variance whatever the number of inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.gp.errors import BadRows, BadSetting
from models.gp.kernel import FloatArray

PROJECTIONS = ("unit", "lift", "stereographic")

# A column whose spread is below this share of its largest value is rounding noise around a constant.
_CONSTANT = 1e-12
# Squared distances from the training mean above this, in standard deviations, would overflow further on.
_FAR2 = 1e100


@dataclass(frozen=True, eq=False)
class SphereMap:
    """The map that training fixed.

    x_mean: (D,), in the units of the data. x_scale: (D,), likewise: standard deviation times length scale.
    norm_unit: rms training norm. bias: of lift and stereographic, on the scale of standardised inputs.
    """

    projection: str
    norm_exponent: int
    x_mean: FloatArray
    x_scale: FloatArray
    norm_unit: float
    bias: float = 1.0

    @staticmethod
    def fit(
        x: FloatArray,
        projection: str,
        norm_exponent: int,
        *,
        bias: float = 1.0,
        length_scales: Sequence[float] | None = None,
        standardise: bool = True,
    ) -> SphereMap:
        """The map for training inputs x: (N, D), finite.

        length_scales: D numbers above 0 in standard deviations, or None for 1 each. standardise: False takes inputs as
        they are, with norms as they are, which is the published definition. Raises BadSetting for what is not allowed,
        BadRows when values are too large to scale.
        """
        if projection not in PROJECTIONS:
            raise BadSetting(f"projection is {projection!r}, but must be one of {', '.join(PROJECTIONS)}.")
        if norm_exponent not in (0, 1):
            raise BadSetting(f"norm_exponent is {norm_exponent}, but must be 0 or 1.")
        if not (0.0 < bias < np.inf):
            raise BadSetting(f"bias is {bias!r}, but must be a number above 0.")
        mean, scale = _scaling(x) if standardise else (np.zeros(x.shape[1]), np.ones(x.shape[1]))
        scale = scale * _checked_length_scales(length_scales, x.shape[1])
        unscaled = SphereMap(projection, norm_exponent, mean, scale, 1.0, bias)
        if norm_exponent == 0 or not standardise:
            return unscaled
        norm_unit = float(np.sqrt(np.mean(np.square(unscaled(x)[1]))))
        return SphereMap(projection, norm_exponent, mean, scale, norm_unit, bias)

    def __call__(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """z: (S, E) on the unit sphere and r: (S,), the scaled norms, of inputs x: (S, D).

        E is D for unit and D + 1 else. Raises BadRows naming the first row that has no image: all zeros after scaling
        under `unit`, or too large.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (x - self.x_mean) / self.x_scale
            norm2: FloatArray = np.einsum("nd,nd->n", scaled, scaled)
        # Written so that NaN, from infinity minus infinity, is refused as well.
        _refuse(~(norm2 < _FAR2), "is too far from the training inputs")
        if self.projection == "unit":
            norm = np.sqrt(norm2)
            _refuse(norm == 0.0, "is zero after scaling, which the unit projection cannot map; use the lift projection")
            z = scaled / norm[:, None]
        else:
            norm = np.sqrt(norm2 + self.bias**2)
            lifted = self.projection == "lift"
            z = _lifted(scaled, norm, self.bias) if lifted else _stereographic(scaled, norm2, self.bias)
        r = norm / self.norm_unit if self.norm_exponent else np.ones_like(norm)
        return z, r


def _scaling(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = x.mean(axis=0), x.std(axis=0)
    if not (np.isfinite(mean).all() and np.isfinite(scale).all()):
        raise BadRows("The training inputs hold numbers too large to scale; keep them below 1e150.")
    return mean, np.where(scale > _CONSTANT * np.abs(x).max(axis=0), scale, 1.0)


def _checked_length_scales(length_scales: Sequence[float] | None, inputs: int) -> FloatArray:
    if length_scales is None:
        return np.ones(inputs)
    scales = np.asarray(length_scales, dtype=np.float64)
    if scales.shape != (inputs,) or not (np.isfinite(scales) & (scales > 0.0)).all():
        raise BadSetting(f"length_scales must be {inputs} numbers above 0, one an input.")
    return scales


def _lifted(scaled: FloatArray, norm: FloatArray, bias: float) -> FloatArray:
    return np.concatenate([scaled, np.full((len(scaled), 1), bias)], axis=1) / norm[:, None]


def _stereographic(scaled: FloatArray, norm2: FloatArray, bias: float) -> FloatArray:
    top = (norm2 - bias**2)[:, None]
    return np.concatenate([2.0 * bias * scaled, top], axis=1) / (norm2 + bias**2)[:, None]


def _refuse(bad: np.typing.NDArray[np.bool_], why: str) -> None:
    if bad.any():
        raise BadRows(f"Row {int(np.argmax(bad)) + 1} {why}.")
