"""Training jobs that really run: what the container finds, how a job ends, what is said of it."""

from __future__ import annotations

import io
import os
import signal
import sys
import tarfile
import time
from datetime import datetime
from typing import Any

import pytest

from orchestration.local.local_sagemaker.errors import LocalSageMakerError, ResourceInUse, ValidationException
from tests.orchestration.local.local_sagemaker.house import BUCKET, House, gone, is_running, until


def members(house: House, key: str) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(house.objects.read(f"s3://{BUCKET}/{key}"))) as tar:
        return {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar}


def test_a_job_trains_and_leaves_its_artifact_and_metrics(house: House) -> None:
    arn = house.train("job-1", {"q": 2, "metric": "1.25e-1", "output": "report"})
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:training-job/job-1"
    job = house.ended("job-1")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://{BUCKET}/models/job-1/output/model.tar.gz"}
    assert members(house, "models/job-1/output/model.tar.gz") == {"model.json": b'{"q": "2"}'}
    assert members(house, "models/job-1/output/output.tar.gz") == {"report.txt": b"report"}
    (metric,) = job["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("validation:RMSE", 0.125)
    assert [each.value for each in house.service.training_jobs.metrics("job-1")] == [0.25, 0.125]
    assert "FailureReason" not in job
    log = house.service.training_jobs.log_file("job-1").read_text()
    assert log == "started\nepoch 1 validation:RMSE=0.25;\nepoch 2 validation:RMSE=1.25e-1;\n"
    until(lambda: house.training_changes == [("job-1", "Completed")])


def test_the_phases_follow_each_other_without_a_gap(house: House) -> None:
    house.train("job", {"sleep": 0.2})
    job = house.ended("job")
    phases = job["SecondaryStatusTransitions"]
    assert [each["Status"] for each in phases] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(one["EndTime"] == two["StartTime"] for one, two in zip(phases, phases[1:], strict=False))
    times: list[datetime] = [job["CreationTime"], job["TrainingStartTime"], job["TrainingEndTime"]]
    assert times == sorted(times)
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] == 1


def test_the_container_finds_what_the_contract_says(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "decoy")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "decoy")
    house.objects.put(BUCKET, "data/validation/v.csv", b"v")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/validation/v.csv"}}
    channels = [*house.job_request("", {})["InputDataConfig"], {"ChannelName": "validation", "DataSource": source}]
    environment = {"FLAG": "on", "TRAINING_JOB_NAME": "not-mine"}
    house.train("job", {"q": 1}, InputDataConfig=channels, Environment=environment)
    facts = house.facts("job")
    assert facts["argv"] == ["train"]
    assert facts["cwd"] == str(house.folder)
    assert facts["values"] == {"q": "1"}
    assert facts["data"] == {"train/train.csv": "y,x\n1,2\n", "validation/v.csv": "v"}
    assert facts["channels"]["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert "ContentType" not in facts["channels"]["validation"]
    assert facts["resources"]["hosts"] == ["algo-1"]
    assert facts["resources"]["current_host"] == "algo-1"
    seen = facts["environment"]
    assert seen["SAGEBUILD_CONTAINER_ROOT"] == str(house.ml("job"))
    assert seen["TRAINING_JOB_NAME"] == "job"
    assert seen["TRAINING_JOB_ARN"].endswith(":training-job/job")
    assert seen["FLAG"] == "on"
    assert not [name for name in seen if name.startswith("AWS_")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    assert seen["OMP_NUM_THREADS"] == seen["OPENBLAS_NUM_THREADS"] == str(max(1, cores // 2))
    assert "checkpoints" not in facts, "as on the service, there is no folder without a CheckpointConfig"


def test_a_failure_file_is_the_reason(house: House) -> None:
    house.train("job", {"fail": "ValueError: column 'y' not found in train.csv|Traceback ...", "exit_code": 3})
    job = house.ended("job")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"] == (
        "AlgorithmError: ValueError: column 'y' not found in train.csv\nTraceback ..., exit code: 3"
    )
    assert not house.objects.exists(job["ModelArtifacts"]["S3ModelArtifacts"])
    until(lambda: house.training_changes == [("job", "Failed")])


def test_a_long_reason_is_cut_at_its_end_but_keeps_the_exit_code(house: House) -> None:
    house.train("job", {"fail": "cause first, " + "x" * 2000})
    reason = house.ended("job")["FailureReason"]
    assert len(reason) == 1024
    assert reason.startswith("AlgorithmError: cause first, xxx")
    assert reason.endswith("x, exit code: 3")


def test_without_a_failure_file_the_last_lines_are_the_reason(house: House) -> None:
    house.train("job", {"silent_fail": "MemoryError: no", "exit_code": 1})
    assert house.ended("job")["FailureReason"] == "AlgorithmError: started\nMemoryError: no, exit code: 1"


def test_a_program_that_a_signal_ends_has_its_containers_exit_code(house: House) -> None:
    house.train("job", {"sleep": 60})
    os.kill(house.facts("job")["pid"], signal.SIGKILL)
    assert house.ended("job")["FailureReason"] == (
        "AlgorithmError: started. The training program was killed by SIGKILL, exit code: 137"
    )


def test_a_program_that_cannot_be_started_fails_the_job(house: House) -> None:
    house.service.training_jobs._context.images["fake"] = [str(house.folder / "no-such-program")]  # type: ignore[index]
    house.train("job")
    assert "ClientError: the training program could not be started" in house.ended("job")["FailureReason"]


def test_a_model_folder_without_files_uploads_nothing(house: House) -> None:
    house.train("job", {"no_model": 1})
    job = house.ended("job")
    assert job["TrainingJobStatus"] == "Completed"
    assert [info.key for info in house.objects.list_objects(BUCKET, "models/")] == []


def test_a_bucket_that_went_away_meanwhile_fails_the_job(house: House) -> None:
    house.objects.create_bucket("for-a-while")
    house.train("job", {"sleep": 0.3}, OutputDataConfig={"S3OutputPath": "s3://for-a-while/models"})
    house.facts("job")
    house.objects.delete_bucket("for-a-while")
    job = house.ended("job")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: Artifact upload failed: there is no bucket 'for-a-while'"


def test_stopping_lets_the_program_save_and_uploads_that(house: House) -> None:
    house.train("job", {"sleep": 60, "save_on_sigterm": 1})
    house.facts("job")
    house.call("StopTrainingJob", TrainingJobName="job")
    assert house.job("job")["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = house.ended("job")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert [each["Status"] for each in job["SecondaryStatusTransitions"]][2:] == [
        "Training",
        "Stopping",
        "Uploading",
        "Stopped",
    ]
    assert members(house, "models/job/output/model.tar.gz") == {"saved.txt": b"saved"}
    assert "FailureReason" not in job
    until(lambda: house.training_changes == [("job", "Stopped")])


def test_a_program_that_ends_by_the_signal_is_stopped_without_an_artifact(house: House) -> None:
    house.train("job", {"sleep": 60})
    pid = house.facts("job")["pid"]
    began = time.monotonic()
    house.call("StopTrainingJob", TrainingJobName="job")
    job = house.ended("job")
    assert time.monotonic() - began < 0.9, "it was given up at once, not after its grace"
    assert job["TrainingJobStatus"] == "Stopped"
    assert not is_running(pid)
    assert not house.objects.exists(job["ModelArtifacts"]["S3ModelArtifacts"])


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace_with_all_it_started(house: House) -> None:
    house.train("job", {"sleep": 60, "ignore_sigterm": 1, "crowd": 1})
    facts = house.facts("job")
    house.call("StopTrainingJob", TrainingJobName="job")
    house.call("StopTrainingJob", TrainingJobName="job")
    job = house.ended("job")
    (stopping,) = [each for each in job["SecondaryStatusTransitions"] if each["Status"] == "Stopping"]
    assert 1.0 <= (stopping["EndTime"] - stopping["StartTime"]).total_seconds() < 3.0
    assert job["TrainingJobStatus"] == "Stopped"
    gone(facts["pid"])
    gone(facts["child"])


def test_what_a_program_leaves_running_ends_with_it(house: House) -> None:
    house.train("job", {"crowd": 1})
    child = house.facts("job")["child"]
    assert house.ended("job")["TrainingJobStatus"] == "Completed"
    gone(child)


def test_a_job_past_its_time_is_stopped_as_such(house: House) -> None:
    house.train("job", {"sleep": 60, "save_on_sigterm": 1}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = house.ended("job")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert house.objects.exists(job["ModelArtifacts"]["S3ModelArtifacts"])
    assert job["TrainingTimeInSeconds"] <= 2


def test_sigterm_to_the_supervisor_stops_the_job(house: House) -> None:
    house.train("job", {"sleep": 60})
    house.facts("job")
    os.kill(house.owner("job")["supervisor"]["pid"], signal.SIGTERM)
    assert house.ended("job")["SecondaryStatus"] == "Stopped"


def test_checkpoints_outlive_their_job(house: House) -> None:
    config = {"S3Uri": f"s3://{BUCKET}/checkpoints/b1"}
    house.train("one", {"sleep": 60, "checkpoint": "epoch 7"}, CheckpointConfig=config)
    assert house.facts("one")["checkpoints"] == {}
    house.call("StopTrainingJob", TrainingJobName="one")
    assert house.ended("one")["CheckpointConfig"] == config
    house.train("two", {}, CheckpointConfig=config)
    assert house.facts("two")["checkpoints"] == {"state.txt": "epoch 7"}


def test_checkpoints_that_cannot_be_kept_fail_the_job_and_end_its_program(house: House) -> None:
    house.objects.create_bucket("for-a-while")
    config = {"S3Uri": "s3://for-a-while/checkpoints"}
    house.train("job", {"sleep": 60, "checkpoint": "epoch 7"}, CheckpointConfig=config)
    pid = house.facts("job")["pid"]
    until(lambda: (house.ml("job") / "checkpoints" / "state.txt").exists())
    house.objects.delete_bucket("for-a-while")
    job = house.ended("job")
    assert job["FailureReason"] == "ClientError: Checkpoint upload failed: there is no bucket 'for-a-while'"
    gone(pid)


def test_a_name_is_used_once(house: House) -> None:
    house.train("job")
    with pytest.raises(ResourceInUse, match=r"must be unique.*already exists \(arn:.*/job\)"):
        house.train("job")
    assert house.ended("job")["TrainingJobStatus"] == "Completed"
    with pytest.raises(ResourceInUse):
        house.train("job")
    assert [path.name for path in (house.state / "sagemaker" / "training-jobs").iterdir()] == ["job"]


@pytest.mark.parametrize("operation", ["DescribeTrainingJob", "StopTrainingJob"])
def test_a_job_that_does_not_exist_is_answered_as_the_service_does(house: House, operation: str) -> None:
    with pytest.raises(ValidationException, match=r"^Requested resource not found\.$"):
        house.service.call(operation, {"TrainingJobName": "none"})


def test_a_job_that_has_ended_cannot_be_stopped(house: House) -> None:
    house.train("job")
    house.ended("job")
    with pytest.raises(ValidationException, match="rejected because the training job is in status Completed"):
        house.service.call("StopTrainingJob", {"TrainingJobName": "job"})


def test_no_more_run_at_once_than_there_are_slots(house: House) -> None:
    names = [f"job-{number}" for number in range(4)]
    for name in names:
        house.train(name, {"sleep": 0.5})
    until(lambda: any(house.job(name)["SecondaryStatus"] == "Pending" for name in names))
    spans = []
    for name in names:
        job = house.ended(name)
        training = [each for each in job["SecondaryStatusTransitions"] if each["Status"] == "Training"][0]
        spans.append((training["StartTime"], training["EndTime"]))
    for start, _ in spans:
        assert sum(one <= start < two for one, two in spans) <= 2
    assert max(start for start, _ in spans) >= min(end for _, end in spans), "nobody waited"


def test_a_job_that_waits_for_a_slot_can_be_stopped_and_never_starts(house: House) -> None:
    for name in ("one", "two"):
        house.train(name, {"sleep": 60})
        house.facts(name)
    house.train("three", {"sleep": 60})
    until(lambda: house.job("three")["SecondaryStatus"] == "Pending")
    house.call("StopTrainingJob", TrainingJobName="three")
    job = house.ended("three")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "TrainingStartTime" not in job
    assert not house.ml("three").exists()


def test_a_spot_job_that_waits_too_long_is_stopped_as_such(house: House) -> None:
    house.settings["max_parallel_jobs"] = 1
    house.service.close()
    house.start()
    house.train("one", {"sleep": 60})
    house.facts("one")
    stopping = {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 1}
    house.train("spot", {}, EnableManagedSpotTraining=True, StoppingCondition=stopping)
    assert house.ended("spot")["SecondaryStatus"] == "MaxWaitTimeExceeded"


def test_jobs_are_listed_in_pages_and_by_filters(house: House) -> None:
    for number in range(3):
        house.train(f"build-{number}", {"fail": "no"} if number == 1 else {})
        house.ended(f"build-{number}")

    def names(**request: Any) -> list[str]:
        return [each["TrainingJobName"] for each in house.call("ListTrainingJobs", **request)["TrainingJobSummaries"]]

    assert names() == ["build-0", "build-1", "build-2"]
    assert names(SortOrder="Descending") == ["build-2", "build-1", "build-0"]
    assert names(StatusEquals="Failed") == ["build-1"]
    assert names(NameContains="d-2") == ["build-2"]
    page = house.call("ListTrainingJobs", MaxResults=2)
    assert [each["TrainingJobName"] for each in page["TrainingJobSummaries"]] == ["build-0", "build-1"]
    assert names(MaxResults=2, NextToken=page["NextToken"]) == ["build-2"]
    created = house.job("build-1")["CreationTime"]
    assert created.microsecond % 1000 == 0, "the service keeps milliseconds, so that a time survives the wire"
    assert names(CreationTimeAfter=created) == ["build-1", "build-2"]


def test_tags_are_kept_and_changed(house: House) -> None:
    arn = house.train("job", Tags=[{"Key": "build", "Value": "12"}])
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "build", "Value": "12"}]
    added = house.call("AddTags", ResourceArn=arn, Tags=[{"Key": "build", "Value": "13"}, {"Key": "by", "Value": "me"}])
    assert added["Tags"] == [{"Key": "build", "Value": "13"}, {"Key": "by", "Value": "me"}]
    house.call("DeleteTags", ResourceArn=arn, TagKeys=["build", "none"])
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "by", "Value": "me"}]
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    with pytest.raises(ValidationException, match="at most 50 tags; it would have 51"):
        house.service.call("AddTags", {"ResourceArn": arn, "Tags": many})


@pytest.mark.parametrize(
    "resource",
    [
        "training-job/none",
        "training-job/../training-jobs/job",
        "unicorn/x",
        "training-job/",
        "model/..",
        "endpoint/job",
    ],
)
def test_tags_of_what_does_not_exist_are_refused(house: House, resource: str) -> None:
    house.train("job")
    with pytest.raises(LocalSageMakerError):
        house.service.call("ListTags", {"ResourceArn": f"arn:aws:sagemaker:us-east-1:123456789012:{resource}"})
    with pytest.raises(ValidationException):
        house.service.call("ListTags", {"ResourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:training-job/job"})


def test_a_command_line_of_its_own_finds_opt_ml_where_it_is(house: House) -> None:
    """In words and within a shell's text; another path that merely looks like it stays."""
    algorithm = house.job_request("", {})["AlgorithmSpecification"]
    write = (
        "echo 'a/opt/ml /opt/ml-2' > /opt/ml/model/said && cat /opt/ml/input/data/train/train.csv >> /opt/ml/model/said"
    )
    specification = {"ContainerEntrypoint": ["/bin/sh"], "ContainerArguments": ["-c", write]}
    house.train("shell", AlgorithmSpecification={**algorithm, **specification})
    assert house.ended("shell")["TrainingJobStatus"] == "Completed"
    assert (house.ml("shell") / "model" / "said").read_text() == "a/opt/ml /opt/ml-2\ny,x\n1,2\n"
    described = house.job("shell")["AlgorithmSpecification"]
    assert {name: described[name] for name in specification} == specification


def test_the_images_interpreter_runs_a_program_of_the_callers(house: House) -> None:
    algorithm = house.job_request("", {})["AlgorithmSpecification"]
    program = "import pathlib, sys; pathlib.Path('/opt/ml/model/said').write_text(sys.executable + sys.argv[1])"
    entrypoint = {"ContainerEntrypoint": ["python3", "-c", program, "!"]}
    house.train("python", AlgorithmSpecification={**algorithm, **entrypoint})
    assert house.ended("python")["TrainingJobStatus"] == "Completed"
    assert (house.ml("python") / "model" / "said").read_text() == f"{sys.executable}!"


def test_arguments_alone_are_the_images_own(house: House) -> None:
    algorithm = house.job_request("", {})["AlgorithmSpecification"]
    given = {**algorithm, "ContainerArguments": ["train", "more"]}
    house.train("arguments", AlgorithmSpecification=given)
    assert house.ended("arguments")["TrainingJobStatus"] == "Completed"
    assert house.facts("arguments")["argv"] == ["train", "more"]
