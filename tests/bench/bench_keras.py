"""The Keras network: a short trial against model.fit, a request against Flask on gunicorn, a killed search resumed."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from models.keras_net.predictor import load
from tests.bench.row import Row

REPOSITORY = Path(__file__).parents[2]
REQUESTS, WARM_UP = 400, 20
CALLS = 5000
LIMIT_S = 300.0
ROW = [round(0.1 * place, 1) for place in range(18)]
BODY = json.dumps({"instances": [ROW]})


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _work("save", folder / "model")
        return [_trial(folder), *_serving(folder), _model_part(folder / "model"), _resumed(folder)]


def _trial(folder: Path) -> Row:
    # The first of each warms up and does not count.
    ours, fit = (statistics.median(_work(name, folder)[1:]) for name in ("ours", "fit"))
    ratio = ours / fit
    return Row("Keras trial of 5 epochs: CPU over model.fit's", ratio, "", "<= 0.5", ratio <= 0.5)


def _serving(folder: Path) -> list[Row]:
    ours = [sys.executable, "-m", "containers.keras_image", "serve"]
    environment = {"SAGEBUILD_CONTAINER_ROOT": str(folder), "SAGEBUILD_BIND_HOST": "127.0.0.1"}
    ours_s = _request_cpu_s(ours, environment, "SAGEMAKER_BIND_TO_PORT")
    name = "one-row request: CPU over Flask's with model(x)"
    if importlib.util.find_spec("gunicorn") is None:
        return [Row("one-row request: CPU (gunicorn is not installed)", ours_s * 1e6, "us")]
    gunicorn = [sys.executable, "-m", "gunicorn", "--workers", "1", "tests.bench.flask_keras:app"]
    ratio = ours_s / _request_cpu_s(gunicorn, {"BENCH_MODEL": str(folder / "model")}, "PORT")
    return [
        Row("one-row request: CPU", ours_s * 1e6, "us"),
        Row(name, ratio, "", "<= 1/3", ratio <= 1 / 3),
    ]


def _model_part(model: Path) -> Row:
    predictor = load(model / "preprocess.json", model / "weights.npz")
    for _ in range(WARM_UP):
        predictor.predict([ROW])
    started_s = time.process_time()
    for _ in range(CALLS):
        predictor.predict([ROW])
    each_us = (time.process_time() - started_s) / CALLS * 1e6
    return Row("one-row prediction: the model's part", each_us, "us", "<= 50 us", each_us <= 50)


def _resumed(folder: Path) -> Row:
    """The largest difference in loss between a search and one that was killed after its fifth trial and resumed."""
    straight = _work("search", folder / "straight")
    killed = _start(["tests.bench.keras_work", "search", str(folder / "killed")])
    for line in killed.stdout or ():
        if line == "trial 4\n":
            killed.send_signal(signal.SIGKILL)
            break
    killed.communicate(timeout=LIMIT_S)
    resumed = _work("search", folder / "killed")
    same = [vals for vals, _ in straight["trials"]] == [vals for vals, _ in resumed["trials"]]
    pairs = zip(straight["trials"], resumed["trials"], strict=True)
    difference = max(abs((ours or 0.0) - (theirs or 0.0)) for (_, ours), (_, theirs) in pairs) if same else float("inf")
    difference = max(difference, abs(straight["final"] - resumed["final"]))
    return Row("search resumed after SIGKILL: largest difference", difference, "", "<= 1e-6", difference <= 1e-6)


def _start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _work(what: str, folder: Path) -> Any:
    process = _start(["tests.bench.keras_work", what, str(folder)])
    text, _ = process.communicate(timeout=LIMIT_S)
    if process.returncode != 0:
        raise RuntimeError(f"keras_work {what} ended with {process.returncode}")
    return json.loads(text.splitlines()[-1])


def _request_cpu_s(command: list[str], environment: dict[str, str], port_variable: str) -> float:
    """CPU seconds of one request, of the server with all its processes."""
    with _server(command, environment, port_variable) as (process, port):
        for _ in range(WARM_UP):
            _ask(port)
        before_s = _cpu_s(process)
        for _ in range(REQUESTS):
            _ask(port)
        return (_cpu_s(process) - before_s) / REQUESTS


@contextmanager
def _server(
    command: list[str], environment: dict[str, str], port_variable: str
) -> Iterator[tuple[psutil.Process, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **environment, port_variable: str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline_s = time.monotonic() + LIMIT_S
        while not _is_ready(port):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"{command[2]} did not start")
            time.sleep(0.1)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait(LIMIT_S)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _ask(port: int) -> None:
    """One request on a connection of its own: gunicorn's workers keep none, so neither server gets to."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    try:
        connection.request("POST", "/invocations", BODY, {"content-type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200 or b"mean" not in answer.read():
            raise RuntimeError(f"the server answered {answer.status}")
    finally:
        connection.close()


def _cpu_s(process: psutil.Process) -> float:
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)
