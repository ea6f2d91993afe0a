"""What a contract test needs besides the port itself: what is around it, on each implementation.

A stage says with `pytest.skip` what its implementation cannot do.
"""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from models.gp import artifact
from models.gp.fitting import fit
from models.gp.settings import Settings
from orchestration.aws.clients import Clients
from orchestration.builds import Environment, Json, Service, endpoint_name
from orchestration.ports import Ports
from tests.fakes import FakeEndpoints, FakeNotices

ROLE = "arn:aws:iam::123456789012:role/contract"
MACHINE = "contract"
QUEUE = "contract"
# Waits until somebody answers its token, which it puts on a queue.
ASKING = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
                "QueueUrl": "QUEUE_URL",
                "MessageBody": {"execution.$": "$$.Execution.Name", "token.$": "$$.Task.Token"},
            },
            "Next": "Answered",
        },
        "Answered": {"Type": "Pass", "End": True},
    },
}


def until(condition: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    end = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.05)
    return found


class FakeStage:
    """The fakes: tests play the part of what is around them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self.environment = ports.environment

    def token(self, execution: str) -> str:
        pytest.skip("a fake's executions wait for nothing")

    def config(self, works: bool = True) -> str:
        return f"{self.environment.name}-b{_number()}-0000-config"

    def settle(self, name: str, failed: bool = False) -> None:
        endpoints = self._ports.endpoints
        assert isinstance(endpoints, FakeEndpoints)
        endpoints.set_status(name, "Failed" if failed else "InService", "it broke" if failed else "")

    def foreign_endpoint(self) -> str:
        pytest.skip("a fake's endpoints have no tags")

    def there(self, config: str) -> bool:
        pytest.skip("a fake has no configurations")

    def listen(self) -> Callable[[], tuple[str, Json, Mapping[str, str]]]:
        notices = self._ports.notices
        assert isinstance(notices, FakeNotices)

        def newest() -> tuple[str, Json, Mapping[str, str]]:
            subject, body, attributes = notices.published[-1]
            return subject, dict(body), attributes

        return newest


class WireStage:
    """AWS's wire, spoken by moto in this process or by the engine in its own."""

    def __init__(self, clients: Clients, environment: Environment, is_engine: bool) -> None:
        self._clients, self.environment, self._is_engine = clients, environment, is_engine

    @staticmethod
    def prepare(clients: Clients) -> None:
        """Make what all tests share: the state machine and its queue."""
        url = clients("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
        definition = json.dumps(ASKING).replace("QUEUE_URL", url)
        clients("stepfunctions").create_state_machine(name=MACHINE, definition=definition, roleArn=ROLE)

    def token(self, execution: str) -> str:
        """The token for which that execution waits."""
        if not self._is_engine:
            pytest.skip("moto's executions run in the engine only")
        sqs = self._clients("sqs")
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]

        def found() -> str | None:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                if body["execution"] == execution:
                    return str(body["token"])
            return None

        return str(until(found))

    def config(self, works: bool = True) -> str:
        """A configuration of a model of ours; one that does not work has no model file in its archive."""
        name = f"{self.environment.name}-b{_number()}-0000"
        key = f"contract/{name}/model.tar.gz"
        self._clients("s3").put_object(
            Bucket=self.environment.data_bucket, Key=key, Body=_archive() if works else _archive_of({})
        )
        container = {
            "Image": f"{self.environment.image_prefix}sagebuild/gp:1",
            "ModelDataUrl": f"s3://{self.environment.data_bucket}/{key}",
        }
        sagemaker = self._clients("sagemaker")
        sagemaker.create_model(ModelName=f"{name}-model", PrimaryContainer=container, ExecutionRoleArn=ROLE)
        variant = {
            "VariantName": "main",
            "ModelName": f"{name}-model",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-config", ProductionVariants=[variant])
        return f"{name}-config"

    def settle(self, name: str, failed: bool = False) -> None:
        if failed and not self._is_engine:
            pytest.skip("moto's endpoints never fail")
        wanted = "Failed" if failed else "InService"
        describe = self._clients("sagemaker").describe_endpoint
        until(lambda: describe(EndpointName=name)["EndpointStatus"] == wanted)

    def foreign_endpoint(self) -> str:
        """An endpoint that somebody else has made under a name as ours are."""
        name = fresh_endpoint(self.environment)
        self._clients("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=self.config())
        self.settle(name)
        return name

    def there(self, config: str) -> bool:
        """Whether there is such a configuration, or its model."""
        sagemaker = self._clients("sagemaker")
        configs = sagemaker.list_endpoint_configs(NameContains=config)["EndpointConfigs"]
        models = sagemaker.list_models(NameContains=config.replace("-config", "-model"))["Models"]
        return bool(configs or models)

    def listen(self) -> Callable[[], tuple[str, Json, Mapping[str, str]]]:
        """Subscribe to the notices; the answer gives the next: subject, body and attributes."""
        sqs = self._clients("sqs")
        url = sqs.create_queue(QueueName=f"notices-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.environment.notices_topic_arn
        self._clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

        def newest() -> tuple[str, Json, Mapping[str, str]]:
            [message] = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
            told = json.loads(message["Body"])
            attributes = {name: given["Value"] for name, given in told.get("MessageAttributes", {}).items()}
            return told["Subject"], json.loads(told["Message"]), attributes

        return newest


def fresh_endpoint(environment: Environment) -> str:
    """A name that no test has used, of a service of its own."""
    return endpoint_name(environment.name, Service("gp", f"contract-{uuid.uuid4().hex[:8]}"))


def _number() -> int:
    return uuid.uuid4().int % 10**9


@cache
def _archive() -> bytes:
    """model.tar.gz of a Gaussian process over x1 and x2."""
    rows = [[float(a), float(b)] for a in range(4) for b in range(4)]
    model = fit(Settings(1, 0), rows, [1.5 * a + 5.2 * b for a, b in rows])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        artifact.save(model.posterior, path)
        return _archive_of({"model.npz": path.read_bytes()})


def _archive_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
