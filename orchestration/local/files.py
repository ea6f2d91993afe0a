"""Files that several processes write and any of them may be killed over: atomic JSON and bytes, and a lock.

A file written here is either the old one, whole, or the new one, whole: the bytes go to a temporary file in the same
folder, are flushed to the disk and take the place of the old file in one step. `local_sagemaker/` keeps all of its
state this way; `processes.py` is the neighbour that starts and ends the processes themselves. Standard library only.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

_TEMPORARY_SUFFIX = ".tmp"
_LOCK_POLL_S = 0.02


class StateFileError(Exception):
    """A state file does not hold what it should: the message names the file and what is wrong with it."""


def write_atomic(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Replace `path` by what `fill` writes; a reader sees the old file or the whole new one.

    Raises:
        OSError: the folder is missing, or the disk refused; the old file is untouched.
    """
    temporary = _temporary_beside(path)
    try:
        _write_flushed(temporary, fill)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data` (see `write_atomic`)."""
    write_atomic(path, lambda file: file.write(data))


def write_json_atomic(path: Path, document: object) -> None:
    """Replace `path` by `document` as UTF-8 JSON (see `write_atomic`).

    Raises:
        ValueError: a NaN or an infinity, which JSON does not have.
        TypeError: something that JSON cannot hold.
    """
    write_bytes_atomic(path, _encode(document))


def create_json(path: Path, document: object) -> bool:
    """Write `document` to `path` unless there is a file already; of many at once, one wins.

    Returns:
        Whether this call made the file.
    """
    data = _encode(document)
    temporary = _temporary_beside(path)
    try:
        _write_flushed(temporary, lambda file: file.write(data))
        # A link, unlike a rename, fails when the name is taken.
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`, or None when there is no such file.

    Raises:
        StateFileError: the file does not hold a JSON object.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        document = json.loads(data)
    except ValueError as error:
        raise StateFileError(f"{path} does not hold JSON: {error}") from error
    if not isinstance(document, dict):
        raise StateFileError(f"{path} holds a JSON {type(document).__name__}; expected an object")
    return document


def remove_stale_temporaries(folder: Path) -> int:
    """Remove the temporary files that killed writers left directly in `folder`; returns how many."""
    removed = 0
    for path in folder.glob(f".*{_TEMPORARY_SUFFIX}"):
        writer = path.name[1:].split("-", 1)[0]
        if writer.isdigit() and not _may_exist(int(writer)):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def trim_file(path: Path, limit_bytes: int) -> None:
    """Bound a log that a running process appends to: past `limit_bytes`, only its last half of that stays.

    The writer must have opened it for appending (`processes.spawn` does). What is written during the cut may be lost.
    """
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        return
    if size_bytes <= limit_bytes:
        return
    with path.open("r+b") as file:
        file.seek(size_bytes - limit_bytes // 2)
        tail = file.read(limit_bytes)
        file.truncate(0)
    with path.open("ab") as file:
        file.write(tail)


class FileLock:
    """An exclusive lock on a file, held by an open file description (`flock`).

    It ends with `release`, or when the last process that holds the descriptor is gone, however it ended; so it also
    tells whether a process still lives. The file stays. Two locks of one file exclude each other within a process too.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over a descriptor that is locked already: from `try_lock`, or inherited from a parent process."""
        self._descriptor: int | None = descriptor

    @classmethod
    def try_lock(cls, path: Path) -> FileLock | None:
        """The lock of `path`, or None when somebody holds it. Makes the file; its folder must exist."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return None
            raise
        return cls(descriptor)

    @classmethod
    def lock(cls, path: Path, timeout_s: float) -> FileLock:
        """The lock of `path`, waiting for it at most `timeout_s`.

        Raises:
            TimeoutError: somebody held it all that time.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            lock = cls.try_lock(path)
            if lock is not None:
                return lock
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{path} was locked for {timeout_s} s")
            time.sleep(_LOCK_POLL_S)

    @property
    def descriptor(self) -> int:
        """The locked descriptor, to hand on to a child process.

        Raises:
            ValueError: the lock was released.
        """
        if self._descriptor is None:
            raise ValueError("the lock was released")
        return self._descriptor

    def release(self) -> None:
        """Give up this hold; a child that was given the descriptor keeps its own. A second release does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _encode(document: object) -> bytes:
    return (json.dumps(document, allow_nan=False, indent=1) + "\n").encode()


def _temporary_beside(path: Path) -> Path:
    return path.with_name(f".{os.getpid()}-{os.urandom(6).hex()}{_TEMPORARY_SUFFIX}")


def _write_flushed(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    with path.open("xb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())


def _may_exist(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
