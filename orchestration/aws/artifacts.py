"""What jobs left in S3: JSON documents, by themselves or inside a model's archive. Sizes are bounded before reading."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.builds import Json
from orchestration.ports import BadRequest

MAX_DOCUMENT_BYTES = 4_000_000
MAX_ARCHIVE_BYTES = 500_000_000


class S3Artifacts:
    """The port Artifacts."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def document(self, uri: str) -> Mapping[str, Json]:
        return _object(self._bytes(uri, MAX_DOCUMENT_BYTES), uri)

    def archived(self, uri: str, member: str) -> Mapping[str, Json]:
        archive = self._bytes(uri, MAX_ARCHIVE_BYTES)
        try:
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
                for entry in files:
                    if entry.isfile() and entry.name.removeprefix("./") == member:
                        return _object(_member(files, entry, uri), f"{member} of {uri}")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise BadRequest(f"{uri} cannot be read as an archive: {error}.") from error
        raise BadRequest(f"There is no {member} in {uri}.")

    def _bytes(self, uri: str, limit: int) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            with translated("read what a job left"):
                answer = self._clients("s3").get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error_code(error) in ("NoSuchKey", "NoSuchBucket", "404"):
                raise BadRequest(f"There is nothing at {uri}.") from error
            raise
        if answer["ContentLength"] > limit:
            raise BadRequest(f"{uri} has {answer['ContentLength']:,} bytes; at most {limit:,} are read.")
        return cast(bytes, answer["Body"].read())


def _member(files: tarfile.TarFile, entry: tarfile.TarInfo, uri: str) -> bytes:
    if entry.size > MAX_DOCUMENT_BYTES:
        raise BadRequest(f"{entry.name} of {uri} has {entry.size:,} bytes; at most {MAX_DOCUMENT_BYTES:,} are read.")
    content = files.extractfile(entry)
    return content.read() if content is not None else b""


def _object(text: bytes, where: str) -> Mapping[str, Json]:
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"{where} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise BadRequest(f"{where} holds no JSON object.")
    return found
