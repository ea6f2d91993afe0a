"""Files out of a model.tar.gz: only those that are asked for, under names of our own, within a size.

Nothing is written where the archive says, so that no member can lie elsewhere; links and devices are never followed.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from containers.common.errors import ContractError

# The largest exact Gaussian process, 60 000 rows, takes 14 GB; three of them averaged are not judged here.
MAX_BYTES = 20 * 2**30
MAX_MEMBERS = 10_000
_BLOCK_BYTES = 2**20


def take(archive: Path, names: Collection[str], folder: Path, max_bytes: int = MAX_BYTES) -> None:
    """Writes the members called `names`, at the archive's top, into `folder`; every other one is passed over.

    Of two members of one name the later one counts, as for tar. Raises ContractError with a sentence for a file that is
    missing or no archive, members that are missing or not files, and more than max_bytes or MAX_MEMBERS in all.
    """
    found: set[str] = set()
    try:
        with tarfile.open(archive, "r:*") as tar:
            left_bytes = max_bytes
            for count, member in enumerate(tar, start=1):
                # Also what is passed over is unpacked on the way, so all of it counts.
                left_bytes -= member.size
                if left_bytes < 0 or count > MAX_MEMBERS:
                    raise ContractError(
                        f"{archive.name} holds more than the {max_bytes} bytes or {MAX_MEMBERS} files it may have."
                    )
                name = str(PurePosixPath(member.name))
                if name in names:
                    _write(tar, member, folder / name)
                    found.add(name)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ContractError(f"{archive.name} cannot be read as a model's archive: {_why(error)}.") from error
    if missing := sorted(set(names) - found):
        raise ContractError(f"{archive.name} has no {' and no '.join(missing)}, so it is not a model of this image.")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = tar.extractfile(member) if member.isreg() else None
    if source is None:
        raise ContractError(f"{member.name[:100]!r} is not a file in the model's archive.")
    with source, path.open("wb") as file:
        while block := source.read(_BLOCK_BYTES):
            file.write(block)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).rstrip(".") or "it is cut"
