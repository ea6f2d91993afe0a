"""The HTTP server of every image: GET /ping and POST /invocations, on Starlette and uvicorn.

payloads.py has the formats. The model is loaded while the server already listens, so that /ping can say 503 until it
is there. Requests are read, answered and written in worker threads, so that /ping answers within SageMaker's 2 s while
a long prediction runs.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from containers.common.errors import ContractError, PayloadError
from containers.common.output import say
from containers.common.payloads import JSON, read_question, write_answer

# SageMaker sends SIGKILL 30 s after SIGTERM.
GRACEFUL_S = 20


class Predictor(Protocol):
    """A loaded model. inputs: the D names of its inputs, in the order of a row."""

    @property
    def inputs(self) -> Sequence[str]: ...

    def predict(self, rows: list[list[float]], return_std: bool) -> tuple[list[float], list[float] | None]:
        """Mean and, when asked for, standard deviation of each of S rows of D finite numbers.

        Called from several threads at once. Raises PayloadError for rows that the model cannot take.
        """
        ...


@runtime_checkable
class Answering(Protocol):
    """A loaded model that reads and writes bodies itself, since it takes or gives more than numbers."""

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[str, str]:
        """The response's text and content type. Called from several threads at once. Raises PayloadError."""
        ...


class Server:
    """Loads a model and serves it until SIGTERM. load: makes the predictor. max_body_bytes: above it a request is 413.

    workers: how many requests are worked on at once; the others wait.
    """

    def __init__(self, load: Callable[[], Predictor | Answering], max_body_bytes: int, workers: int) -> None:
        self._load = load
        self._max_body_bytes = max_body_bytes
        self._free_worker = asyncio.Semaphore(workers)
        self._predictor: Predictor | Answering | None = None
        self._load_error: Exception | None = None
        self.app = Starlette(
            routes=[
                Route("/ping", self._ping, methods=["GET"]),
                Route("/invocations", self._invocations, methods=["POST"]),
            ],
            exception_handlers={PayloadError: _refused, Exception: _failed},
        )

    def load(self) -> None:
        """Loads the model now; /ping answers 200 afterwards. Raises what the loading function raises."""
        self._predictor = self._load()

    def run(self, host: str, port: int) -> None:
        """Listens, loads and serves. Returns when SIGTERM or SIGINT came and what was under way is answered.

        port: 0 takes a free one. Raises ContractError when the address cannot be had, and what loading raises.
        """
        listening = _listen(host, port)
        server = uvicorn.Server(
            uvicorn.Config(
                self.app,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACEFUL_S,
            )
        )
        with listening:
            say(f"Listening on {host}, port {listening.getsockname()[1]}.")
            threading.Thread(target=self._load_or_end, args=(server,), name="load-model", daemon=True).start()
            server.run(sockets=[listening])
        if self._load_error is not None:
            raise self._load_error

    def _load_or_end(self, server: uvicorn.Server) -> None:
        try:
            self.load()
        # The edge of a thread: whatever went wrong is raised again by `run`, in the main thread.
        except Exception as error:
            self._load_error = error
            server.should_exit = True
        else:
            say("The model is loaded.")

    async def _ping(self, request: Request) -> Response:
        return Response(status_code=200 if self._predictor is not None else 503)

    async def _invocations(self, request: Request) -> Response:
        predictor = self._predictor
        if predictor is None:
            raise PayloadError("The model is still being loaded; try again in a moment.", 503)
        body = await self._body(request)
        content_type, accept = request.headers.get("content-type", ""), request.headers.get("accept", "")
        async with self._free_worker:
            text, kind = await run_in_threadpool(_answer, predictor, body, content_type, accept)
        return Response(text, media_type=kind)

    async def _body(self, request: Request) -> bytes:
        limit = self._max_body_bytes
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise PayloadError(f"The body has more than the {limit} bytes that one request may have.", 413)
                chunks.append(chunk)
        except ClientDisconnect:
            raise PayloadError("The connection was closed before the body was complete.") from None
        return b"".join(chunks)


def _answer(predictor: Predictor | Answering, body: bytes, content_type: str, accept: str) -> tuple[str, str]:
    if isinstance(predictor, Answering):
        return predictor.answer(body, content_type, accept)
    question = read_question(body, content_type, predictor.inputs)
    means, stds = predictor.predict(question.rows, question.return_std)
    return write_answer(means, stds, accept)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds the address, which the sentence has already.
        why = (error.strerror or str(error)).partition(" (while")[0]
        raise ContractError(f"The server cannot listen on {host}, port {port}: {why}.") from None


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, PayloadError) else 400
    return Response(json.dumps({"error": str(error)}), status_code=status, media_type=JSON)


async def _failed(request: Request, error: Exception) -> Response:
    # uvicorn writes the traceback to the log; the caller must not see it.
    text = json.dumps({"error": "The prediction failed inside the server; its log says why."})
    return Response(text, status_code=500, media_type=JSON)
