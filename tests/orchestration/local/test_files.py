"""Atomic files and locks: whole or not at all, whoever is killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from orchestration.local.files import (
    FileLock,
    StateFileError,
    create_json,
    read_json,
    remove_stale_temporaries,
    trim_file,
    write_atomic,
    write_bytes_atomic,
    write_json_atomic,
)

ROOT = Path(__file__).parents[3]


def test_json_comes_back_and_absence_is_none(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert read_json(path) is None
    assert read_json(path / "below-a-missing-folder") is None
    write_json_atomic(path, {"name": "Ü", "numbers": [1, 2.5, None]})
    assert read_json(path) == {"name": "Ü", "numbers": [1, 2.5, None]}


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"'])
def test_what_is_no_object_is_refused_by_its_path(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(StateFileError, match=r"state\.json"):
        read_json(path)


def test_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_json_atomic(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json_atomic(path, {"x": float("nan")})
    assert read_json(path) == {"x": 1}


def test_a_write_that_breaks_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "data"
    write_bytes_atomic(path, b"old")

    def half(file: BinaryIO) -> None:
        file.write(b"ne")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_atomic(path, half)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_json_atomic(path, {"n": 0, "pad": "x" * 20_000})
    done = threading.Event()

    def write() -> None:
        for n in range(200):
            write_json_atomic(path, {"n": n, "pad": "x" * 20_000})
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        document = read_json(path)
        assert document is not None
        assert len(document["pad"]) == 20_000
    thread.join()


def test_of_many_creators_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "name.json"
    wins: list[int] = []

    def create(number: int) -> None:
        if create_json(path, {"by": number}):
            wins.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_json(path) == {"by": wins[0]}
    assert len(wins) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_is_not(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", ""])
    writer.wait()
    (tmp_path / f".{writer.pid}-0123.tmp").write_text("half")
    mine = tmp_path / ".1-0123.tmp"  # process 1 always lives
    mine.write_text("half")
    assert remove_stale_temporaries(tmp_path) == 1
    assert list(tmp_path.iterdir()) == [mine]


def test_a_lock_excludes_and_ends_with_its_release(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = FileLock.try_lock(path)
    assert lock is not None
    assert FileLock.try_lock(path) is None
    with pytest.raises(TimeoutError):
        FileLock.lock(path, timeout_s=0.05)
    lock.release()
    lock.release()
    with FileLock.lock(path, timeout_s=0.05):
        assert FileLock.try_lock(path) is None
    with pytest.raises(ValueError, match="released"):
        assert lock.descriptor


def test_a_lock_ends_when_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time; from pathlib import Path; from orchestration.local.files import FileLock\n"
        "lock = FileLock.try_lock(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"locked\n"
    assert FileLock.try_lock(path) is None
    holder.kill()
    holder.wait()
    with FileLock.lock(path, timeout_s=5.0):
        pass


def test_a_child_that_was_given_the_descriptor_keeps_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with FileLock.lock(path, timeout_s=1.0) as lock:
        child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=[lock.descriptor]
        )
    assert FileLock.try_lock(path) is None
    child.communicate(b"", timeout=10)
    with FileLock.lock(path, timeout_s=5.0):
        pass


def test_a_log_is_cut_to_its_last_half(tmp_path: Path) -> None:
    path = tmp_path / "log"
    trim_file(path, 100)
    with path.open("ab", buffering=0) as writer:
        writer.write(b"a" * 90 + b"b" * 60)
        trim_file(path, 100)
        assert path.read_bytes() == b"b" * 50
        writer.write(b"c")
    assert path.read_bytes() == b"b" * 50 + b"c"
    trim_file(path, 100)
    assert path.stat().st_size == 51
