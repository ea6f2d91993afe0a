"""`sagebuild up`: the local engine with the channels that are configured here, until Ctrl-C.

HTTP on loopback only: whoever is to reach it from outside comes through a tunnel, or Slack's Socket Mode.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack import http
from bot.slack.config import NotConfigured, is_configured, settings_from_variables
from bot.slack.serving import serving
from bot.wiring import Bot
from orchestration.ports import BadSettings, Ports

NO_CHANNEL = "No channel is configured; bot/slack/README.md says how a Slack workspace is connected."


@dataclass
class Channels:
    """What is up. said: a sentence each."""

    names: list[str] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def listening(port: int) -> socket.socket:
    """The port on loopback, taken. Raises OSError when somebody else has it."""
    return socket.create_server(("127.0.0.1", port))


def run(bot: Bot, ports: Ports, state_dir: Path, listening: socket.socket) -> int:
    """Serve until Ctrl-C or SIGTERM. Raises BadSettings, Unavailable."""
    with channels(bot, ports, state_dir) as up:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        for sentence in (*(up.said or [NO_CHANNEL]), "Up at {address}; Ctrl-C ends it."):
            sys.stdout.write(f"{sentence.format(address=address)}\n")
        sys.stdout.flush()
        server = uvicorn.Server(uvicorn.Config(application(up), log_level="warning", lifespan="off", access_log=False))
        server.run(sockets=[listening])
    return 0


@contextmanager
def channels(bot: Bot, ports: Ports, state_dir: Path) -> Iterator[Channels]:
    """Those that are configured here, up until this is left. Raises BadSettings, Unavailable."""
    found = Channels()
    with ExitStack() as stack:
        if is_configured():
            try:
                settings = settings_from_variables()
            except NotConfigured as error:
                raise BadSettings(str(error)) from error
            slack = stack.enter_context(serving(settings, bot, ports, state_dir))
            found.names.append("slack")
            if settings.app_token:
                found.said.append("Slack: connected in Socket Mode.")
            if slack.gateway is not None:
                found.routes.append(http.route(slack.gateway))
                found.said.append(f"Slack: its requests go to {{address}}{http.PATH}.")
        yield found


def application(up: Channels) -> Starlette:
    """The channels' routes, and /healthz."""

    async def health(request: Request) -> Response:
        return Response(json.dumps({"ok": True, "channels": up.names}), media_type="application/json")

    return Starlette(routes=[Route("/healthz", health), *up.routes])
