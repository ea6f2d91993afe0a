"""A local SageMaker in a temporary folder with the fake image (`fake_image.py`), and what tests of it need.

`conftest.py` makes it a fixture.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from orchestration.local.local_sagemaker.archive import pack
from orchestration.local.local_sagemaker.objects import FolderObjects
from orchestration.local.local_sagemaker.service import LocalSageMaker
from tests.orchestration.local.local_sagemaker.fake_image import PROGRAM
from tests.orchestration.shape_walker import check_response

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagebuild/fake:1.0"
ROLE = "arn:aws:iam::123456789012:role/training"
BUCKET = "sagebuild-test"
ROOT = Path(__file__).parents[4]


def until(condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    """The first true answer of `condition`, asked often; fails when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not so within {timeout_s} s"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether a process with this id runs; a zombie does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def gone(pid: int) -> None:
    """Wait until no process with this id runs any more."""
    until(lambda: not is_running(pid))


def tuner(folder: Path, statements: str) -> None:
    """Run a tuning job's tuner in a process that begins with these statements and is killed by SIGKILL in the end."""
    begin = (
        "import os, sys\n"
        "from orchestration.local.local_sagemaker import jobs, tuner\n"
        "from orchestration.local.local_sagemaker.training import TrainingJobs\n"
    )
    code = f"{begin}{statements}\ntuner.main(sys.argv[1:])"
    ended = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == -9, "the tuner came to its end"


class House:
    """A state folder, its objects, and the local SageMakers over it: one at a time, as many as a test starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "image.py"
        self.program.write_text(PROGRAM)
        self.state = folder / "state"
        self.objects = FolderObjects(folder / "objects")
        self.objects.create_bucket(BUCKET)
        self.objects.put(BUCKET, "data/train/train.csv", b"y,x\n1,2\n")
        self.training_changes: list[tuple[str, str]] = []
        self.processing_changes: list[tuple[str, str]] = []
        self.tuning_changes: list[tuple[str, str]] = []
        self.endpoint_changes: list[tuple[str, str]] = []
        self.settings: dict[str, Any] = {
            "max_parallel_jobs": 2,
            "stop_grace_s": 1.0,
            "endpoint_stop_grace_s": 2.0,
            "startup_timeout_s": 10.0,
        }
        self.service = self.start()

    def start(self) -> LocalSageMaker:
        """Another local SageMaker on the same folder, as after the death of the one before."""
        self.service = LocalSageMaker(
            state_dir=self.state,
            objects=self.objects,
            images={"fake": [sys.executable, str(self.program)]},
            cwd=self.folder,
            account="123456789012",
            region="us-east-1",
            on_training_change=lambda name, status: self.training_changes.append((name, status)),
            on_processing_change=lambda name, status: self.processing_changes.append((name, status)),
            on_tuning_change=lambda name, status: self.tuning_changes.append((name, status)),
            on_endpoint_change=lambda name, status: self.endpoint_changes.append((name, status)),
            **self.settings,
        )
        self.service.resume()
        return self.service

    def kill(self, statements: str) -> None:
        """Another engine on the same folder does what the statements say and is killed by SIGKILL; we are the next one.

        The statements see all names of this module, and their own House as `house`.
        """
        self.service.close()
        begin = f"from {__name__} import *\nhouse = House(Path({str(self.folder)!r}))\n"
        code = f"{begin}{statements}\nprint('done', flush=True)\n"
        engine = subprocess.Popen(
            [sys.executable, "-c", code + "time.sleep(60)"], stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True
        )
        assert engine.stdout is not None
        with engine.stdout:
            assert engine.stdout.readline() == b"done\n", "the other engine failed"
            engine.kill()
            engine.wait()
        self.start()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """One operation; its response is checked against the service model."""
        response = self.service.call(operation, request)
        check_response("sagemaker", operation, response)
        return response

    def job_request(self, name: str, values: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        """A CreateTrainingJob request whose hyperparameters tell the fake image what to do."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/train"}
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "HyperParameters": {key: str(value) for key, value in values.items()},
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "validation:RMSE", "Regex": r"validation:RMSE=([0-9.e+-]+);"}],
            },
            "RoleArn": ROLE,
            "InputDataConfig": [
                {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        }
        return {**request, **changes}

    def train(self, name: str, values: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Start a training job; returns its ARN."""
        arn: str = self.call("CreateTrainingJob", **self.job_request(name, values or {}, **changes))["TrainingJobArn"]
        return arn

    def job(self, name: str) -> dict[str, Any]:
        return self.call("DescribeTrainingJob", TrainingJobName=name)

    def ended(self, name: str, timeout_s: float = 30.0) -> dict[str, Any]:
        """The description of a job once it has ended."""
        until(lambda: self.service.training_jobs.status(name).is_terminal, timeout_s)
        return self.job(name)

    def ml(self, name: str) -> Path:
        return self.state / "sagemaker" / "training-jobs" / name / "ml"

    def facts(self, name: str) -> dict[str, Any]:
        """What the training program found, once it runs."""
        path = self.ml(name) / "facts.json"
        until(path.exists)
        facts: dict[str, Any] = json.loads(path.read_text())
        return facts

    def owner(self, name: str) -> dict[str, Any]:
        path = self.state / "sagemaker" / "training-jobs" / name / "owner.json"
        owner: dict[str, Any] = until(lambda: path.exists() and json.loads(path.read_text()))
        return owner

    def processing_request(self, name: str, *arguments: str, **changes: Any) -> dict[str, Any]:
        """A CreateProcessingJob request whose arguments tell the fake image what to do."""
        data = {"S3Uri": f"s3://{BUCKET}/data/train", "LocalPath": "/opt/ml/processing/input/data"}
        report = {"S3Uri": f"s3://{BUCKET}/reports/{name}", "LocalPath": "/opt/ml/processing/output"}
        cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        request: dict[str, Any] = {
            "ProcessingJobName": name,
            "ProcessingInputs": [{"InputName": "data", "S3Input": {**data, "S3DataType": "S3Prefix"}}],
            "ProcessingOutputConfig": {
                "Outputs": [{"OutputName": "report", "S3Output": {**report, "S3UploadMode": "EndOfJob"}}]
            },
            "ProcessingResources": {"ClusterConfig": cluster},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "AppSpecification": {"ImageUri": IMAGE, "ContainerArguments": ["evaluate", *arguments]},
            "RoleArn": ROLE,
        }
        return {**request, **changes}

    def process(self, name: str, *arguments: str, **changes: Any) -> str:
        """Start a processing job; returns its ARN."""
        request = self.processing_request(name, *arguments, **changes)
        arn: str = self.call("CreateProcessingJob", **request)["ProcessingJobArn"]
        return arn

    def processed(self, name: str) -> dict[str, Any]:
        """The description of a processing job once it has ended."""
        until(lambda: self.service.processing_jobs.settled_status(name).is_terminal)
        return self.call("DescribeProcessingJob", ProcessingJobName=name)

    def processing_folder(self, name: str) -> Path:
        return self.state / "sagemaker" / "processing-jobs" / name

    def processing_facts(self, name: str) -> dict[str, Any]:
        """What the processing program found, once it runs."""
        path = self.processing_folder(name) / "ml" / "facts.json"
        until(path.exists)
        facts: dict[str, Any] = json.loads(path.read_text())
        return facts

    def tuning_request(
        self, name: str, static: Mapping[str, Any] | None = None, jobs: int = 4, parallel: int = 2, **config: Any
    ) -> dict[str, Any]:
        """A CreateHyperParameterTuningJob request over x in 0 to 1; `config` changes its config."""
        training = self.job_request("", static or {})
        shared = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig")
        ranges = [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:RMSE"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
                "ParameterRanges": {"ContinuousParameterRanges": ranges},
                "RandomSeed": 7,
                **config,
            },
            "TrainingJobDefinition": {
                "StaticHyperParameters": training["HyperParameters"],
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                **{member: training[member] for member in shared},
            },
        }

    def tune(self, name: str, static: Mapping[str, Any] | None = None, **config: Any) -> str:
        """Start a tuning job; returns its ARN."""
        request = self.tuning_request(name, static, **config)
        arn: str = self.call("CreateHyperParameterTuningJob", **request)["HyperParameterTuningJobArn"]
        return arn

    def tuning(self, name: str) -> dict[str, Any]:
        return self.call("DescribeHyperParameterTuningJob", HyperParameterTuningJobName=name)

    def tuned(self, name: str, timeout_s: float = 60.0) -> dict[str, Any]:
        """The description of a tuning job once it has ended."""
        until(lambda: self.service.tuning_jobs.settled_status(name).is_terminal, timeout_s)
        return self.tuning(name)

    def tuning_folder(self, name: str) -> Path:
        return self.state / "sagemaker" / "tuning-jobs" / name

    def tuner_pid(self, name: str) -> int:
        """The process id of a tuning job's tuner, once it is at work."""
        path = self.tuning_folder(name) / "owner.json"
        pid: int = until(lambda: path.exists() and json.loads(path.read_text()))["supervisor"]["pid"]
        return pid

    def trials(self, name: str, **request: Any) -> list[dict[str, Any]]:
        """A tuning job's training jobs, up to 100."""
        listed = {"HyperParameterTuningJobName": name, "MaxResults": 100, **request}
        found: list[dict[str, Any]] = self.call("ListTrainingJobsForHyperParameterTuningJob", **listed)[
            "TrainingJobSummaries"
        ]
        return found

    def add_model(self, name: str, behaviour: Mapping[str, Any] | None = None, **container: Any) -> str:
        """Put a model's archive among the objects and create model and config of the same name; returns the name."""
        folder = self.folder / f"model-{name}"
        folder.mkdir()
        (folder / "model.json").write_text(json.dumps({"name": name}))
        if behaviour is not None:
            (folder / "behaviour.json").write_text(json.dumps(behaviour))
        pack(folder, self.folder / f"{name}.tar.gz")
        uri = f"s3://{BUCKET}/artifacts/{name}/model.tar.gz"
        self.objects.put_file(uri, self.folder / f"{name}.tar.gz")
        definition = {"Image": IMAGE, "ModelDataUrl": uri, **container}
        self.call("CreateModel", ModelName=name, PrimaryContainer=definition, ExecutionRoleArn=ROLE)
        self.add_config(name, name)
        return name

    def add_config(self, name: str, model: str, **changes: Any) -> None:
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            **changes,
        }
        self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])

    def endpoint(self, name: str) -> dict[str, Any]:
        return self.call("DescribeEndpoint", EndpointName=name)

    def reaches(self, name: str, status: str, timeout_s: float = 30.0) -> dict[str, Any]:
        """The description of an endpoint once it has a status."""
        until(lambda: self.endpoint(name)["EndpointStatus"] == status, timeout_s)
        return self.endpoint(name)

    def in_service(self, name: str, config: str) -> dict[str, Any]:
        """Create an endpoint and wait until it serves."""
        self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config)
        return self.reaches(name, "InService")

    def settled(self, name: str) -> dict[str, Any]:
        """The description of an endpoint once no change of it is under way."""
        until(lambda: self.endpoint(name)["EndpointStatus"] in ("InService", "Failed"))
        return self.endpoint(name)

    def invoke(self, name: str, body: bytes = b"1,2", **options: Any) -> dict[str, Any]:
        """The fake image's answer to a request."""
        answer: dict[str, Any] = json.loads(self.service.invoke_endpoint(name, body, **options).body)
        return answer

    def clear(self) -> None:
        """End everything that still runs."""
        self.service.close()
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.environ().get("SAGEBUILD_CONTAINER_ROOT", "").startswith(str(self.folder)):
                    process.kill()
                elif str(self.folder) in " ".join(process.cmdline()) and process.pid != os.getpid():
                    process.kill()
