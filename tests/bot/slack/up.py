"""The channel as `sagebuild up` has it, for tests: the route on uvicorn in a thread; a Socket Mode server."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette

from bot.slack.gateway import Gateway
from bot.slack.http import PATH, route

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
        return port


@contextmanager
def on_http(gateway: Gateway | None, port: int) -> Iterator[str]:
    """The address of `/slack/events`."""
    assert gateway is not None
    app = Starlette(routes=[route(gateway)])
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}{PATH}"
    server.should_exit = True
    thread.join(10)


class SocketModeServer:
    """One connection: `send` gives it an envelope, `answers` are what comes back."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listening.getsockname()[1]}/"
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._connected = threading.Event()
        self._connection: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def send(self, envelope: dict[str, Any]) -> None:
        assert self._connected.wait(10)
        assert self._connection is not None
        self._connection.sendall(_frame(json.dumps(envelope).encode()))

    def close(self) -> None:
        for one in (self._connection, self._listening):
            if one is not None:
                one.close()

    def _serve(self) -> None:
        try:
            self._connection, _ = self._listening.accept()
            asked = self._connection.recv(4096)
            key = next(
                line.split(b": ")[1] for line in asked.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
            )
            accepted = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
            self._connection.sendall(
                f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
            )
            self._connection.sendall(_frame(json.dumps({"type": "hello"}).encode()))
            self._connected.set()
            while (frame := _read(self._connection)) is not None:
                opcode, payload = frame
                if opcode == 1:
                    self.answers.put(json.loads(payload))
        except OSError:
            return  # closed


def _frame(payload: bytes) -> bytes:
    """An unmasked text frame, as servers send them."""
    length = len(payload)
    head = struct.pack("!BB", 0x81, length) if length < 126 else struct.pack("!BBH", 0x81, 126, length)
    return head + payload


def _read(connection: socket.socket) -> tuple[int, bytes] | None:
    """Opcode and payload of one masked frame; None at the end."""
    head = _exactly(connection, 2)
    if head is None:
        return None
    length = head[1] & 0x7F
    if length == 126:
        length = struct.unpack("!H", _exactly(connection, 2) or b"\0\0")[0]
    mask = _exactly(connection, 4) or b"\0" * 4
    payload = _exactly(connection, length) or b""
    return head[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    found = b""
    while len(found) < length:
        part = connection.recv(length - len(found))
        if not part:
            return None
        found += part
    return found
