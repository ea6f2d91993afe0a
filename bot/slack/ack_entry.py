"""Lambda behind API Gateway: Slack's requests, acknowledged. Imports no boto3, no ports and no sentences.

The secret is read once a sandbox, and again when it may have been changed.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from bot.slack.ack import Acknowledger
from bot.slack.config import QUEUE_URL, SECRET_ARN, settings_from
from bot.slack.gateway import Gateway, request_of_lambda, response_of_lambda
from orchestration.aws.light import LightClient, LightError, fifo_sender, secret_document

SECRET_AGE_S = 600.0

logging.getLogger().setLevel(logging.INFO)
_log = logging.getLogger(__name__)


class _Kept:
    """The gateway, made anew when its secret is old; an old one serves on while no new one can be had."""

    def __init__(self) -> None:
        self._gateway: Gateway | None = None
        self._made_at = 0.0

    def gateway(self) -> Gateway:
        """Raises LightError, NotConfigured, KeyError: nothing is served then."""
        if self._gateway is None or time.monotonic() - self._made_at > SECRET_AGE_S:
            try:
                self._gateway = _make()
            except LightError:
                if self._gateway is None:
                    raise
                _log.warning("the secret could not be read again", exc_info=True)
            self._made_at = time.monotonic()
        return self._gateway


_kept = _Kept()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    try:
        request = request_of_lambda(event)
    except ValueError:
        return {"statusCode": 400, "body": ""}
    return response_of_lambda(_kept.gateway().answer(request))


def _make() -> Gateway:
    region = os.environ["AWS_REGION"]
    arn = os.environ.get(SECRET_ARN, "")
    secret = secret_document(LightClient("secretsmanager", region), arn) if arn else {}
    settings = settings_from(secret)
    acknowledger = Acknowledger(settings, fifo_sender(LightClient("sqs", region), os.environ[QUEUE_URL]))
    return Gateway(acknowledger.app, settings.signing_secret)
