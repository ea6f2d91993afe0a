"""The port WorkQueue on SQS FIFO. `light.py` sends; here are the port's words for it, and what comes out again."""

from __future__ import annotations

import json

from orchestration.aws.light import LightError, Send
from orchestration.ports import BadRequest, Unavailable, Work


class FifoWorkQueue:
    """The port WorkQueue."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def put(self, work: Work) -> None:
        try:
            self._send(work.group, work.delivery_id, work.body)
        except LightError as error:
            raise Unavailable(f"The work could not be queued: {error}.") from error
        except ValueError as error:
            raise BadRequest(f"The work cannot be queued: {error}.") from error


def work_of(text: str) -> Work:
    """The work in a message's text. Raises BadRequest when it is not one of ours."""
    try:
        document = json.loads(text)
        return Work(str(document["group"]), str(document["delivery_id"]), dict(document["body"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"A message of the queue cannot be read: {error!r}.") from error
