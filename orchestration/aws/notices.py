"""Notices on SNS: a JSON body, attributes to filter by, and a subject fit for e-mail."""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestration.aws.clients import Clients, translated
from orchestration.builds import Json


class SnsNotices:
    """The port Notices."""

    def __init__(self, clients: Clients, topic_arn: str) -> None:
        self._clients, self._topic_arn = clients, topic_arn

    def publish(self, subject: str, body: Mapping[str, Json], attributes: Mapping[str, str]) -> None:
        with translated("publish a notification"):
            self._clients("sns").publish(
                TopicArn=self._topic_arn,
                Subject=subject,
                Message=json.dumps(body),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
