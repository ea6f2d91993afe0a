"""Processing jobs that really run: their command line, what they find, what they leave, how they end."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from orchestration.local.local_sagemaker.errors import ResourceInUse, ResourceLimitExceeded, ValidationException
from tests.orchestration.local.local_sagemaker.house import BUCKET, IMAGE, House, gone, until
from tests.orchestration.local.local_sagemaker.test_validation import changed

OUTPUT = "ProcessingOutputConfig.Outputs.0"
INPUT = "ProcessingInputs.0"


def test_a_job_finds_its_inputs_and_its_outputs_are_kept(house: House) -> None:
    arn = house.process("evaluate-1", "message=all is well")
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:processing-job/evaluate-1"
    job = house.processed("evaluate-1")
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "all is well"
    assert "FailureReason" not in job
    keys = {info.key for info in house.objects.list_objects(BUCKET, "reports/")}
    assert keys == {"reports/evaluate-1/report.json", "reports/evaluate-1/deep/probe.txt"}
    report = json.loads(house.objects.read(f"s3://{BUCKET}/reports/evaluate-1/report.json"))
    assert report == {"input/data/train.csv": "y,x\n1,2\n"}
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    until(lambda: house.processing_changes == [("evaluate-1", "Completed")])
    assert house.service.processing_jobs.log_file("evaluate-1").exists()


def test_the_container_finds_what_the_contract_says(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "decoy")
    house.process("job", "data=/opt/ml/x", "/opt/ml/processing/input", Environment={"FLAG": "on"})
    house.processed("job")
    facts = house.processing_facts("job")
    ml = house.processing_folder("job") / "ml"
    assert facts["argv"][1:] == ["evaluate", f"data={ml}/x", f"{ml}/processing/input"]
    assert facts["environment"]["SAGEBUILD_CONTAINER_ROOT"] == str(ml)
    assert facts["environment"]["FLAG"] == "on"
    assert "AWS_PROFILE" not in facts["environment"]
    assert facts["out_exists"], "outputs' folders are there before the program starts"
    assert facts["config"]["ProcessingJobArn"].endswith("/job")
    assert facts["resources"]["current_host"] == "algo-1"


def test_an_entrypoint_takes_the_place_of_the_images_own(house: House) -> None:
    """A script that came as an input, run by the image's Python, as the SDK's ScriptProcessor asks for it."""
    house.objects.put(
        BUCKET, "code/work.py", b"import pathlib, sys; pathlib.Path(sys.argv[1], 'made.txt').write_text('x')"
    )
    request = house.processing_request("job")
    code = {"S3Uri": f"s3://{BUCKET}/code/work.py", "LocalPath": "/opt/ml/processing/code", "S3DataType": "S3Prefix"}
    request["ProcessingInputs"].append({"InputName": "code", "S3Input": code})
    request["AppSpecification"] = {
        "ImageUri": IMAGE,
        "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/work.py"],
        "ContainerArguments": ["/opt/ml/processing/output"],
    }
    house.call("CreateProcessingJob", **request)
    assert house.processed("job")["ProcessingJobStatus"] == "Completed"
    assert house.objects.read(f"s3://{BUCKET}/reports/job/made.txt") == b"x"


def test_a_failure_has_the_programs_message_and_exit_code(house: House) -> None:
    house.process("job", "message=no column y", "exit_code=3")
    job = house.processed("job")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: no column y, exit code: 3"
    assert job["ExitMessage"] == "no column y"
    assert house.objects.list_objects(BUCKET, "reports/") == []
    listed = house.call("ListProcessingJobs", StatusEquals="Failed")["ProcessingJobSummaries"]
    assert [each["ExitMessage"] for each in listed] == ["no column y"]


def test_a_continuous_output_is_there_while_the_job_runs(house: House) -> None:
    request = changed(
        house.processing_request("job", "early=soon", "sleep=60"), f"{OUTPUT}.S3Output.S3UploadMode", "Continuous"
    )
    house.call("CreateProcessingJob", **request)
    until(lambda: house.objects.exists(f"s3://{BUCKET}/reports/job/early.txt"))
    assert house.call("DescribeProcessingJob", ProcessingJobName="job")["ProcessingJobStatus"] == "InProgress"


def test_stopping_and_the_end_of_its_time_stop_a_job(house: House) -> None:
    house.process("asked", "sleep=60")
    house.process("late", "sleep=60", StoppingCondition={"MaxRuntimeInSeconds": 1})
    pid = house.processing_facts("asked")["pid"]
    house.call("StopProcessingJob", ProcessingJobName="asked")
    assert house.processed("asked")["ProcessingJobStatus"] == "Stopped"
    assert house.processed("late")["ProcessingJobStatus"] == "Stopped"
    gone(pid)
    with pytest.raises(ValidationException, match="processing job is in status Stopped"):
        house.service.call("StopProcessingJob", {"ProcessingJobName": "asked"})


def test_processing_and_training_share_the_slots(house: House) -> None:
    house.train("one", {"sleep": 60})
    house.train("same-name", {"sleep": 60})
    for name in ("one", "same-name"):
        house.facts(name)
    house.process("same-name")
    until(lambda: house.service.processing_jobs.status("same-name").secondary == "Pending")
    house.call("StopTrainingJob", TrainingJobName="one")
    assert house.processed("same-name")["ProcessingJobStatus"] == "Completed"


def test_a_job_outlives_the_engine_that_started_it(house: House) -> None:
    house.kill("house.process('job', 'sleep=0.5'); house.processing_facts('job')")
    assert house.processed("job")["ProcessingJobStatus"] == "Completed"
    until(lambda: house.processing_changes == [("job", "Completed")])


def test_a_killed_processor_fails_its_job_and_its_container_ends(house: House) -> None:
    house.process("job", "sleep=60")
    facts = house.processing_facts("job")
    owner = json.loads((house.processing_folder("job") / "owner.json").read_text())
    os.kill(owner["supervisor"]["pid"], signal.SIGKILL)
    assert house.processed("job")["FailureReason"] == "InternalServerError: the job's process ended unexpectedly"
    gone(facts["pid"])


def test_a_job_is_named_once_listed_and_tagged(house: House) -> None:
    arn = house.process("job", Tags=[{"Key": "build", "Value": "12"}])
    with pytest.raises(ResourceInUse, match="Processing job names must be unique"):
        house.process("job")
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "build", "Value": "12"}]
    listed = house.call("ListProcessingJobs", NameContains="jo")["ProcessingJobSummaries"]
    assert [each["ProcessingJobName"] for each in listed] == ["job"]
    with pytest.raises(ValidationException, match="Requested resource not found"):
        house.service.call("DescribeProcessingJob", {"ProcessingJobName": "none"})
    house.processed("job")


REFUSED: list[tuple[str, Any, str]] = [
    ("RoleArn", ..., "roleArn.*must not be null"),
    ("StoppingCondition.MaxRuntimeInSeconds", 777_601, "less than or equal to 777600"),
    ("AppSpecification.ImageUri", "repo/other:1", "'repo/other:1' is not known locally"),
    (f"{INPUT}.S3Input.S3Uri", f"s3://{BUCKET}/nothing", "No S3 objects found"),
    (f"{INPUT}.S3Input.LocalPath", "/opt/ml/input", "'data': expected a LocalPath below /opt/ml/processing"),
    (f"{INPUT}.S3Input.LocalPath", "/opt/ml/processing/../x", "expected a LocalPath below"),
    (f"{INPUT}.S3Input.LocalPath", "/opt/ml/processing/output", "has the LocalPath .* of The processing input"),
    (f"{INPUT}.S3Input.LocalPath", ..., "'data' needs an S3Input with a LocalPath"),
    (f"{INPUT}.S3Input.S3DataType", "ManifestFile", "S3DataType can only be S3Prefix locally"),
    (f"{INPUT}.S3Input.S3InputMode", "Pipe", "S3InputMode can only be File locally"),
    (f"{INPUT}.AppManaged", True, "AppManaged is not supported locally"),
    (f"{OUTPUT}.S3Output.S3Uri", "s3://absent/x", "'report': the bucket 'absent'"),
    (f"{OUTPUT}.FeatureStoreOutput", {"FeatureGroupName": "f"}, "FeatureStoreOutput is not supported locally"),
    ("ProcessingResources.ClusterConfig.InstanceType", ..., "InstanceType is needed"),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_a_bad_processing_job_is_refused(house: House, path: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationException, match=message):
        house.service.call("CreateProcessingJob", changed(house.processing_request("job"), path, value))
    assert house.call("ListProcessingJobs")["ProcessingJobSummaries"] == []


def test_more_hosts_than_there_are_is_a_limit(house: House) -> None:
    request = changed(house.processing_request("job"), "ProcessingResources.ClusterConfig.InstanceCount", 2)
    with pytest.raises(ResourceLimitExceeded, match="one host locally"):
        house.service.call("CreateProcessingJob", request)
