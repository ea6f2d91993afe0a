"""A dense network's shape and how it is trained, from the catalogue's hyperparameters. Standard library only.

building.py makes a Keras model of a Network, search.py makes Networks of its trials' choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.hyperparameters import BadHyperparameters, Value, items
from models.keras_entry import CLASSIFICATION_METRICS, MAX_LAYERS, MAX_NODES, REGRESSION_METRICS


@dataclass(frozen=True)
class Network:
    """layers: nodes of each hidden layer, H1 .. HL. dropout: share dropped after each. l2: weight in the loss."""

    layers: tuple[int, ...] = (64, 64)
    activation: str = "relu"
    last_activation: str = "auto"
    dropout: float = 0.0
    batch_normalization: bool = False
    l2: float = 0.0
    optimizer: str = "adam"
    learning_rate: float = 0.001
    loss: str = "auto"

    def resolved(self, classes: int | None) -> Network:
        """With the automatic choices made. classes: how many there are, None for a number.

        Raises BadHyperparameters when a choice does not suit the target.
        """
        if classes is None:
            if self.loss == "cross_entropy":
                raise BadHyperparameters(
                    "loss_metric is cross_entropy, but the target is a number; use mse, mae or huber."
                )
            if self.last_activation == "softmax":
                raise BadHyperparameters("last_activation is softmax, but the target is a number; use linear or tanh.")
            return self._with("linear", "mse")
        if self.loss not in ("auto", "cross_entropy"):
            raise BadHyperparameters(
                f"loss_metric is {self.loss}, but the target is a class; use cross_entropy, or task=regression."
            )
        fitting = "sigmoid" if classes == 2 else "softmax"
        if self.last_activation not in ("auto", fitting):
            raise BadHyperparameters(
                f"last_activation is {self.last_activation}, but a target of {classes} classes needs {fitting}."
            )
        return self._with(fitting, "cross_entropy")

    def _with(self, last_activation: str, loss: str) -> Network:
        return replace(
            self,
            last_activation=last_activation if self.last_activation == "auto" else self.last_activation,
            loss=loss if self.loss == "auto" else self.loss,
        )

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {**vars(self), "layers": list(self.layers)}


@dataclass(frozen=True)
class Training:
    """How a network is trained. monitor: val_<metric> or loss. patience of 0: never. seed: of everything random."""

    epochs: int = 100
    batch_size: int = 64
    monitor: str = "val_loss"
    early_stopping_patience: int = 15
    lr_update_patience: int = 7
    seed: int = 50

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return dict(vars(self))


def network_of(values: Mapping[str, Value]) -> Network:
    """The network of parsed hyperparameters. Raises BadHyperparameters for too many layers."""
    return Network(
        layers=_layers(values),
        activation=str(values["activation"]),
        last_activation=str(values["last_activation"]),
        dropout=float(values["dropout"]),
        batch_normalization=bool(values["batch_normalization"]),
        l2=float(values["l2"]),
        optimizer=str(values["optimizer"]),
        learning_rate=float(values["learning_rate"]),
        loss=str(values["loss_metric"]),
    )


def training_of(values: Mapping[str, Value]) -> Training:
    """The training of parsed hyperparameters."""
    return Training(
        epochs=int(values["epochs"]),
        batch_size=int(values["batch_size"]),
        monitor=str(values["monitor_metric"]),
        early_stopping_patience=int(values["early_stopping_patience"]),
        lr_update_patience=int(values["lr_update_patience"]),
        seed=int(values["seed"]),
    )


def check_monitor(monitor: str, classes: int | None) -> None:
    """Raises BadHyperparameters when the target has no such metric. classes: None for a number."""
    known = metrics_for(classes)
    if monitor != "loss" and monitor.removeprefix("val_") not in known:
        kind = "a number" if classes is None else "a class"
        allowed = ", ".join(f"val_{name}" for name in known)
        raise BadHyperparameters(f"monitor_metric is {monitor}, but the target is {kind}; use loss, {allowed}.")


def metrics_for(classes: int | None) -> tuple[str, ...]:
    """What a network is judged by."""
    return REGRESSION_METRICS if classes is None else CLASSIFICATION_METRICS


def _layers(values: Mapping[str, Value]) -> tuple[int, ...]:
    given = tuple(int(nodes) for nodes in items(values["nodes"]))
    if len(given) > MAX_LAYERS or any(not 1 <= nodes <= MAX_NODES for nodes in given):
        raise BadHyperparameters(f"nodes has {len(given)} layers, but there may be at most {MAX_LAYERS}.")
    if given:
        return given
    count, first = int(values["num_layers"]), int(values["hidden_units"])
    # h, h/2, h/4 ...: never below one node.
    return tuple(max(1, first >> place) if values["progressive_reduction"] else first for place in range(count))
