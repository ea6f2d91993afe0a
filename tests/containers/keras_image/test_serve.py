"""`python -m containers.keras_image serve` on a network made by hand, so without TensorFlow: requests and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.keras_net import forward
from models.keras_net.forward import DenseNetwork, Layer
from models.keras_net.predictor import Predictor
from models.keras_net.preparation import CategoryColumn, NumberColumn, Preparation
from models.keras_net.target import ClassTarget, NumberTarget, Target

MODULE = "containers.keras_image"
COLUMNS = (NumberColumn("x", 0.0, 1.0, 5.0, False), CategoryColumn("c", ("a", "b")))


def write(folder: Path, target: Target) -> None:
    weights = np.array([[1.0], [2.0], [-2.0]], np.float32)
    activation = "sigmoid" if isinstance(target, ClassTarget) else "linear"
    network = DenseNetwork((Layer(weights, np.zeros(1, np.float32), activation),))
    folder.mkdir(parents=True)
    predictor = Predictor(Preparation(COLUMNS), target, network)
    (folder / "preprocess.json").write_text(json.dumps(predictor.preprocess_json()))
    forward.save(network, folder / "weights.npz")


@pytest.fixture
def server(folder, endpoint):
    write(folder.root / "model", NumberTarget("y", 10.0, 1.0))
    running = endpoint(MODULE, folder, SAGEBUILD_MAX_BODY_BYTES="1000")
    running.wait_until_ready()
    return running


def test_numbers_categories_and_missing_cells_as_json_and_csv(server) -> None:
    body = '{"instances": [[1, "a"], [null, "b"], [2.5, "new"], [1, null]], "return_std": true}'
    assert json.loads(server.ask(body)[1]) == {"predictions": [{"mean": mean} for mean in (13.0, 13.0, 12.5, 11.0)]}
    status, text, headers = server.request(
        "POST", "/invocations", "1,a\r\n,b\n2.5, new\n", content_type="text/csv", accept="text/csv"
    )
    assert (status, [float(line) for line in text.splitlines()]) == (200, [13.0, 13.0, 12.5])
    assert headers["content-type"].startswith("text/csv")


BAD = {
    "width": ('{"instances": [[1]]}', 400, "Row 1 has 1 number, but the model takes 2 numbers: x, c."),
    "text": ('{"instances": [["a", "a"]]}', 400, "Row 1: x is 'a', but must be a finite number."),
    "nan": ('{"instances": [[NaN, "a"]]}', 400, "Row 1: x is NaN, but must be a finite number."),
    "huge": ('{"instances": [[1, "a"], [1e300, "a"]]}', 400, "Row 2 is too far from the training inputs."),
    "list": ('{"instances": [[1, ["a"]]]}', 400, 'Row 1: c is ["a"], but must be a finite number.'),
    "size": (" " * 1001, 413, "The body has more than the 1000 bytes that one request may have."),
}


@pytest.mark.parametrize(("body", "status", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_requests_are_refused_with_a_reason(server, body: str, status: int, reason: str) -> None:
    assert server.ask(body) == (status, json.dumps({"error": reason}))


def test_a_classifier_gives_every_classs_probability(folder, endpoint) -> None:
    write(folder.root / "model", ClassTarget("k", ("no", "yes")))
    running = endpoint(MODULE, folder)
    running.wait_until_ready()
    status, text = running.ask('{"instances": [[0, "a"]]}')
    yes = 1 / (1 + np.exp(-2))
    probabilities = {"no": pytest.approx(1 - yes, rel=1e-5), "yes": pytest.approx(yes, rel=1e-5)}
    assert status == 200
    assert json.loads(text) == {"predictions": [{"mean": 1.0, "class": "yes", "probabilities": probabilities}]}
    assert running.ask("0,a\n0,b\n", "text/csv", accept="text/csv") == (200, "yes\nno\n")
    code, log = running.stop()
    assert (code, "Traceback" in log) == (0, False)


@pytest.mark.parametrize("missing", ["preprocess.json", "weights.npz"])
def test_a_server_without_a_model_ends_and_says_why(folder, programs, missing: str) -> None:
    write(folder.root / "model", NumberTarget("y", 10.0, 1.0))
    (folder.root / "model" / missing).unlink()
    code, log = programs.run(MODULE, "serve", folder)
    assert code == 1
    assert log.rstrip().endswith(f"{missing}.")
    assert "Traceback" not in log
