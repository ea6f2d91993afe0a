"""Models and endpoint configs: created, described, listed, deleted."""

from __future__ import annotations

import threading

import pytest

from orchestration.local.local_sagemaker.errors import ValidationException
from tests.orchestration.local.local_sagemaker.house import BUCKET, IMAGE, ROLE, House

ARN = "arn:aws:sagemaker:us-east-1:123456789012"


def test_a_model_is_described_as_it_was_created(house: House) -> None:
    house.add_model("gp-12", Environment={"A": "1"})
    model = house.call("DescribeModel", ModelName="gp-12")
    assert model["ModelArn"] == f"{ARN}:model/gp-12"
    assert model["ExecutionRoleArn"] == ROLE
    assert model["PrimaryContainer"] == {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{BUCKET}/artifacts/gp-12/model.tar.gz",
        "Environment": {"A": "1"},
    }


def test_a_config_is_described_as_it_was_created(house: House) -> None:
    house.add_model("m")
    config = house.call("DescribeEndpointConfig", EndpointConfigName="m")
    assert config["EndpointConfigArn"] == f"{ARN}:endpoint-config/m"
    assert config["ProductionVariants"] == [
        {"VariantName": "AllTraffic", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    ]


def test_records_outlive_the_engine(house: House) -> None:
    house.kill("house.add_model('m')")
    assert house.call("DescribeModel", ModelName="m")["ModelName"] == "m"
    assert house.call("DescribeEndpointConfig", EndpointConfigName="m")["EndpointConfigName"] == "m"


def test_names_are_used_once_until_they_are_deleted(house: House) -> None:
    container = {"Image": IMAGE}
    house.call("CreateModel", ModelName="m", PrimaryContainer=container)
    with pytest.raises(ValidationException, match=f'^Cannot create already existing model "{ARN}:model/m"'):
        house.service.call("CreateModel", {"ModelName": "m", "PrimaryContainer": container})
    house.add_config("c", "m")
    with pytest.raises(ValidationException, match="Cannot create already existing endpoint configuration"):
        house.add_config("c", "m")
    house.call("DeleteModel", ModelName="m")
    house.call("CreateModel", ModelName="m", PrimaryContainer=container)


def test_of_many_creators_one_wins(house: House) -> None:
    refused: list[str] = []

    def create() -> None:
        try:
            house.call("CreateModel", ModelName="m", PrimaryContainer={"Image": IMAGE})
        except ValidationException as error:
            refused.append(str(error))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7


@pytest.mark.parametrize(
    ("operation", "member", "what"),
    [
        ("DescribeModel", "ModelName", "model"),
        ("DeleteModel", "ModelName", "model"),
        ("DescribeEndpointConfig", "EndpointConfigName", "endpoint configuration"),
        ("DeleteEndpointConfig", "EndpointConfigName", "endpoint configuration"),
        ("DescribeEndpoint", "EndpointName", "endpoint"),
        ("DeleteEndpoint", "EndpointName", "endpoint"),
    ],
)
def test_what_does_not_exist_is_named_by_its_arn(house: House, operation: str, member: str, what: str) -> None:
    with pytest.raises(ValidationException, match=f'^Could not find {what} "{ARN}:.*/none"'):
        house.service.call(operation, {member: "none"})


def test_listings_have_the_newest_first(house: House) -> None:
    for name in ("one", "two"):
        house.add_model(name)
    models = house.call("ListModels")["Models"]
    assert [each["ModelName"] for each in models] == ["two", "one"]
    page = house.call("ListEndpointConfigs", MaxResults=1, SortBy="Name", SortOrder="Ascending")
    assert [each["EndpointConfigName"] for each in page["EndpointConfigs"]] == ["one"]
    assert house.call("ListModels", NameContains="w")["Models"] == models[:1]


def test_tags_go_with_their_model(house: House) -> None:
    tags = [{"Key": "k", "Value": "v"}]
    house.call("CreateModel", ModelName="m", PrimaryContainer={"Image": IMAGE}, Tags=tags)
    arn = f"{ARN}:model/m"
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == tags
    house.call("AddTags", ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}])
    house.call("DeleteModel", ModelName="m")
    with pytest.raises(ValidationException, match="Could not find model"):
        house.service.call("ListTags", {"ResourceArn": arn})
    house.call("CreateModel", ModelName="m", PrimaryContainer={"Image": IMAGE})
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == []
    house.add_config("c", "m")
    assert house.call("ListTags", ResourceArn=f"{ARN}:endpoint-config/c")["Tags"] == []
