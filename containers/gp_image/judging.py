"""A table's rows as arrays, and what a Gaussian process is worth on them: what train.py and evaluate.py share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.gp.kernel import FloatArray
from models.gp.metrics import coverage95, nlpd, rmse
from models.gp.mixture import Model
from models.gp_entry import COVERAGE95, NLPD, RMSE
from models.tabular import Table


def inputs_of(table: Table, names: Sequence[str]) -> FloatArray:
    """The columns called `names`, in that order, as (N, D)."""
    return np.column_stack([np.frombuffer(table.columns[name]) for name in names])


def target_of(table: Table) -> FloatArray:
    """The target, (N,), in its unit."""
    return np.frombuffer(table.columns[table.target])


def metrics(model: Model, table: Table) -> dict[str, float]:
    """By the catalogue's names: RMSE in the target's unit, NLPD in nats, the share inside 95 % intervals.

    table: has the model's columns, in any order.
    """
    y = target_of(table)
    mean, std = model.predict_with_std(inputs_of(table, model.inputs))
    return {
        RMSE.name: rmse(y, mean),
        NLPD.name: nlpd(y, mean, std),
        COVERAGE95.name: coverage95(y, mean, std),
    }
