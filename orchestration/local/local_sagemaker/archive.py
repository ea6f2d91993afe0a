"""model.tar.gz: packed so that equal contents give equal bytes, and unpacked so that nothing leaves its folder.

`supervisor.py` packs, `serving.py` unpacks. The format is the service's: members relative to the model's folder,
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html. Unpacking does not use `tarfile`'s own filters, which
Python 3.11.0 to 3.11.3 lack and which do not bound sizes.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MAX_UNPACKED_BYTES = 20 * 2**30
MAX_MEMBERS = 100_000
_COMPRESSION = 6  # gzip's own default; Python's 9 takes twice the time for a hundredth of the size
_BLOCK_BYTES = 2**20


class ArchiveError(Exception):
    """An archive that cannot be packed or may not be unpacked; the message names the member."""


def is_empty(folder: Path) -> bool:
    """Whether no file lies in the folder or below it, or there is no such folder."""
    return not any(path.is_file() for path in folder.rglob("*"))


def pack(folder: Path, archive: Path) -> None:
    """Write all files and folders below `folder` to a tar.gz; a link to a file becomes that file.

    Raises:
        ArchiveError: a link that leads out of the folder, or something that is neither file nor folder.
        OSError: the disk refused.
    """
    root = folder.resolve()
    with archive.open("wb") as raw, gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(folder.rglob("*")):
                _add(tar, path, path.relative_to(folder).as_posix(), root)


def unpack(
    archive: BinaryIO, folder: Path, max_bytes: int = MAX_UNPACKED_BYTES, max_members: int = MAX_MEMBERS
) -> None:
    """Write the files and folders of a tar or tar.gz below `folder`, which exists and is empty.

    Raises:
        ArchiveError: no such archive; or a member that would lie elsewhere, is neither file nor folder, or is too much.
        OSError: the disk refused.
    """
    left = max_bytes
    try:
        with tarfile.open(fileobj=archive, mode="r:*") as tar:
            for number, member in enumerate(tar, start=1):
                if number > max_members:
                    raise ArchiveError(f"the archive has more than {max_members} members")
                left -= _extract(tar, member, folder, left)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ArchiveError(f"this is no tar.gz archive: {error}") from error


def _add(tar: tarfile.TarFile, path: Path, name: str, root: Path) -> None:
    target = path.resolve()
    if not target.is_relative_to(root):
        raise ArchiveError(f"{name!r} is a link that leads out of the model's folder, to {target}")
    info = tarfile.TarInfo(name)
    if path.is_symlink() and path.is_dir():
        raise ArchiveError(f"{name!r} is a link to a folder; expected files, folders and links to files")
    if path.is_dir():
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(info)
    elif path.is_file():
        info.size, info.mode = path.stat().st_size, 0o644
        with path.open("rb") as file:
            tar.addfile(info, file)
    else:
        raise ArchiveError(f"{name!r} is neither a file nor a folder")


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, left: int) -> int:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\0" in member.name:
        raise ArchiveError(f"the archive's member {member.name!r} would lie outside of its folder")
    target = folder.joinpath(*name.parts)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    if not member.isreg():
        raise ArchiveError(f"the archive's member {member.name!r} is neither a file nor a folder")
    if member.size > left:
        excess = member.size - left
        raise ArchiveError(f"the archive's member {member.name!r} exceeds what may be unpacked by {excess} bytes")
    source = tar.extractfile(member)
    if source is None:
        raise ArchiveError(f"the archive's member {member.name!r} has no content")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as file:
        while block := source.read(_BLOCK_BYTES):
            file.write(block)
    return member.size
