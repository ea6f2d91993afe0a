"""The Slack channel's ack: what it imports beside Bolt, how long it takes, how large its zip is."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bot.slack.ack import Acknowledger
from bot.slack.gateway import Gateway
from bot.slack.local_queue import LocalQueue
from orchestration.ports import Work
from tests.bench.row import Row
from tests.bot.slack.office import SECRET, TEAM, as_form, as_json, command, mention
from tests.bot.slack.office import settings as settings_of
from tests.fakes.slack import fake_slack

ROOT = Path(__file__).parents[2]
IMPORTS = 15
COMMANDS, PEOPLE = 200, 20
ZIP = ROOT / "build" / "slack-ack.zip"
BUDGET = 1.25
# Both in one process, the framework first, so that what the machine does meanwhile slows both alike.
PROBE = """
import sys, time, json
begun = time.perf_counter()
import slack_bolt
framework = time.perf_counter()
import bot.slack.ack_entry
ended = time.perf_counter()
print(json.dumps([framework - begun, ended - begun, "boto3" in sys.modules]))
"""


def rows() -> list[Row]:
    imports = [_import() for _ in range(IMPORTS)]
    ratio = statistics.median(entry / framework for framework, entry, _ in imports)
    boto3 = sum(with_boto3 for _, _, with_boto3 in imports)
    slowest_ms, median_ms = _acks()
    found = [
        Row("Slack ack: import, in that of slack_bolt", ratio, "x", f"<= {BUDGET} x", ratio <= BUDGET),
        Row("Slack ack: imports with boto3", boto3, "of 15", "0", boto3 == 0),
        Row(
            "Slack ack: slowest of 200 commands of 20 people at once",
            slowest_ms,
            "ms",
            "<= 3000 ms",
            slowest_ms <= 3000,
        ),
        Row("Slack ack: median of them", median_ms, "ms"),
    ]
    if ZIP.exists():
        found.append(Row("Slack ack: zip", ZIP.stat().st_size / 1e6, "MB"))
    return found


def _import() -> tuple[float, float, bool]:
    """Seconds of the framework, seconds of the entry with it, and whether boto3 was loaded; with byte code."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    framework, entry, with_boto3 = json.loads(done.stdout)
    return framework, entry, with_boto3


def _acks() -> tuple[float, float]:
    """Milliseconds of the slowest and of the median acknowledgement, onto a queue on disk."""
    with tempfile.TemporaryDirectory() as name, fake_slack() as slack, _queue(Path(name)) as queue:
        acknowledger = Acknowledger(settings_of(slack), lambda group, id_, body: queue.put(Work(group, id_, body)))
        gateway = Gateway(acknowledger.app, SECRET)
        requests = [as_json(mention(f"list models {i}", user=f"U{i % PEOPLE}")) for i in range(COMMANDS // 2)]
        requests += [as_form(command(f"list models {i}", user=f"U{i % PEOPLE}")) for i in range(COMMANDS // 2)]

        def timed(index: int) -> float:
            begun = time.perf_counter()
            status = gateway.answer(requests[index]).status
            if status != 200:
                raise RuntimeError(f"the ack answered {status}")
            return 1000 * (time.perf_counter() - begun)

        with ThreadPoolExecutor(PEOPLE) as pool:
            taken = list(pool.map(timed, range(COMMANDS)))
        if queue.waiting() != COMMANDS:
            raise RuntimeError(f"{queue.waiting()} of {COMMANDS} commands were queued for {TEAM}")
    return max(taken), statistics.median(taken)


@contextmanager
def _queue(folder: Path) -> Iterator[LocalQueue]:
    queue = LocalQueue(folder / "queue.db")
    yield queue
    queue.close()
