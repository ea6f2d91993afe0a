"""The serving processes of all endpoints: brought up, switched between, brought up again, ended.

`endpoints.py` decides what is asked for; here it happens, in background threads. Nothing that goes wrong in one is
lost: it becomes the endpoint's status and FailureReason. Every change is written before it is acted on, so that after a
`kill -9` `resume` knows each process that may still run (`endpoint_records.py`). `serving.py` knows a single process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestration.local.local_sagemaker.background import Background
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.endpoint_records import (
    CREATING,
    DELETED,
    DELETING,
    FAILED,
    IN_SERVICE,
    SERVING,
    SYSTEM_UPDATING,
    UPDATING,
    EndpointFolders,
    EndpointRecord,
    Generation,
)
from orchestration.local.local_sagemaker.errors import (
    ModelNotReadyException,
    RuntimeValidationError,
    ValidationException,
)
from orchestration.local.local_sagemaker.job_folder import CONTAINER_ROOT_VARIABLE, now
from orchestration.local.local_sagemaker.serving import (
    Interrupted,
    ProcessEnded,
    ServingError,
    bound_log,
    ping,
    prepare,
    start,
    wait_until_ready,
)
from orchestration.local.processes import find_by_environment, is_alive, kill, session_of, stop

_log = logging.getLogger(__name__)

_DRAIN_S = 65.0  # longer than an invocation may take
_MAX_REVIVALS = 5
_REVIVALS_WINDOW_S = 60.0
_LOG_LOOK_S = 10.0
_CLOSE_WAIT_S = 10.0
_STOP_THREADS = 8


class Deployments:
    """All endpoints' records and processes. Safe for several threads; one such object a folder."""

    def __init__(self, context: Context, on_change: Callable[[str, str], None]) -> None:
        """`on_change(name, status)` is told of each change of a status, without our locks; it may be called again."""
        self._context = context
        self._on_change = on_change
        self._folders = EndpointFolders(context.folder / "endpoints")
        self._changed = threading.Condition(threading.RLock())
        self._records: dict[str, EndpointRecord] = {}
        self._under_way: Counter[tuple[str, int]] = Counter()
        self._reviving: set[tuple[str, int]] = set()
        self._revivals: dict[str, deque[float]] = {}
        self._background = Background(self._give_up)
        self._logs_due_at = 0.0

    # ---- records

    def get(self, name: str) -> EndpointRecord | None:
        """The record as it is now; None when there is no such endpoint."""
        with self._changed:
            return self._records.get(name)

    def all(self) -> list[EndpointRecord]:
        """All records as they are now."""
        with self._changed:
            return list(self._records.values())

    def create(self, record: EndpointRecord) -> bool:
        """Keep a new endpoint and deploy its pending generation; returns False when the name is taken."""
        with self._changed:
            if record.name in self._records or not self._folders.create(record):
                return False
            self._records[record.name] = record
        self._announce(record)
        self._background.start(self._deploy, record.name)
        return True

    def begin(self, name: str, change: Callable[[EndpointRecord], EndpointRecord]) -> EndpointRecord:
        """Change a record in one step with the look that allows it; `change` raises to refuse.

        Raises:
            ValidationException: there is no such endpoint.
        """
        after = self._change(name, change)
        if after is None:
            raise ValidationException(f'Could not find endpoint "{self._context.arn("endpoint", name)}".')
        return after

    def deploy(self, name: str) -> None:
        """Bring up the pending generation and switch to it, in the background."""
        self._background.start(self._deploy, name)

    def delete(self, name: str) -> None:
        """End the endpoint's processes and remove it, in the background."""
        self._background.start(self._delete, name)

    def folder(self, name: str, number: int) -> Path:
        """The folder of a generation of an endpoint."""
        return self._folders.generation(name, number)

    # ---- requests

    @contextmanager
    def serving(self, name: str, deadline: float) -> Iterator[Generation]:
        """The generation that takes requests now; it is not ended while the block lasts.

        Waits for a process that is being started again, until `deadline` (`time.monotonic`).

        Raises:
            RuntimeValidationError: there is no such endpoint, or it does not serve.
            ModelNotReadyException: its process was not back in time.
        """
        generation = self._take(name, deadline)
        key = (name, generation.number)
        try:
            yield generation
        finally:
            with self._changed:
                self._under_way[key] -= 1
                if self._under_way[key] == 0:
                    del self._under_way[key]
                self._changed.notify_all()

    def _take(self, name: str, deadline: float) -> Generation:
        while True:
            with self._changed:
                record = self._records.get(name)
                if record is None or record.status not in SERVING:
                    account = self._context.account
                    raise RuntimeValidationError(f"Endpoint {name} of account {account} not found.")
                live = record.live
                if live is not None and self._is_ready(record, live):
                    self._under_way[(name, live.number)] += 1
                    return live
            if time.monotonic() >= deadline:
                raise ModelNotReadyException(f"The container of endpoint {name} is being started again.")
            self._revive_if_dead(name)
            with self._changed:
                self._changed.wait(0.05)

    def _is_ready(self, record: EndpointRecord, live: Generation) -> bool:
        # A process that is started again, or adopted, is written down before it has answered.
        reviving = record.status == SYSTEM_UPDATING or (record.name, live.number) in self._reviving
        return not reviving and live.process is not None and is_alive(live.process)

    # ---- the engine's beginning, end, and the time between

    def resume(self) -> None:
        """Take up what an earlier engine left: adopt live processes, go on with deployments, end what is not needed."""
        for record in self._folders.load():
            for generation in (*record.retiring, record.pending):
                if generation is not None and generation.process is not None:
                    kill(generation.process)
            resumed = record.resumed()
            self._folders.write(resumed)
            with self._changed:
                self._records[record.name] = resumed
        self._end_strays()
        for record in self.all():
            if record.status == DELETING:
                self._background.start(self._delete, record.name)
                continue
            if record.live is not None:
                # Nobody else starts it again meanwhile, and requests wait until it is known to answer.
                with self._changed:
                    self._reviving.add((record.name, record.live.number))
                self._background.start(partial(self._adopt, generation=record.live), record.name)
            if record.status in (CREATING, UPDATING):
                self._background.start(self._deploy, record.name)

    def poll(self) -> None:
        """Start again what has ended by itself, and bound the logs; for a thread that calls it about twice a second."""
        for record in self.all():
            self._revive_if_dead(record.name)
        if time.monotonic() >= self._logs_due_at:
            self._logs_due_at = time.monotonic() + _LOG_LOOK_S
            for record in self.all():
                for generation in record.generations():
                    bound_log(self._folders.generation(record.name, generation.number))

    def stop_all(self) -> None:
        """End all processes; the records stay, so that `resume` brings the endpoints back. Nothing starts any more."""
        self._background.close(_CLOSE_WAIT_S)
        running = [(record.name, each) for record in self.all() for each in record.generations() if each.process]
        with ThreadPoolExecutor(_STOP_THREADS) as pool:
            list(pool.map(lambda pair: self._stop(pair[1]), running))
        for name in dict.fromkeys(name for name, _ in running):
            self._change(name, EndpointRecord.without_processes)

    # ---- what runs in the background

    def _deploy(self, name: str) -> None:
        record = self.get(name)
        if record is None or record.pending is None:
            return
        generation = record.pending
        folder = self._folders.generation(name, generation.number)
        try:
            prepare(generation, folder, self._context)
            started = self._bring_up(name, generation, lambda kept, new: replace(kept, pending=new))
        except Interrupted:
            return
        except Exception as error:
            _log.warning("the deployment %s of endpoint %s failed: %s", generation.number, name, error)
            self._change(name, partial(EndpointRecord.deployment_failed, reason=_reason(error)))
            return
        self._change(name, lambda kept: kept.switched(started))
        if record.live is not None:
            self._retire(name, record.live.number)

    def _bring_up(
        self, name: str, generation: Generation, put: Callable[[EndpointRecord, Generation], EndpointRecord]
    ) -> Generation:
        """Start the generation's process, keep who it is through `put`, and wait until it is ready."""
        folder = self._folders.generation(name, generation.number)
        process, port = start(generation, folder, self._context)
        started = replace(generation, process=process, port=port)
        try:
            self._change(name, lambda kept: put(kept, started))
            wait_until_ready(started, folder, self._context.startup_timeout_s, self._background.is_closing)
        except BaseException:
            self._stop(started)
            raise
        return started

    def _retire(self, name: str, number: int) -> None:
        """End the process of a generation that was replaced, once it has answered what it has begun."""
        record = self.get(name)
        for generation in record.retiring if record is not None else ():
            if generation.number == number:
                self._drain(name, generation)
                self._stop(generation)
        after = self._change(name, partial(EndpointRecord.retired, number=number))
        if after is not None:
            self._folders.remove_others(after)

    def _drain(self, name: str, generation: Generation) -> None:
        key = (name, generation.number)
        deadline = time.monotonic() + _DRAIN_S
        with self._changed:
            while self._under_way[key] > 0 and not self._background.is_closing() and time.monotonic() < deadline:
                self._changed.wait(0.5)

    def _delete(self, name: str) -> None:
        record = self.get(name)
        if record is None:
            return
        for generation in record.generations():
            self._drain(name, generation)
            self._stop(generation)
        self._folders.delete(name)
        with self._changed:
            self._records.pop(name, None)
        self._announce(replace(record, status=DELETED))

    def _adopt(self, name: str, generation: Generation) -> None:
        """Take over the live process of an earlier engine when it still answers; start it again otherwise."""
        try:
            if ping(generation):
                self._change(name, lambda kept: kept.revived(generation))
            else:
                self._stop(generation)
                self._start_again(name, generation)
        finally:
            self._done_reviving(name, generation)

    def _revive_if_dead(self, name: str) -> None:
        with self._changed:
            record = self._records.get(name)
            if record is None or record.live is None or record.status not in SERVING:
                return
            generation = record.live
            if (name, generation.number) in self._reviving or self._background.is_closing():
                return
            if generation.process is not None and is_alive(generation.process):
                return
            self._reviving.add((name, generation.number))
        self._background.start(partial(self._revive, generation=generation), name)

    def _revive(self, name: str, generation: Generation) -> None:
        try:
            self._start_again(name, generation)
        finally:
            self._done_reviving(name, generation)

    def _start_again(self, name: str, generation: Generation) -> None:
        try:
            started = self._brought_up_again(name, generation)
            after = self._change(name, lambda kept: kept.revived(started))
            if after is None or after.live != started:
                self._stop(started)  # replaced or deleted meanwhile
        except Interrupted:
            return
        except Exception as error:
            failed = partial(EndpointRecord.revival_failed, number=generation.number, reason=_reason(error))
            after = self._change(name, failed)
            if after is not None and after.status == FAILED:
                _log.warning("endpoint %s could not be started again: %s", name, error)

    def _brought_up_again(self, name: str, generation: Generation) -> Generation:
        """What has served will serve again: a process that ends before it is ready is followed by another."""
        while True:
            self._count_revival(name)
            self._change(name, EndpointRecord.reviving)
            try:
                return self._bring_up(name, generation, EndpointRecord.with_live)
            except ProcessEnded:
                record = self.get(name)
                is_live = record is not None and record.live is not None and record.live.number == generation.number
                if not is_live or self._is_worn_out(name):
                    raise

    def _done_reviving(self, name: str, generation: Generation) -> None:
        with self._changed:
            self._reviving.discard((name, generation.number))
            self._changed.notify_all()

    def _count_revival(self, name: str) -> None:
        if self._is_worn_out(name):
            raise ServingError(f"The container ended {_MAX_REVIVALS} times within {_REVIVALS_WINDOW_S:g} s.")
        self._revivals[name].append(time.monotonic())

    def _is_worn_out(self, name: str) -> bool:
        times = self._revivals.setdefault(name, deque(maxlen=_MAX_REVIVALS))
        return len(times) == _MAX_REVIVALS and time.monotonic() - times[0] < _REVIVALS_WINDOW_S

    # ---- helpers

    def _change(self, name: str, change: Callable[[EndpointRecord], EndpointRecord]) -> EndpointRecord | None:
        """Replace a record by what `change` makes of it; None when the endpoint is gone."""
        with self._changed:
            before = self._records.get(name)
            if before is None:
                return None
            after = change(before)
            if after == before:
                return before
            if after.status != before.status:
                after = replace(after, modified_at=max(now(), before.modified_at))
            self._folders.write(after)
            self._records[name] = after
            self._changed.notify_all()
        if after.status != before.status:
            self._announce(after)
        return after

    def _announce(self, record: EndpointRecord) -> None:
        try:
            self._on_change(record.name, record.status)
        except Exception:
            _log.exception("endpoint %s became %s and could not be announced", record.name, record.status)

    def _stop(self, generation: Generation) -> None:
        if generation.process is not None:
            stop(generation.process, self._context.endpoint_stop_grace_s)

    def _end_strays(self) -> None:
        """End processes of ours that no record knows: the engine was killed between a start and writing it down."""
        known = {each.process.pid for record in self.all() for each in record.generations() if each.process}
        root = str(self._context.folder / "endpoints") + "/"
        for identity, _ in find_by_environment(CONTAINER_ROOT_VARIABLE, lambda value: value.startswith(root)):
            # What a process of ours has started is in its session.
            if session_of(identity) not in known:
                kill(identity)

    def _give_up(self, name: str, error: Exception) -> None:
        """What broke was a change of the endpoint, or, when it serves, no more than cleaning up after one."""
        reason = _reason(error)
        self._change(
            name,
            lambda kept: kept if kept.status == IN_SERVICE else replace(kept, status=FAILED, failure_reason=reason),
        )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, (ServingError, ValidationException)) else f"{type(error).__name__}: {error}"
