"""Lambda on the FIFO queue: each piece of work once, in its group's order; what failed comes again, before the next."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Any

from bot.slack import batches
from bot.slack.client import Slack
from bot.slack.config import PICTURES_URL, QUEUE_URL, SECRET_ARN, SlackSettings, settings_from
from bot.slack.desk import Desk
from bot.slack.worker import work
from bot.wiring import Bot
from orchestration.aws.light import LightClient, fifo_sender, secret_document
from orchestration.aws.queues import FifoWorkQueue
from orchestration.wiring import function_ports

SECRET_AGE_S = 600.0


class _Kept:
    """The desk; its token is read again when it may have been changed."""

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._made_at = 0.0

    def desk(self) -> Desk:
        """Raises LightError, NotConfigured: nothing is done then."""
        if self._desk is None or time.monotonic() - self._made_at > SECRET_AGE_S:
            self._desk = _made(self._desk)
            self._made_at = time.monotonic()
        return self._desk


_kept = _Kept()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return batches.done(event, partial(work, desk=_kept.desk()))


def _made(before: Desk | None) -> Desk:
    region = os.environ["AWS_REGION"]
    arn = os.environ.get(SECRET_ARN, "")
    settings: SlackSettings = settings_from(secret_document(LightClient("secretsmanager", region), arn) if arn else {})
    if before is not None and before.settings == settings:
        return before
    ports = function_ports()
    sqs = LightClient("sqs", region)
    queue = FifoWorkQueue(fifo_sender(sqs, os.environ[QUEUE_URL]))
    url = os.environ.get(PICTURES_URL, "")
    drawn = FifoWorkQueue(fifo_sender(sqs, url)) if url else None
    return Desk(settings, Bot(ports), ports, Slack(settings), queue, drawn)
