"""The small parts that jobs and listings are made of: metrics, log, slots, checkpoints, pages, statuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.local.files import FileLock, StateFileError
from orchestration.local.local_sagemaker import checkpoints as checkpoints_module
from orchestration.local.local_sagemaker.checkpoints import Checkpoints
from orchestration.local.local_sagemaker.container_run import Log
from orchestration.local.local_sagemaker.context import repository_name
from orchestration.local.local_sagemaker.errors import ValidationException
from orchestration.local.local_sagemaker.job_folder import JobFolder, JobStatus
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.metrics import MetricReader, read_series
from orchestration.local.local_sagemaker.objects import FolderObjects
from orchestration.local.local_sagemaker.slots import Slots
from tests.orchestration.local.local_sagemaker.house import until

RMSE = {"Name": "validation:RMSE", "Regex": r"validation:RMSE=([0-9.eE+-]+|nan|inf);"}


def test_metrics_take_exponents_the_last_value_and_no_nan(tmp_path: Path) -> None:
    series = tmp_path / "metrics.jsonl"
    reader = MetricReader([RMSE, {"Name": "epoch", "Regex": "epoch [0-9]+"}, RMSE], series)
    reader.feed(["validation:RMSE=2;", "noise validation:RMSE=1.5e-3; validation:RMSE=nan;", "epoch 7"], at=10.0)
    reader.feed(["validation:RMSE=inf;", "validation:RMSE=1e400;"], at=20.0)
    assert [(metric.name, metric.value, metric.at) for metric in reader.final()] == [("validation:RMSE", 0.0015, 10.0)]
    assert [metric.value for metric in read_series(series)] == [2.0, 2.0, 0.0015, 0.0015]


def test_a_series_that_is_being_written_ends_with_its_last_whole_line(tmp_path: Path) -> None:
    series = tmp_path / "metrics.jsonl"
    assert read_series(series) == []
    series.write_text('{"name": "x", "value": 1.0, "at": 2.0}\n{"name": "x", "val')
    assert [metric.value for metric in read_series(series)] == [1.0]


def test_a_log_cuts_lines_and_is_bounded(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.txt", limit_bytes=20)
    assert log.write(b"one\ntw") == ["one"]
    assert log.write(b"o\r\n" + b"x" * 100 + b"\nlast") == ["two", "x" * 100]
    assert log.close() == ["last"]
    text = (tmp_path / "log.txt").read_text()
    assert text.startswith("one\ntwo\nxxxxxxxxxxx\n[this log is cut here")
    assert text.endswith("xxx\nlast\n")
    assert log.tail().endswith("last")


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.txt")
    assert log.write(b"y" * 70_000) == ["y" * 70_000]
    assert log.close() == []


def test_slots_are_given_in_the_order_of_creation_and_no_more_than_there_are(tmp_path: Path) -> None:
    slots = Slots(tmp_path, 1)
    taken = slots.wait("first", 1.0, lambda: False, lambda: None)
    assert taken is not None
    order: list[str] = []

    def wait(name: str, created_at: float) -> None:
        slot = Slots(tmp_path, 1).wait(name, created_at, lambda: False, lambda: None)
        assert slot is not None
        order.append(name)
        time.sleep(0.1)
        slot.release()

    threads = [threading.Thread(target=wait, args=pair) for pair in (("third", 3.0), ("second", 2.0))]
    for thread in threads:
        thread.start()
    until(lambda: len(list((tmp_path / "queue").iterdir())) == 2)
    time.sleep(0.2)  # a ticket is there a moment before it is locked
    assert order == []
    taken.release()
    for thread in threads:
        thread.join(10)
    assert order == ["second", "third"]
    assert list((tmp_path / "queue").iterdir()) == []


def test_who_gives_up_gets_no_slot_and_a_dead_ticket_stops_nobody(tmp_path: Path) -> None:
    taken = Slots(tmp_path, 1).wait("first", 1.0, lambda: False, lambda: None)
    assert taken is not None
    waited: list[str] = []
    assert Slots(tmp_path, 1).wait("second", 2.0, lambda: bool(waited), lambda: waited.append("told")) is None
    assert waited == ["told"]
    taken.release()
    (tmp_path / "queue" / "00000000000000000001-of-a-killed-process").touch()
    assert Slots(tmp_path, 1).wait("third", 3.0, lambda: False, lambda: None) is not None
    with pytest.raises(ValueError, match="at least one slot"):
        Slots(tmp_path, 0)


def test_checkpoints_are_restored_and_saved_when_they_are_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints_module, "_INTERVAL_S", 0.2)
    objects = FolderObjects(tmp_path / "objects")
    objects.create_bucket("bucket")
    objects.put("bucket", "ck/old.txt", b"old")
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(folder, "s3://bucket/ck/", objects)
    assert checkpoints.restore() == 1
    assert (folder / "old.txt").read_bytes() == b"old"
    (folder / "new.txt").write_bytes(b"new")

    def saved() -> bool:
        checkpoints.save_when_due()
        return objects.exists("s3://bucket/ck/new.txt")

    assert not saved()
    until(saved)
    before = objects.head("bucket", "ck/old.txt").modified_at
    (folder / "new.txt").write_bytes(b"newest")
    checkpoints.save()
    assert objects.read("s3://bucket/ck/new.txt") == b"newest"
    assert objects.head("bucket", "ck/old.txt").modified_at == before, "what did not change was copied again"


def entries(count: int) -> list[Entry]:
    return [Entry(f"job-{n}", float(n), float(n + 10), "AB"[n % 2], {"n": n}) for n in range(count)]


def numbers(response: dict[str, list[dict[str, int]]]) -> list[int]:
    return [summary["n"] for summary in response["Jobs"]]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort_by", ["Name", "CreationTime", "Status"])
def test_pages_hold_every_entry_once_though_entries_come_and_go(sort_by: str, descending: bool) -> None:
    request = {"SortBy": sort_by, "SortOrder": "Descending" if descending else "Ascending", "MaxResults": 3}
    present = entries(9)
    response = list_page(present, request, "Jobs", descending=False)
    seen = numbers(response)
    present.remove(next(entry for entry in present if entry.summary["n"] == seen[0]))
    while "NextToken" in response:
        response = list_page(present, {**request, "NextToken": response["NextToken"]}, "Jobs", descending=False)
        seen += numbers(response)
    assert sorted(seen) == list(range(9))
    assert seen == [
        entry.summary["n"] for entry in sorted(entries(9), key=lambda entry: entry.key(sort_by), reverse=descending)
    ]


def test_listings_have_the_services_defaults_and_filters() -> None:
    assert numbers(list_page(entries(12), {}, "Jobs", descending=True)) == list(range(11, 1, -1))
    wanted: list[tuple[dict[str, object], list[int]]] = [
        ({"NameContains": "-1"}, [1]),
        ({"StatusEquals": "B"}, [1, 3]),
        ({"CreationTimeAfter": 1.0, "CreationTimeBefore": 3.0}, [1, 2]),
        ({"LastModifiedTimeAfter": 12.0}, [2, 3]),
        ({"LastModifiedTimeBefore": 11.0}, [0]),
    ]
    for request, found in wanted:
        assert numbers(list_page(entries(4), request, "Jobs", descending=False)) == found


@pytest.mark.parametrize("token", ["", "x", "bm90IGpzb24=", "WzFd"])
def test_other_tokens_are_refused(token: str) -> None:
    if token:
        with pytest.raises(ValidationException, match="NextToken"):
            list_page(entries(3), {"NextToken": token}, "Jobs", descending=False)


def test_a_token_belongs_to_its_order() -> None:
    token = list_page(entries(3), {"MaxResults": 1}, "Jobs", descending=False)["NextToken"]
    with pytest.raises(ValidationException, match="sorted by Name"):
        list_page(entries(3), {"NextToken": token, "SortBy": "Name"}, "Jobs", descending=False)


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/sagebuild/gp:1.0", "gp"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/gp@sha256:" + "a" * 64, "gp"),
        ("localhost:5000/gp", "gp"),
        ("host/gp:1@sha256:00", "gp"),
        ("gp", "gp"),
        ("gp:latest", "gp"),
    ],
)
def test_an_image_is_known_by_its_repository(image: str, repository: str) -> None:
    assert repository_name(image) == repository


def test_a_status_that_is_none_is_refused_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text("{}")
    with pytest.raises(StateFileError, match=r"status\.json"):
        JobFolder(tmp_path).read_status()


def test_transitions_never_run_backwards_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    status = JobStatus.created(at=1000.0)
    clock: Callable[[], float] = lambda: 500.0  # noqa: E731 - one line says it best
    monkeypatch.setattr(time, "time", clock)
    moved = status.moved("InProgress", "Training")
    assert [(each.started_at, each.ended_at) for each in moved.transitions] == [(1000.0, 1000.0), (1000.0, None)]


def test_a_lock_of_a_ticket_survives_nobody(tmp_path: Path) -> None:
    slot = Slots(tmp_path, 2).wait("a", 1.0, lambda: False, lambda: None)
    another = Slots(tmp_path, 2).wait("b", 2.0, lambda: False, lambda: None)
    assert slot is not None
    assert another is not None
    assert [FileLock.try_lock(tmp_path / f"slot-{number}.lock") for number in range(2)] == [None, None]
