"""Lambda on the notices topic, and each minute: what is to be shown in Slack, queued. It never speaks to Slack itself,
so that whatever Slack does, no notification is lost."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from bot.slack.config import QUEUE_URL
from bot.slack.notices import look, notified
from orchestration.aws.light import LightClient, fifo_sender
from orchestration.aws.queues import FifoWorkQueue
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> None:
    for record in event.get("Records", ()):
        notified(json.loads(record["Sns"]["Message"]), _queue())
    if "Records" not in event:
        look(str(event.get("time", "")), function_ports(), _queue())


@lru_cache(maxsize=1)
def _queue() -> FifoWorkQueue:
    return FifoWorkQueue(fifo_sender(LightClient("sqs", os.environ["AWS_REGION"]), os.environ[QUEUE_URL]))
