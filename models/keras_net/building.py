"""A Network as a Keras model, and a Keras model as a DenseNetwork for the server."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.keras_net.backend import keras
from models.keras_net.errors import Unfaithful
from models.keras_net.forward import DenseNetwork, Layer
from models.keras_net.network import Network
from models.keras_net.preparation import Float32

# keras.activations by our names, where they differ.
_KERAS_ACTIVATIONS = {"swish": "silu"}
_LOSSES = {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "huber": "Huber"}
_MOMENTUM = 0.9
# Single precision through a dozen layers; what is compared is at most a few in magnitude.
_TOLERANCE = 1e-4


def build(network: Network, features: int, outputs: int, seed: int) -> Any:
    """The Keras model, its weights drawn by `seed`. features: F; outputs: K; the choices in `network` are resolved.

    Each hidden layer is Dense, then batch normalisation, activation and dropout as far as asked for.
    """
    layers: list[Any] = [keras.Input((features,))]
    for place, nodes in enumerate(network.layers):
        layers += _hidden(network, nodes, seed + 2 * place)
    layers.append(
        keras.layers.Dense(
            outputs,
            activation=network.last_activation,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed + 2 * len(network.layers)),
        )
    )
    return keras.Sequential(layers)


def make_optimizer(network: Network) -> Any:
    """The optimizer; sgd has momentum."""
    rate = network.learning_rate
    if network.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=_MOMENTUM)
    names = {"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop"}
    return getattr(keras.optimizers, names[network.optimizer])(rate)


def make_loss(network: Network, outputs: int) -> Any:
    """The loss, a mean over the rows of a batch."""
    if network.loss == "cross_entropy":
        return keras.losses.BinaryCrossentropy() if outputs == 1 else keras.losses.CategoricalCrossentropy()
    return getattr(keras.losses, _LOSSES[network.loss])()


def export(model: Any) -> DenseNetwork:
    """The model as matrices, with batch normalisation folded in."""
    layers: list[Layer] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "Dense":
            weights, *bias = (variable.numpy() for variable in layer.weights)
            zero = np.zeros(weights.shape[1], dtype=np.float32)
            layers.append(Layer(weights, bias[0] if bias else zero, _activation(layer)))
        elif kind == "BatchNormalization":
            layers[-1] = _folded(layers[-1], layer)
        elif kind == "Activation":
            layers[-1] = Layer(layers[-1].weights, layers[-1].bias, _activation(layer))
        elif kind != "Dropout":
            raise Unfaithful(f"A layer of kind {kind} cannot be exported.")
    return DenseNetwork(tuple(layers))


def prove_equal(model: Any, network: DenseNetwork, x: Float32) -> float:
    """The largest difference between the Keras model and its export on probe rows (S, F), relative where above 1.

    Raises Unfaithful when it is more than rounding.
    """
    expected = np.asarray(model(x, training=False), dtype=np.float64)
    difference = np.abs(network.predict(x) - expected) / np.maximum(1.0, np.abs(expected))
    largest = float(difference.max())
    if not largest <= _TOLERANCE:
        raise Unfaithful(f"The exported network differs from Keras by {largest:.3g}; it must not be served.")
    return largest


def _hidden(network: Network, nodes: int, seed: int) -> list[Any]:
    activation = _KERAS_ACTIVATIONS.get(network.activation, network.activation)
    normalised = network.batch_normalization
    layers: list[Any] = [
        keras.layers.Dense(
            nodes,
            activation=None if normalised else activation,
            use_bias=not normalised,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            kernel_regularizer=keras.regularizers.L2(network.l2) if network.l2 else None,
        )
    ]
    if normalised:
        layers += [keras.layers.BatchNormalization(), keras.layers.Activation(activation)]
    if network.dropout:
        layers.append(keras.layers.Dropout(network.dropout, seed=seed + 1))
    return layers


def _activation(layer: Any) -> str:
    name = str(layer.activation.__name__)
    return next((ours for ours, theirs in _KERAS_ACTIVATIONS.items() if theirs == name), name)


def _folded(dense: Layer, layer: Any) -> Layer:
    gamma, beta, mean, variance = (
        np.asarray(variable.numpy(), dtype=np.float64)
        for variable in (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    )
    factor = gamma / np.sqrt(variance + layer.epsilon)
    weights = (dense.weights * factor).astype(np.float32)
    bias = (beta + (dense.bias - mean) * factor).astype(np.float32)
    return Layer(weights, bias, dense.activation)
