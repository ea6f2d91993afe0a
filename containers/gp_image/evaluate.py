"""`evaluate`: Gaussian processes judged on held-out rows; containers/common/evaluation.py has the rest. NumPy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from containers.common import environment, evaluation
from containers.common.channels import read_numbers
from containers.common.evaluation import Evaluator, Probe, Schema
from containers.common.paths import Paths
from containers.gp_image import artifacts
from containers.gp_image.judging import inputs_of, metrics
from models.gp import artifact
from models.gp.errors import GPError
from models.gp.mixture import Model
from models.gp.threads import blas_threads
from models.tabular import Table


class JudgedGP:
    """A model as it is judged."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def schema(self) -> Schema:
        """What it takes and predicts."""
        return Schema(self._model.target, tuple(self._model.inputs))

    def judge(self, table: Table) -> tuple[Mapping[str, float], int]:
        """The catalogue's metrics on all rows. Raises GPError."""
        found = metrics(self._model, table)
        return {name.removeprefix("validation:"): value for name, value in found.items()}, table.rows

    def probe(self, table: Table, count: int) -> Sequence[Probe]:
        """Mean and standard deviation of the first rows, with their inputs in the order that the endpoint takes."""
        x = inputs_of(table, self._model.inputs)[:count]
        means, stds = self._model.predict_with_std(x)
        return [
            {"inputs": inputs, "mean": mean, "std": std}
            for inputs, mean, std in zip(x.tolist(), means.tolist(), stds.tolist(), strict=True)
        ]


def evaluate(paths: Paths) -> None:
    """Runs one evaluation; raises as containers.common.evaluation.evaluate."""
    evaluator = Evaluator(
        (artifacts.MODEL,), lambda folder: JudgedGP(artifact.load(folder / artifacts.MODEL)), read_numbers, (GPError,)
    )
    with blas_threads(environment.blas_threads(), rows=0):
        evaluation.evaluate(paths, evaluator)
