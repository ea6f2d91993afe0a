"""Model packages in their groups: what was registered, with which metrics, and whether it may be deployed.

One file each, `model-package-groups/<group>.json` and `model-packages/<group>/<version>.json`. A version number is
given once: what is deleted leaves a file without a request. Only versioned packages are kept; as on the service they
have the tags of their group. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration.local.files import create_json, read_json, write_json_atomic
from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.errors import ConflictException, ValidationException
from orchestration.local.local_sagemaker.hosting import Records
from orchestration.local.local_sagemaker.job_folder import FORMAT_VERSION, now
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.rules import check_model_package, refuse_unsupported
from orchestration.local.local_sagemaker.tags import Tag

_UPDATE_UNSUPPORTED = ("InferenceSpecification", "AdditionalInferenceSpecificationsToAdd", "ModelCard")

# Members of the request that DescribeModelPackage gives back as they came, or as they were updated.
_ECHOED = (
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "AdditionalInferenceSpecifications",
    "SkipModelValidation",
    "SourceUri",
    "SecurityConfig",
    "ModelCard",
    "ModelLifeCycle",
)
_UPDATED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "SourceUri",
    "ModelLifeCycle",
)
_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


class ModelPackages:
    """All model package groups and packages. Safe for several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._groups = Records(context.folder / "model-package-groups", "model package group")
        self._folder = context.folder / "model-packages"
        self._lock = threading.Lock()

    def create_group(self, request: Document) -> str:
        """Keep a group; returns its ARN. Raises ValidationException when the name is taken."""
        name: str = request["ModelPackageGroupName"]
        self._groups.create(name, self.group_arn(name), request)
        return self.group_arn(name)

    def describe_group(self, group: str) -> Document:
        """The DescribeModelPackageGroup response; by name or ARN. Raises ValidationException: there is none."""
        record = self._group(group)
        return {**_group_summary(record), "CreatedBy": {}}

    def delete_group(self, group: str) -> str:
        """Forget an empty group; returns its name.

        Raises:
            ConflictException: it has packages.
            ValidationException: there is no such group.
        """
        with self._lock:
            name: str = self._group(group)["name"]
            if any(True for _ in self._records(name)):
                raise ConflictException(
                    f"Model Package Group {self.group_arn(name)} can not be deleted as it contains model packages"
                )
            self._groups.delete(name, self.group_arn(name))
            shutil.rmtree(self._folder / name, ignore_errors=True)
        return name

    def list_groups(self, request: Document) -> Document:
        """The ListModelPackageGroups response."""
        entries = (
            Entry(each["name"], each["created_at"], each["created_at"], "", _group_summary(each))
            for each in self._groups.all()
        )
        return list_page(entries, request, "ModelPackageGroupSummaryList", descending=True)

    def create(self, request: Document) -> str:
        """Register the next version of a group; returns its ARN, or that of an earlier call with the same ClientToken.

        Raises:
            ValidationException: see `rules.check_model_package`; or there is no such group.
        """
        check_model_package(request, self._context)
        with self._lock:
            name: str = self._group(request["ModelPackageGroupName"])["name"]
            token = request.get("ClientToken")
            for record in self._records(name):
                if token is not None and record["request"].get("ClientToken") == token:
                    arn: str = record["arn"]
                    return arn
            folder = self._folder / name
            folder.mkdir(parents=True, exist_ok=True)
            version = 1 + max((int(path.stem) for path in folder.glob("[0-9]*.json")), default=0)
            arn = self.arn(name, version)
            kept = {"ModelApprovalStatus": "PendingManualApproval", **request}
            at = now()
            record = {"version": FORMAT_VERSION, "arn": arn, "group": name, "number": version, "request": kept}
            if not create_json(folder / f"{version}.json", {**record, "created_at": at, "modified_at": at}):
                raise RuntimeError(f"{folder} has a version {version} that was not there a moment ago")
        return arn

    def describe(self, package: str) -> Document:
        """The DescribeModelPackage response; by ARN. Raises ValidationException: there is no such package."""
        return _description(self._package(package)[1])

    def update(self, request: Document) -> str:
        """Change approval, properties and the like; returns the ARN.

        Raises:
            ValidationException: there is no such package, or something that is not supported locally.
        """
        refuse_unsupported(request, _UPDATE_UNSUPPORTED)
        with self._lock:
            path, record = self._package(request["ModelPackageArn"])
            kept = {**record["request"], **{member: request[member] for member in _UPDATED if member in request}}
            removed = request.get("CustomerMetadataPropertiesToRemove", [])
            properties = kept.get("CustomerMetadataProperties", {}) | request.get("CustomerMetadataProperties", {})
            kept["CustomerMetadataProperties"] = {key: properties[key] for key in properties if key not in removed}
            write_json_atomic(path, {**record, "request": kept, "modified_at": now()})
        arn: str = record["arn"]
        return arn

    def delete(self, package: str) -> None:
        """Forget a package; its version is not given again. Raises ValidationException: there is no such package."""
        with self._lock:
            path, _ = self._package(package)
            write_json_atomic(path, {"version": FORMAT_VERSION})

    def list_packages(self, request: Document) -> Document:
        """The ListModelPackages response: without a group, of the type that is asked for, by default unversioned."""
        group, status = request.get("ModelPackageGroupName"), request.get("ModelApprovalStatus")
        if group is not None:
            names = [self._group(group)["name"]]
        elif request.get("ModelPackageType", "Unversioned") == "Unversioned":
            names = []
        else:
            names = [record["name"] for record in self._groups.all()]
        entries = (
            _entry(record)
            for name in names
            for record in self._records(name)
            if status in (None, record["request"]["ModelApprovalStatus"])
        )
        return list_page(entries, request, "ModelPackageSummaryList", descending=True)

    def group_tags(self, name: str) -> list[Tag]:
        """The tags that a group was created with. Raises ValidationException when there is no such group."""
        tags: list[Tag] = self._group(name)["request"].get("Tags", [])
        return tags

    def group_arn(self, name: str) -> str:
        """The ARN of the group of that name, whether there is one or not."""
        return self._context.arn("model-package-group", name)

    def arn(self, group: str, version: int) -> str:
        """The ARN of a version, whether there is one or not."""
        return self._context.arn("model-package", f"{group}/{version}")

    def _group(self, group: str) -> dict[str, Any]:
        name = group.rpartition("/")[2]
        if group not in (name, self.group_arn(name)):
            raise ValidationException(f'Could not find model package group "{group}".')
        return self._groups.read(name, self.group_arn(name))

    def _package(self, package: str) -> tuple[Path, dict[str, Any]]:
        """File and record of a package, by ARN or by `group/version`."""
        name, _, version = package.removeprefix(self._context.arn("model-package", "")).partition("/")
        if version.isascii() and version.isdigit() and version == str(int(version)) and not name.startswith("."):
            path = self._folder / name / f"{version}.json"
            record = read_json(path)
            if record is not None and "request" in record and record["group"] == name:
                return path, record
        raise ValidationException(f"ModelPackage {package} does not exist.")

    def _records(self, name: str) -> Iterator[dict[str, Any]]:
        for path in (self._folder / name).glob("[0-9]*.json"):
            record = read_json(path)
            if record is not None and "request" in record:
                yield record


def _group_summary(record: dict[str, Any]) -> Document:
    echoed = ("ModelPackageGroupDescription", "ManagedConfiguration")
    return {
        "ModelPackageGroupName": record["name"],
        "ModelPackageGroupArn": record["arn"],
        "CreationTime": as_datetime(record["created_at"]),
        "ModelPackageGroupStatus": "Completed",
        **{member: record["request"][member] for member in echoed if member in record["request"]},
    }


def _description(record: dict[str, Any]) -> Document:
    return {
        "ModelPackageName": record["group"],
        "ModelPackageGroupName": record["group"],
        "ModelPackageVersion": record["number"],
        "ModelPackageArn": record["arn"],
        "CreationTime": as_datetime(record["created_at"]),
        "LastModifiedTime": as_datetime(record["modified_at"]),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        **{member: record["request"][member] for member in _ECHOED if record["request"].get(member)},
    }


def _entry(record: dict[str, Any]) -> Entry:
    description = _description(record)
    summary = {member: description[member] for member in _SUMMARY if member in description}
    # The name sorts versions by their number.
    name = f"{record['group']}/{record['number']:09d}"
    return Entry(name, record["created_at"], record["modified_at"], "", summary)
