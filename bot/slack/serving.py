"""The Slack channel on one's own machine: the same app, its queue in a file, its worker in threads of this process.

HTTP where there is a signing secret, Socket Mode where there is an app-level token, or both.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.slack.ack import Acknowledger
from bot.slack.client import Slack
from bot.slack.config import SlackSettings
from bot.slack.desk import Desk
from bot.slack.gateway import Gateway
from bot.slack.local_queue import LocalQueue
from bot.slack.notices import CHANNEL, news
from bot.slack.worker import work
from bot.wiring import Bot
from orchestration.ports import Ports, SageBuildError, Unavailable, Work

WORKERS = 4
LOOK_S = 1.0
LOOKED_AT = 25
QUEUE_FILE = "slack-queue.db"
JOIN_S = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Serving:
    """The channel while it is up. gateway: what HTTP requests go to; None without a signing secret."""

    gateway: Gateway | None
    queue: LocalQueue
    desk: Desk


@contextmanager
def serving(settings: SlackSettings, bot: Bot, ports: Ports, state_dir: Path) -> Iterator[Serving]:
    """Up until it is left. What was acknowledged and not done is done at the next start. Raises Unavailable."""
    queue = LocalQueue(state_dir / QUEUE_FILE)
    desk = Desk(settings, bot, ports, Slack(settings), queue)
    acknowledger = Acknowledger(settings, lambda group, id_, body: queue.put(Work(group, id_, body)))
    gateway = Gateway(acknowledger.app, settings.signing_secret) if settings.signing_secret else None
    watcher = Watcher(ports, queue)
    threads = [
        threading.Thread(target=queue.run, args=(partial(work, desk=desk),), name=f"slack-worker-{index}")
        for index in range(WORKERS)
    ]
    threads.append(threading.Thread(target=watcher.run, name="slack-watcher"))
    for thread in threads:
        thread.start()
    socket = None
    try:
        if settings.app_token:
            socket = _connected(acknowledger.app, settings)
        yield Serving(gateway, queue, desk)
    finally:
        if socket is not None:
            socket.client.close()
        watcher.stop()
        queue.stop()
        for thread in threads:
            thread.join(JOIN_S)
        queue.close()


def _connected(app: App, settings: SlackSettings) -> SocketModeHandler:
    """Raises Unavailable."""
    try:
        web = WebClient(base_url=settings.api_url, logger=app.logger)
        handler = SocketModeHandler(app, settings.app_token, logger=app.logger, web_client=web)
        handler.client.connect()
    except (SlackClientError, OSError, HTTPException) as error:
        raise Unavailable(f"Slack's Socket Mode could not be reached: {error}.") from error
    return handler


@dataclass
class Watcher:
    """What the notices topic is elsewhere: looks at the newest builds, and queues those that changed.

    Here nobody else may know that this channel is up, so the builds themselves are asked; one that runs is looked at
    every 3 s, since its best value and its time left change without a change of its record.
    """

    ports: Ports
    queue: LocalQueue
    _seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)
    _looks: int = 0
    _session: str = field(default_factory=lambda: secrets.token_hex(4))

    def run(self) -> None:
        """Until `stop`."""
        while not self._ending.wait(LOOK_S):
            try:
                self.look()
            except SageBuildError:
                _log.warning("the builds cannot be looked at just now", exc_info=True)

    def stop(self) -> None:
        self._ending.set()

    def look(self) -> None:
        """Queue what changed since the last look. Raises Unavailable."""
        self._looks += 1
        for build in self.ports.builds.latest(LOOKED_AT):
            tick = 0 if build.has_ended else self._looks // 3
            state = (build.revision, tick)
            if self._seen.get(build.number) == state:
                continue
            self._seen[build.number] = state
            if self._looks == 1 and build.has_ended and self.ports.messages.get(CHANNEL, build.number) is None:
                continue  # it ended before anybody connected Slack
            self.queue.put(news(build.number, f"look:{build.number}:{build.revision}:{self._looks}:{self._session}"))
