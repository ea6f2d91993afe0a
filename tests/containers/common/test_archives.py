"""containers/common/archives.py: what is asked for and nothing else, wherever the archive says it lies."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from containers.common import archives
from containers.common.archives import take
from containers.common.errors import ContractError


def archive(folder: Path, *members: tuple[str, bytes | str]) -> Path:
    """members: name and content; text is the target of a link."""
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_only_what_is_asked_for_is_written_and_the_later_of_two_counts(tmp_path: Path, out: Path) -> None:
    path = archive(tmp_path, ("./a", b"old"), ("b", b"other"), ("deep/a", b"no"), ("../a", b"no"), ("a", b"new"))
    take(path, ["a"], out)
    assert {file.name: file.read_bytes() for file in out.iterdir()} == {"a": b"new"}
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("../a", b"x")], "model.tar.gz has no a, so it is not a model of this image."),
        ([("/a", b"x")], "model.tar.gz has no a"),
        ([("a", "/etc/passwd")], "'a' is not a file in the model's archive."),
        ([("a", b"x"), ("big", b"0" * 2000)], "holds more than the 1000 bytes"),
    ],
    ids=["traversal", "absolute", "link", "bomb"],
)
def test_what_an_archive_may_not_do(
    tmp_path: Path, out: Path, members: list[tuple[str, bytes | str]], said: str
) -> None:
    with pytest.raises(ContractError, match=said):
        take(archive(tmp_path, *members), ["a"], out, max_bytes=1000)


def test_too_many_members_are_refused(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    with pytest.raises(ContractError, match="2 files"):
        take(archive(tmp_path, ("b", b""), ("c", b""), ("a", b"")), ["a"], out)


def test_damaged_files_are_named(tmp_path: Path, out: Path) -> None:
    whole = archive(tmp_path, ("a", bytes(range(256)) * 500)).read_bytes()
    damaged = tmp_path / "cut.tar.gz"
    for content in (b"", b"not an archive", whole[: len(whole) // 2]):
        damaged.write_bytes(content)
        with pytest.raises(ContractError, match=r"cut\.tar\.gz "):
            take(damaged, ["a"], out)
    with pytest.raises(ContractError, match="No such file"):
        take(tmp_path / "gone", ["a"], out)
