"""Events to their functions (`sources.py` says which), in the shapes that AWS delivers them in.

Delivery is at least once, and in order for each function, which has a queue and a thread of its own. An event is kept
on disk until it was delivered, so what an engine that was killed could not deliver is delivered at the next boot. A
function that fails is tried again; an event that it will not take is given up, logged, and tried again at the next
boot. The outbox needs none of this: what is in it is an event until it is gone from it.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from orchestration.local.lambdas import Lambdas
from orchestration.local.resources import OUTBOX_KEY, topic_arn
from orchestration.local.sources import ENDPOINT, EXECUTION, JOB, OBJECT, OUTBOX, SCHEDULE, TOPIC, Source, Sources
from orchestration.local.storage import Storage

ATTEMPTS = 5
FIRST_DELAY_S = 0.2
GIVEN_UP_KEPT_S = 14 * 86_400.0  # as long as a queue on AWS keeps a message
MAX_REASON_CHARS = 2000
JOB_KINDS = {
    "training": ("Training Job", "TrainingJob"),
    "processing": ("Processing Job", "ProcessingJob"),
    "tuning": ("HyperParameter Tuning Job", "HyperParameterTuningJob"),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """What happened, for one function. id: in the storage; None for one that is not kept there."""

    function: str
    payload: str
    id: int | None = None


@dataclass(frozen=True)
class Notice:
    """What was published to a topic. attributes: name to type and value."""

    topic_arn: str
    message_id: str
    message: str
    subject: str | None
    attributes: Mapping[str, tuple[str, str]]


class Events:
    """The queues of events and the threads that deliver them."""

    def __init__(self, lambdas: Lambdas, storage: Storage, sources: Sources, account: str, region: str) -> None:
        self._lambdas, self._storage, self._sources = lambdas, storage, sources
        self._account, self._region = account, region
        self._closing = threading.Event()
        self._due_at: dict[Source, float] = {}
        self._queues: dict[str, queue.Queue[Event | None]] = {name: queue.Queue() for name in sources.functions()}
        self._threads = [
            threading.Thread(target=self._deliver_all, args=(waiting,), name=f"events-{name}", daemon=True)
            for name, waiting in self._queues.items()
        ]
        for thread in self._threads:
            thread.start()

    def resume(self) -> None:
        """Deliver what an engine before us did not: once, when functions can be invoked."""
        self._storage.forget_given_up_events(time.time() - GIVEN_UP_KEPT_S)
        for id_, function, payload in self._storage.events():
            if function in self._queues:
                self._queues[function].put(Event(function, payload, id_))
            else:
                log.error("an event for %s, which gets no events any more, is dropped", function)
                self._storage.remove_event(id_)

    def execution_changed(self, arn: str, name: str, status: str, error: str | None, cause: str | None) -> None:
        """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
        detail = {"executionArn": arn, "name": name, "status": status, "error": error, "cause": cause}
        functions = self._sources.of(EXECUTION, lambda given: status in given["statuses"])
        self._bridge(functions, "aws.states", "Step Functions Execution Status Change", [arn], detail)

    def endpoint_changed(self, arn: str, name: str, status: str) -> None:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html"""
        detail = {"EndpointName": name, "EndpointArn": arn, "EndpointStatus": status.upper()}
        functions = self._sources.of(ENDPOINT)
        self._bridge(functions, "aws.sagemaker", "SageMaker Endpoint State Change", [arn], detail)

    def job_changed(self, kind: str, arn: str, name: str, status: str) -> None:
        """kind: of JOB_KINDS; status: as of the job. The page is that of `endpoint_changed`."""
        words, prefix = JOB_KINDS[kind]
        detail = {f"{prefix}Name": name, f"{prefix}Arn": arn, f"{prefix}Status": status}
        functions = self._sources.of(JOB, lambda given: kind in given["jobs"])
        self._bridge(functions, "aws.sagemaker", f"SageMaker {words} State Change", [arn], detail)

    def published(self, notice: Notice) -> None:
        """https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
        sns = {
            "Type": "Notification",
            "MessageId": notice.message_id,
            "TopicArn": notice.topic_arn,
            "Subject": notice.subject,
            "Message": notice.message,
            "Timestamp": _now("%Y-%m-%dT%H:%M:%S.000Z"),
            "MessageAttributes": {
                name: {"Type": type_, "Value": value} for name, (type_, value) in notice.attributes.items()
            },
        }
        record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "local", "Sns": sns}
        functions = self._sources.of(TOPIC, lambda given: topic_arn(given["topic"]) == notice.topic_arn)
        self._keep(functions, {"Records": [record]})

    def object_created(self, bucket: str, key: str, size_bytes: int, written_at: float) -> None:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html

        written_at tells one object of a key from the next: it stands for the version, of which only the last is kept.
        """
        version = f"{int(written_at * 1e6):x}"
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": self._region,
            "eventTime": _now("%Y-%m-%dT%H:%M:%S.000Z"),
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                "object": {"key": quote_plus(key), "size": size_bytes, "versionId": version, "sequencer": version},
            },
        }
        self._keep(self._sources.of(OBJECT, lambda given: key.startswith(given["prefix"])), {"Records": [record]})

    def look_at_clock(self) -> None:
        """Send what schedules send (https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html).

        For a thread that calls it about twice a second. The outbox is looked at only when there is something in it.
        """
        moment = time.monotonic()
        for entry in (*self._sources.entries(SCHEDULE), *self._sources.entries(OUTBOX)):
            if moment < self._due_at.setdefault(entry, moment + entry.given["every_s"]):
                continue
            self._due_at[entry] = moment + entry.given["every_s"]
            if entry.type == SCHEDULE:
                envelope = self._envelope("aws.scheduler", "Scheduled Event", [], {})
                self._queues[entry.function].put(Event(entry.function, json.dumps(envelope)))
            elif self._storage.has_item(OUTBOX_KEY):
                self.outbox_filled([])

    def outbox_filled(self, records: list[Mapping[str, Any]]) -> None:
        """New lines in the outbox, as the builds table's stream tells of them."""
        for function in self._sources.of(OUTBOX):
            self._queues[function].put(Event(function, json.dumps({"Records": records})))

    def close(self, timeout_s: float) -> None:
        """Deliver what is queued, for at most that long."""
        for waiting in self._queues.values():
            waiting.put(None)
        end = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._closing.set()

    def _bridge(
        self, functions: list[str], source: str, kind: str, resources: list[str], detail: Mapping[str, Any]
    ) -> None:
        if functions:
            self._keep(functions, self._envelope(source, kind, resources, detail))

    def _envelope(self, source: str, kind: str, resources: list[str], detail: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": self._account,
            "time": _now("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": resources,
            "detail": detail,
        }

    def _keep(self, functions: list[str], document: Mapping[str, Any]) -> None:
        """On disk before anybody is told that it happened."""
        payload = json.dumps(document)
        for function in functions:
            self._queues[function].put(Event(function, payload, self._storage.add_event(function, payload)))

    def _deliver_all(self, waiting: queue.Queue[Event | None]) -> None:
        while (event := waiting.get()) is not None and not self._closing.is_set():
            try:
                self._deliver(event)
            except Exception:  # whatever it was, the next event must still be delivered
                log.exception("%s was not delivered", event.function)

    def _deliver(self, event: Event) -> None:
        delay_s = FIRST_DELAY_S
        for attempt in range(1, ATTEMPTS + 1):
            reason = self._failure(event)
            if reason is None:
                if event.id is not None:
                    self._storage.remove_event(event.id)
                return
            log.warning("%s failed at attempt %d: %s", event.function, attempt, reason)
            if attempt < ATTEMPTS and self._closing.wait(delay_s):
                return
            delay_s *= 2
        log.error("%s has not taken an event in %d attempts; it is given up: %s", event.function, ATTEMPTS, reason)
        if event.id is not None:
            self._storage.give_up_event(event.id, time.time(), reason or "")

    def _failure(self, event: Event) -> str | None:
        """Why the function has not taken the event; None when it has."""
        try:
            answer = self._lambdas.invoke(event.function, event.payload.encode())
        except OSError as error:  # its process could not be started
            return f"it was not started: {error}"
        return answer.payload[:MAX_REASON_CHARS].decode(errors="replace") if answer.is_error else None


def _now(pattern: str) -> str:
    return time.strftime(pattern, time.gmtime())
