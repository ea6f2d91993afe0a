"""`serve`: the model folder's Gaussian process behind HTTP. NumPy only; containers/common/serving.py is the server."""

from __future__ import annotations

from collections.abc import Sequence

from containers.common import environment
from containers.common.errors import PayloadError
from containers.common.paths import Paths
from containers.common.serving import Server
from containers.gp_image import artifacts
from models.gp import artifact
from models.gp.errors import BadRows
from models.gp.mixture import Model
from models.gp.threads import available_cores, blas_threads


class GPPredictor:
    """A model in the form that the server takes."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def inputs(self) -> Sequence[str]:
        """The names of the inputs, in the order of a row."""
        return self._model.inputs

    def predict(self, rows: list[list[float]], return_std: bool) -> tuple[list[float], list[float] | None]:
        """Mean and, when asked for, standard deviation of a new observation. Raises PayloadError."""
        try:
            if not return_std:
                return self._model.predict(rows).tolist(), None
            mean, std = self._model.predict_with_std(rows)
        except BadRows as error:
            raise PayloadError(str(error)) from None
        return mean.tolist(), std.tolist()


def serve(paths: Paths) -> None:
    """Serves until SIGTERM. Raises ContractError for a bad setting and BadArtifact for a bad model file."""
    # One thread a request: requests already run beside each other, one a core.
    threads = environment.blas_threads() or 1
    server = Server(
        lambda: GPPredictor(artifact.load(paths.model / artifacts.MODEL)),
        environment.max_body_bytes(),
        workers=max(1, available_cores() // threads),
    )
    with blas_threads(threads, rows=0):
        server.run(environment.bind_host(), environment.bind_port())
