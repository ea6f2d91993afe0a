"""What a search tries: ranges and choices from the catalogue's hyperparameters, and a trial's choices as a Network.

Standard library only. search.py has Hyperopt propose the choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.hyperparameters import BadHyperparameters, Value, items
from models.keras_entry import CLASSIFICATION_METRICS, REGRESSION_METRICS
from models.keras_net.network import Network, Training

Choice = int | float | str | bool


@dataclass(frozen=True)
class Space:
    """Inclusive ranges, and choices. share: of the training rows that trials see; split: of those, held out."""

    layers: tuple[int, int]
    nodes: tuple[int, ...]
    batch_sizes: tuple[int, ...]
    dropouts: tuple[float, ...]
    optimizers: tuple[str, ...]
    activations: tuple[str, ...]
    learning_rate: tuple[float, float]
    l2: tuple[float, float]
    objective: str
    max_evals: int
    epochs: int
    share: float
    split: float
    top_k: int
    pruning: bool
    seed: int

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}


def space_of(values: Mapping[str, Value], classes: int | None) -> Space:
    """The space of parsed hyperparameters. classes: None for a number. Raises BadHyperparameters."""
    layers = _range(values, "num_layers")
    return Space(
        layers=(int(layers[0]), int(layers[1])),
        nodes=tuple(int(each) for each in items(values["choice_of_node_numbers"])),
        batch_sizes=tuple(int(each) for each in items(values["choice_of_batch_sizes"])),
        dropouts=tuple(float(each) for each in items(values["choice_of_dropouts"])),
        optimizers=items(values["choice_of_optimizers"]),
        activations=items(values["choice_of_activations"]),
        learning_rate=_range(values, "learning_rate"),
        l2=_range(values, "l2"),
        objective=_objective(str(values["objective"]), classes),
        max_evals=int(values["max_evals"]),
        epochs=int(values["trial_epochs"]),
        share=float(values["used_data_percentage"]) / 100.0,
        split=float(values["train_validation_split"]),
        top_k=int(values["top_k"]),
        pruning=bool(values["pruning"]),
        seed=int(values["seed"]),
    )


def network_of(choices: Mapping[str, Choice], base: Network) -> Network:
    """The network of a trial; what the space does not vary is as in `base`."""
    return replace(
        base,
        layers=tuple(int(choices[f"nodes_{place}"]) for place in range(int(choices["num_layers"]))),
        activation=str(choices["activation"]),
        dropout=float(choices["dropout"]),
        batch_normalization=bool(choices["batch_normalization"]),
        l2=float(choices["l2"]),
        optimizer=str(choices["optimizer"]),
        learning_rate=float(choices["learning_rate"]),
    )


def training_of(choices: Mapping[str, Choice], full: Training) -> Training:
    """The full training of a trial's network."""
    return replace(full, batch_size=int(choices["batch_size"]))


def trial_training(choices: Mapping[str, Choice], space: Space) -> Training:
    """The short training of a trial: no patience, judged by the objective."""
    return Training(
        epochs=space.epochs,
        batch_size=int(choices["batch_size"]),
        monitor=f"val_{space.objective}",
        early_stopping_patience=0,
        lr_update_patience=0,
        seed=space.seed,
    )


def _range(values: Mapping[str, Value], name: str) -> tuple[float, float]:
    low, high = float(values[f"{name}_low"]), float(values[f"{name}_high"])
    if low > high:
        raise BadHyperparameters(f"{name}_low is {low:g}, but must not be above {name}_high, which is {high:g}.")
    return low, high


def _objective(name: str, classes: int | None) -> str:
    if name == "auto":
        return "q95" if classes is None else "log_loss"
    known = REGRESSION_METRICS if classes is None else CLASSIFICATION_METRICS
    if name not in known:
        kind = "a number" if classes is None else "a class"
        raise BadHyperparameters(f"objective is {name}, but the target is {kind}; use {', '.join(known)}.")
    return name
