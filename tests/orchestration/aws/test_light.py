"""The AWS calls without boto3: the signature is botocore's, and what is sent arrives in SQS and Secrets Manager."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from orchestration.aws.light import LightClient, LightError, fifo_sender, secret_document
from orchestration.aws.queues import FifoWorkQueue, work_of
from orchestration.aws.sigv4 import Credentials, Scope, signed_headers
from orchestration.ports import BadRequest, Unavailable, Work

REGION = "us-east-1"
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


def botocore_headers(
    method: str, url: str, headers: dict[str, str], body: bytes, scope: Scope, keys: Credentials, at: datetime
) -> HTTPHeaders:
    """What botocore sends for the same request at the same time."""
    signer = SigV4Auth(
        BotoCredentials(keys.access_key, keys.secret_key, keys.token or None), scope.service, scope.region
    )
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    signer._inject_signature_to_request(
        request, signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    )
    return request.headers


@given(
    body=st.binary(max_size=200),
    path=st.sampled_from(["/", "", "/a/b", "/with%20space"]),
    query=st.dictionaries(TEXT, TEXT, max_size=3),
    region=st.sampled_from(["us-east-1", "eu-central-1"]),
    service=st.sampled_from(["sqs", "secretsmanager"]),
    keys=st.builds(Credentials, TEXT, TEXT, st.sampled_from(["", "FwoGZXIvYXdzE=="])),
    header=st.dictionaries(st.sampled_from(["X-Amz-Target", "Content-Type", "X-Other"]), TEXT, max_size=3),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
)
def test_the_signature_is_botocores(
    body: bytes, path: str, query: dict[str, str], region: str, service: str, keys: Credentials,
    header: dict[str, str], at: datetime,
) -> None:  # fmt: skip
    url = f"https://{service}.{region}.amazonaws.com{path}" + (f"?{urlencode(query)}" if query else "")
    scope = Scope(region, service)
    ours = signed_headers("POST", url, header, body, scope, keys, at)
    theirs = botocore_headers("POST", url, header, body, scope, keys, at)
    assert ours["Authorization"] == theirs["Authorization"]


def test_no_secret_is_shown() -> None:
    assert KEYS.secret_key not in repr(KEYS)


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """moto's address."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def boto(service: str, endpoint: str) -> Any:
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint, **keys)


@pytest.fixture
def queue_url(aws: str) -> Iterator[str]:
    sqs = boto("sqs", aws)
    url = sqs.create_queue(QueueName="work.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def received(aws: str, url: str) -> list[dict[str, Any]]:
    answer = boto("sqs", aws).receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
    return list(answer.get("Messages", []))


def test_work_arrives_once_and_in_its_group(aws: str, queue_url: str) -> None:
    work = FifoWorkQueue(fifo_sender(LightClient("sqs", REGION, lambda: KEYS, aws), queue_url))
    first, second = Work("t/c", "d1", {"text": "train ü"}), Work("t/c", "d2", {"n": [1.5, None]})
    for one in (first, first, second):
        work.put(one)
    found = received(aws, queue_url)
    assert [work_of(message["Body"]) for message in found] == [first, second]
    assert len({message["Attributes"]["MessageGroupId"] for message in found}) == 1


class Closing(BaseHTTPRequestHandler):
    """Says nothing of it, and closes the connection after each answer."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_kept_connection_that_was_closed_meanwhile_is_made_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Closing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = LightClient("sqs", REGION, lambda: KEYS, f"http://127.0.0.1:{server.server_port}")
        for _ in range(3):
            assert client.call("AmazonSQS.SendMessage", "1.0", {}) == {}
        client.close()
        server.shutdown()


def test_a_refusal_and_an_outage_are_errors_of_the_port(aws: str) -> None:
    with pytest.raises(Unavailable, match="NonExistentQueue|QueueDoesNotExist"):
        FifoWorkQueue(fifo_sender(LightClient("sqs", REGION, lambda: KEYS, aws), f"{aws}/1/none.fifo")).put(
            Work("g", "d", {})
        )
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    with pytest.raises(Unavailable, match="SendMessage"):
        FifoWorkQueue(fifo_sender(LightClient("sqs", REGION, lambda: KEYS, address), "x")).put(Work("g", "d", {}))


def test_a_body_that_no_message_holds_is_refused_before_it_is_sent() -> None:
    with pytest.raises(BadRequest, match="too large"):
        FifoWorkQueue(fifo_sender(LightClient("sqs", REGION, lambda: KEYS, "http://192.0.2.1"), "x")).put(
            Work("g", "d", {"text": "x" * 300_000})
        )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"group": 1}', '{"group": 1, "delivery_id": 2, "body": 3}'])
def test_a_message_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        work_of(text)


def test_a_secret_is_read_and_never_repeated(aws: str) -> None:
    secrets = boto("secretsmanager", aws)
    secrets.create_secret(Name="good", SecretString=json.dumps({"bot_token": "xoxb-1"}))
    secrets.create_secret(Name="bad", SecretString="xoxb-very-secret")
    client = LightClient("secretsmanager", REGION, lambda: KEYS, aws)
    assert secret_document(client, "good") == {"bot_token": "xoxb-1"}
    with pytest.raises(LightError) as raised:
        secret_document(client, "bad")
    assert "xoxb" not in str(raised.value)
    with pytest.raises(LightError, match="ResourceNotFound"):
        secret_document(client, "none")


def test_it_waits_no_longer_than_slack_does() -> None:
    """A service that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken: list[socket.socket] = []
        thread = threading.Thread(target=lambda: taken.append(silent.accept()[0]), daemon=True)
        thread.start()
        client = LightClient("sqs", REGION, lambda: KEYS, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(LightError, match="Timeout|timed out"):
            client.call("AmazonSQS.SendMessage", "1.0", {})
        for one in taken:
            one.close()
