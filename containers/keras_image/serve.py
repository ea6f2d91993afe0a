"""`serve`: the model folder's network behind HTTP, without TensorFlow; containers/common/serving.py is the server."""

from __future__ import annotations

import os

from containers.common import environment
from containers.common.paths import Paths
from containers.common.serving import Server
from containers.keras_image import artifacts
from containers.keras_image.answers import KerasAnswers
from models.keras_net.predictor import load


def serve(paths: Paths) -> None:
    """Serves until SIGTERM. Raises ContractError for a bad setting and BadArtifact for a bad model file."""
    threads = environment.blas_threads() or 1
    server = Server(
        lambda: KerasAnswers(load(paths.model / artifacts.PREPROCESS, paths.model / artifacts.WEIGHTS)),
        environment.max_body_bytes(),
        workers=max(1, (os.cpu_count() or 1) // threads),
    )
    server.run(environment.bind_host(), environment.bind_port())
