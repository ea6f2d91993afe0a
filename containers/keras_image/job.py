"""What a training job is asked to do, from its files: hyperparameters, channels, the rows prepared. No TensorFlow.

Without a validation channel a share of the training rows takes its place. train.py does the work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from containers.common import environment
from containers.common.channels import read_text_channel
from containers.common.hyperparameters import read_hyperparameters
from containers.common.paths import Paths
from models.hyperparameters import Value
from models.keras_entry import KERAS
from models.keras_net.fitting import Report, Rows, fit_inputs, fit_target, prepare, split
from models.keras_net.network import Network, Training, check_monitor, network_of, training_of
from models.keras_net.preparation import Preparation
from models.keras_net.space import Space, space_of
from models.keras_net.target import ClassTarget, Target
from models.tabular import TextTable


@dataclass(frozen=True)
class Job:
    """Everything that a training needs, read and checked."""

    values: Mapping[str, Value]
    preparation: Preparation
    target: Target
    rows: Rows
    validation: Rows
    reports: Mapping[str, Report]
    network: Network
    training: Training
    space: Space | None

    @property
    def balanced(self) -> bool:
        """Whether rare classes count as much as frequent ones."""
        return bool(self.values["balance_classes"]) and isinstance(self.target, ClassTarget)


def read(paths: Paths) -> Job:
    """Reads and checks everything.

    Raises ContractError, CatalogueError, TabularError and KerasNetError with a sentence for the person who asked.
    """
    values = read_hyperparameters(paths, KERAS)
    table, validation_table = _tables(paths, values)
    preparation, fitted = fit_inputs(table)
    target = fit_target(table, str(values["task"]), str(values["last_activation"]))
    classes = len(target.classes) if isinstance(target, ClassTarget) else None
    network = network_of(values).resolved(classes)
    training = training_of(values)
    check_monitor(training.monitor, classes)
    space = space_of(values, classes) if values["mode"] == "search" else None
    rows, report = prepare(preparation, target, table)
    report.dropped_columns, report.rare_categories = fitted.dropped_columns, fitted.rare_categories
    validation, validation_report = prepare(preparation, target, validation_table)
    return Job(
        values=values,
        preparation=preparation,
        target=target,
        rows=rows,
        validation=validation,
        reports={"train": report, "validation": validation_report},
        network=network,
        training=training,
        space=space,
    )


def _tables(paths: Paths, values: Mapping[str, Value]) -> tuple[TextTable, TextTable]:
    table = read_text_channel(paths, "train", environment.target())
    if paths.channel("validation").is_dir():
        return table, read_text_channel(paths, "validation", like=table)
    return split(table, float(values["train_validation_split"]), int(values["seed"]))
