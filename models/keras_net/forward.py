"""A trained network without Keras: matrices, biases and activations. NumPy only; what the server predicts with.

building.py makes one of a Keras model, batch normalisation folded into the matrices; dropout does nothing here. One row
through five layers of 64 takes about 20 us, where Keras's own call takes milliseconds.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from models.keras_net.errors import BadArtifact
from models.keras_net.preparation import Float32

FORMAT = "sagebuild-keras/1"
# Keras 3's constants: keras.activations.selu, keras.activations.leaky_relu.
_SELU_SCALE, _SELU_ALPHA = np.float32(1.0507009873554805), np.float32(1.6732632423543772)
_LEAKY_SLOPE = np.float32(0.2)
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)


def _linear(z: Float32) -> Float32:
    return z


def _relu(z: Float32) -> Float32:
    return np.maximum(z, _ZERO)


def _elu(z: Float32) -> Float32:
    return np.where(z > 0, z, np.expm1(np.minimum(z, _ZERO)))


def _selu(z: Float32) -> Float32:
    return _SELU_SCALE * np.where(z > 0, z, _SELU_ALPHA * np.expm1(np.minimum(z, _ZERO)))


def _leaky_relu(z: Float32) -> Float32:
    return np.where(z > 0, z, _LEAKY_SLOPE * z)


def _tanh(z: Float32) -> Float32:
    return np.tanh(z)


def _sigmoid(z: Float32) -> Float32:
    # As a hyperbolic tangent it cannot overflow.
    return cast(Float32, _HALF * (_ONE + np.tanh(_HALF * z)))


def _swish(z: Float32) -> Float32:
    return z * _sigmoid(z)


def _softplus(z: Float32) -> Float32:
    return np.logaddexp(z, _ZERO)


def _softmax(z: Float32) -> Float32:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return cast(Float32, e / e.sum(axis=1, keepdims=True))


ACTIVATIONS: dict[str, Callable[[Float32], Float32]] = {
    "linear": _linear,
    "relu": _relu,
    "elu": _elu,
    "selu": _selu,
    "leaky_relu": _leaky_relu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "swish": _swish,
    "softplus": _softplus,
    "softmax": _softmax,
}


@dataclass(frozen=True)
class Layer:
    """activation(x @ weights + bias). weights: (inputs, nodes); bias: (nodes,)."""

    weights: Float32
    bias: Float32
    activation: str


class DenseNetwork:
    """Layers applied one after the other. Raises BadArtifact when they do not fit, or are not finite."""

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        if not layers:
            raise BadArtifact("The network has no layers.")
        width = len(layers[0].weights)
        for place, layer in enumerate(layers, start=1):
            if layer.weights.shape != (width, len(layer.bias)) or layer.activation not in ACTIVATIONS:
                raise BadArtifact(f"Layer {place} of the network does not fit the one before it.")
            if not (np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all()):
                raise BadArtifact(f"Layer {place} of the network has weights that are not finite.")
            width = len(layer.bias)
        self.layers = layers
        self._steps = tuple((layer.weights, layer.bias, ACTIVATIONS[layer.activation]) for layer in layers)

    @property
    def features(self) -> int:
        """F, the width of what it takes."""
        return len(self.layers[0].weights)

    def predict(self, x: Float32) -> Float32:
        """Outputs (S, K) of features (S, F)."""
        for weights, bias, activation in self._steps:
            z = x @ weights
            z += bias
            x = activation(z)
        return x


def save(network: DenseNetwork, path: Path) -> None:
    """Writes the network as .npz without pickle. Raises OSError."""
    header = json.dumps({"format": FORMAT, "activations": [layer.activation for layer in network.layers]})
    arrays: dict[str, Float32] = {}
    for place, layer in enumerate(network.layers):
        arrays[f"weights_{place}"], arrays[f"bias_{place}"] = layer.weights, layer.bias
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, header=np.array(header), **arrays)


def load(path: Path) -> DenseNetwork:
    """The network in a file. Raises BadArtifact when it is missing, damaged or of another format."""
    try:
        # Opened here: NumPy leaves a file that it cannot read open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            if header["format"] != FORMAT:
                raise ValueError("another format")
            layers = tuple(
                Layer(_matrix(file[f"weights_{place}"], 2), _matrix(file[f"bias_{place}"], 1), str(activation))
                for place, activation in enumerate(header["activations"])
            )
    except FileNotFoundError:
        raise BadArtifact(f"There is no model file {path}.") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BadArtifact(f"{path} is not a network of format {FORMAT}.") from error
    return DenseNetwork(layers)


def _matrix(array: object, dimensions: int) -> Float32:
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.ndim != dimensions:
        raise ValueError("not a matrix of single precision")
    return array
