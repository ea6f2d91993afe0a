"""Training jobs and `kill -9`: of the engine, of the supervisor, at the worst moments."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from orchestration.local.files import FileLock
from orchestration.local.local_sagemaker import jobs as jobs_module
from orchestration.local.local_sagemaker.job_folder import JobFolder, JobStatus
from orchestration.local.processes import ProcessIdentity
from tests.orchestration.local.local_sagemaker.house import House, gone, until


def folder(house: House, name: str) -> JobFolder:
    return JobFolder(house.state / "sagemaker" / "training-jobs" / name)


def test_a_job_outlives_the_engine_that_started_it_and_is_announced_by_the_next(house: House) -> None:
    house.kill("house.train('job', {'sleep': 0.6, 'metric': 1}); house.facts('job')")
    assert house.job("job")["TrainingJobStatus"] == "InProgress"
    job = house.ended("job")
    assert job["TrainingJobStatus"] == "Completed"
    assert house.objects.exists(job["ModelArtifacts"]["S3ModelArtifacts"])
    assert job["FinalMetricDataList"][0]["Value"] == 1.0
    until(lambda: house.training_changes == [("job", "Completed")])


def test_what_ended_without_an_engine_is_announced_once_by_the_next(house: House) -> None:
    house.kill("house.service._closing.set(); house.service._watcher.join(); house.train('job'); house.ended('job')")
    until(lambda: house.training_changes == [("job", "Completed")])
    house.service.close()
    house.start()
    house.train("another")
    until(lambda: ("another", "Completed") in house.training_changes)
    assert house.training_changes == [("job", "Completed"), ("another", "Completed")]


def test_a_killed_supervisor_fails_its_job_once_and_its_container_ends(house: House) -> None:
    house.train("job", {"sleep": 60, "ignore_sigterm": 1, "crowd": 1})
    facts = house.facts("job")
    owner = until(lambda: house.owner("job").get("container") and house.owner("job"))
    assert owner["container"]["pid"] == facts["pid"]
    assert os.getsid(facts["pid"]) == owner["supervisor"]["pid"]
    os.kill(owner["supervisor"]["pid"], signal.SIGKILL)
    job = house.ended("job")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "InternalServerError: the job's process ended unexpectedly"
    gone(facts["pid"])
    gone(facts["child"])
    until(lambda: house.training_changes == [("job", "Failed")])
    assert house.job("job") == job


def test_of_many_who_look_at_an_abandoned_job_one_records_the_failure(house: House) -> None:
    house.service._closing.set()  # nobody else looks
    house.service._watcher.join(5)
    house.train("job", {"sleep": 60})
    house.facts("job")
    os.kill(house.owner("job")["supervisor"]["pid"], signal.SIGKILL)
    job = folder(house, "job")
    FileLock.lock(job.lock_file, timeout_s=10).release()
    writes: Counter[str] = Counter()
    original = JobFolder.write_status

    def counted(self: JobFolder, status: JobStatus) -> None:
        writes[status.status] += 1
        original(self, status)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JobFolder, "write_status", counted)
        threads = [threading.Thread(target=house.job, args=("job",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert writes == {"Failed": 1}
    assert [each["Status"] for each in house.job("job")["SecondaryStatusTransitions"]].count("Failed") == 1


def test_a_job_that_ends_in_the_moment_between_two_looks_is_not_failed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.train("job")
    assert house.ended("job")["TrainingJobStatus"] == "Completed"
    FileLock.lock(folder(house, "job").lock_file, timeout_s=10).release()
    looks = [JobStatus.created(at=1.0)]
    original = JobFolder.read_status
    monkeypatch.setattr(JobFolder, "read_status", lambda self: looks.pop() if looks else original(self))
    assert house.job("job")["TrainingJobStatus"] == "Completed"
    assert looks == []


def test_a_container_whose_identity_was_never_written_down_ends_too(house: House) -> None:
    house.train("job", {"sleep": 60, "ignore_sigterm": 1})
    facts = house.facts("job")
    job = folder(house, "job")
    until(lambda: (owner := job.read_owner()) and owner.container)
    owner = job.read_owner()
    assert owner is not None
    os.kill(owner.supervisor.pid, signal.SIGSTOP)
    job.write_owner(type(owner)(owner.supervisor))
    os.kill(owner.supervisor.pid, signal.SIGKILL)
    assert house.ended("job")["TrainingJobStatus"] == "Failed"
    gone(facts["pid"])


def test_a_job_that_was_created_and_never_started_is_started_by_the_next_engine(house: House) -> None:
    """Its creator was killed between giving the job its name and starting its process."""
    house.kill(
        "import orchestration.local.local_sagemaker.jobs as jobs\n"
        "jobs.spawn = lambda *arguments, **options: None\n"
        "house.service._closing.set(); house.service._watcher.join()\n"
        "house.train('job')"
    )
    assert house.ended("job")["TrainingJobStatus"] == "Completed"
    until(lambda: house.training_changes == [("job", "Completed")])


def test_a_job_whose_creator_was_killed_is_started_by_the_engine_that_lives(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tuner creates jobs too; it may be killed where the engine is not."""
    with monkeypatch.context() as patch:
        patch.setattr(jobs_module, "spawn", lambda *arguments, **options: None)
        house.train("job")
    assert house.ended("job")["TrainingJobStatus"] == "Completed"
    until(lambda: house.training_changes == [("job", "Completed")])


def test_half_a_job_does_not_count(house: House) -> None:
    """Its creator was killed before the job had its name."""
    house.kill(
        "from pathlib import Path\n"
        "Path.rename = lambda self, target: time.sleep(60)\n"
        "import threading; threading.Thread(target=house.train, args=('job',), daemon=True).start()\n"
        "until(lambda: list((house.state / 'sagemaker' / 'training-jobs').glob('.new-*/owner.lock')))"
    )
    assert list((house.state / "sagemaker" / "training-jobs").iterdir()) == []
    assert house.call("ListTrainingJobs")["TrainingJobSummaries"] == []
    house.train("job")
    assert house.ended("job")["TrainingJobStatus"] == "Completed"


def test_a_supervisor_that_breaks_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = house.service.training_jobs
    monkeypatch.setattr(jobs, "_kind", dataclasses.replace(jobs._kind, program="no.such.module"))
    house.train("job")
    job = house.ended("job")
    assert job["FailureReason"] == "InternalServerError: the job's process ended unexpectedly"
    assert "no.such.module" in folder(house, "job").supervisor_log_file.read_text() or "No module" in (
        folder(house, "job").supervisor_log_file.read_text()
    )


def test_a_machine_without_processes_to_give_fails_the_job(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def spawn(*arguments: object, **options: object) -> ProcessIdentity:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(jobs_module, "spawn", spawn)
    house.train("job")
    assert house.ended("job")["FailureReason"] == "InternalServerError: no process: no more processes"


def test_an_unforeseen_fault_of_the_supervisor_is_recorded(house: House) -> None:
    house.settings["max_parallel_jobs"] = 1
    house.service.close()
    house.start()
    (house.state / "sagemaker" / "slots").write_text("a file where a folder should be")
    house.train("job")
    job = house.ended("job")
    assert job["FailureReason"].startswith("InternalServerError: FileExistsError") or job["FailureReason"].startswith(
        "InternalServerError: NotADirectoryError"
    )
    until(lambda: "Traceback" in folder(house, "job").supervisor_log_file.read_text())


def test_one_supervisor_a_job(house: House) -> None:
    house.train("job", {"sleep": 0.5})
    house.facts("job")
    command = [sys.executable, "-m", "orchestration.local.local_sagemaker.supervisor", str(folder(house, "job").path)]
    root = Path(__file__).parents[4]
    code = (
        "import sys; from orchestration.local.local_sagemaker import supervision, supervisor\n"
        "supervision.LOCK_WAIT_S = 0.1; sys.exit(supervisor.main(sys.argv[1:]))"
    )
    second = subprocess.run(
        [sys.executable, "-c", code, command[-1]], cwd=root, capture_output=True, timeout=20, check=False
    )
    assert second.returncode == 1
    assert b"another process works on this job" in second.stderr
    assert house.ended("job")["TrainingJobStatus"] == "Completed"
    again = subprocess.run(command, cwd=root, capture_output=True, timeout=20, check=False)
    assert again.returncode == 0, "of a job that has ended nothing is left to do"
    assert [each["Status"] for each in house.job("job")["SecondaryStatusTransitions"]].count("Training") == 1
    none = subprocess.run([*command[:-1], str(house.folder)], cwd=root, capture_output=True, timeout=20, check=False)
    assert (none.returncode, b"no training job" in none.stderr) == (1, True)


def test_an_announcement_that_fails_is_made_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "RETRY_S", 0.05)
    told: list[str] = []

    def tell(name: str, status: str) -> None:
        told.append(status)
        if len(told) < 3:
            raise RuntimeError("the listener is not ready")

    house.service.training_jobs._on_change = tell
    house.train("job")
    until(lambda: told == ["Completed"] * 3)
    until(lambda: folder(house, "job").announced_file.exists())


def test_the_supervisor_needs_no_sdk() -> None:
    """botocore alone would cost a job some tenths of a second."""
    code = "import orchestration.local.local_sagemaker.supervisor, sys; print(sorted(sys.modules))"
    modules = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout
    for name in ("botocore", "boto3", "moto", "numpy", "http.client"):
        assert f"'{name}'" not in modules
