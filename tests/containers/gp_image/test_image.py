"""The Gaussian process image itself: linted, built, trained, served, refused, stopped. Slow: about three minutes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest

from models.catalog import GP
from models.datasets import toy
from tests.containers.conftest import Endpoint, Folder
from tests.containers.gp_image.image_tools import REPOSITORY, ImageTools
from tests.tools import tool

DOCKERFILE = "containers/gp_image/Dockerfile"
TAG = "localhost/sagebuild-gp:test"


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [tool("hadolint"), DOCKERFILE], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_the_program_that_local_mode_runs() -> None:
    text = (REPOSITORY / DOCKERFILE).read_text()
    assert text.rstrip().endswith(f'ENTRYPOINT ["python", "-m", "{GP.program}"]')
    assert "ARG BASE_IMAGE=" in text
    assert len(re.findall(r"^FROM \$\{BASE_IMAGE\}", text, re.MULTILINE)) == 2


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageTools]:
    tools = ImageTools.here(tmp_path_factory.mktemp("image"))
    tools.import_base()
    tools.build(DOCKERFILE, TAG)
    yield tools
    tools.end()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_trains_without_a_network_and_serves(image: ImageTools, folder: Folder) -> None:
    folder.toy_channels().hyperparameters(search="lml")
    trained = image.run(TAG, "train", folder.root)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "validation:coverage95=" in trained.stdout
    names = sorted(path.name for path in (folder.root / "model").iterdir())
    assert names == ["metrics.json", "model.npz", "schema.json", "search.json"]
    port = free_port()
    container = image.start(TAG, "serve", folder.root, "-e", f"SAGEMAKER_BIND_TO_PORT={port}")
    with subprocess.Popen(["true"], text=True) as stand_in:  # an endpoint elsewhere is a process here
        endpoint = Endpoint(stand_in, port)
    wait_for(endpoint)
    status, text = endpoint.ask('{"instances": [[0.5, 1.0]], "return_std": true}')
    assert status == 200
    assert json.loads(text)["predictions"][0]["mean"] == pytest.approx(5.95, abs=0.6)
    assert endpoint.ask('{"instances": [[1]]}')[0] == 400
    asked_s = time.monotonic()
    code, log = image.stop(container)
    assert (code, time.monotonic() - asked_s < 10) == (0, True), log


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_prepares_trains_and_judges(image: ImageTools, folder: Folder) -> None:
    done = image.run(TAG, "prepare", folder.processing_input("raw", toy().to_csv("train")).root)
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = folder.root / "processing" / "output"
    for channel in ("train", "validation"):
        folder.channel(channel, (outputs / channel / f"{channel}.csv").read_text())
    assert image.run(TAG, "train", folder.root).returncode == 0
    folder.processing_input("model", folder.root / "model").processing_input("champion", folder.root / "model")
    done = image.run(TAG, "evaluate", folder.processing_input("test", toy().to_csv("test")).root)
    assert done.returncode == 0, done.stdout + done.stderr
    found = folder.output("evaluation", "evaluation.json")
    assert found["metrics"] == found["champion"]["metrics"]
    assert found["metrics"]["RMSE"] < 1.5
    folder.processing_input("test", "y,z\n1,2\n")
    assert image.run(TAG, "evaluate", folder.root).returncode == 1
    assert folder.message.startswith("The input 'test' has y from z")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_says_why_it_failed_and_stops_when_told(image: ImageTools, folder: Folder) -> None:
    folder.toy_channels().hyperparameters(q="99")
    failed = image.run(TAG, "train", folder.root)
    assert failed.returncode == 1
    assert folder.failure == "q is 99, but must be a whole number from 0 to 4.\n"
    source = np.random.default_rng(0)
    lines = "\n".join(f"{y},{x}" for y, x in source.normal(size=(12_000, 2)))
    folder.hyperparameters().channel("train", "y,x\n" + lines).channel("validation", "y,x\n1,2\n")
    container = image.start(TAG, "train", folder.root)
    time.sleep(2.0)
    asked_s = time.monotonic()
    code, log = image.stop(container)
    assert code == 143, log
    assert time.monotonic() - asked_s < 10
    assert folder.failure == "train was stopped by SIGTERM before it was done.\n"


def wait_for(endpoint: Endpoint) -> None:
    deadline_s = time.monotonic() + 60
    while True:
        try:
            if endpoint.request("GET", "/ping")[0] == 200:
                return
        except OSError:
            pass
        if time.monotonic() > deadline_s:
            raise TimeoutError("the container did not answer in time")
        time.sleep(0.1)
