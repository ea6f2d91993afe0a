"""model.tar.gz: equal contents give equal bytes, and nothing hostile is unpacked."""

from __future__ import annotations

import io
import os
import tarfile
import time
from pathlib import Path

import pytest

from orchestration.local.local_sagemaker.archive import ArchiveError, is_empty, pack, unpack


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def hostile(**members: object) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        info = tarfile.TarInfo()
        for name, value in members.items():
            setattr(info, name, value)
        tar.addfile(info, io.BytesIO(b"x" * info.size))
    stream.seek(0)
    return stream


def test_equal_contents_give_equal_bytes_whatever_else_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"b/deep.txt": b"1", "a.npz": b"\0" * 1000, "empty": b""}
    one = write(tmp_path / "one", files)
    two = write(tmp_path / "two", dict(reversed(files.items())))
    os.utime(two / "a.npz", (1, 1))
    (two / "a.npz").chmod(0o600)
    pack(one, tmp_path / "one.tar.gz")
    monkeypatch.setattr(time, "time", lambda: 1e9)
    pack(two, tmp_path / "another-name.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "another-name.tar.gz").read_bytes()


def test_what_was_packed_is_unpacked(tmp_path: Path) -> None:
    folder = write(tmp_path / "model", {"model.npz": b"abc", "code/x.py": b"print()"})
    (folder / "hollow").mkdir()
    (folder / "link").symlink_to("model.npz")
    pack(folder, tmp_path / "model.tar.gz")
    out = tmp_path / "out"
    out.mkdir()
    with (tmp_path / "model.tar.gz").open("rb") as archive:
        unpack(archive, out)
    assert (out / "model.npz").read_bytes() == b"abc"
    assert (out / "code" / "x.py").read_bytes() == b"print()"
    assert (out / "hollow").is_dir()
    assert (out / "link").read_bytes() == b"abc"
    assert not (out / "link").is_symlink()


def test_a_link_that_leads_out_is_not_packed(tmp_path: Path) -> None:
    write(tmp_path, {"secret": b"x"})
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to("../secret")
    with pytest.raises(ArchiveError, match="leads out"):
        pack(folder, tmp_path / "model.tar.gz")
    (folder / "link").unlink()
    (folder / "sub").mkdir()
    (folder / "link").symlink_to("sub")
    with pytest.raises(ArchiveError, match="link to a folder"):
        pack(folder, tmp_path / "model.tar.gz")
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArchiveError, match="neither a file nor a folder"):
        pack(folder, tmp_path / "model.tar.gz")


@pytest.mark.parametrize(
    "members",
    [
        {"name": "../up", "size": 1},
        {"name": "/etc/absolute", "size": 1},
        {"name": "a/../../up", "size": 1},
        {"name": "link", "type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"name": "link", "type": tarfile.LNKTYPE, "linkname": "other"},
        {"name": "device", "type": tarfile.CHRTYPE},
        {"name": "pipe", "type": tarfile.FIFOTYPE},
    ],
    ids=lambda members: f"{members['name']} {members.get('type', b'')!r}",
)
def test_hostile_members_are_refused(tmp_path: Path, members: dict[str, object]) -> None:
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    with pytest.raises(ArchiveError, match="the archive's member"):
        unpack(hostile(**members), out)
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []


def test_sizes_and_numbers_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="exceeds what may be unpacked by 1 bytes"):
        unpack(hostile(name="big", size=101), tmp_path, max_bytes=100)
    pack(write(tmp_path / "many", {"a": b"", "b": b"", "c": b""}), tmp_path / "many.tar.gz")
    with (tmp_path / "many.tar.gz").open("rb") as archive, pytest.raises(ArchiveError, match="more than 2 members"):
        unpack(archive, tmp_path, max_members=2)


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x1f\x8b\x08\x00garbage of a gzip file"])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ArchiveError, match=r"no tar\.gz"):
        unpack(io.BytesIO(data), tmp_path)


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    pack(write(tmp_path / "model", {"data": os.urandom(5000)}), tmp_path / "model.tar.gz")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ArchiveError, match=r"no tar\.gz"):
        unpack(io.BytesIO((tmp_path / "model.tar.gz").read_bytes()[:2000]), out)


def test_empty_means_no_file(tmp_path: Path) -> None:
    assert is_empty(tmp_path / "missing")
    (tmp_path / "folder").mkdir()
    assert is_empty(tmp_path)
    write(tmp_path, {"folder/file": b""})
    assert not is_empty(tmp_path)
