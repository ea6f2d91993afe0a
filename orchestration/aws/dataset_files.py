"""The files of datasets in S3: ours by content, and others that are read once to be copied.

s3://<bucket>/datasets/<name>/<digest>/<split>.csv      named by content, so that two at once never mix
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, error_message, translated
from orchestration.ports import MAX_DATASET_BYTES, BadDataset
from orchestration.ports.dataset_checks import bucket_and_key, too_large

_ABSENT = {"404", "NoSuchKey", "NoSuchBucket", "NotFound"}
_REFUSED = {"403", "AccessDenied", "Forbidden", "AllAccessDisabled"}
_DELETED_AT_ONCE = 1000


class DatasetFiles:
    """The files in one bucket."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients, self._bucket = clients, bucket

    def uri(self, name: str, digest: str, split: str) -> str:
        """Where a split's file lies."""
        return f"s3://{self._bucket}/{_key(name, digest, split)}"

    def write(self, name: str, digest: str, files: Mapping[str, bytes]) -> None:
        """Each split's file, where `uri` says."""
        for split, file in files.items():
            with translated("store a dataset"):
                self._clients("s3").put_object(
                    Bucket=self._bucket, Key=_key(name, digest, split), Body=file, ContentType="text/csv"
                )

    def read(self, uri: str) -> bytes:
        """The whole object. Raises BadDataset when there is none, it may not be read, or it is too large."""
        bucket, key = bucket_and_key(uri)
        try:
            with translated("read the data"):
                answer = self._clients("s3").get_object(Bucket=bucket, Key=key)
                if answer["ContentLength"] > MAX_DATASET_BYTES:
                    answer["Body"].close()
                    raise BadDataset(f"{uri} has {too_large(answer['ContentLength'])}")
                content: bytes = answer["Body"].read()
        except ClientError as error:
            if error_code(error) in _ABSENT:
                raise BadDataset(f"There is no object {uri}.") from error
            if error_code(error) in _REFUSED:
                raise BadDataset(
                    f"{uri} is not there, or may not be read by SageBuild; its bucket's policy would have to allow it."
                ) from error
            # Such as an object in cold storage: what is wrong is the file, and S3 says it best.
            why = (error_message(error) or error_code(error)).rstrip(".")
            raise BadDataset(f"{uri} cannot be read: {why}.") from error
        return content

    def delete(self, uris: Iterable[str]) -> None:
        """Removes files of this bucket; those that are not there are no error."""
        keys = [key for bucket, key in map(bucket_and_key, sorted(set(uris))) if bucket == self._bucket]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]
            with translated("delete a dataset"):
                self._clients("s3").delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})


def _key(name: str, digest: str, split: str) -> str:
    return f"datasets/{name}/{digest[:16]}/{split}.csv"
