"""The engine's wire beside SageMaker: scaling, CloudWatch, CodeBuild, and events of topics, objects and jobs."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients
from orchestration.local import client, processes
from orchestration.local.lambdas import function_table
from orchestration.local.processes import is_alive
from orchestration.local.resources import ENVIRONMENT, topic_arn
from orchestration.wiring import LocalSession, close_local, local_clients
from tests.orchestration.local.local_sagemaker.fake_image import PROGRAM
from tests.orchestration.local.test_moto_adapter import run

ROOT = Path(__file__).parents[3]
IMAGE = f"{ENVIRONMENT.image_prefix}sagebuild/gp:1"
ROLE = "arn:aws:iam::123456789012:role/r"
# An engine whose table of functions is another file, and whose image is the tests' own.
ENGINE = """
import sys
from pathlib import Path
from orchestration.local import lambdas
lambdas.TABLE = Path(sys.argv[2])
from orchestration.local import engine
engine.resources.programs = lambda python: {"gp": [python, sys.argv[3]]}
sys.exit(engine.main(sys.argv[1:2]))
"""


def eventually(what: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    end = time.monotonic() + timeout_s
    while not (found := what()):
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.05)
    return found


@pytest.fixture
def clients(engine: LocalSession) -> Clients:
    return local_clients(engine.state_dir)


def test_codebuild_is_skipped_with_a_note(clients: Clients) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::codebuild:startBuild.sync",
        "Parameters": {"ProjectName": "images"},
        "End": True,
    }
    output = json.loads(run(clients("stepfunctions"), {"StartAt": "B", "States": {"B": task}})["output"])
    assert output["Build"]["BuildStatus"] == "SUCCEEDED"
    assert "no CodeBuild in local mode" in output["Build"]["Note"]


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("iam", "simulate_principal_policy", {"PolicySourceArn": ROLE, "ActionNames": ["s3:PutObject"]}),
        ("ssm", "list_nodes", {}),
    ],
    ids=["XML", "JSON"],
)
def test_what_nobody_here_can_do_is_denied_at_once(
    clients: Clients, service: str, operation: str, request_: dict[str, Any]
) -> None:
    """Not an error of the server, which clients ask again and again."""
    with pytest.raises(ClientError, match="The local engine has no") as refused:
        getattr(clients(service), operation)(**request_)
    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")


class TestWithAnEngineOfItsOwn:
    """Started with one more function, which records what it gets; its state folder is the test's."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "state"
        folder.mkdir()
        recorder = {
            "handler": "tests.orchestration.local.event_recorder.handler",
            "timeout_s": 30,
            "memory_mb": 128,
            "environment": [],
            "events": [
                {"type": "topic", "topic": "start"},
                {"type": "object-created", "prefix": "incoming/"},
                {"type": "job-changed", "jobs": ["training", "processing", "tuning"]},
            ],
        }
        table = {name: {**row, "events": []} for name, row in function_table().items()}
        (tmp_path / "image.py").write_text(PROGRAM)
        (tmp_path / "functions.json").write_text(json.dumps({**table, "recorder": recorder}))
        self.start(folder)
        yield folder
        close_local(folder)

    def start(self, folder: Path) -> None:
        given = [str(folder.parent / "functions.json"), str(folder.parent / "image.py")]
        engine = processes.spawn(
            [sys.executable, "-c", ENGINE, str(folder), *given],
            cwd=ROOT,
            env=processes.clean_environment({"PYTHONPATH": str(ROOT)}),
            log_path=folder / "engine-start.log",
        )
        eventually(lambda: client.find(folder) is not None or not is_alive(engine))
        assert is_alive(engine), (folder / "engine-start.log").read_text()
        client.join(folder)

    def kill(self, folder: Path) -> None:
        found = client.find(folder)
        assert found is not None
        os.kill(found.process.pid, signal.SIGKILL)
        eventually(lambda: not is_alive(found.process))

    def recorded(self, folder: Path) -> list[dict[str, Any]]:
        log = folder / "logs" / "recorder.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line.removeprefix("EVENT ")) for line in lines if line.startswith("EVENT ")]

    def test_events_of_topics_objects_and_jobs_reach_their_function(self, folder: Path) -> None:
        clients = local_clients(folder)
        clients("sns").publish(
            TopicArn=topic_arn("start"),
            Message="train the model",
            Subject="s",
            MessageAttributes={"who": {"DataType": "String", "StringValue": "ada"}},
        )
        clients("sns").publish(TopicArn=ENVIRONMENT.notices_topic_arn, Message="nobody's")
        s3 = clients("s3")
        s3.put_object(Bucket=ENVIRONMENT.data_bucket, Key="incoming/a b.json", Body=b"{}")
        s3.put_object(Bucket=ENVIRONMENT.data_bucket, Key="elsewhere/b.json", Body=b"{}")
        s3.put_object_tagging(
            Bucket=ENVIRONMENT.data_bucket, Key="incoming/a b.json", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
        )
        self.train(clients, "t-1")
        notice, created, job = eventually(lambda: len(self.recorded(folder)) == 3 and self.recorded(folder))
        sns = notice["Records"][0]["Sns"]
        assert (sns["Message"], sns["Subject"], len(sns["MessageId"])) == ("train the model", "s", 36)
        assert sns["MessageAttributes"] == {"who": {"Type": "String", "Value": "ada"}}
        assert created["Records"][0]["s3"]["object"]["key"] == "incoming%2Fa+b.json"
        assert created["Records"][0]["s3"]["bucket"]["name"] == ENVIRONMENT.data_bucket
        assert job["detail"]["TrainingJobName"] == "t-1"

    def train(self, clients: Clients, name: str) -> None:
        """A job that ends at once."""
        clients("s3").put_object(Bucket=ENVIRONMENT.data_bucket, Key="data/train.csv", Body=b"y,x\n")
        bucket = f"s3://{ENVIRONMENT.data_bucket}"
        source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/data"}
        clients("sagemaker").create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            RoleArn=ROLE,
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"{bucket}/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )

    def test_a_message_that_was_published_is_not_lost_with_the_engine(self, folder: Path) -> None:
        for number in range(5):
            local_clients(folder)("sns").publish(TopicArn=topic_arn("start"), Message=f"{number}")
        self.kill(folder)
        self.start(folder)
        eventually(lambda: {"0", "1", "2", "3", "4"} <= {self.message(event) for event in self.recorded(folder)})

    def message(self, event: dict[str, Any]) -> str:
        return str(event["Records"][0]["Sns"]["Message"])

    def test_scaling_and_invocations_are_kept_when_the_engine_is_killed(self, folder: Path) -> None:
        clients = local_clients(folder)
        self.deploy(clients)
        for _ in range(3):
            clients("sagemaker-runtime").invoke_endpoint(EndpointName="e", ContentType="text/csv", Body=b"1")
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": "endpoint/e/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        scaling = clients("application-autoscaling")
        arn = scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)["ScalableTargetARN"]
        tracking = {
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        }
        policy = {"PolicyName": "p", "PolicyType": "TargetTrackingScaling"}
        scaling.put_scaling_policy(**target, **policy, TargetTrackingScalingPolicyConfiguration=tracking)
        self.kill(folder)
        self.start(folder)
        clients = local_clients(folder)
        scaling = clients("application-autoscaling")
        assert scaling.register_scalable_target(**target, MaxCapacity=4)["ScalableTargetARN"] == arn
        there = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        assert [(one["MinCapacity"], one["MaxCapacity"]) for one in there] == [(1, 4)]
        policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=target["ResourceId"])
        assert policies["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"] == tracking
        assert self.counted(clients) == 3
        scaling.deregister_scalable_target(**target)
        assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
        with pytest.raises(ClientError, match="ObjectNotFoundException"):
            scaling.deregister_scalable_target(**target)
        nothing = {**target, "ResourceId": "endpoint/other/variant/AllTraffic"}
        with pytest.raises(ClientError, match="no endpoint variant"):
            scaling.register_scalable_target(**nothing, MinCapacity=1, MaxCapacity=2)

    def deploy(self, clients: Clients) -> None:
        """An endpoint `e` of a model that serves, whatever is asked of it."""
        name = f"m-{uuid.uuid4().hex[:8]}"
        sagemaker = clients("sagemaker")
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
        sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ROLE)
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName=name)
        eventually(lambda: sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] == "InService")

    def counted(self, clients: Clients) -> int:
        now = datetime.now(UTC)
        answer = clients("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=[{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "AllTraffic"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(seconds=1),
            Period=3600,
            Statistics=["Sum"],
        )
        return int(sum(point["Sum"] for point in answer["Datapoints"]))
