"""Objects as files: the layout, the keys, and several at once."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.local.local_sagemaker.objects import (
    FolderObjects,
    NoSuchBucket,
    NoSuchKey,
    ObjectError,
    decode_key,
    encode_key,
    open_objects,
    parse_uri,
    relative_path,
)

ROOT = Path(__file__).parents[4]
AWKWARD_KEYS = [
    *("a/b.csv", "A/b.csv", "a", "a/", "a//b", ".", "..", "../up", "/", "~", "+", "=", "%2f", "ü/名", ".a-b.tmp"),
    *("x" * size for size in (200, 201, 400, 1024)),
]


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    objects = FolderObjects(tmp_path / "objects")
    objects.create_bucket("bucket")
    return objects


def test_every_key_comes_back_and_none_meets_another(objects: FolderObjects) -> None:
    for number, key in enumerate(AWKWARD_KEYS):
        objects.put("bucket", key, str(number).encode())
    listed = objects.list_objects("bucket")
    assert [info.key for info in listed] == sorted(AWKWARD_KEYS, key=str.encode)
    for number, key in enumerate(AWKWARD_KEYS):
        with objects.get("bucket", key) as file:
            assert file.read() == str(number).encode()


@given(st.text(min_size=1, max_size=300).filter(lambda key: 0 < len(key.encode("utf-8", "surrogatepass")) <= 1024))
def test_encoding_is_undone_by_decoding_and_ignores_case_safely(key: str) -> None:
    path = encode_key(key)
    assert decode_key(path) == key
    assert str(path) == str(path).lower()
    assert all(len(part) <= 201 for part in path.parts)


def test_the_layout_is_as_documented(objects: FolderObjects, tmp_path: Path) -> None:
    objects.put("bucket", "models/Gp.csv", b"x")
    assert (tmp_path / "objects" / "bucket" / "models%2f%47p.csv=").read_bytes() == b"x"


@pytest.mark.parametrize("key", ["", "x" * 1025, "ü" * 513])
def test_impossible_keys_are_refused(objects: FolderObjects, key: str) -> None:
    with pytest.raises(ObjectError, match="1 to 1024 bytes"):
        objects.put("bucket", key, b"")


def test_what_is_not_there_is_said_by_name(objects: FolderObjects) -> None:
    with pytest.raises(NoSuchKey, match="s3://bucket/none"):
        objects.get("bucket", "none")
    with pytest.raises(NoSuchKey, match="s3://bucket/none"):
        objects.head("bucket", "none")
    for key in ("none", "x" * 300):
        with pytest.raises(NoSuchBucket, match="'absent'"):
            objects.put("absent", key, b"")
    with pytest.raises(NoSuchBucket):
        objects.list_objects("absent")
    assert not objects.delete("bucket", "none")
    assert not objects.exists("s3://absent/key")
    assert not objects.exists("s3://bucket/none")
    assert not objects.has_prefix("s3://absent/")
    assert not objects.bucket_exists("..")


@pytest.mark.parametrize("bucket", ["", "..", "a", "Upper", "a/b", "x" * 64, "-ab"])
def test_impossible_buckets_are_refused(objects: FolderObjects, bucket: str) -> None:
    with pytest.raises(ObjectError, match="bucket"):
        objects.create_bucket(bucket)


def test_buckets_come_and_go(objects: FolderObjects) -> None:
    objects.create_bucket("another")
    objects.create_bucket("another")
    assert objects.buckets() == ["another", "bucket"]
    objects.put("another", "y" * 500, b"")
    with pytest.raises(ObjectError, match="still holds"):
        objects.delete_bucket("another")
    assert objects.delete("another", "y" * 500)
    objects.delete_bucket("another")
    assert objects.buckets() == ["bucket"]


def test_a_stream_is_put_from_where_it_stands(objects: FolderObjects) -> None:
    stream = io.BytesIO(b"head and body")
    stream.seek(9)
    info = objects.put("bucket", "k", stream)
    assert info.size_bytes == 4
    assert objects.read("s3://bucket/k") == b"body"


def test_an_open_object_stays_readable_when_it_is_replaced(objects: FolderObjects) -> None:
    objects.put("bucket", "k", b"old")
    with objects.open("s3://bucket/k") as file:
        objects.put("bucket", "k", b"new")
        assert file.read() == b"old"
    assert objects.read("s3://bucket/k") == b"new"


def test_readers_and_listings_never_see_half_an_object(objects: FolderObjects) -> None:
    def write() -> None:
        for number in range(100):
            objects.put("bucket", "k", bytes([number]) * 50_000)

    objects.put("bucket", "k", b"\0" * 50_000)
    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        data = objects.read("s3://bucket/k")
        assert len(data) == 50_000
        assert len(set(data)) == 1
        assert [info.size_bytes for info in objects.list_objects("bucket")] == [50_000]


def test_what_a_killed_process_was_writing_does_not_count(objects: FolderObjects, tmp_path: Path) -> None:
    code = (
        "import os; from pathlib import Path\n"
        "from orchestration.local.local_sagemaker.objects import FolderObjects\n"
        "class Endless:\n"
        "    def read(self, size):\n"
        "        os.kill(os.getpid(), 9)\n"
        f"FolderObjects(Path({str(tmp_path / 'objects')!r})).put('bucket', 'k' * 300, Endless())"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=20, check=False).returncode == -9
    assert objects.list_objects("bucket") == []
    assert list((tmp_path / "objects").rglob("*.tmp"))
    objects.create_bucket("bucket")
    assert not list((tmp_path / "objects").rglob("*.tmp"))


@pytest.mark.parametrize(
    ("key", "prefix", "path"),
    [
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/train/x.csv", "data/train", "x.csv"),
        ("data/train/x.csv", "data/train/", "x.csv"),
        ("data/train/a//b.csv", "data/train/", "a/b.csv"),
        ("data/train-2/x.csv", "data/train", "train-2/x.csv"),
        ("data/x.csv", "", "data/x.csv"),
        ("data/train.csv", "data/tr", "train.csv"),
    ],
)
def test_where_an_object_lands_in_a_channel(key: str, prefix: str, path: str) -> None:
    assert relative_path(key, prefix) == Path(path)


@pytest.mark.parametrize("key", ["data/../../up", "data/..", "data/./x", "data/a\0b"])
def test_no_key_leaves_the_folder(objects: FolderObjects, tmp_path: Path, key: str) -> None:
    objects.put("bucket", key, b"x")
    (tmp_path / "channel").mkdir()
    with pytest.raises(ObjectError, match="cannot become a file's path"):
        objects.copy_prefix_to("s3://bucket/data/", tmp_path / "channel")


def test_a_prefix_is_copied_without_folder_markers(objects: FolderObjects, tmp_path: Path) -> None:
    for key in ("data/", "data/a.csv", "data/deep/", "data/deep/b.csv", "other/c.csv"):
        objects.put("bucket", key, key.encode())
    assert objects.copy_prefix_to("s3://bucket/data", tmp_path / "channel") == 2
    assert (tmp_path / "channel" / "deep" / "b.csv").read_bytes() == b"data/deep/b.csv"
    assert sorted(path.name for path in (tmp_path / "channel").rglob("*")) == ["a.csv", "b.csv", "deep"]


@pytest.mark.parametrize("keys", [("d/a", "d/a/b"), ("d/x", "d//x")])
def test_two_objects_for_one_file_are_refused(objects: FolderObjects, tmp_path: Path, keys: tuple[str, str]) -> None:
    for key in keys:
        objects.put("bucket", key, b"")
    with pytest.raises(ObjectError, match="the place of another"):
        objects.copy_prefix_to("s3://bucket/d/", tmp_path / "channel")


def test_a_store_is_opened_again_by_its_location(objects: FolderObjects) -> None:
    objects.put("bucket", "k", b"x")
    assert open_objects(objects.location).read("s3://bucket/k") == b"x"
    with pytest.raises(ValueError, match="folder:<path>"):
        open_objects("s3:somewhere")


@pytest.mark.parametrize("uri", ["", "bucket/key", "https://bucket/key", "s3://", "s3://Bucket/key", "s3:///key"])
def test_other_uris_are_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="expected s3://bucket/key"):
        parse_uri(uri)
