"""S3 objects as files: the interface that jobs and endpoints use, and its implementation in a folder.

Layout of `FolderObjects(root)`, which the engine's S3 shares: one file an object, `root/<bucket>/<name>`, where `name`
is the key, percent-encoded byte by byte (UTF-8): lower-case ASCII letters, digits and `_ - . ~` stand as they are, all
else, capital letters included, as `%xx` in lower case, so that no two keys meet on a file system that ignores case. An
encoded key is cut into pieces of 200 characters; all pieces but the last are folders and end in `+`, the last is the
file and ends in `=`; neither sign comes out of the encoding, so a folder never has a file's name. `models/Gp.csv` is
`models%2f%47p.csv=`. Names that begin with `.` and end with `.tmp` are half-written and do not count. An empty folder
means nothing: only the folder of the bucket itself says that the bucket exists.

Safe for several processes at once: an object is replaced whole, and an open one stays readable when it is replaced.
Standard library and `orchestration/local/files.py` only.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote_to_bytes

from orchestration.local.files import remove_stale_temporaries, write_atomic

MAX_KEY_BYTES = 1024  # S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_PIECE_CHARS = 200  # a file name has 255 bytes on Linux and macOS
_FOLDER_END = "+"
_FILE_END = "="
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-.~")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class ObjectError(Exception):
    """The object store could not do it; the message says what and why."""


class NoSuchBucket(ObjectError):
    """There is no bucket of that name."""


class NoSuchKey(ObjectError):
    """There is no object of that key."""


class ObjectStore(Protocol):
    """Where jobs find their data and leave their results. Safe for several processes at once."""

    @property
    def location(self) -> str:
        """What `open_objects` makes the same store from, in another process."""

    def bucket_exists(self, bucket: str) -> bool:
        """Whether there is such a bucket."""

    def exists(self, uri: str) -> bool:
        """Whether there is an object at exactly this `s3://bucket/key`."""

    def has_prefix(self, uri: str) -> bool:
        """Whether any object's key begins with the key of this uri."""

    def read(self, uri: str) -> bytes:
        """The object's bytes.

        Raises:
            NoSuchKey, NoSuchBucket: it is not there.
        """

    def open(self, uri: str) -> BinaryIO:
        """The object, for reading; the caller closes it. Raises as `read` does."""

    def put_file(self, uri: str, path: Path) -> None:
        """Keep a copy of the file under this uri, replacing what was there whole.

        Raises:
            NoSuchBucket: the bucket does not exist.
        """

    def copy_prefix_to(self, uri: str, folder: Path) -> int:
        """Copy every object whose key begins with the uri's key into `folder`, as SageMaker fills a channel.

        An object with exactly that key lands under the last part of it; below `prefix/` the rest of the key is the
        path; of a prefix that ends inside a name, what follows its last `/`. Folder markers (keys that end in `/`) are
        passed over.

        Returns:
            How many files were made.

        Raises:
            ObjectError: a path would leave the folder, or two objects would have the same.
        """


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing says of an object. `modified_at` is in seconds since the epoch."""

    key: str
    size_bytes: int
    modified_at: float


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`; the key may be empty.

    Raises:
        ValueError: not such a uri, or no possible bucket name.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not _BUCKET.fullmatch(bucket):
        raise ValueError(f"expected s3://bucket/key, got {uri!r}")
    return bucket, key


def open_objects(location: str) -> ObjectStore:
    """The store that gave this `location`.

    Raises:
        ValueError: no kind of store that is known here.
    """
    kind, _, where = location.partition(":")
    if kind != "folder" or not where:
        raise ValueError(f"expected folder:<path> as the place of the objects, got {location!r}")
    return FolderObjects(Path(where))


def encode_key(key: str) -> Path:
    """Where in its bucket's folder an object lies (see the module's docstring).

    Raises:
        ObjectError: an empty key or one of more than 1,024 bytes.
    """
    data = key.encode("utf-8", "surrogatepass")
    if not 0 < len(data) <= MAX_KEY_BYTES:
        raise ObjectError(f"an object's key has 1 to {MAX_KEY_BYTES} bytes; this one has {len(data)}")
    text = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in data)
    pieces = [text[start : start + _PIECE_CHARS] for start in range(0, len(text), _PIECE_CHARS)]
    return Path(*(piece + _FOLDER_END for piece in pieces[:-1]), pieces[-1] + _FILE_END)


def decode_key(path: Path) -> str:
    """The key of the object at this path, relative to its bucket's folder; the inverse of `encode_key`."""
    text = "".join(part[:-1] for part in path.parts)
    return unquote_to_bytes(text).decode("utf-8", "surrogatepass")


class FolderObjects:
    """An `ObjectStore` in a folder (layout: see the module's docstring), with what an S3 needs besides."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def location(self) -> str:
        return f"folder:{self._root}"

    def buckets(self) -> list[str]:
        """All buckets, sorted."""
        if not self._root.is_dir():
            return []
        return sorted(path.name for path in self._root.iterdir() if path.is_dir() and _BUCKET.fullmatch(path.name))

    def bucket_exists(self, bucket: str) -> bool:
        return _BUCKET.fullmatch(bucket) is not None and (self._root / bucket).is_dir()

    def create_bucket(self, bucket: str) -> None:
        """Make a bucket; an existing one stays as it is. Also removes what killed writers left in it.

        Raises:
            ObjectError: no possible bucket name.
        """
        if not _BUCKET.fullmatch(bucket):
            raise ObjectError(f"a bucket's name has 3 to 63 of a-z, 0-9, '.' and '-'; got {bucket!r}")
        folder = self._root / bucket
        folder.mkdir(parents=True, exist_ok=True)
        for path in [folder, *(path for path in folder.rglob(f"*{_FOLDER_END}") if path.is_dir())]:
            remove_stale_temporaries(path)

    def delete_bucket(self, bucket: str) -> None:
        """Remove an empty bucket.

        Raises:
            NoSuchBucket: it is not there.
            ObjectError: it still holds objects.
        """
        if self.list_objects(bucket):
            raise ObjectError(f"bucket {bucket!r} still holds objects")
        shutil.rmtree(self._root / bucket)

    def list_objects(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        """The objects whose keys begin with `prefix`, by the bytes of their keys, as S3 lists them.

        Raises:
            NoSuchBucket: the bucket does not exist.
        """
        folder = self._bucket(bucket)
        found = [info for info in self._walk(folder) if info.key.startswith(prefix)]
        return sorted(found, key=lambda info: info.key.encode("utf-8", "surrogatepass"))

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """What is known of one object.

        Raises:
            NoSuchKey, NoSuchBucket: it is not there.
        """
        path = self._path(bucket, key)
        try:
            stat = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchKey(f"there is no object s3://{bucket}/{key}") from None
        return ObjectInfo(key, stat.st_size, stat.st_mtime)

    def get(self, bucket: str, key: str) -> BinaryIO:
        """The object, for reading; the caller closes it. Raises as `head` does."""
        try:
            return self._path(bucket, key).open("rb")
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchKey(f"there is no object s3://{bucket}/{key}") from None

    def put(self, bucket: str, key: str, data: bytes | BinaryIO) -> ObjectInfo:
        """Keep bytes, or what is left of an open file, under a key, replacing what was there whole.

        Raises:
            NoSuchBucket: the bucket does not exist.
            ObjectError: no possible key.
        """
        path = self._path(bucket, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            content = data
            write_atomic(path, lambda file: file.write(content))
        else:
            source = data
            write_atomic(path, lambda file: shutil.copyfileobj(source, file))
        return self.head(bucket, key)

    def delete(self, bucket: str, key: str) -> bool:
        """Remove an object; returns whether there was one. Raises NoSuchBucket when the bucket does not exist."""
        try:
            self._path(bucket, key).unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def exists(self, uri: str) -> bool:
        bucket, key = parse_uri(uri)
        return bool(key) and self.bucket_exists(bucket) and self._path(bucket, key).is_file()

    def has_prefix(self, uri: str) -> bool:
        bucket, prefix = parse_uri(uri)
        if not self.bucket_exists(bucket):
            return False
        return any(info.key.startswith(prefix) for info in self._walk(self._bucket(bucket)))

    def read(self, uri: str) -> bytes:
        with self.open(uri) as file:
            return file.read()

    def open(self, uri: str) -> BinaryIO:
        return self.get(*parse_uri(uri))

    def put_file(self, uri: str, path: Path) -> None:
        bucket, key = parse_uri(uri)
        with path.open("rb") as file:
            self.put(bucket, key, file)

    def copy_prefix_to(self, uri: str, folder: Path) -> int:
        bucket, prefix = parse_uri(uri)
        count = 0
        for info in self.list_objects(bucket, prefix):
            if info.key.endswith("/"):
                continue
            target = folder / relative_path(info.key, prefix)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                with self.get(bucket, info.key) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file)
            except (FileExistsError, NotADirectoryError):
                raise ObjectError(f"s3://{bucket}/{info.key} would take the place of another file, {target}") from None
            count += 1
        return count

    def _bucket(self, bucket: str) -> Path:
        if not self.bucket_exists(bucket):
            raise NoSuchBucket(f"there is no bucket {bucket!r}")
        return self._root / bucket

    def _path(self, bucket: str, key: str) -> Path:
        return self._bucket(bucket) / encode_key(key)

    def _walk(self, bucket_folder: Path) -> Iterator[ObjectInfo]:
        pending = [bucket_folder]
        while pending:
            folder = pending.pop()
            for path in folder.iterdir():
                if path.name.endswith(_FOLDER_END):
                    pending.append(path)
                elif path.name.endswith(_FILE_END):
                    try:
                        stat = path.stat()
                    except FileNotFoundError:
                        continue  # deleted since it was listed
                    yield ObjectInfo(decode_key(path.relative_to(bucket_folder)), stat.st_size, stat.st_mtime)


def relative_path(key: str, prefix: str) -> Path:
    """Where below a channel's folder an object lands (see `ObjectStore.copy_prefix_to`).

    Raises:
        ObjectError: the path would leave the folder.
    """
    if key != prefix and (key.startswith(prefix + "/") or prefix.endswith("/")):
        rest = key[len(prefix) :]
    else:
        rest = key[prefix.rfind("/") + 1 :]
    parts = [part for part in rest.split("/") if part]
    if not parts or any(part in (".", "..") or "\0" in part for part in parts):
        raise ObjectError(f"the key {key!r} cannot become a file's path")
    return Path(*parts)
