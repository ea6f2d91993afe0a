"""The functions of `functions/functions.json`, each as one warm process of AWS's own runtime client (awslambdaric).

The Runtime API is the one that a Lambda sees:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (next, response, error, init/error).
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from orchestration.local import processes
from orchestration.local.files import trim_file

TABLE = Path(__file__).parents[1] / "functions" / "functions.json"
ROOT = Path(__file__).parents[2]
PROGRAM = ("-m", "orchestration.local.function_program")  # awslambdaric
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024  # Invoke, synchronous
IDLE_END_S = 300.0
STOP_GRACE_S = 2.0
MAX_LOG_BYTES = 1_000_000
SHUTDOWN_POLL_S = 0.05
API = "/2018-06-01/runtime"
INIT_S = 30.0  # a cold start on a busy laptop, on top of the function's own time


class UnknownFunction(LookupError):
    """No function has that name."""


@dataclass(frozen=True)
class Function:
    """One row of functions.json."""

    name: str
    handler: str
    timeout_s: float
    memory_mb: int
    environment: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What an invocation gave: a JSON payload, and whether it is an error's."""

    payload: bytes
    is_error: bool


def function_table() -> dict[str, dict[str, Any]]:
    """functions.json as it is."""
    rows: dict[str, dict[str, Any]] = json.loads(TABLE.read_text())
    return rows


def functions() -> dict[str, Function]:
    """The table, by name."""
    return {
        name: Function(name, row["handler"], row["timeout_s"], row["memory_mb"], tuple(row["environment"]))
        for name, row in function_table().items()
    }


class Lambdas:
    """Invokes functions by name; one process each, started when first needed or by `warm`, ended when idle."""

    def __init__(self, log_dir: Path, variables: Mapping[str, str], region: str) -> None:
        """variables: what the functions' environment is taken from, each function getting only what its row lists."""
        self._log_dir, self._variables, self._region = log_dir, dict(variables), region
        self._functions = functions()
        self._workers: dict[str, _Worker] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def invoke(self, name: str, payload: bytes) -> Answer:
        """Run the function once. Raises UnknownFunction. A function that ends or overruns is an error Answer."""
        answer = None if self._closed.is_set() else self._worker(name).call(payload or b"{}")
        while answer is None or self._closed.is_set():
            time.sleep(60)  # the engine ends: like one that is killed it answers nothing, so the state runs again
        return answer

    def warm(self, *names: str) -> None:
        """Start those functions' processes now, so that the first build does not wait for them."""
        for name in names:
            self._worker(name)

    def end_idle(self) -> None:
        """End the processes that have had nothing to do for a while."""
        with self._lock:
            idle = [name for name, worker in self._workers.items() if worker.idle_s() > IDLE_END_S]
            ended = [self._workers.pop(name) for name in idle]
        for worker in ended:
            worker.close()

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            workers, self._workers = list(self._workers.values()), {}
        with ThreadPoolExecutor(max(1, len(workers))) as pool:
            list(pool.map(_Worker.close, workers))

    def _worker(self, name: str) -> _Worker:
        if name not in self._functions:
            raise UnknownFunction(f"there is no function {name!r}; there are {', '.join(self._functions)}")
        with self._lock:
            worker = self._workers.get(name)
            if worker is None or not worker.is_alive():
                if worker is not None:
                    worker.close()
                function = self._functions[name]
                worker = _Worker(function, self._environment(function), self._log_dir / f"{name}.log")
                self._workers[name] = worker
            return worker

    def _environment(self, function: Function) -> dict[str, str]:
        given = {key: self._variables[key] for key in function.environment}
        always = {key: value for key, value in self._variables.items() if key.startswith("AWS_")}
        return {
            **always,
            **given,
            # The wire is on this machine, whatever proxy the machine has.
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_REGION": self._region,
            "LAMBDA_TASK_ROOT": str(ROOT),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "_HANDLER": function.handler,
        }


class _Worker:
    """One function's process and the Runtime API that it asks for work."""

    def __init__(self, function: Function, environment: Mapping[str, str], log_path: Path) -> None:
        self._function, self.name = function, function.name
        self._work: queue.Queue[tuple[str, bytes, int] | None] = queue.Queue()
        self._answers: dict[str, queue.Queue[Answer]] = {}
        self._init_error: bytes | None = None
        self._last_used = time.monotonic()
        self._one_at_a_time = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("RuntimeApi", (_RuntimeApi,), {"worker": self}))
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(SHUTDOWN_POLL_S,), name=f"runtime-api-{function.name}", daemon=True
        ).start()
        self._address = f"127.0.0.1:{self._server.server_port}"
        trim_file(log_path, MAX_LOG_BYTES)
        self._process = processes.spawn(
            [sys.executable, *PROGRAM, function.handler],
            cwd=ROOT,
            env=processes.clean_environment({**environment, "AWS_LAMBDA_RUNTIME_API": self._address}),
            log_path=log_path,
        )

    def call(self, payload: bytes) -> Answer:
        """One invocation after the other, as one Lambda sandbox does."""
        with self._one_at_a_time:
            self._last_used = time.monotonic()
            request_id = str(uuid.uuid4())
            answer: queue.Queue[Answer] = queue.Queue()
            self._answers[request_id] = answer
            deadline_ms = int((time.time() + self._function.timeout_s) * 1000)
            self._work.put((request_id, payload, deadline_ms))
            try:
                return self._wait(request_id, answer)
            finally:
                del self._answers[request_id]
                self._last_used = time.monotonic()

    def _wait(self, request_id: str, answer: queue.Queue[Answer]) -> Answer:
        end = time.monotonic() + self._function.timeout_s + INIT_S
        while time.monotonic() < end:
            try:
                return answer.get(timeout=0.1)
            except queue.Empty:
                if not self.is_alive():
                    return self._ended(request_id)
        processes.stop(self._process, STOP_GRACE_S)
        return _error("Sandbox.Timedout", f"RequestId: {request_id} Task timed out after {self._function.timeout_s} s")

    def _ended(self, request_id: str) -> Answer:
        if self._init_error is not None:
            return Answer(self._init_error, is_error=True)
        return _error("Runtime.ExitError", f"RequestId: {request_id} Error: the function's process ended unexpectedly")

    def is_alive(self) -> bool:
        return processes.is_alive(self._process)

    def idle_s(self) -> float:
        return 0.0 if self._one_at_a_time.locked() else time.monotonic() - self._last_used

    def close(self) -> None:
        processes.stop(self._process, STOP_GRACE_S)
        self._work.put(None)  # lets the thread go that waits for work on behalf of the process
        self._server.shutdown()
        self._server.server_close()

    def is_from_function(self, request: BaseHTTPRequestHandler) -> bool:
        """Only the function's own process may take its work: a page in a browser reaches loopback too."""
        rightly = request.headers.get("Host") == self._address and request.path.startswith(f"{API}/")
        return rightly and processes.owns_port(self._process, request.client_address[1])

    def next_work(self) -> tuple[str, bytes, int] | None:
        """Request id, payload and deadline in ms since 1970; waits until there is work. None: the function is ended."""
        return self._work.get()

    def finished(self, what: str, verb: str, body: bytes) -> None:
        """What the function said: `init/error`, `<request id>/response` or `<request id>/error`."""
        if (what, verb) == ("init", "error"):
            self._init_error = body
        elif what in self._answers:
            self._answers[what].put(Answer(body, is_error=verb == "error"))


class _RuntimeApi(BaseHTTPRequestHandler):
    """What one worker's process asks for work; each worker's server has a class of its own, with `worker` set."""

    protocol_version = "HTTP/1.1"
    worker: _Worker

    def log_message(self, format: str, *args: Any) -> None:
        """The function's own log says what happened."""

    def do_GET(self) -> None:
        """/2018-06-01/runtime/invocation/next"""
        if not self.worker.is_from_function(self):
            self.send_error(403)
            return
        work = self.worker.next_work()
        if work is None:
            self.close_connection = True
            return
        request_id, body, deadline_ms = work
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.worker.name,
        }
        self.answer(200, body, headers)

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """.../invocation/<id>/response, .../invocation/<id>/error, or .../init/error"""
        if not self.worker.is_from_function(self):
            self.send_error(403)
            return
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_PAYLOAD_BYTES))
        *_, what, verb = self.path.rstrip("/").split("/")
        self.worker.finished(what, verb, body)
        self.answer(202)


def _error(kind: str, message: str) -> Answer:
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), is_error=True)
