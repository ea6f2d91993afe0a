"""Tuning jobs and `kill -9`, of engine and tuner, at the worst moments: no trial is lost and none runs twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.local.local_sagemaker import tuning as tuning_module
from tests.orchestration.local.local_sagemaker.house import ROOT, House, gone, until


def check_each_ran_once(house: House, name: str, jobs: int) -> None:
    """All trials are training jobs of this tuning job, there are no others, and each program was started once."""
    trials = {each["TrainingJobName"] for each in house.trials(name)}
    listed = house.call("ListTrainingJobs", MaxResults=100)["TrainingJobSummaries"]
    assert {each["TrainingJobName"] for each in listed} == trials
    assert len(trials) == jobs
    for each in trials:
        assert house.service.training_jobs.log_file(each).read_text().count("started\n") == 1
        assert house.job(each)["TuningJobArn"] == house.tuning(name)["HyperParameterTuningJobArn"]


def begun(house: House, name: str, trials: int) -> None:
    until(lambda: len(house.trials(name)) >= trials)


def test_a_killed_tuner_goes_on_with_the_remaining_trials(house: House) -> None:
    house.tune("tune", {"sleep": 0.4}, jobs=6, parallel=2)
    pids = set()
    for trials in (1, 3, 5):
        begun(house, "tune", trials)
        pid = house.tuner_pid("tune")
        os.kill(pid, signal.SIGKILL)
        gone(pid)
        pids.add(pid)
        until(lambda: house.tuner_pid("tune") not in pids)
    tuning = house.tuned("tune")
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    assert tuning["TrainingJobStatusCounters"]["Completed"] == 6
    check_each_ran_once(house, "tune", 6)
    house.tune("straight", jobs=6, parallel=1)
    house.tuned("straight")
    tried = [[each["TunedHyperParameters"] for each in house.trials(name)] for name in ("tune", "straight")]
    assert tried[0] == tried[1], "the generator goes on where it was"


def test_a_tuning_job_outlives_the_engine_that_started_it(house: House) -> None:
    house.kill("house.tune('tune', {'sleep': 0.3}, jobs=4); until(lambda: house.trials('tune'))")
    assert house.tuned("tune")["HyperParameterTuningJobStatus"] == "Completed"
    check_each_ran_once(house, "tune", 4)
    until(lambda: house.tuning_changes == [("tune", "Completed")])


def test_engine_and_tuner_killed_at_once_go_on_together(house: House) -> None:
    house.kill(
        "house.tune('tune', {'sleep': 0.3}, jobs=4); until(lambda: house.trials('tune'))\n"
        "os.kill(house.tuner_pid('tune'), 9)\n"
        "house.service._closing.set()"
    )
    assert house.tuned("tune")["HyperParameterTuningJobStatus"] == "Completed"
    check_each_ran_once(house, "tune", 4)


MOMENTS = {
    "before the training job": "TrainingJobs.create = lambda *arguments, **options: os.kill(os.getpid(), 9)\n",
    "before it is started": "jobs.spawn = lambda *arguments, **options: os.kill(os.getpid(), 9)\n",
    "after it": (
        "create = TrainingJobs.create\n"
        "def killed(*arguments, **options):\n"
        "    create(*arguments, **options)\n"
        "    os.kill(os.getpid(), 9)\n"
        "TrainingJobs.create = killed\n"
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_tuner_killed_while_it_creates_a_training_job_neither_loses_nor_repeats_it(house: House, moment: str) -> None:
    house.kill(
        "import orchestration.local.local_sagemaker.jobs as jobs\n"
        "jobs.spawn = lambda *arguments, **options: None\n"
        "house.service._closing.set(); house.service._watcher.join()\n"
        "house.tune('tune', jobs=3, parallel=1)\n"
        f"tuner(house.tuning_folder('tune'), {MOMENTS[moment]!r})\n"
        "assert len(json.loads((house.tuning_folder('tune') / 'trials.json').read_text())['trials']) == 1"
    )
    tuning = house.tuned("tune")
    assert tuning["TrainingJobStatusCounters"]["Completed"] == 3
    check_each_ran_once(house, "tune", 3)


def test_a_stop_that_the_tuner_did_not_live_to_see_is_carried_out_by_the_next(house: House) -> None:
    house.tune("tune", {"sleep": 60}, jobs=4)
    begun(house, "tune", 2)
    pid = house.tuner_pid("tune")
    os.kill(pid, signal.SIGSTOP)
    house.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="tune")
    os.kill(pid, signal.SIGKILL)
    assert house.tuned("tune")["HyperParameterTuningJobStatus"] == "Stopped"
    assert all(each["TrainingJobStatus"] == "Stopped" for each in house.trials("tune"))


def test_a_tuner_that_never_comes_to_anything_fails_its_job(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning_module, "_MAX_FRUITLESS_STARTS", 2)
    jobs: Any = house.service.tuning_jobs
    monkeypatch.setattr(jobs, "_start", lambda job, lock: None)
    house.tune("tune")
    assert house.tuned("tune")["FailureReason"] == (
        "InternalServerError: the tuner's process ended unexpectedly 3 times"
    )


def test_an_unforeseen_fault_of_the_tuner_is_recorded_and_its_training_jobs_stop(house: House) -> None:
    house.tune("tune", {"sleep": 60}, jobs=4)
    begun(house, "tune", 2)
    names = [each["TrainingJobName"] for each in house.trials("tune")]
    house.facts(names[0])
    (house.state / "sagemaker" / "training-jobs" / names[0] / "status.json").write_text("[]")
    tuning = house.tuned("tune")
    assert tuning["HyperParameterTuningJobStatus"] == "Failed"
    assert tuning["FailureReason"].startswith("InternalServerError: StateFileError")
    assert house.ended(names[1])["TrainingJobStatus"] == "Stopped"


def test_the_tuner_needs_neither_sdk_nor_numpy_unless_it_is_bayesian() -> None:
    code = "import orchestration.local.local_sagemaker.tuner, sys; print(sorted(sys.modules))"
    command = [sys.executable, "-c", code]
    modules = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    for name in ("botocore", "boto3", "moto", "numpy", "hyperopt", "http.client"):
        assert f"'{name}'" not in modules
    service = "import orchestration.local.local_sagemaker.service, sys; print(sorted(sys.modules))"
    command = [sys.executable, "-c", service]
    modules = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    for name in ("moto", "numpy", "hyperopt"):
        assert f"'{name}'" not in modules


def test_state_is_json_and_nothing_is_pickled(house: House) -> None:
    house.tune("tune", jobs=6, parallel=2, Strategy="Bayesian")
    house.tuned("tune")
    for path in Path(house.tuning_folder("tune")).iterdir():
        if path.suffix == ".json":
            json.loads(path.read_text())
        else:
            assert path.name in ("owner.lock", "announced", "supervisor.log")
