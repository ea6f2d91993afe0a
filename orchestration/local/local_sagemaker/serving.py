"""One serving process: its files, its start, its /ping and its end.

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html, with two additions, since
many run side by side on one host: SAGEMAKER_BIND_TO_PORT says where to listen, SAGEBUILD_BIND_HOST that it is 127.0.0.1
only. `deployment.py` decides when; `invocation.py` sends the requests.
"""

from __future__ import annotations

import http.client
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

from orchestration.local.files import trim_file
from orchestration.local.local_sagemaker.archive import ArchiveError, unpack
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.endpoint_records import Generation
from orchestration.local.local_sagemaker.job_folder import CONTAINER_ROOT_VARIABLE
from orchestration.local.local_sagemaker.objects import ObjectError
from orchestration.local.processes import ProcessIdentity, clean_environment, exit_code, is_alive, spawn

HOST = "127.0.0.1"
_LOG_LIMIT_BYTES = 16 * 2**20
_PING_TIMEOUT_S = 2.0  # the service's
_PING_INTERVAL_S = 0.05
_TAIL_BYTES = 2000


class ServingError(Exception):
    """A serving process could not be brought up; the message becomes the endpoint's FailureReason."""


class ProcessEnded(ServingError):
    """It ended before it was ready."""


class Interrupted(Exception):
    """The waiting was given up because the engine ends."""


def prepare(generation: Generation, folder: Path, context: Context) -> None:
    """Make the container's root in the generation's folder, with the model in it; what was there before is removed.

    Raises:
        ServingError: the model's data cannot be had or unpacked.
    """
    root = folder / "ml"
    if root.exists():
        shutil.rmtree(root)
    model = root / "model"
    model.mkdir(parents=True)
    if generation.model_data is None:
        return
    try:
        if generation.model_is_archive:
            with context.objects.open(generation.model_data) as archive:
                unpack(archive, model)
        else:
            context.objects.copy_prefix_to(generation.model_data, model)
    except (ArchiveError, ObjectError, OSError) as error:
        raise ServingError(f"Failed to get the model data {generation.model_data}: {error}") from error


def start(generation: Generation, folder: Path, context: Context) -> tuple[ProcessIdentity, int]:
    """Start `<argv> serve` on a free port of 127.0.0.1; returns who it is and the port.

    Raises:
        ServingError: it cannot be started.
        ValidationException: the image is not known any more.
    """
    port = _free_port()
    fixed = {
        CONTAINER_ROOT_VARIABLE: str(folder / "ml"),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEBUILD_BIND_HOST": HOST,
    }
    try:
        identity = spawn(
            [*context.argv(generation.image), "serve"],
            cwd=context.cwd,
            env=clean_environment({**context.container_environment(), **generation.environment, **fixed}),
            log_path=log_file(folder),
        )
    except OSError as error:
        raise ServingError(f"The serving program could not be started: {error}") from error
    return identity, port


def wait_until_ready(
    generation: Generation, folder: Path, default_timeout_s: float, interrupted: Callable[[], bool]
) -> None:
    """Wait for the first good /ping of the generation's process.

    Raises:
        ProcessEnded: the process ended.
        ServingError: it was not ready in time.
        Interrupted: `interrupted` said so.
    """
    timeout_s = float(generation.variant.get("ContainerStartupHealthCheckTimeoutInSeconds", default_timeout_s))
    deadline = time.monotonic() + timeout_s
    while not ping(generation):
        if interrupted():
            raise Interrupted
        if generation.process is None or not is_alive(generation.process):
            code = None if generation.process is None else exit_code(generation.process)
            # Unknown for a process that an engine before us has started.
            ended = "the program ended" if code is None else f"the program ended with exit code {code}"
            raise ProcessEnded(_not_ready(generation, folder, ended))
        if time.monotonic() >= deadline:
            raise ServingError(_not_ready(generation, folder, f"it was not ready after {timeout_s:g} s"))
        time.sleep(_PING_INTERVAL_S)


def ping(generation: Generation) -> bool:
    """Whether the generation's process lives and answers GET /ping with 200 within two seconds."""
    if generation.process is None or generation.port is None:
        return False
    connection = http.client.HTTPConnection(HOST, generation.port, timeout=_PING_TIMEOUT_S)
    try:
        connection.request("GET", "/ping")
        good = connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    # Asked last: another process may have got the port after ours had ended.
    return good and is_alive(generation.process)


def log_file(folder: Path) -> Path:
    """Where the output of a generation's process is kept."""
    return folder / "log.txt"


def bound_log(folder: Path) -> None:
    """Keep the log of a process that may serve for months within 16 MiB."""
    trim_file(log_file(folder), _LOG_LIMIT_BYTES)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _not_ready(generation: Generation, folder: Path, why: str) -> str:
    reason = (
        f"The primary container for production variant {generation.variant_name} did not pass the ping health check: "
        f"{why}. Please check the log {log_file(folder)}."
    )
    tail = _tail(log_file(folder))
    return f"{reason} It ends: {tail}" if tail else reason


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            text = file.read(_TAIL_BYTES).decode(errors="replace").strip()
    except OSError:
        return ""
    return text[-500:]
