"""Several posteriors on the same data as one model: their average, with what they disagree about in its variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.gp.errors import BadSetting
from models.gp.kernel import FloatArray
from models.gp.posterior import Posterior


@dataclass(frozen=True, eq=False)
class Mixture:
    """The density sum_k w_k p_k. posteriors: K of them, on the same columns. weights: K numbers that sum to 1."""

    posteriors: tuple[Posterior, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.posteriors or len(self.weights) != len(self.posteriors):
            raise BadSetting(f"There are {len(self.weights)} weights for {len(self.posteriors)} posteriors.")
        if min(self.weights) < 0.0 or abs(sum(self.weights) - 1.0) > 1e-9:
            raise BadSetting("The weights of a mixture must be at least 0 and sum to 1.")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The D input names."""
        return self.posteriors[0].inputs

    @property
    def target(self) -> str:
        """The target's name."""
        return self.posteriors[0].target

    def predict(self, x: npt.ArrayLike) -> FloatArray:
        """The mean at x: (S, D), as (S,), in the target's unit. Raises BadRows."""
        means = [w * p.predict(x) for w, p in zip(self.weights, self.posteriors, strict=True)]
        return np.asarray(np.sum(means, axis=0))

    def predict_with_std(self, x: npt.ArrayLike, *, noise: bool = True) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the mixture at x: (S, D), each (S,), in the target's unit. Raises BadRows."""
        found = [posterior.predict_with_std(x, noise=noise) for posterior in self.posteriors]
        means, stds = np.array([mean for mean, _ in found]), np.array([std for _, std in found])
        weights = np.array(self.weights)[:, None]
        mean: FloatArray = (weights * means).sum(axis=0)
        variance = (weights * (np.square(stds) + np.square(means - mean))).sum(axis=0)
        return mean, np.sqrt(variance)

    def log_density(self, x: npt.ArrayLike, y: FloatArray) -> FloatArray:
        """Log density, in nats, of each observation y: (S,) at x: (S, D), as (S,). Raises BadRows."""
        parts = [
            np.log(weight) + posterior.log_density(x, y)
            for weight, posterior in zip(self.weights, self.posteriors, strict=True)
            if weight > 0.0
        ]
        return np.asarray(np.logaddexp.reduce(parts, axis=0))


Model = Posterior | Mixture
