"""Lambda on the queue of pictures: draws each and shares it in its thread. It alone has the drawing library."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from bot.slack import batches
from bot.slack.client import Slack
from bot.slack.config import SECRET_ARN, settings_from
from bot.slack.drawing import draw, order_from_json
from orchestration.aws.light import LightClient, secret_document
from orchestration.ports import Work


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return batches.done(event, _drawn)


def _drawn(work: Work) -> None:
    draw(order_from_json(work.body), _slack())


@lru_cache(maxsize=1)
def _slack() -> Slack:
    arn = os.environ.get(SECRET_ARN, "")
    secrets = LightClient("secretsmanager", os.environ["AWS_REGION"])
    return Slack(settings_from(secret_document(secrets, arn) if arn else {}))
