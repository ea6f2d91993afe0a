"""Events to their functions, in the shapes that EventBridge and DynamoDB Streams deliver on AWS.

Delivery is at least once, as there: a function that fails is tried again, and what an engine that was killed could not
deliver is delivered at the next boot (`engine.py`).
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.local.lambdas import Lambdas

ATTEMPTS = 5
FIRST_DELAY_S = 0.2
WORKERS = 3  # one for each of announce, close-build and endpoint-changed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """What happened, for one function."""

    function: str
    payload: Mapping[str, Any]
    delivered: Callable[[], None] | None = None


class Events:
    """A queue of events and the threads that deliver them."""

    def __init__(self, lambdas: Lambdas, account: str, region: str) -> None:
        self._lambdas, self._account, self._region = lambdas, account, region
        self._queue: queue.Queue[Event | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._deliver_all, name=f"events-{i}", daemon=True) for i in range(WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def execution_changed(
        self, arn: str, name: str, status: str, error: str | None, cause: str | None, delivered: Callable[[], None]
    ) -> None:
        """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html

        delivered is called once the function has done its work.
        """
        detail = {"executionArn": arn, "name": name, "status": status, "error": error, "cause": cause}
        self._put("close-build", "aws.states", "Step Functions Execution Status Change", [arn], detail, delivered)

    def endpoint_changed(self, arn: str, name: str, status: str) -> None:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html"""
        detail = {"EndpointName": name, "EndpointArn": arn, "EndpointStatus": status.upper()}
        self._put("endpoint-changed", "aws.sagemaker", "SageMaker Endpoint State Change", [arn], detail)

    def outbox_filled(self, records: list[Mapping[str, Any]]) -> None:
        """New lines in the outbox, as the builds table's stream tells of them."""
        self._queue.put(Event("announce", {"Records": records}))

    def close(self, timeout_s: float) -> None:
        """Deliver what is queued, for at most that long."""
        for _ in self._threads:
            self._queue.put(None)
        end = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _put(
        self,
        function: str,
        source: str,
        kind: str,
        resources: list[str],
        detail: Mapping[str, Any],
        delivered: Callable[[], None] | None = None,
    ) -> None:
        envelope = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": self._account,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "region": self._region,
            "resources": resources,
            "detail": detail,
        }
        self._queue.put(Event(function, envelope, delivered))

    def _deliver_all(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._deliver(event)
            except Exception:  # whatever it was, the next event must still be delivered
                log.exception("%s was not delivered", event.function)

    def _deliver(self, event: Event) -> None:
        payload = json.dumps(event.payload).encode()
        delay_s = FIRST_DELAY_S
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._lambdas.invoke(event.function, payload)
            except OSError as error:  # its process could not be started
                log.warning("%s was not started at attempt %d: %s", event.function, attempt, error)
            else:
                if not answer.is_error:
                    if event.delivered is not None:
                        event.delivered()
                    return
                reason = answer.payload[:2000].decode(errors="replace")
                log.warning("%s failed at attempt %d: %s", event.function, attempt, reason)
            time.sleep(delay_s)
            delay_s *= 2
