"""A batch from a FIFO queue: each message in its group's order; what failed comes again, before the next of its group.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from orchestration.aws.queues import work_of
from orchestration.ports import Unavailable, Work

GIVEN_UP_AFTER = 5  # deliveries of what fails by a fault of ours, so that its group goes on; an outage is waited for

_log = logging.getLogger(__name__)


def done(event: Mapping[str, Any], handle: Callable[[Work], None]) -> dict[str, Any]:
    """Do the batch; answers with what is to be delivered again."""
    failed: list[str] = []
    stopped: set[str] = set()
    for record in event["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if group in stopped or not _is_done(record, handle):
            stopped.add(group)
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}


def _is_done(record: Mapping[str, Any], handle: Callable[[Work], None]) -> bool:
    try:
        handle(work_of(record["body"]))
    except Unavailable as error:
        _log.warning("%s comes again: %s", record["messageId"], error)
        return False
    except Exception:  # the rest of the batch must be done
        times = int(record["attributes"].get("ApproximateReceiveCount", 1))
        _log.exception("%s failed, delivered %d times", record["messageId"], times)
        if times < GIVEN_UP_AFTER:
            return False
        _log.error("%s is given up: %s", record["messageId"], str(record["body"])[:200])
    return True
