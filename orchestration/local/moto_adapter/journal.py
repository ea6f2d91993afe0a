"""Where each execution is, as it goes, and going on from there: what lets a build survive the engine's death.

A state that was entered and not left is run again from its start, so every state of the machine does no harm when it
runs twice: names are deterministic, writes conditional, and what a resumed state finds already made is adopted
(`sagemaker.py`). A task token is new each time; whoever waits for one stores the newest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker

from orchestration.local.moto_adapter.programs import Programs


@dataclass(frozen=True)
class Place:
    """A state and the JSON text of its input."""

    state: str
    input: str


_resumed: dict[str, Place] = {}


def resume_at(name: str, place: Place) -> None:
    """The execution of that name, when it is started next, begins there."""
    _resumed[name] = place


def was_resumed(env: Any) -> bool:
    """Whether the execution was begun by an engine before us."""
    return env.states.context_object.context_object_data["Execution"]["Name"] in _resumed


def install(entered: Callable[[str, str, str], None]) -> None:
    """Mend moto in this process. entered(name, state, input) hears of each top-level state before it runs."""
    environment = ExecutionWorker._get_evaluation_environment
    programs = Programs()

    def from_there(self: Any) -> Any:
        place = _resumed.get(_name(self))
        definition = self._evaluation_details.state_machine_details.definition
        return programs.program(definition, None if place is None else place.state)

    def with_input_and_journal(self: Any) -> Any:
        env = environment(self)
        place = _resumed.get(_name(self))
        if place is not None:
            env.states.reset(json.loads(place.input))
        _write_down(env, _name(self), entered)
        return env

    ExecutionWorker._get_evaluation_entrypoint = from_there
    ExecutionWorker._get_evaluation_environment = with_input_and_journal


def _name(worker: Any) -> str:
    return str(worker._evaluation_details.execution_details.name)


def _write_down(env: Any, name: str, entered: Callable[[str, str, str], None]) -> None:
    publish = env.event_manager._publish_history_event

    def heard(**event: Any) -> None:
        details = (event.get("event_details") or {}).get("stateEnteredEventDetails")
        if details:
            entered(name, details["name"], details["input"])
        publish(**event)

    env.event_manager._publish_history_event = heard
