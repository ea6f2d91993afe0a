"""Endpoints that really serve: created, updated without a gap, invoked, deleted."""

from __future__ import annotations

import json
import threading
import time
from functools import partial
from operator import contains

import pytest

from orchestration.local.local_sagemaker.errors import ModelError, RuntimeValidationError, ValidationException
from orchestration.local.local_sagemaker.invocation import InvocationResult
from tests.orchestration.local.local_sagemaker.house import BUCKET, IMAGE, House, gone, is_running, until
from tests.orchestration.shape_walker import check_response


def pid(house: House, name: str) -> int:
    return house.service.endpoints.process_ids()[name]


def test_an_endpoint_serves_its_model(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "decoy")
    house.add_model("m", Environment={"FLAG": "on", "SAGEBUILD_BIND_HOST": "0.0.0.0"})
    created = house.call("CreateEndpoint", EndpointName="e", EndpointConfigName="m")
    assert created["EndpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
    assert house.endpoint("e")["EndpointStatus"] in ("Creating", "InService")
    endpoint = house.reaches("e", "InService")
    (variant,) = endpoint["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"]) == ("AllTraffic", 1)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert endpoint["EndpointConfigName"] == "m"
    assert "PendingDeploymentSummary" not in endpoint
    answer = house.invoke("e", b"1,2", content_type="text/csv", accept="application/json")
    assert answer["model"] == {"name": "m"}
    assert answer["pid"] == pid(house, "e")
    assert (answer["body"], answer["content_type"], answer["accept"]) == ("1,2", "text/csv", "application/json")
    seen = answer["environment"]
    assert (seen["FLAG"], seen["SAGEBUILD_BIND_HOST"]) == ("on", "127.0.0.1")
    assert not [name for name in seen if name.startswith("AWS_")]
    assert house.endpoint_changes == [("e", "Creating"), ("e", "InService")]


def test_an_answer_is_handed_on_whole(house: House) -> None:
    house.add_model("m", {"size": 6_000_000})
    house.in_service("e", "m")
    result = house.service.invoke_endpoint("e", b"")
    assert result == InvocationResult(b"x" * 6_000_000, "text/plain", 200, "AllTraffic")
    check_response(
        "sagemaker-runtime",
        "InvokeEndpoint",
        {"Body": result.body, "ContentType": result.content_type, "InvokedProductionVariant": result.variant},
    )
    assert house.service.invoke_endpoint("e", b"y" * 6_291_456).status == 200


def test_an_answer_that_is_too_large_is_a_model_error(house: House) -> None:
    house.add_model("m", {"size": 6_291_457})
    house.in_service("e", "m")
    with pytest.raises(ModelError, match="larger than 6291456 bytes"):
        house.service.invoke_endpoint("e", b"")


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (415, "client"), (500, "server"), (302, "server")])
def test_an_error_of_the_container_is_a_model_error(house: House, status: int, side: str) -> None:
    house.add_model("m", {"status": status})
    house.in_service("e", "m")
    with pytest.raises(
        ModelError, match=rf'^Received {side} error \({status}\) from primary with message "no such'
    ) as got:
        house.service.invoke_endpoint("e", b"x")
    assert got.value.members == {"OriginalStatusCode": status, "OriginalMessage": "no such number"}
    assert got.value.http_status == 424


def test_an_answer_that_does_not_come_in_time_is_a_model_error(house: House) -> None:
    house.add_model("m", {"delay_s": 30})
    house.in_service("e", "m")
    began = time.monotonic()
    with pytest.raises(ModelError, match="timed out while waiting for a response") as got:
        house.service.invoke_endpoint("e", b"x", timeout_s=0.3)
    assert 0.3 <= time.monotonic() - began < 2.0
    assert got.value.members["OriginalStatusCode"] == 0


def test_an_answer_that_drips_is_bounded_as_a_whole(house: House) -> None:
    house.add_model("m", {"drip": True})
    house.in_service("e", "m")
    began = time.monotonic()
    with pytest.raises(ModelError, match="timed out"):
        house.service.invoke_endpoint("e", b"x", timeout_s=0.4)
    assert time.monotonic() - began < 2.0


def test_an_answer_that_is_cut_short_is_no_answer(house: House) -> None:
    house.add_model("m", {"cut": True})
    house.in_service("e", "m")
    with pytest.raises(ModelError, match="broke the connection: IncompleteRead"):
        house.service.invoke_endpoint("e", b"x")


def test_an_answer_may_come_in_chunks(house: House) -> None:
    house.add_model("m", {"chunks": True})
    house.in_service("e", "m")
    assert house.service.invoke_endpoint("e", b"x").body == b"abcde"


def test_requests_name_a_variant_that_exists(house: House) -> None:
    house.add_model("m")
    house.in_service("e", "m")
    assert house.invoke("e", target_variant="AllTraffic")["model"] == {"name": "m"}
    with pytest.raises(RuntimeValidationError, match="Variant Other of endpoint e not found"):
        house.service.invoke_endpoint("e", b"", target_variant="Other")


def test_an_endpoint_that_is_not_ready_takes_no_requests(house: House) -> None:
    house.add_model("m", {"start_delay_s": 0.4})
    house.call("CreateEndpoint", EndpointName="e", EndpointConfigName="m")
    endpoint = house.endpoint("e")
    assert endpoint["EndpointStatus"] == "Creating"
    assert endpoint["PendingDeploymentSummary"]["EndpointConfigName"] == "m"
    with pytest.raises(RuntimeValidationError, match="Endpoint e of account 123456789012 not found"):
        house.service.invoke_endpoint("e", b"")
    for operation in ("UpdateEndpoint", "DeleteEndpoint"):
        request = {"EndpointName": "e", "EndpointConfigName": "m"}
        if operation == "DeleteEndpoint":
            del request["EndpointConfigName"]
        with pytest.raises(ValidationException, match="Cannot update in-progress endpoint"):
            house.service.call(operation, request)
    house.reaches("e", "InService")


def test_an_update_loses_no_request(house: House) -> None:
    """A stream of requests through three updates: every one is answered, in order by an older or a newer model."""
    for name in ("m1", "m2", "m3", "m4"):
        house.add_model(name, {"start_delay_s": 0.2, "delay_s": 0.05})
    house.in_service("e", "m1")
    first = pid(house, "e")
    done = threading.Event()
    answers: list[str] = []
    failures: list[Exception] = []

    def load() -> None:
        while not done.is_set():
            try:
                answers.append(house.invoke("e")["model"]["name"])
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for name in ("m2", "m3", "m4"):
            house.call("UpdateEndpoint", EndpointName="e", EndpointConfigName=name)
            endpoint = house.endpoint("e")
            assert endpoint["EndpointStatus"] == "Updating"
            assert endpoint["PendingDeploymentSummary"]["EndpointConfigName"] == name
            assert endpoint["EndpointConfigName"] != name, "the old config is live until the new process serves"
            assert house.reaches("e", "InService")["EndpointConfigName"] == name
            until(partial(contains, answers, name))
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert list(dict.fromkeys(answers)) == ["m1", "m2", "m3", "m4"]
    gone(first)
    folder = house.state / "sagemaker" / "endpoints" / "e"
    until(lambda: sorted(path.name for path in folder.iterdir()) == ["4", "endpoint.json"])


def test_the_old_process_finishes_what_it_has_begun(house: House) -> None:
    house.add_model("slow", {"delay_s": 1.0})
    house.add_model("new")
    house.in_service("e", "slow")
    old = pid(house, "e")
    answers: list[str] = []
    request = threading.Thread(target=lambda: answers.append(house.invoke("e")["model"]["name"]))
    request.start()
    until(lambda: house.service.endpoints._deployments._under_way)
    house.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="new")
    house.reaches("e", "InService")
    assert house.invoke("e")["model"] == {"name": "new"}
    assert answers == []
    assert is_running(old)
    request.join()
    assert answers == ["slow"]
    gone(old)


@pytest.mark.parametrize("behaviour", [{"exit_at_start": "ImportError: no numpy"}, {"ping_status": 503}])
def test_an_update_that_fails_leaves_the_old_one_serving(house: House, behaviour: dict[str, object]) -> None:
    house.settings["startup_timeout_s"] = 1.0
    house.service.close()
    house.start()
    house.add_model("good")
    house.add_model("bad", behaviour)
    house.in_service("e", "good")
    old = pid(house, "e")
    house.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="bad")
    assert house.invoke("e")["model"] == {"name": "good"}
    endpoint = house.reaches("e", "InService")
    assert endpoint["EndpointConfigName"] == "good"
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    assert house.invoke("e")["pid"] == old
    assert [status for _, status in house.endpoint_changes] == ["Creating", "InService", "Updating", "InService"]
    house.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="good")
    assert "FailureReason" not in house.reaches("e", "InService")
    assert house.invoke("e")["pid"] != old, "an update to the same config deploys it anew"


def test_a_creation_that_fails_says_why_and_can_be_deleted(house: House) -> None:
    house.add_model("bad", {"exit_at_start": "ImportError: no numpy"})
    house.call("CreateEndpoint", EndpointName="e", EndpointConfigName="bad")
    endpoint = house.reaches("e", "Failed")
    assert endpoint["EndpointConfigName"] == "bad"
    assert endpoint["FailureReason"].startswith(
        "The primary container for production variant AllTraffic did not pass the ping health check: "
        "the program ended with exit code 4."
    )
    assert endpoint["FailureReason"].endswith("ImportError: no numpy")
    with pytest.raises(RuntimeValidationError, match="not found"):
        house.service.invoke_endpoint("e", b"")
    with pytest.raises(ValidationException, match="in status Failed; it can be deleted"):
        house.service.call("UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "bad"})
    house.call("DeleteEndpoint", EndpointName="e")
    until(lambda: house.endpoint_changes[-1] == ("e", "Deleted"))


def test_a_container_that_never_answers_is_given_up_and_ended(house: House) -> None:
    house.settings["startup_timeout_s"] = 0.5
    house.service.close()
    house.start()
    house.add_model("bad", {"start_delay_s": 60})
    house.call("CreateEndpoint", EndpointName="e", EndpointConfigName="bad")
    deployments = house.service.endpoints._deployments
    process = until(lambda: (record := deployments.get("e")) and record.pending and record.pending.process)
    assert "it was not ready after 0.5 s" in house.reaches("e", "Failed")["FailureReason"]
    assert not is_running(process.pid)


def test_a_model_that_cannot_be_unpacked_fails_the_endpoint(house: House) -> None:
    house.add_model("m")
    house.objects.put(BUCKET, "artifacts/m/model.tar.gz", b"this is no archive")
    house.call("CreateEndpoint", EndpointName="e", EndpointConfigName="m")
    reason = house.reaches("e", "Failed")["FailureReason"]
    assert reason.startswith(f"Failed to get the model data s3://{BUCKET}/artifacts/m/model.tar.gz: this is no tar.gz")


def test_a_model_may_be_files_under_a_prefix_or_nothing(house: House) -> None:
    house.objects.put(BUCKET, "loose/model.json", json.dumps({"name": "loose"}).encode())
    source = {"S3Uri": f"s3://{BUCKET}/loose/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"Image": IMAGE, "ModelDataSource": {"S3DataSource": source}}
    house.call("CreateModel", ModelName="loose", Containers=[container])
    house.call("CreateModel", ModelName="bare", PrimaryContainer={"Image": IMAGE})
    for name, model in (("loose", {"name": "loose"}), ("bare", None)):
        house.add_config(name, name)
        house.in_service(name, name)
        assert house.invoke(name)["model"] == model


def test_a_deleted_endpoint_is_gone_with_its_process_and_files(house: House) -> None:
    house.add_model("m")
    arn = house.in_service("e", "m")["EndpointArn"]
    process = pid(house, "e")
    house.call("AddTags", ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    house.call("DeleteEndpoint", EndpointName="e")
    with pytest.raises(RuntimeValidationError, match="not found"):
        house.service.invoke_endpoint("e", b"")
    until(lambda: house.endpoint_changes[-1] == ("e", "Deleted"))
    assert house.endpoint_changes[-2] == ("e", "Deleting")
    assert not is_running(process)
    assert not (house.state / "sagemaker" / "endpoints" / "e").exists()
    with pytest.raises(ValidationException, match="Could not find endpoint"):
        house.service.call("DescribeEndpoint", {"EndpointName": "e"})
    house.in_service("e", "m")
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == []


def test_names_are_used_once_and_configs_exist(house: House) -> None:
    house.add_model("m")
    house.in_service("e", "m")
    with pytest.raises(ValidationException, match='^Cannot create already existing endpoint "arn:.*endpoint/e"'):
        house.service.call("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "m"})
    for operation, name in (("CreateEndpoint", "new"), ("UpdateEndpoint", "e")):
        with pytest.raises(ValidationException, match='^Could not find endpoint configuration "arn:.*/none"'):
            house.service.call(operation, {"EndpointName": name, "EndpointConfigName": "none"})
    with pytest.raises(ValidationException, match='^Could not find endpoint "arn:.*/none"'):
        house.service.call("UpdateEndpoint", {"EndpointName": "none", "EndpointConfigName": "m"})
    assert house.endpoint("e")["EndpointStatus"] == "InService"


def test_endpoints_are_listed_in_pages_newest_first(house: House) -> None:
    house.add_model("m")
    house.add_model("bad", {"exit_at_start": "no"})
    for name in ("a", "b", "c"):
        house.call("CreateEndpoint", EndpointName=name, EndpointConfigName="bad" if name == "b" else "m")
        house.settled(name)

    def names(**request: object) -> list[str]:
        return [each["EndpointName"] for each in house.call("ListEndpoints", **request)["Endpoints"]]

    assert names() == ["c", "b", "a"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["a", "b", "c"]
    assert names(StatusEquals="InService") == ["c", "a"]
    assert names(NameContains="b") == ["b"]
    page = house.call("ListEndpoints", MaxResults=2)
    assert names(MaxResults=2, NextToken=page["NextToken"]) == ["a"]
