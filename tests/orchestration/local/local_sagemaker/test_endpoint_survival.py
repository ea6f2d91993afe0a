"""Endpoints and `kill -9`: of the engine, of the serving process, at the worst moments; and an orderly end."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from orchestration.local.local_sagemaker import deployment as deployment_module
from orchestration.local.local_sagemaker import serving as serving_module
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.endpoint_records import Generation
from orchestration.local.local_sagemaker.errors import ModelNotReadyException, RuntimeValidationError
from orchestration.local.processes import ProcessIdentity, find_by_environment
from tests.orchestration.local.local_sagemaker.house import House, gone, until


def record(house: House, name: str) -> dict[str, Any]:
    path = house.state / "sagemaker" / "endpoints" / name / "endpoint.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def pid(house: House, name: str) -> int:
    return house.service.endpoints.process_ids()[name]


def serving(house: House) -> list[int]:
    """The ids of all serving processes of this house."""
    root = str(house.state)
    return [who.pid for who, _ in find_by_environment("SAGEBUILD_CONTAINER_ROOT", lambda value: value.startswith(root))]


def test_a_killed_engine_leaves_its_endpoints_serving_and_the_next_adopts_them(house: House) -> None:
    house.add_model("m")
    house.kill("house.in_service('e', 'm')")
    process = record(house, "e")["live"]["process"]["pid"]
    assert house.endpoint("e")["EndpointStatus"] == "InService"
    assert house.invoke("e")["pid"] == process
    until(house.service.endpoints._deployments._background.is_idle)
    assert house.invoke("e")["pid"] == process
    assert serving(house) == [process]


def test_what_an_adopted_process_has_started_is_left_alone_and_ends_with_it(house: House) -> None:
    house.add_model("m", {"crowd": True})
    house.kill("house.in_service('e', 'm')")
    until(house.service.endpoints._deployments._background.is_idle)
    (worker,) = house.invoke("e")["workers"]
    assert sorted(serving(house)) == sorted([pid(house, "e"), worker])
    house.call("DeleteEndpoint", EndpointName="e")
    gone(worker)


def test_an_endpoint_whose_process_died_with_the_engine_serves_again(house: House) -> None:
    """Though its model, its config and its artifact are gone by then."""
    house.add_model("m")
    house.kill(
        "house.in_service('e', 'm')\n"
        "house.call('DeleteModel', ModelName='m'); house.call('DeleteEndpointConfig', EndpointConfigName='m')\n"
        "house.objects.delete(BUCKET, 'artifacts/m/model.tar.gz')\n"
        "import os, signal; house.service._closing.set(); house.service._watcher.join()\n"
        "os.kill(house.service.endpoints.process_ids()['e'], signal.SIGKILL)",
    )
    assert house.invoke("e")["model"] == {"name": "m"}
    house.reaches("e", "InService")


def test_a_process_that_has_the_dead_ones_id_is_not_adopted(house: House) -> None:
    house.add_model("m")
    house.in_service("e", "m")
    house.service.close()
    path = house.state / "sagemaker" / "endpoints" / "e" / "endpoint.json"
    document = json.loads(path.read_text())
    document["live"] |= {"process": {"pid": os.getpid(), "started_at": "long ago"}, "port": 1}
    path.write_text(json.dumps(document))
    house.start()
    assert house.invoke("e")["pid"] != os.getpid()


def test_nobody_starts_a_process_again_while_it_is_looked_whether_it_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watcher looks for dead processes too: two that started it again would end each other's."""
    original = serving_module.ping

    def slow(generation: Generation) -> bool:
        time.sleep(0.7)
        return original(generation)

    house.add_model("m", {"start_delay_s": 0.3})
    house.in_service("e", "m")
    house.service.close()
    house.endpoint_changes.clear()
    monkeypatch.setattr(deployment_module, "ping", slow)
    house.start()
    assert house.invoke("e")["model"] == {"name": "m"}
    until(house.service.endpoints._deployments._background.is_idle)
    assert house.endpoint_changes == []
    assert serving(house) == [pid(house, "e")]


def test_a_process_that_lives_and_does_not_answer_is_replaced(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "_PING_TIMEOUT_S", 0.3)
    house.add_model("m")
    house.kill("house.in_service('e', 'm'); import os, signal")
    process = pid(house, "e")
    until(house.service.endpoints._deployments._background.is_idle)
    house.service._closing.set()
    house.service._watcher.join(5)
    os.kill(process, signal.SIGSTOP)
    house.start()
    until(lambda: house.service.endpoints.process_ids().get("e", process) != process)
    house.reaches("e", "InService")
    assert house.invoke("e")["pid"] == pid(house, "e")
    gone(process)


def test_a_killed_serving_process_is_started_again_and_no_request_is_lost(house: House) -> None:
    house.add_model("m")
    house.in_service("e", "m")
    for _ in range(3):
        process = pid(house, "e")
        os.kill(process, signal.SIGKILL)
        gone(process)
        assert house.invoke("e")["pid"] != process
    house.reaches("e", "InService")
    statuses = [status for _, status in house.endpoint_changes]
    assert statuses == ["Creating", "InService"]


def test_a_process_that_is_killed_while_it_is_started_again_is_followed_by_another(house: House) -> None:
    house.add_model("m", {"start_delay_s": 0.5})
    house.in_service("e", "m")
    for _ in range(3):
        process = pid(house, "e")
        os.kill(process, signal.SIGKILL)
        gone(process)
        until(lambda before=process: house.service.endpoints.process_ids().get("e", before) != before)
    assert house.invoke("e")["model"] == {"name": "m"}
    assert [status for _, status in house.endpoint_changes] == ["Creating", "InService"]


def test_the_watcher_brings_an_endpoint_back_before_anybody_asks(house: House) -> None:
    house.add_model("m")
    house.in_service("e", "m")
    process = pid(house, "e")
    os.kill(process, signal.SIGKILL)
    until(lambda: house.service.endpoints.process_ids().get("e", process) != process)
    house.reaches("e", "InService")


def test_a_process_that_dies_during_an_update_hinders_nothing(house: House) -> None:
    """The old one is being started again when the new one takes over: it retires, and its failure is nobody's."""
    house.add_model("old", {"start_delay_s": 1.0})
    house.add_model("new", {"start_delay_s": 0.8})
    house.in_service("e", "old")
    process = pid(house, "e")
    house.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="new")
    os.kill(process, signal.SIGKILL)
    gone(process)
    assert house.invoke("e")["model"] == {"name": "new"}
    endpoint = house.reaches("e", "InService")
    assert endpoint["EndpointConfigName"] == "new"
    until(house.service.endpoints._deployments._background.is_idle)
    assert house.endpoint("e") == endpoint
    assert serving(house) == [pid(house, "e")]


def test_a_process_that_comes_back_too_late_is_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one takes over between the restart of the old one and the moment when that is written down."""
    house.add_model("old")
    house.add_model("new", {"start_delay_s": 0.3})
    house.in_service("e", "old")
    original = serving_module.start
    late: list[object] = []

    def start(generation: Generation, folder: Path, context: Context) -> tuple[ProcessIdentity, int]:
        started = original(generation, folder, context)
        if generation.number == 1:
            until(lambda: house.endpoint("e")["EndpointConfigName"] == "new")
            late.append(started)
        return started

    monkeypatch.setattr(deployment_module, "start", start)
    house.call("UpdateEndpoint", EndpointName="e", EndpointConfigName="new")
    process = pid(house, "e")
    os.kill(process, signal.SIGKILL)
    gone(process)
    house.service.endpoints.poll()
    until(lambda: late)
    until(house.service.endpoints._deployments._background.is_idle)
    assert serving(house) == [pid(house, "e")]
    assert house.invoke("e")["model"] == {"name": "new"}


def test_a_request_waits_for_the_process_no_longer_than_its_time(house: House) -> None:
    house.add_model("m", {"start_delay_s": 1.0})
    house.in_service("e", "m")
    process = pid(house, "e")
    os.kill(process, signal.SIGKILL)
    gone(process)
    with pytest.raises(ModelNotReadyException, match="being started again"):
        house.service.invoke_endpoint("e", b"", timeout_s=0.2)
    assert house.invoke("e")["model"] == {"name": "m"}


def test_a_container_that_keeps_ending_fails_its_endpoint(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment_module, "_MAX_REVIVALS", 1)
    house.add_model("m")
    house.in_service("e", "m")
    process = pid(house, "e")
    os.kill(process, signal.SIGKILL)
    gone(process)
    house.invoke("e")
    os.kill(pid(house, "e"), signal.SIGKILL)
    assert "ended 1 times within 60 s" in house.reaches("e", "Failed")["FailureReason"]
    with pytest.raises(RuntimeValidationError, match="not found"):
        house.service.invoke_endpoint("e", b"")
    house.service.close()
    house.start()
    assert house.invoke("e")["model"] == {"name": "m"}, "the next engine tries again"


def test_an_endpoint_that_cannot_come_back_fails_with_the_reason(house: House) -> None:
    house.add_model("m")
    house.in_service("e", "m")
    house.service.close()
    house.program.write_text("raise SystemExit('the program is broken')")
    house.start()
    reason = house.reaches("e", "Failed")["FailureReason"]
    assert "the program ended with exit code 1" in reason
    assert reason.endswith("the program is broken")


@pytest.mark.parametrize("moment", ["spawned", "prepared"])
def test_an_engine_killed_while_it_deploys_is_taken_over_by_the_next(house: House, moment: str) -> None:
    """Creating and updating go on; what the dead engine had started is ended, written down or not."""
    house.add_model("m1")
    house.add_model("m2")
    cut = {
        "spawned": "import orchestration.local.local_sagemaker.deployment as d\n"
        "def cut(*a): time.sleep(60)\n"
        "d.wait_until_ready = cut\n",
        "prepared": "import orchestration.local.local_sagemaker.deployment as d\n"
        "original = d.start\n"
        "def cut(*a): original(*a); time.sleep(60)\n"
        "d.start = cut\n",
    }[moment]
    house.kill(
        "house.in_service('updated', 'm1')\n"
        f"{cut}"
        "house.call('UpdateEndpoint', EndpointName='updated', EndpointConfigName='m2')\n"
        "house.call('CreateEndpoint', EndpointName='created', EndpointConfigName='m1')\n"
        "from orchestration.local.processes import ProcessIdentity, find_by_environment\n"
        "root = str(house.state)\n"
        "until(lambda: len(find_by_environment('SAGEBUILD_CONTAINER_ROOT', lambda v: v.startswith(root))) == 3)\n"
        "time.sleep(0.1)",
    )
    assert house.reaches("created", "InService")["EndpointConfigName"] == "m1"
    assert house.reaches("updated", "InService")["EndpointConfigName"] == "m2"
    assert house.invoke("updated")["model"] == {"name": "m2"}
    until(lambda: sorted(serving(house)) == sorted(house.service.endpoints.process_ids().values()))


def test_an_engine_killed_while_it_deletes_is_taken_over_by_the_next(house: House) -> None:
    house.add_model("m")
    house.kill(
        "house.in_service('e', 'm')\n"
        "import orchestration.local.local_sagemaker.deployment as d\n"
        "d.stop = lambda *a: time.sleep(60)\n"
        "house.call('DeleteEndpoint', EndpointName='e')",
    )
    until(lambda: ("e", "Deleted") in house.endpoint_changes)
    assert house.call("ListEndpoints")["Endpoints"] == []
    assert serving(house) == []


def test_half_an_endpoint_does_not_count(house: House) -> None:
    house.service.close()
    (house.state / "sagemaker" / "endpoints" / "e" / "1").mkdir(parents=True)
    house.start()
    assert house.call("ListEndpoints")["Endpoints"] == []
    house.add_model("m")
    house.in_service("e", "m")


def test_an_orderly_end_leaves_no_process_and_the_next_engine_brings_them_back(house: House) -> None:
    house.add_model("m")
    house.add_model("slow", {"start_delay_s": 0.5})
    house.in_service("e", "m")
    house.call("CreateEndpoint", EndpointName="unfinished", EndpointConfigName="slow")
    house.service.close()
    assert serving(house) == []
    house.start()
    assert house.invoke("e")["model"] == {"name": "m"}
    house.reaches("unfinished", "InService")
    house.reaches("e", "InService")


def test_a_listener_that_fails_harms_nobody(house: House) -> None:
    def fail(name: str, status: str) -> None:
        raise RuntimeError("the listener is broken")

    house.service.endpoints._deployments._on_change = fail
    house.add_model("m")
    house.in_service("e", "m")
    assert house.invoke("e")["model"] == {"name": "m"}


def test_a_broken_background_thread_fails_the_endpoint(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, name: str) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(deployment_module.Deployments, "_deploy", broken)
    house.add_model("m")
    house.call("CreateEndpoint", EndpointName="e", EndpointConfigName="m")
    assert house.reaches("e", "Failed")["FailureReason"] == "ZeroDivisionError: a fault of ours"


def test_the_log_of_a_serving_process_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "_LOG_LIMIT_BYTES", 1000)
    monkeypatch.setattr(deployment_module, "_LOG_LOOK_S", 0.05)
    house.add_model("m")
    house.in_service("e", "m")
    log: Path = serving_module.log_file(house.service.endpoints._deployments.folder("e", 1))
    log.write_bytes(b"x" * 5000)
    until(lambda: log.stat().st_size <= 1000)
