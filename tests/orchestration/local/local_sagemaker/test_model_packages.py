"""Model packages and their groups: versions, approval, listing, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.local.local_sagemaker.errors import ConflictException, ValidationException
from tests.orchestration.local.local_sagemaker.house import BUCKET, IMAGE, House

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package"


@pytest.fixture
def registry(house: House) -> House:
    """A house with the group `gp` and a model's archive."""
    house.objects.put(BUCKET, "models/model.tar.gz", b"model")
    house.call("CreateModelPackageGroup", ModelPackageGroupName="gp", Tags=[{"Key": "service", "Value": "gp"}])
    return house


def package(**changes: Any) -> dict[str, Any]:
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/model.tar.gz"}
    statistics = {"ContentType": "application/json", "S3Uri": f"s3://{BUCKET}/reports/evaluation.json"}
    return {
        "ModelPackageGroupName": "gp",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
        "CustomerMetadataProperties": {"build": "12", "dataset": "v3"},
        **changes,
    }


def register(house: House, **changes: Any) -> str:
    arn: str = house.call("CreateModelPackage", **package(**changes))["ModelPackageArn"]
    return arn


def test_versions_are_counted_and_described(registry: House) -> None:
    assert [register(registry) for _ in range(2)] == [f"{ARN}/gp/1", f"{ARN}/gp/2"]
    described = registry.call("DescribeModelPackage", ModelPackageName=f"{ARN}/gp/2")
    assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == ("gp", 2)
    assert described["ModelPackageStatus"] == "Completed"
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelMetrics"] == package()["ModelMetrics"]
    assert described["CustomerMetadataProperties"] == {"build": "12", "dataset": "v3"}


def test_a_repeated_call_registers_once(registry: House) -> None:
    assert register(registry, ClientToken="b12") == register(registry, ClientToken="b12") == f"{ARN}/gp/1"
    assert register(registry, ClientToken="b13") == f"{ARN}/gp/2"


def test_approval_is_kept_by_the_next_engine(registry: House) -> None:
    arn = register(registry)
    update = {
        "ModelPackageArn": arn,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "by ana",
        "CustomerMetadataProperties": {"approver": "ana"},
        "CustomerMetadataPropertiesToRemove": ["dataset"],
    }
    assert registry.call("UpdateModelPackage", **update)["ModelPackageArn"] == arn
    registry.service.close()
    registry.start()
    described = registry.call("DescribeModelPackage", ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "by ana")
    assert described["CustomerMetadataProperties"] == {"build": "12", "approver": "ana"}


def test_packages_are_listed_by_group_and_approval(registry: House) -> None:
    registry.call("CreateModelPackageGroup", ModelPackageGroupName="keras")
    for number in range(11):
        register(registry, ModelApprovalStatus="Approved" if number == 3 else "Rejected")
    register(registry, ModelPackageGroupName="keras")

    def versions(**request: Any) -> list[tuple[str, int]]:
        listed = registry.call("ListModelPackages", **request)["ModelPackageSummaryList"]
        return [(each["ModelPackageGroupName"], each["ModelPackageVersion"]) for each in listed]

    assert versions(ModelPackageGroupName="gp", ModelApprovalStatus="Approved") == [("gp", 4)]
    assert versions(ModelPackageGroupName=f"{ARN}-group/gp", MaxResults=2) == [("gp", 11), ("gp", 10)]
    ordered = {"ModelPackageGroupName": "gp", "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 100}
    assert versions(**ordered) == [("gp", number) for number in range(1, 12)]
    assert versions(NameContains="ker", ModelPackageType="Versioned") == [("keras", 1)]
    assert versions() == [], "as on the service: without a group or a type, unversioned ones"


def test_a_version_is_given_once(registry: House) -> None:
    first, second = register(registry), register(registry)
    registry.call("DeleteModelPackage", ModelPackageName=second)
    with pytest.raises(ValidationException, match="gp/2 does not exist"):
        registry.service.call("DescribeModelPackage", {"ModelPackageName": second})
    assert register(registry) == f"{ARN}/gp/3"
    with pytest.raises(ConflictException, match="contains model packages"):
        registry.service.call("DeleteModelPackageGroup", {"ModelPackageGroupName": "gp"})
    for arn in (first, f"{ARN}/gp/3"):
        registry.call("DeleteModelPackage", ModelPackageName=arn)
    registry.call("DeleteModelPackageGroup", ModelPackageGroupName="gp")
    assert registry.call("ListModelPackageGroups")["ModelPackageGroupSummaryList"] == []


def test_groups_are_described_listed_and_tagged(registry: House) -> None:
    group = registry.call("DescribeModelPackageGroup", ModelPackageGroupName="gp")
    assert group["ModelPackageGroupStatus"] == "Completed"
    tags = registry.call("ListTags", ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert tags == [{"Key": "service", "Value": "gp"}]
    with pytest.raises(ValidationException, match="already existing model package group"):
        registry.service.call("CreateModelPackageGroup", {"ModelPackageGroupName": "gp"})
    with pytest.raises(ValidationException, match="Could not find model package group"):
        registry.service.call("DescribeModelPackageGroup", {"ModelPackageGroupName": "none"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ModelPackageGroupName": "none"}, "Could not find model package group"),
        ({"ModelPackageGroupName": None}, "ModelPackageGroupName is needed"),
        ({"ModelPackageName": "p"}, "either ModelPackageName or"),
        ({"Tags": [{"Key": "k", "Value": "v"}]}, "Tags are those of the model package group"),
        ({"InferenceSpecification": None}, "InferenceSpecification is needed"),
        ({"ModelApprovalStatus": "Maybe"}, "modelApprovalStatus.*enum value set"),
        (
            {"InferenceSpecification": {"Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/none"}]}},
            "Could not find model data",
        ),
    ],
)
def test_a_bad_package_is_refused(registry: House, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationException, match=message):
        registry.service.call("CreateModelPackage", package(**changes))
    assert registry.call("ListModelPackages", ModelPackageGroupName="gp")["ModelPackageSummaryList"] == []


@pytest.mark.parametrize("name", [f"{ARN}/gp/1", f"{ARN}/gp", "gp", f"{ARN}/gp/01"])
def test_a_package_that_does_not_exist_is_named(registry: House, name: str) -> None:
    with pytest.raises(ValidationException, match="does not exist"):
        registry.service.call("DescribeModelPackage", {"ModelPackageName": name})
