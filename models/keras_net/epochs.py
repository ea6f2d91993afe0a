"""A whole epoch in one compiled function: gathering, gradient and update of every batch, without Python in between.

A 5-epoch trial takes less than half of the CPU of Keras's `fit`, which traces more and returns to Python every batch.
The arithmetic is that of `fit` on the same batches, to which the tests hold it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.keras_net.backend import tf
from models.keras_net.fitting import Rows
from models.keras_net.preparation import Float32

# Steps in one call: Python answers a signal only between two calls.
MAX_STEPS = 500


class CompiledEpochs:
    """Trains a model in place.

    weights: one a row, (N,), or None. A batch of fewer rows ends the epoch when batch_size does not divide N.
    """

    def __init__(
        self, model: Any, optimizer: Any, loss: Any, rows: Rows, weights: Float32 | None, batch_size: int
    ) -> None:
        optimizer.build(model.trainable_variables)
        self._chunk = MAX_STEPS * batch_size
        self._run = _compile(model, optimizer, loss, rows, weights, batch_size)

    def run(self, order: NDArray[np.int32]) -> float:
        """One epoch over the rows in that order, (N,); returns the mean loss, with L2, as `fit` reports it."""
        total = 0.0
        for start in range(0, len(order), self._chunk):
            total += float(self._run(order[start : start + self._chunk]))
        return total / len(order)


def _compile(model: Any, optimizer: Any, loss: Any, rows: Rows, weights: Float32 | None, batch_size: int) -> Any:
    x, y = tf.constant(rows.x), tf.constant(rows.y)
    w = None if weights is None else tf.constant(weights)
    variables = model.trainable_variables
    values = [variable.value for variable in variables]

    def step(start: Any, total: Any, order: Any) -> tuple[Any, Any]:
        batch = order[start : tf.minimum(start + batch_size, tf.shape(order)[0])]
        batch_weights = None if w is None else tf.gather(w, batch)
        with tf.GradientTape() as tape:
            outputs = model(tf.gather(x, batch), training=True)
            value = loss(tf.gather(y, batch), outputs, sample_weight=batch_weights)
            # What the layers add: L2.
            value = tf.add_n([value, *model.losses])
        optimizer.apply(tape.gradient(value, values), variables)
        return start + batch_size, total + value * tf.cast(tf.shape(batch)[0], tf.float32)

    # Written without autograph, whose translation of the source would cost as much as the tracing.
    def epoch(order: Any) -> Any:
        _, total = tf.while_loop(
            lambda start, total: start < tf.shape(order)[0], lambda start, total: step(start, total, order), [0, 0.0]
        )
        return total

    return tf.function(epoch, autograph=False, input_signature=[tf.TensorSpec([None], tf.int32)])


def order_of(rows: int, seed: int, epoch: int) -> NDArray[np.int32]:
    """The order of the rows in an epoch. A function of its arguments alone, so that a resumed job repeats it."""
    return np.random.default_rng([seed, epoch]).permutation(rows).astype(np.int32)
