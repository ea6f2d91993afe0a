"""What a network's outputs are worth: the metrics of keras_entry.py, from outputs and truth. NumPy only."""

from __future__ import annotations

import numpy as np

from models.keras_net.fitting import Rows
from models.keras_net.preparation import Float32
from models.keras_net.target import ClassTarget, Target

# Keras keeps probabilities this far from 0 and 1 in a cross-entropy.
_EPSILON = 1e-7


def judge(target: Target, loss: str, outputs: Float32, rows: Rows) -> dict[str, float]:
    """Metrics by name, of outputs (N, K) on rows. loss: mse, mae, huber or cross_entropy, on the network's scale.

    For a number: loss, rmse, mae and q95, the last three in the target's unit. For classes: loss, log_loss, accuracy,
    and as rmse the root of the Brier score. Values are not finite where the outputs are not.
    """
    metrics = {"loss": _loss(loss, outputs, rows.y)}
    if isinstance(target, ClassTarget):
        probabilities = target.decode(outputs)
        positions = rows.truth.astype(np.intp)
        true = np.clip(probabilities[np.arange(len(rows)), positions], _EPSILON, 1.0)
        wanted = np.eye(len(target.classes))[positions]
        metrics["rmse"] = float(np.sqrt(np.mean(np.sum(np.square(probabilities - wanted), axis=1))))
        metrics["accuracy"] = float(np.mean(probabilities.argmax(axis=1) == positions))
        metrics["log_loss"] = float(-np.log(true).mean())
        return metrics
    errors = np.abs(target.decode(outputs) - rows.truth)
    metrics["rmse"] = float(np.sqrt(np.mean(np.square(errors))))
    metrics["mae"] = float(errors.mean())
    metrics["q95"] = float(np.quantile(errors, 0.95))
    return metrics


def _loss(loss: str, outputs: Float32, y: Float32) -> float:
    if loss == "cross_entropy":
        p = np.clip(outputs.astype(np.float64), _EPSILON, 1.0 - _EPSILON)
        if y.shape[1] == 1:
            return float(-(y * np.log(p) + (1.0 - y) * np.log(1.0 - p)).mean())
        return float(-(y * np.log(p)).sum(axis=1).mean())
    errors = np.abs(outputs.astype(np.float64) - y)
    if loss == "mse":
        return float(np.square(errors).mean())
    if loss == "mae":
        return float(errors.mean())
    # Huber's with delta 1, as Keras has it.
    return float(np.where(errors <= 1.0, 0.5 * np.square(errors), errors - 0.5).mean())
