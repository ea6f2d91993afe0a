"""The Lambdas: the ack without boto3, the worker with what failed delivered again, the notices queued."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from bot.slack import ack_entry, notices_entry, pictures_entry, worker_entry
from bot.slack.config import FUNCTION_VARIABLES
from orchestration.aws.queues import work_of
from orchestration.builds import Environment
from orchestration.ports import Unavailable, Work
from orchestration.settings import variable_of
from tests.bot.slack.office import SECRET, TEAM, Office, as_form, as_json, command, mention
from tests.fakes import FakeWorkQueue
from tests.fakes.slack import TOKEN

ROOT = Path(__file__).parents[3]
REGION = "us-east-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def boto(service: str, address: str) -> Any:
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    return boto3.client(service, region_name=REGION, endpoint_url=address, **keys)


@pytest.fixture
def variables(aws: str) -> Iterator[dict[str, str]]:
    """What an ack Lambda is given: the secret's ARN, the queue's address, its role's keys."""
    sqs, secrets = boto("sqs", aws), boto("secretsmanager", aws)
    url = sqs.create_queue(QueueName="slack.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    secret = {"signing_secret": SECRET, "bot_token": TOKEN}
    arn = secrets.create_secret(Name="slack", SecretString=json.dumps(secret))["ARN"]
    yield {
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "SAGEBUILD_SLACK_SECRET_ARN": arn,
        "SAGEBUILD_SLACK_TEAM": TEAM,
        "SAGEBUILD_SLACK_QUEUE_URL": url,
    }
    sqs.delete_queue(QueueUrl=url)
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def gateway_event(payload: dict[str, Any]) -> dict[str, Any]:
    request = as_json(payload)
    return {
        "version": "2.0",
        "headers": dict(request.headers),
        "requestContext": {"http": {"method": "POST"}},
        "body": request.body.decode(),
        "isBase64Encoded": False,
    }


PROBE = """
import json, sys
from bot.slack import ack_entry
answer = ack_entry.handler(json.load(sys.stdin), None)
heavy = sorted({"boto3", "botocore", "hassil", "orchestration.ports", "models", "numpy"} & set(sys.modules))
print(json.dumps({"status": answer["statusCode"], "heavy": heavy}))
"""


def test_the_ack_needs_no_boto3_no_ports_and_no_sentences(aws: str, variables: dict[str, str]) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    result = subprocess.run(
        [sys.executable, "-c", PROBE],
        input=json.dumps(gateway_event(mention("start training"))),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {"status": 200, "heavy": []}
    [message] = boto("sqs", aws).receive_message(QueueUrl=variables["SAGEBUILD_SLACK_QUEUE_URL"])["Messages"]
    assert "start training" in str(work_of(message["Body"]).body["text"])
    assert SECRET not in result.stderr
    assert TOKEN not in result.stderr


@pytest.fixture
def fresh_entry(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ack_entry, "_kept", ack_entry._Kept())
    return variables


def test_without_the_secret_nothing_is_served(fresh_entry: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEBUILD_SLACK_SECRET_ARN", "none")
    with pytest.raises(Exception, match="ResourceNotFound") as raised:
        ack_entry.handler(gateway_event(mention("start training")), None)
    assert SECRET not in str(raised.value)


def test_what_is_no_event_of_the_gateway_is_refused(fresh_entry: dict[str, str]) -> None:
    assert ack_entry.handler({"rawPath": "/"}, None)["statusCode"] == 400


def test_a_secret_that_was_changed_is_taken_and_an_old_one_serves_while_none_can_be_read(
    aws: str, fresh_entry: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = gateway_event(mention("start training"))
    assert ack_entry.handler(event, None)["statusCode"] == 200
    monkeypatch.setattr(ack_entry, "SECRET_AGE_S", -1.0)
    arn = fresh_entry["SAGEBUILD_SLACK_SECRET_ARN"]
    monkeypatch.setenv("SAGEBUILD_SLACK_SECRET_ARN", "gone")
    assert ack_entry.handler(event, None)["statusCode"] == 200
    monkeypatch.setenv("SAGEBUILD_SLACK_SECRET_ARN", arn)
    changed = json.dumps({"signing_secret": "another", "bot_token": TOKEN})
    boto("secretsmanager", aws).put_secret_value(SecretId=arn, SecretString=changed)
    assert ack_entry.handler(event, None)["statusCode"] == 401


def record(work: Work, group: str = "") -> dict[str, Any]:
    body = {"group": work.group, "delivery_id": work.delivery_id, "body": dict(work.body)}
    return {
        "messageId": work.delivery_id,
        "body": json.dumps(body),
        "attributes": {"MessageGroupId": group or work.group},
    }


def test_what_failed_is_delivered_again_with_what_follows_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for thread, text in (("1.1", "list models"), ("1.2", "list models"), ("1.1", "list endpoints")):
        office.deliver(mention(text, thread=thread))
    works = office.queue.take_all()
    kept = worker_entry._Kept()
    monkeypatch.setattr(kept, "desk", lambda: office.desk)
    monkeypatch.setattr(worker_entry, "_kept", kept)
    office.slack.fail("chat.postMessage", 429)
    answer = worker_entry.handler({"Records": [record(one) for one in works]}, None)
    failed = [one["itemIdentifier"] for one in answer["batchItemFailures"]]
    assert failed == [works[0].delivery_id, works[2].delivery_id]
    assert len(office.slack.messages) == 1
    again = [record(works[0]), record(works[2])]
    assert worker_entry.handler({"Records": again}, None) == {"batchItemFailures": []}
    assert [shown.thread for shown in office.slack.messages] == ["1.2", "1.1", "1.1"]
    assert "endpoints" in office.slack.messages[2].text


def test_what_is_none_of_ours_fails_until_it_is_a_dead_letter(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = worker_entry._Kept()
    monkeypatch.setattr(kept, "desk", lambda: office.desk)
    monkeypatch.setattr(worker_entry, "_kept", kept)
    broken = {"messageId": "m1", "body": "hello", "attributes": {"MessageGroupId": "g"}}
    assert worker_entry.handler({"Records": [broken]}, None)["batchItemFailures"] == [{"itemIdentifier": "m1"}]
    nonsense = Work("g2", "d2", {"kind": "said", "nothing": "else"})
    assert worker_entry.handler({"Records": [record(nonsense)]}, None) == {"batchItemFailures": []}
    assert "is not what the ack queues" in caplog.text


def test_notifications_are_queued_in_their_builds_group(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices_entry, "_queue", lambda: office.queue)
    monkeypatch.setattr(notices_entry, "function_ports", lambda: office.desk.ports)
    message = {"build": 12, "id": "test#12#00", "status": "QUEUED"}
    sns = {"Records": [{"Sns": {"Message": json.dumps(message)}}] * 2}
    notices_entry.handler(sns, None)
    [one] = office.queue.take_all()
    assert (one.group, one.body["number"]) == ("build/12", 12)
    office.say("start training")
    notices_entry.handler({"detail-type": "Scheduled Event", "time": "2026-11-20T12:00:00Z"}, None)
    [look] = office.queue.take_all()
    assert (look.group, look.body["number"]) == ("build/1", 1)
    office.queue.is_away = True
    with pytest.raises(Unavailable):
        notices_entry.handler({"Records": [{"Sns": {"Message": json.dumps({**message, "id": "x"})}}]}, None)


def test_a_command_over_the_lambda(fresh_entry: dict[str, str], aws: str) -> None:
    request = as_form(command("start training"))
    event = {
        "headers": dict(request.headers),
        "requestContext": {"http": {"method": "POST"}},
        "body": request.body.decode(),
    }
    assert ack_entry.handler(event, None)["statusCode"] == 200


def test_a_picture_is_ordered_and_drawn_by_the_function_that_can(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = FakeWorkQueue()
    office.desk = replace(office.desk, pictures=orders)
    office.say("start training")
    office.world.happens({"build": 1, "status": "TRAINING"})
    office.world.happens({"build": 1, "status": "READY", "serves": "gp/toy"})
    office.say("sweep x1 from 0 to 1 in steps of 0.25", thread="17.3")
    assert office.slack.uploads == []
    [order] = orders.take_all()
    monkeypatch.setattr(pictures_entry, "_slack", lambda: office.desk.slack)
    office.slack.fail("files.completeUploadExternal", 503, times=2)
    one = record(order)
    assert len(pictures_entry.handler({"Records": [one]}, None)["batchItemFailures"]) == 1
    assert pictures_entry.handler({"Records": [one]}, None) == {"batchItemFailures": []}
    assert office.slack.uploads[-1]["content"].startswith(b"\x89PNG")
    assert office.slack.uploads[-1]["thread"] == "17.3"
    broken = record(Work("g", "d", {"figure": {}}))
    broken["attributes"]["ApproximateReceiveCount"] = "5"
    assert pictures_entry.handler({"Records": [broken]}, None) == {"batchItemFailures": []}


TABLE = json.loads((ROOT / "bot" / "functions.json").read_text())


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_the_channels_functions(name: str) -> None:
    """bot/functions.json, which Terraform reads beside orchestration/functions/functions.json."""
    row = TABLE[name]
    module, _, function = row["handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))
    known = {variable_of(one.name) for one in fields(Environment)} | set(FUNCTION_VARIABLES)
    assert set(row["environment"]) <= known
    assert (ROOT / "requirements" / f"{row['extra']}.txt").exists()
    for queue in row.get("sends", []):
        assert f"SAGEBUILD_{queue.upper()}_QUEUE_URL" in row["environment"]
    for secret in row.get("secrets", []):
        assert f"SAGEBUILD_{secret.upper()}_SECRET_ARN" in row["environment"]
