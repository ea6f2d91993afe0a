"""Job folders in a temporary root, and the images' programs run as processes on them, with bounded waits."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from models.datasets import toy

REPOSITORY = Path(__file__).parents[2]
# TensorFlow takes three seconds to start on an idle machine, and twenty on a busy one.
WAIT_S = 60


@dataclass
class Folder:
    """A container root on disk. Channels are written as CSV text, hyperparameters as SageMaker writes them."""

    root: Path

    def channel(self, name: str, text: str, file: str = "data.csv") -> Folder:
        path = self.root / "input" / "data" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return self

    def processing_input(self, name: str, content: str | Path, file: str = "data.csv") -> Folder:
        """An input of a processing job: a CSV file, or a model's folder as model.tar.gz."""
        place = self.root / "processing" / "input" / name
        place.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            (place / file).write_text(content, encoding="utf-8")
        else:
            with tarfile.open(place / "model.tar.gz", "w:gz") as archive:
                archive.add(content, ".")
        return self

    def output(self, name: str, file: str) -> Any:
        """The content of a processing job's JSON output."""
        return json.loads((self.root / "processing" / "output" / name / file).read_text(encoding="utf-8"))

    @property
    def message(self) -> str:
        """Why a processing job failed."""
        return (self.root / "output" / "message").read_text(encoding="utf-8")

    def toy_channels(self) -> Folder:
        return self.channel("train", toy().to_csv("train")).channel("validation", toy().to_csv("validation"))

    def hyperparameters(self, **values: str) -> Folder:
        path = self.root / "input" / "config" / "hyperparameters.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
        return self

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text(encoding="utf-8")


@dataclass
class Programs:
    """Runs `python -m <module> <verb>` on a folder. Every process is ended with the test."""

    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, module: str, verb: str, folder: Folder, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, verb],
            cwd=REPOSITORY,
            env={
                "PATH": os.environ["PATH"],
                "SAGEBUILD_CONTAINER_ROOT": str(folder.root),
                "SAGEBUILD_BIND_HOST": "127.0.0.1",
                "SAGEMAKER_BIND_TO_PORT": "0",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def run(self, module: str, verb: str, folder: Folder, **environment: str) -> tuple[int, str]:
        """The exit code and the log."""
        process = self.start(module, verb, folder, **environment)
        log, _ = process.communicate(timeout=WAIT_S)
        return process.returncode, log

    def end(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=WAIT_S)


@dataclass
class Endpoint:
    """A serving process and its port on the loopback address."""

    process: subprocess.Popen[str]
    port: int

    def request(
        self, method: str, path: str, body: str | bytes | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        """Status, body and headers. Underscores in header names become dashes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            return response.status, response.read().decode(), {k.lower(): v for k, v in response.getheaders()}
        finally:
            connection.close()

    def ask(self, body: str | bytes, content_type: str = "application/json", **headers: str) -> tuple[int, str]:
        return self.request("POST", "/invocations", body, content_type=content_type, **headers)[:2]

    def wait_until_ready(self) -> None:
        deadline_s = time.monotonic() + WAIT_S
        while self.request("GET", "/ping")[0] != 200:
            if time.monotonic() > deadline_s:
                raise TimeoutError("the server was not ready in time")
            time.sleep(0.01)

    def stop(self) -> tuple[int, str]:
        """The exit code after SIGTERM, and the rest of the log."""
        self.process.send_signal(signal.SIGTERM)
        log, _ = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, log


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "ml")


@pytest.fixture
def programs() -> Iterator[Programs]:
    running = Programs()
    yield running
    running.end()


@pytest.fixture
def endpoint(programs: Programs) -> Callable[..., Endpoint]:
    """Starts `serve` of a module on a folder and says where it listens; it need not be ready yet."""

    def start(module: str, folder: Folder, **environment: str) -> Endpoint:
        process = programs.start(module, "serve", folder, **environment)
        if process.stdout is None:
            raise RuntimeError("the log is not piped")
        line = process.stdout.readline()
        return Endpoint(process, int(line.rsplit(" ", 1)[1].rstrip(".\n")))

    return start
