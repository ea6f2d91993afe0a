"""How Keras models are usually served, to compare with: Flask on gunicorn, calling the model in $BENCH_MODEL."""

from __future__ import annotations

import os
from pathlib import Path

import flask
import numpy as np

from models.keras_net.backend import configure, keras

configure(1)
app = flask.Flask(__name__)
model = keras.models.load_model(Path(os.environ["BENCH_MODEL"]) / "model.keras", safe_mode=True)


@app.get("/ping")
def ping() -> str:
    return ""


@app.post("/invocations")
def invocations() -> flask.Response:
    rows = np.array(flask.request.get_json()["instances"], dtype=np.float32)
    predicted = np.asarray(model((rows - 0.1) / 1.1, training=False))[:, 0]
    return flask.jsonify({"predictions": [{"mean": float(mean)} for mean in predicted]})
