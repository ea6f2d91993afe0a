"""The Keras image itself, and its serve-only variant: linted, built, trained, served. Slow: about eight minutes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.catalog import KERAS
from models.keras_net.target import ClassTarget
from tests.containers.conftest import Endpoint, Folder
from tests.containers.gp_image.image_tools import REPOSITORY, ImageTools
from tests.containers.keras_image.test_serve import write
from tests.tools import tool

DOCKERFILE = "containers/keras_image/Dockerfile"
TAG, SERVE_TAG = "localhost/sagebuild-keras:test", "localhost/sagebuild-keras-serve:test"


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [tool("hadolint"), DOCKERFILE], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_the_program_that_local_mode_runs_and_serving_needs_no_tensorflow() -> None:
    text = (REPOSITORY / DOCKERFILE).read_text()
    assert text.count(f'ENTRYPOINT ["python", "-m", "{KERAS.program}"]') == 2
    assert len(re.findall(r"^FROM ", text, re.MULTILINE)) == len(
        re.findall(r"^FROM \$\{BASE_IMAGE\}", text, re.MULTILINE)
    )
    locked = (REPOSITORY / "requirements" / "keras-serve.txt").read_text()
    assert not re.search(r"(?m)^(tensorflow|keras|hyperopt|scipy)", locked)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageTools]:
    tools = ImageTools.here(tmp_path_factory.mktemp("image"))
    try:
        tools.import_base()
        tools.build(DOCKERFILE, SERVE_TAG, "--target", "serve")
        tools.build(DOCKERFILE, TAG)
        yield tools
    finally:
        tools.end()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_it_trains_and_searches_without_a_network_and_both_images_serve(image: ImageTools, folder: Folder) -> None:
    folder.toy_channels().hyperparameters(mode="search", max_evals="2", trial_epochs="2", top_k="1")
    trained = image.run(TAG, "train", folder.root)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "search:best=" in trained.stdout
    assert (folder.root / "model" / "weights.npz").is_file()
    for tag in (TAG, SERVE_TAG):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        container = image.start(tag, "serve", folder.root, "-e", f"SAGEMAKER_BIND_TO_PORT={port}")
        with subprocess.Popen(["true"], text=True) as stand_in:  # an endpoint elsewhere is a process here
            endpoint = Endpoint(stand_in, port)
        wait_for(endpoint)
        status, text = endpoint.ask('{"instances": [[0.5, 1.0], [0.0, 0.0]]}')
        assert (status, len(json.loads(text)["predictions"])) == (200, 2)
        assert endpoint.ask('{"instances": [[1]]}')[0] == 400
        code, log = image.stop(container)
        assert code == 0, log


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_image_that_only_serves_judges_and_prepares_too_and_says_why_it_cannot_train(
    image: ImageTools, folder: Folder, tmp_path: Path
) -> None:
    write(tmp_path / "new", ClassTarget("k", ("no", "yes")))
    folder.processing_input("model", tmp_path / "new").processing_input("test", "k,x,c\nyes,0,a\nno,0,b\n")
    folder.processing_input("raw", "k,x,c\n" + "".join(f"{'yes' if i % 2 else 'no'},{i},a\n" for i in range(40)))
    for verb in ("evaluate", "prepare"):
        done = image.run(SERVE_TAG, verb, folder.root)
        assert done.returncode == 0, done.stdout + done.stderr
    assert folder.output("evaluation", "evaluation.json")["metrics"]["accuracy"] == 1.0
    assert folder.output("report", "report.json")["rows"]["kept"] == 40
    assert image.run(SERVE_TAG, "train", folder.toy_channels().root).returncode == 1
    assert folder.failure.startswith("There is no TensorFlow here")


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_it_says_why_it_failed(image: ImageTools, folder: Folder) -> None:
    folder.toy_channels().hyperparameters(num_layers="99")
    assert image.run(TAG, "train", folder.root).returncode == 1
    assert folder.failure == "num_layers is 99, but must be a whole number from 1 to 12.\n"


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
