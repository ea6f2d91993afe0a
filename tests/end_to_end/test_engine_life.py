"""The engine's life: started by the first client, shared, kept to itself, ended with the last, and what it keeps."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from models.datasets import SAMPLES
from orchestration.builds import BuildKind, BuildStatus, Requester
from orchestration.local import client
from orchestration.local.lambdas import Lambdas, UnknownFunction
from orchestration.local.processes import is_alive
from orchestration.local.resources import ENVIRONMENT, REGION
from orchestration.ports import Ports, Unavailable
from orchestration.settings import environment_variables
from orchestration.steps.start_build import Order, start_build
from orchestration.steps.stop_build import stop_build
from orchestration.wiring import close_local, local_clients, open_local

ROOT = Path(__file__).parents[2]
ADA = Requester("ada", "Ada", "console", "c1")
CHAT = "import sys; from bot.cli import main; sys.exit(main(sys.argv[1:]))"
NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_MAX_ATTEMPTS": "1",
}
# An audit hook in every Python process of the engine's family: which hosts are asked for or connected to.
WATCHER = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        place = arguments[1] if event != "socket.getaddrinfo" else arguments[0]
        host = place[0] if isinstance(place, tuple) else place
        with open(os.environ["SAGEBUILD_TEST_HOSTS"], "a") as file:
            file.write(f"{host}\\n")
sys.addaudithook(watch)
"""


def eventually(what: Callable[[], bool], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, f"not within {timeout_s} s"
        time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    close_local(tmp_path / "state")


def build(ports: Ports) -> int:
    order = Order(BuildKind.TRAIN, "gp", "toy", {}, {}, ADA, "test", uuid.uuid4().hex)
    number = start_build(order, ports).build.number
    eventually(lambda: ports.builds.get(number).has_ended)
    assert ports.builds.get(number).status is BuildStatus.READY
    return number


def test_eight_clients_at_once_share_one_engine(folder: Path) -> None:
    def talk(_: int) -> int:
        with open_local(folder, "ada") as session:
            found = client.find(session.state_dir)
            assert found is not None
            return found.process.pid

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(talk, range(8)))) == 1


def test_a_second_engine_is_refused_with_the_holders_process_id(folder: Path) -> None:
    with open_local(folder, "ada"):
        found = client.find(folder)
        assert found is not None
        second = subprocess.run(
            [sys.executable, "-m", "orchestration.local.engine", str(folder)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            check=False,
        )
        assert second.returncode == 3
        assert f"Another engine (process {found.process.pid}) holds {folder}" in second.stderr
        assert client.find(folder) == found


def test_it_ends_with_its_last_client_and_what_was_built_is_there_again(folder: Path) -> None:
    with open_local(folder, "ada") as session:
        number = build(session.ports)
        before = client.find(folder)
        prediction = session.ports.endpoints.predict("local-gp-toy", [[0.5, 1.0]])
    assert before is not None
    eventually(lambda: not is_alive(before.process))
    assert not (folder / "engine.json").exists()
    with open_local(folder, "ada") as session:
        after = client.find(folder)
        assert after is not None
        assert after.process != before.process
        assert session.ports.builds.get(number).status is BuildStatus.READY
        assert {dataset.name for dataset in session.ports.datasets.all()} == set(SAMPLES)
        eventually(lambda: session.ports.endpoints.describe("local-gp-toy").status == "InService")
        assert session.ports.endpoints.predict("local-gp-toy", [[0.5, 1.0]]) == prediction
        assert build(session.ports) == number + 1


def test_after_kill_9_what_was_finished_is_there_and_what_was_running_goes_on(folder: Path) -> None:
    with open_local(folder, "ada") as session:
        done = build(session.ports)
        order = Order(BuildKind.TRAIN, "gp", "diabetes", {}, {}, ADA, "test", uuid.uuid4().hex)
        running = start_build(order, session.ports).build.number
        found = client.find(folder)
        assert found is not None
        os.kill(found.process.pid, signal.SIGKILL)
    with open_local(folder, "ada") as session:
        assert session.ports.builds.get(done).status is BuildStatus.READY
        eventually(lambda: session.ports.builds.get(running).has_ended)
        assert session.ports.builds.get(running).status is BuildStatus.READY
        eventually(lambda: session.ports.endpoints.describe("local-gp-toy").status == "InService")
        assert build(session.ports) == running + 1


@pytest.mark.parametrize("after_s", [0.1, 0.6, 1.2])
def test_down_ends_no_build(folder: Path, after_s: float) -> None:
    """Whatever state it is in, it goes on when somebody comes back."""
    with open_local(folder, "ada") as session:
        order = Order(BuildKind.TRAIN, "gp", "toy", {}, {}, ADA, "test", uuid.uuid4().hex)
        number = start_build(order, session.ports).build.number
        time.sleep(after_s)
        assert close_local(folder).startswith("The engine has ended")
    with open_local(folder, "ada") as session:
        eventually(lambda: session.ports.builds.get(number).has_ended)
        assert session.ports.builds.get(number).status is BuildStatus.READY


def test_a_request_that_is_refused_leaves_nothing_for_the_next_boot(folder: Path) -> None:
    """Neither an execution that never began nor an item of somebody's own table keeps the engine from starting."""
    with open_local(folder, "ada") as session:
        clients = local_clients(folder)
        machine = session.ports.environment.state_machine_arn
        with pytest.raises(ClientError, match="Expecting value"):
            clients("stepfunctions").start_execution(stateMachineArn=machine, name="bad", input="not json")
        key = {"AttributeName": "id", "KeyType": "HASH"}
        attribute = {"AttributeName": "id", "AttributeType": "S"}
        clients("dynamodb").create_table(
            TableName="mine", KeySchema=[key], AttributeDefinitions=[attribute], BillingMode="PAY_PER_REQUEST"
        )
        clients("dynamodb").put_item(TableName="mine", Item={"id": {"S": "1"}})
        first = session.ports.settings.save({"schema_version": 1})
        close_local(folder)
    with open_local(folder, "ada") as session:
        assert session.ports.settings.save({"schema_version": 1}) == first + 1


def test_a_conversation_goes_on_when_its_engine_is_killed(folder: Path) -> None:
    with open_local(folder, "ada") as session:
        number = build(session.ports)
        before = client.find(folder)
        assert before is not None
        os.kill(before.process.pid, signal.SIGKILL)
        eventually(lambda: not is_alive(before.process))
        assert session.ports.builds.get(number).status is BuildStatus.READY
        after = client.find(folder)
        assert after is not None
        assert after.process != before.process


def test_a_build_that_was_stopped_stays_stopped_whatever_dies(folder: Path) -> None:
    with open_local(folder, "ada") as session:
        order = Order(BuildKind.TRAIN, "gp", "diabetes", {}, {}, ADA, "test", uuid.uuid4().hex)
        number = start_build(order, session.ports).build.number
        found = client.find(folder)
        assert found is not None
        stop_build(number, ADA, session.ports)
        os.kill(found.process.pid, signal.SIGKILL)
    with open_local(folder, "ada") as session:
        build(session.ports)
        assert session.ports.builds.get(number).status is BuildStatus.STOPPED


def test_a_function_takes_work_from_nobody_but_its_own_process(tmp_path: Path) -> None:
    lambdas = Lambdas(tmp_path, environment_variables(ENVIRONMENT) | NOWHERE, REGION)
    try:
        lambdas.warm("record-status")
        address = lambdas._workers["record-status"]._address
        assert ask(f"http://{address}/2018-06-01/runtime/invocation/next", {}) == 403
        answer = lambdas.invoke("record-status", b'{"build": "not a number"}')
        assert answer.is_error  # it did reach the function, which has nothing to ask here
        with pytest.raises(UnknownFunction, match="no function 'nothing'; there are resolve-settings"):
            lambdas.invoke("nothing", b"{}")
    finally:
        lambdas.close()


def test_a_function_runs_where_awslambdaric_has_no_native_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, for which AWS does not build it."""
    without = (
        "import sys; sys.modules['runtime_client'] = None; "
        "from orchestration.local.function_program import main; main(sys.argv[1:])"
    )
    monkeypatch.setattr("orchestration.local.lambdas.PROGRAM", ("-c", without))
    lambdas = Lambdas(tmp_path, environment_variables(ENVIRONMENT) | NOWHERE, REGION)
    try:
        for build in ("one", "two"):
            answer = lambdas.invoke("record-status", json.dumps({"build": build}).encode())
            assert answer.is_error
            assert json.loads(answer.payload)["errorType"] not in ("Sandbox.Timedout", "Runtime.ExitError")
    finally:
        lambdas.close()
    assert "native" not in (tmp_path / "record-status.log").read_text()


@pytest.mark.parametrize("others", [1, 4])
def test_who_cannot_start_an_engine_is_told_what_his_own_said(folder: Path, others: int) -> None:
    """However many try at the same time."""
    folder.mkdir()
    (folder / "settings.json").write_text('{"wibble": 1}')

    def refused(_: int) -> str:
        with pytest.raises(Unavailable) as raised, open_local(folder, "ada"):
            pass
        return str(raised.value)

    with ThreadPoolExecutor(others) as pool:
        assert all("no setting 'wibble'" in said for said in pool.map(refused, range(others)))


def test_only_its_owner_can_read_the_key(folder: Path) -> None:
    with open_local(folder, "ada"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in (folder / "engine.json", folder / "engine.db"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def ask(url: str, headers: dict[str, str]) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_request_without_the_key_or_for_another_host_is_refused(folder: Path) -> None:
    with open_local(folder, "ada"):
        found = client.find(folder)
        assert found is not None
        key, scope = found.access_key, "20261120/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}"}
        guess = {"Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{scope}"}
        url = found.url
        assert ask(f"{url}/sagebuild-local-data", signed) == 200
        assert ask(f"{url}/sagebuild-local-data", {}) == 403
        assert ask(f"{url}/sagebuild-local-data", guess) == 403
        assert ask(f"{url}/sagebuild-local-data", signed | {"Host": "evil.example"}) == 403
        assert ask(f"{url}/_engine/health", {"X-SageBuild-Key": key}) == 200
        assert ask(f"{url}/_engine/health", {"X-SageBuild-Key": "0" * 32}) == 403
        assert ask(f"{url}/moto-api/data.json", {}) == 403


def test_a_folder_of_a_newer_version_is_refused(folder: Path) -> None:
    import sqlite3

    folder.mkdir()
    with sqlite3.connect(folder / "engine.db") as db:
        db.execute("PRAGMA user_version=999")
    with pytest.raises(Unavailable, match="newer SageBuild"), open_local(folder, "ada"):
        pass


def test_two_terminals_talk_to_one_engine(folder: Path) -> None:
    """What one conversation starts, another sees."""
    with open_local(folder, "ada") as session:
        number = build(session.ports)
        found = client.find(folder)
        result = chat(folder, f"what is the status of build {number}?\n", os.environ)
        assert f"Build {number} is READY" in result.stdout
        after = client.find(folder)
        assert found is not None
        assert after is not None
        assert after.process == found.process


def chat(folder: Path, said: str, environment: os._Environ[str] | dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CHAT, "chat", "--state-dir", str(folder)],
        input=said,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=ROOT,
        env=dict(environment),
        check=True,
    )


def test_with_a_decoy_profile_no_host_but_loopback_is_addressed(folder: Path, tmp_path: Path) -> None:
    hosts, watcher = tmp_path / "hosts", tmp_path / "watcher"
    watcher.mkdir()
    (watcher / "sitecustomize.py").write_text(WATCHER)
    environment = {
        **os.environ,  # its HOME holds a decoy profile: see conftest
        "PYTHONPATH": str(watcher),
        "SAGEBUILD_TEST_HOSTS": str(hosts),
        "AWS_PROFILE": "decoy",
        "AWS_ACCESS_KEY_ID": "DECOY",
        "AWS_SECRET_ACCESS_KEY": "decoy",
        "AWS_ENDPOINT_URL": "http://192.0.2.1:1",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://192.0.2.1:1",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://192.0.2.1:1",
        "http_proxy": "http://192.0.2.1:1",
    }
    said = chat(folder, "start training\ntell me when it is done\npredict 0.5 1.0\n", environment)
    assert "is READY" in said.stdout
    addressed = set(hosts.read_text().split())
    assert addressed
    assert addressed <= {"127.0.0.1", "localhost", "::1"}


def test_down_ends_it(folder: Path) -> None:
    with open_local(folder, "ada"):
        found = client.find(folder)
        assert found is not None
        assert close_local(folder) == "The engine has ended."
        assert not is_alive(found.process)
    assert close_local(folder) == "No engine is running."


def test_engine_json_of_a_dead_engine_misleads_nobody(folder: Path) -> None:
    folder.mkdir()
    stale = {
        "protocol": client.PROTOCOL,
        "process": {"pid": os.getpid(), "started_at": "long ago"},
        "address": "127.0.0.1:9",
        "access_key": "0",
    }
    (folder / "engine.json").write_text(json.dumps(stale))
    with open_local(folder, "ada") as session:
        assert session.ports.builds.latest() == []
