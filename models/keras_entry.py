"""The catalogue's entry of the Keras network: its hyperparameters, metrics and image. Standard library only.

Names follow the systems that it replaces where a user would know them: `loss_metric`, `monitor_metric`,
`lr_update_patience`, `early_stopping_patience`, `choice_of_node_numbers`, `used_data_percentage` and the like from the
search application, `learning_rate`, `hidden_units`, `dropout` and `l2` from the pipeline; the names that differ are
among the spoken ones. keras_net/settings.py reads the parsed values.
"""

from __future__ import annotations

from functools import partial

from models.hyperparameters import ALL_PROGRAMS, NO_ITEMS, Hyperparameter, Kind, Metric, Model

ACTIVATIONS = ("relu", "elu", "selu", "leaky_relu", "tanh", "sigmoid", "swish", "softplus")
LAST_ACTIVATIONS = ("auto", "linear", "tanh", "sigmoid", "softmax")
OPTIMIZERS = ("adam", "adamw", "nadam", "rmsprop", "sgd")
LOSSES = ("auto", "mse", "mae", "huber", "cross_entropy")
# What a network is judged by, each to be had as `validation:<name>`. loss is that of training, without L2.
REGRESSION_METRICS = ("loss", "rmse", "mae", "q95")
CLASSIFICATION_METRICS = ("loss", "rmse", "accuracy", "log_loss")
MONITORS = ("val_loss", "val_rmse", "val_mae", "val_q95", "val_accuracy", "val_log_loss", "loss")
OBJECTIVES = ("auto", "q95", "rmse", "mae", "loss", "accuracy", "log_loss")
MAX_LAYERS = 12
MAX_NODES = 4096

_HIGHER_IS_BETTER = ("accuracy",)
_MEANINGS = {
    "loss": "the training loss on the validation rows, without L2, for a target scaled to variance 1",
    "rmse": "root mean squared error on the validation rows, in the target's unit; for classes the root of the Brier"
    " score",
    "mae": "mean absolute error on the validation rows, in the target's unit",
    "q95": "95 % quantile of the absolute error on the validation rows, in the target's unit",
    "accuracy": "share of the validation rows whose class is predicted",
    "log_loss": "mean negative logarithm of the probability of the true class on the validation rows, in nats",
}
_TITLES = {"rmse": "RMSE", "mae": "MAE"}


def goal(name: str) -> str:
    """SageMaker's Minimize or Maximize for a metric of this model."""
    return "Maximize" if name in _HIGHER_IS_BETTER else "Minimize"


def validation_metric(name: str) -> str:
    """The printed name of a metric on the validation rows: rmse is validation:RMSE, as the other models call it."""
    return f"validation:{_TITLES.get(name, name)}"


_VALIDATION = tuple(
    Metric(validation_metric(name), goal(name), meaning, _TITLES.get(name, name)) for name, meaning in _MEANINGS.items()
)
TRAIN_LOSS = Metric("train:loss", "Minimize", "mean training loss of the epoch, with L2", "training loss")
# Printed by a search only: what each trial came to, and the chosen one's settings, to be asked for outside the log.
TRIAL_LOSS = Metric("search:loss", "Minimize", "what the search minimised, of the latest trial", "trial")
BEST_LOSS = Metric("search:best", "Minimize", "what the search minimised, of the best trial so far", "best trial")
BEST_SETTINGS = tuple(
    Metric(f"search:{name}", "Minimize", f"{name} of the network that the search chose", f"chosen {name}")
    for name in ("num_layers", "batch_size", "dropout", "learning_rate", "l2")
)


def _number(
    kind: Kind,
    name: str,
    default: float,
    meaning: str,
    low: float,
    high: float,
    *spoken: str,
    tune: tuple[float, float] | None = None,
    scaling: str = "Auto",
) -> Hyperparameter:
    """tune: the range that a bare "tune <name>" searches; None for what cannot be tuned."""
    return Hyperparameter(
        name,
        kind,
        default,
        meaning,
        low,
        high,
        spoken=spoken,
        scaling=scaling,
        tunable=tune is not None,
        tune_minimum=tune[0] if tune else None,
        tune_maximum=tune[1] if tune else None,
    )


_whole = partial(_number, Kind.INTEGER)
_real = partial(_number, Kind.CONTINUOUS)


def _one_of(
    name: str, default: str, meaning: str, choices: tuple[str, ...], *spoken: str, tunable: bool = False
) -> Hyperparameter:
    return Hyperparameter(name, Kind.CATEGORICAL, default, meaning, choices=choices, spoken=spoken, tunable=tunable)


def _flag(name: str, default: bool, meaning: str, *spoken: str) -> Hyperparameter:
    return Hyperparameter(name, Kind.FLAG, default, meaning, spoken=spoken)


def _several(
    name: str, default: str, meaning: str, low: float, high: float, kind: Kind = Kind.INTEGERS
) -> Hyperparameter:
    return Hyperparameter(name, kind, default, meaning, low, high)


_NETWORK = (
    _one_of("mode", "train", "train fits one network, search looks for the best one first", ("train", "search")),
    _one_of(
        "task",
        "auto",
        "what the target is: auto takes text, or two different values, for classes",
        ("auto", "regression", "classification"),
    ),
    _whole("num_layers", 2, "hidden layers", 1, MAX_LAYERS, "layers", "hidden layers", "num_layers_f", tune=(1, 6)),
    _whole(
        "hidden_units",
        64,
        "nodes of each hidden layer",
        1,
        MAX_NODES,
        "units",
        "hidden units",
        "nodes per layer",
        tune=(16, 512),
        scaling="Logarithmic",
    ),
    Hyperparameter(
        "nodes",
        Kind.INTEGERS,
        NO_ITEMS,
        "nodes of the hidden layers one by one, instead of num_layers and hidden_units",
        1,
        MAX_NODES,
    ),
    _flag("progressive_reduction", False, "each hidden layer has half the nodes of the one before it"),
    _one_of("activation", "relu", "activation of the hidden layers", ACTIVATIONS, tunable=True),
    _one_of(
        "last_activation",
        "auto",
        "activation of the output; auto is linear, and sigmoid or softmax for classes",
        LAST_ACTIVATIONS,
        "last_activation_f",
    ),
    _real("dropout", 0.0, "share of each hidden layer that is dropped in training", 0, 0.95, tune=(0.0, 0.5)),
    _flag("batch_normalization", False, "normalise hidden layers over the batch", "batch normalisation", "batchnorm"),
    _real(
        "l2",
        0.0,
        "weight of the squared weights in the loss",
        0,
        10,
        "weight decay",
        tune=(1e-6, 1e-2),
        scaling="Logarithmic",
    ),
)

_TRAINING = (
    _one_of("optimizer", "adam", "how the weights are changed", OPTIMIZERS, "optimizer_f", tunable=True),
    _real(
        "learning_rate",
        0.001,
        "first step size of the optimizer",
        1e-7,
        10,
        "learning rate",
        "lr",
        tune=(1e-4, 1e-1),
        scaling="Logarithmic",
    ),
    _one_of(
        "loss_metric", "auto", "what training minimises; auto is mse, and cross_entropy for classes", LOSSES, "loss"
    ),
    _one_of("monitor_metric", "val_loss", "what early stopping and the learning rate go by", MONITORS, "monitor"),
    _whole("epochs", 100, "passes over the training rows, at most", 1, 100_000, "nb_epochs_f"),
    _whole(
        "batch_size",
        64,
        "rows of a training step",
        1,
        65_536,
        "batch size",
        "batch_size_f",
        tune=(16, 256),
        scaling="Logarithmic",
    ),
    _whole(
        "early_stopping_patience", 15, "epochs without improvement until training ends; 0 never ends it", 0, 100_000
    ),
    _whole(
        "lr_update_patience",
        7,
        "epochs without improvement until the learning rate is halved; 0 never does",
        0,
        100_000,
    ),
    _flag("balance_classes", False, "let rare classes count as much as frequent ones", "class weights"),
    _real("train_validation_split", 0.15, "share of the training rows that is held out where needed", 0.01, 0.9),
    _whole("seed", 50, "start of the random numbers", 0, 2**31 - 1, "random state", "randstate"),
)

_SEARCH = (
    _whole("max_evals", 20, "trials of a search", 1, 10_000, "trials", "evaluations"),
    _whole("trial_epochs", 7, "epochs of a trial", 1, 10_000, "nb_epochs"),
    _real("used_data_percentage", 100.0, "percentage of the training rows that a search uses", 1, 100),
    _whole("num_layers_low", 1, "fewest hidden layers of a trial", 1, MAX_LAYERS),
    _whole("num_layers_high", 4, "most hidden layers of a trial", 1, MAX_LAYERS),
    _several("choice_of_node_numbers", "16,32,64,128", "nodes of a hidden layer of a trial", 1, MAX_NODES),
    _several("choice_of_batch_sizes", "32,64,128", "rows of a training step of a trial", 1, 65_536),
    _several("choice_of_dropouts", "0.0,0.1,0.25", "dropout of a trial", 0, 0.95, Kind.NUMBERS),
    Hyperparameter(
        "choice_of_optimizers", Kind.CHOICES, "adam,rmsprop,sgd", "optimizer of a trial", choices=OPTIMIZERS
    ),
    Hyperparameter("choice_of_activations", Kind.CHOICES, "relu,tanh", "activation of a trial", choices=ACTIVATIONS),
    _real("learning_rate_low", 3e-4, "smallest learning rate of a trial", 1e-7, 10),
    _real("learning_rate_high", 3e-2, "largest learning rate of a trial", 1e-7, 10),
    _real("l2_low", 1e-7, "smallest l2 of a trial", 1e-12, 10),
    _real("l2_high", 1e-3, "largest l2 of a trial", 1e-12, 10),
    _one_of("objective", "auto", "what a search minimises: auto is q95, and log_loss for classes", OBJECTIVES),
    _flag("pruning", True, "end a trial that is worse than most earlier ones were at the same epoch"),
    _whole("top_k", 3, "how many of the best trials are trained in full", 1, 20),
)

KERAS = Model(
    name="keras",
    title="Keras network",
    description="A dense network for numbers or classes, trained as asked or searched for with Hyperopt.",
    words=("keras network", "keras net", "neural network", "neural net", "dense network", "network"),
    image="keras",
    program="containers.keras_image",
    objective=validation_metric("rmse"),
    metrics=(*_VALIDATION, TRAIN_LOSS, TRIAL_LOSS, BEST_LOSS, *BEST_SETTINGS),
    hyperparameters=(*_NETWORK, *_TRAINING, *_SEARCH),
    bare_tune="search",
    programs=ALL_PROGRAMS,
)
