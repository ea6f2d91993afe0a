"""How good predictions are. The metrics' names and goals for SageMaker are in models/gp_entry.py."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

# Half the width, in standard deviations, of a normal distribution's central 95 %.
_WIDTH95 = 1.959963984540054


def rmse(y: FloatArray, mean: FloatArray) -> float:
    """Root mean squared error of mean: (S,) against y: (S,), in the target's unit."""
    return float(np.sqrt(np.mean(np.square(y - mean))))


def nlpd(y: FloatArray, mean: FloatArray, std: FloatArray) -> float:
    """Mean negative log density, in nats, of y: (S,) under normal distributions with mean and std: (S,), std > 0."""
    return -float(np.mean(log_normal_density(y, mean, std)))


def coverage95(y: FloatArray, mean: FloatArray, std: FloatArray) -> float:
    """The share of y: (S,) inside the central 95 % of normal distributions with mean and std: (S,)."""
    return float(np.mean(np.abs(y - mean) <= _WIDTH95 * std))


def log_normal_density(y: FloatArray, mean: FloatArray, std: FloatArray) -> FloatArray:
    """Log density, in nats, of each of y: (S,) under a normal distribution with mean and std: (S,), std > 0."""
    density: FloatArray = -0.5 * np.log(2.0 * np.pi * np.square(std)) - 0.5 * np.square((y - mean) / std)
    return density
