"""What CreateProcessingJob refuses beyond its model; `rules.py` does the same for training jobs and says how.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from orchestration.local.local_sagemaker.container_files import SERVICE_ROOT, below_root
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.errors import ResourceLimitExceeded, ValidationException
from orchestration.local.local_sagemaker.rules import check_bucket, check_data, refuse_unsupported

PROCESSING_ROOT = SERVICE_ROOT / "processing"
_INPUT_UNSUPPORTED = ("AppManaged", "DatasetDefinition")
_OUTPUT_UNSUPPORTED = ("AppManaged", "FeatureStoreOutput")
_DEFAULTS = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3CompressionType": "None"}


def check_processing_job(request: Mapping[str, Any], context: Context) -> None:
    """Check a request that fits the model.

    Raises:
        ValidationException: a rule is broken, or a bucket or data that the job needs is missing.
        ResourceLimitExceeded: more than one host.
    """
    context.argv(request["AppSpecification"]["ImageUri"])
    cluster = request["ProcessingResources"]["ClusterConfig"]
    refuse_unsupported(request, ("ProcessingResources.ClusterConfig.InstancePreferences",))
    for member in ("InstanceCount", "InstanceType"):
        if member not in cluster:
            raise ValidationException(f"ProcessingResources.ClusterConfig.{member} is needed.")
    if cluster["InstanceCount"] != 1:
        raise ResourceLimitExceeded(
            f"A processing job runs on one host locally; ClusterConfig.InstanceCount is {cluster['InstanceCount']}."
        )
    taken: dict[str, str] = {}
    for where, path in (*_inputs(request, context), *_outputs(request, context)):
        try:
            below_root(context.folder, path, PROCESSING_ROOT)
        except ValueError as error:
            raise ValidationException(f"{where}: {error}.") from error
        place = str(PurePosixPath(path))
        if place in taken:
            raise ValidationException(f"{where} has the LocalPath {path!r} of {taken[place]}; each needs its own.")
        taken[place] = where


def _inputs(request: Mapping[str, Any], context: Context) -> Iterator[tuple[str, str]]:
    """Where in the request each input is, and its LocalPath."""
    names: set[str] = set()
    for each in request.get("ProcessingInputs", []):
        where = f"The processing input {each['InputName']!r}"
        _check_name(each["InputName"], where, names)
        refuse_unsupported({**each, "AppManaged": each.get("AppManaged") or None}, _INPUT_UNSUPPORTED)
        if "S3Input" not in each or "LocalPath" not in each["S3Input"]:
            raise ValidationException(f"{where} needs an S3Input with a LocalPath.")
        for member, only in _DEFAULTS.items():
            if each["S3Input"].get(member, only) != only:
                raise ValidationException(f"{where}: {member} can only be {only} locally.")
        check_data(each["S3Input"]["S3Uri"], where, context)
        yield where, each["S3Input"]["LocalPath"]


def _outputs(request: Mapping[str, Any], context: Context) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    for each in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
        where = f"The processing output {each['OutputName']!r}"
        _check_name(each["OutputName"], where, names)
        refuse_unsupported({**each, "AppManaged": each.get("AppManaged") or None}, _OUTPUT_UNSUPPORTED)
        if "S3Output" not in each or "LocalPath" not in each["S3Output"]:
            raise ValidationException(f"{where} needs an S3Output with a LocalPath.")
        check_bucket(each["S3Output"]["S3Uri"], where, context)
        yield where, each["S3Output"]["LocalPath"]


def _check_name(name: str, where: str, names: set[str]) -> None:
    if name in names:
        raise ValidationException(f"{where}: the name is used twice.")
    names.add(name)
