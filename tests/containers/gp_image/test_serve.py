"""`python -m containers.gp_image serve` as SageMaker runs it: /ping, /invocations, refusals and the end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from models.datasets import toy
from models.gp import artifact
from models.gp.fitting import fit
from models.gp.settings import Settings

MODULE = "containers.gp_image"


@pytest.fixture
def model(folder):
    """A fitted toy model, saved in the folder."""
    rows = [list(row) for row in toy().train]
    gp = fit(Settings(), [row[1:] for row in rows], [row[0] for row in rows], inputs=("x1", "x2"), target="y").posterior
    (folder.root / "model").mkdir(parents=True)
    artifact.save(gp, folder.root / "model" / "model.npz")
    return gp


@pytest.fixture
def server(folder, model, endpoint):
    running = endpoint(MODULE, folder, SAGEBUILD_MAX_BODY_BYTES="1000")
    running.wait_until_ready()
    return running


def test_json_and_csv_answer_what_the_model_says(server, model) -> None:
    mean, std = model.predict_with_std([[0.5, 1.0], [-1.0, 2.0]])
    status, text, headers = server.request(
        "POST", "/invocations", '{"instances": [[0.5, 1], [-1, 2]]}', content_type="application/json"
    )
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(text) == {"predictions": [{"mean": pytest.approx(value)} for value in mean]}
    status, text = server.ask(
        '{"instances": [[0.5, 1], [-1, 2]], "return_std": true}', "application/json; charset=utf-8"
    )
    expected = [{"mean": pytest.approx(m), "std": pytest.approx(s)} for m, s in zip(mean, std, strict=True)]
    assert json.loads(text) == {"predictions": expected}
    status, text, headers = server.request(
        "POST", "/invocations", "0.5,1.0\r\n-1,2", content_type="text/csv", accept="text/csv"
    )
    assert headers["content-type"].startswith("text/csv")
    assert [float(line) for line in text.splitlines()] == pytest.approx(mean)
    status, text = server.ask("0.5,1.0\n", "text/csv", accept="*/*")
    assert json.loads(text) == {"predictions": [{"mean": pytest.approx(mean[0])}]}
    assert server.request("GET", "/ping")[:2] == (200, "")


BAD = {
    "too-few": ('{"instances": [[1]]}', 400, "Row 1 has 1 number, but the model takes 2 numbers: x1, x2."),
    "too-many": (
        '{"instances": [[1, 2], [1, 2, 3]]}',
        400,
        "Row 2 has 3 numbers, but the model takes 2 numbers: x1, x2.",
    ),
    "text": ('{"instances": [[1, "a"]]}', 400, "Row 1: x2 is 'a', but must be a finite number."),
    "nan": ('{"instances": [[NaN, 1]]}', 400, "Row 1: x1 is NaN, but must be a finite number."),
    "huge": ('{"instances": [[1, 1e300]]}', 400, "Row 1 is too far from the training inputs."),
    "size": (" " * 1001, 413, "The body has more than the 1000 bytes that one request may have."),
    "much-too-large": (" " * 8_000_000, 413, "The body has more than the 1000 bytes that one request may have."),
}


@pytest.mark.parametrize(("body", "status", "reason"), BAD.values(), ids=BAD.keys())
def test_bad_requests_are_refused_with_a_reason(server, body: str, status: int, reason: str) -> None:
    assert server.ask(body) == (status, json.dumps({"error": reason}))


def test_other_content_types_and_methods_are_refused(server) -> None:
    reason = "The content type is 'text/html', but must be text/csv or application/json."
    assert server.ask("1,2", "text/html") == (415, json.dumps({"error": reason}))
    assert server.request("GET", "/invocations")[0] == 405
    assert server.request("GET", "/nothing")[0] == 404


def test_sigterm_answers_what_is_under_way_and_ends_with_success(server) -> None:
    answers: list[int] = []
    body = json.dumps({"instances": [[0.5, 1.0]] * 60, "return_std": True})
    threads = [threading.Thread(target=lambda: answers.append(server.ask(body)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    code, log = server.stop()
    assert answers == [200] * 4
    assert code == 0, log
    assert "Traceback" not in log


def test_sigterm_before_the_model_is_loaded_ends_with_success(folder, model, endpoint) -> None:
    asked_s = time.monotonic()
    code, _ = endpoint(MODULE, folder).stop()
    assert code == 0
    assert time.monotonic() - asked_s < 5


@pytest.mark.parametrize("content", [None, b"damaged"], ids=["missing", "damaged"])
def test_a_server_without_a_model_ends_and_says_why(folder, programs, content: bytes | None) -> None:
    if content is not None:
        (folder.root / "model").mkdir(parents=True)
        (folder.root / "model" / "model.npz").write_bytes(content)
    code, log = programs.run(MODULE, "serve", folder)
    assert code == 1
    assert log.rstrip().endswith("is not a model of format sagebuild-gp/2." if content else "model.npz.")
    assert "Traceback" not in log


def test_a_taken_port_is_named(folder, model, programs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, log = programs.run(MODULE, "serve", folder, SAGEMAKER_BIND_TO_PORT=str(port))
    assert code == 1
    assert log == f"The server cannot listen on 127.0.0.1, port {port}: Address already in use.\n"


def test_ping_is_503_until_the_model_is_there(folder, endpoint) -> None:
    running = endpoint("tests.containers.slow_model", folder)
    assert running.request("GET", "/ping")[:2] == (503, "")
    status, text = running.ask('{"instances": [[1]]}')
    assert (status, json.loads(text)) == (503, {"error": "The model is still being loaded; try again in a moment."})
    (folder.root / "go").write_text("")
    running.wait_until_ready()
    assert running.ask('{"instances": [[1]]}')[0] == 200
    status, text = running.ask('{"instances": [[13]]}')
    assert (status, json.loads(text)) == (500, {"error": "The prediction failed inside the server; its log says why."})
    code, log = running.stop()
    assert code == 0
    assert "ZeroDivisionError" in log


def test_the_server_imports_no_scipy_and_no_compiler(folder, model) -> None:
    script = (
        "import sys; from pathlib import Path; import containers.gp_image.serve as s; from models.gp import artifact;"
        f"s.GPPredictor(artifact.load(Path({str(folder.root / 'model' / 'model.npz')!r}))).predict([[0.5, 1.0]], True);"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'scipy', 'sklearn', 'numba', 'tensorflow'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
