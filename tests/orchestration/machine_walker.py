"""The build's state machine walked over the fakes, with the real Lambda handlers: which states, and which requests.

A reader of the definition of its own, as small as the definition lets it be: Task, Choice, Pass, Succeed and Fail;
paths, `States.Format`, ResultSelector, ResultPath and Catch. Jobs end at once as `Jobs` says; nothing is retried.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from orchestration.local import resources
from orchestration.ports import Ports, Training
from orchestration.steps.endpoint import endpoint_changed
from tests.fakes.endpoints import FakeEndpoints
from tests.fakes.pipeline import FakePipeline
from tests.fakes.records import FakeClock
from tests.fakes.registry import FakeArtifacts

Json = Any
LAMBDA = "arn:aws:states:::lambda:invoke"
TOKEN = ".waitForTaskToken"
MAX_STATES = 200


class TaskFailed(Exception):
    """A task's error, as a Catch gets it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass(frozen=True)
class Request:
    """What a state asks of a service other than Lambda. operation: as in botocore's model."""

    state: str
    service: str
    operation: str
    parameters: dict[str, Json]


@dataclass
class Walk:
    """states: entered, in order; requests: of the services; end: Succeed or Fail; data: after the last state."""

    states: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    end: str = ""
    data: Json = None

    def request(self, state: str) -> dict[str, Json]:
        """What that state asked for."""
        return next(one.parameters for one in self.requests if one.state == state)


@dataclass
class Jobs:
    """What the jobs of a walk come to. seconds: how long each takes. fails: states whose job fails, with its reason.

    while_waiting: called with a state's name before its task token is looked at: a person decides, an endpoint ends.
    """

    seconds: float = 0.0
    rmse: float = 1.0
    champion_rmse: float | None = None
    fails: Mapping[str, str] = field(default_factory=dict)
    while_waiting: Callable[[str], None] = lambda state: None


def walk(execution_name: str, input_: Json, ports: Ports, jobs: Jobs | None = None) -> Walk:
    """One execution from its input to its end."""
    return _Walker(ports, jobs or Jobs(), execution_name).run(input_)


class _Walker:
    def __init__(self, ports: Ports, jobs: Jobs, execution_name: str) -> None:
        self._definition = json.loads(resources.definition())
        self._ports, self._jobs, self._name = ports, jobs, execution_name
        self._walk = Walk()

    def run(self, input_: Json) -> Walk:
        name: str | None = self._definition["StartAt"]
        data = input_
        while name is not None:
            assert len(self._walk.states) < MAX_STATES, f"no end in sight: {self._walk.states[-10:]}"
            self._walk.states.append(name)
            name, data = self._enter(name, self._definition["States"][name], data)
        self._walk.data = data
        return self._walk

    def _enter(self, name: str, state: dict[str, Json], data: Json) -> tuple[str | None, Json]:
        match state["Type"]:
            case "Succeed" | "Fail":
                self._walk.end = state["Type"]
                return None, data
            case "Choice":
                chosen = (rule["Next"] for rule in state["Choices"] if _holds(rule, data))
                return next(chosen, state["Default"]), data
            case "Pass":
                return state["Next"], put(data, state["ResultPath"], at(data, state["InputPath"]))
            case "Task":
                return self._task(name, state, data)
        raise AssertionError(f"{name} is of the type {state['Type']}, which nothing here knows")

    def _task(self, name: str, state: dict[str, Json], data: Json) -> tuple[str, Json]:
        context = {
            "Execution": {"Name": self._name},
            "State": {"Name": name, "RetryCount": 0},
            "Task": {"Token": f"{self._name}/{name}/{len(self._walk.states)}"},
        }
        for limit in ("TimeoutSecondsPath", "HeartbeatSecondsPath"):
            assert limit not in state or int(at(data, state[limit])) > 0, f"{name}: {state[limit]}"
        try:
            result = self._answer(name, state["Resource"], evaluated(state["Parameters"], data, context), context)
        except TaskFailed as error:
            return self._caught(state, data, error)
        if "ResultSelector" in state:
            result = evaluated(state["ResultSelector"], result, context)
        data = put(data, state.get("ResultPath", "$"), result)
        return state["Next"], at(data, state.get("OutputPath", "$"))

    def _caught(self, state: dict[str, Json], data: Json, error: TaskFailed) -> tuple[str, Json]:
        for rule in state["Catch"]:
            if error.error in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]:
                failure = {"Error": error.error, "Cause": error.cause}
                return rule["Next"], put(data, rule.get("ResultPath", "$"), failure)
        raise error

    def _answer(self, name: str, resource: str, parameters: dict[str, Json], context: Json) -> Json:
        if not resource.startswith(LAMBDA):
            return self._service(name, resource, parameters)
        answer = self._invoke(parameters["FunctionName"], parameters["Payload"])
        return self._answered(name, context["Task"]["Token"]) if resource.endswith(TOKEN) else {"Payload": answer}

    def _invoke(self, function: str, payload: Json) -> Json:
        module = importlib.import_module(f"orchestration.functions.{function.replace('-', '_')}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "function_ports", lambda: self._ports)
            try:
                answer = module.handler(json.loads(json.dumps(payload)), None)
            except Exception as error:
                kind = type(error).__name__
                raise TaskFailed(kind, json.dumps({"errorType": kind, "errorMessage": str(error)})) from error
        return json.loads(json.dumps(answer))

    def _answered(self, name: str, token: str) -> Json:
        """What the state that waits for the token is told; States.Timeout when nobody tells it anything."""
        pipeline = _of(self._ports.pipeline, FakePipeline)
        if name == "DeployEndpoint" and token not in pipeline.completed:
            self._settle()
        self._jobs.while_waiting(name)
        if token in pipeline.failed:
            raise TaskFailed(*pipeline.failed[token])
        if token not in pipeline.completed:
            raise TaskFailed("States.Timeout", "")
        return dict(pipeline.completed[token])

    def _settle(self) -> None:
        """Endpoints that are being changed come into service, as the service says by an event."""
        endpoints = _of(self._ports.endpoints, FakeEndpoints)
        for endpoint in endpoints.all():
            if endpoint.status in ("Creating", "Updating"):
                endpoints.set_status(endpoint.name, "InService")
                endpoint_changed(endpoint.name, self._ports)

    def _service(self, name: str, resource: str, parameters: dict[str, Json]) -> Json:
        service, action = resource.removeprefix("arn:aws:states:::").removesuffix(".sync").split(":")
        operation = action[0].upper() + action[1:]
        self._walk.requests.append(Request(name, service, operation, parameters))
        if resource.endswith(".sync"):
            _of(self._ports.clock, FakeClock).forward(self._jobs.seconds)
        if name in self._jobs.fails:
            described = {f"{operation.removeprefix('Create')}Name": "job", "FailureReason": self._jobs.fails[name]}
            raise TaskFailed("States.TaskFailed", json.dumps(described))
        return _ENDS.get(operation, lambda walker, request: {})(self, parameters)

    def _train(self, request: dict[str, Json]) -> Json:
        self._trained(request["TrainingJobName"], request)
        return {"TrainingJobName": request["TrainingJobName"]}

    def _trained(self, job: str, request: dict[str, Json]) -> None:
        uri = f"{request['OutputDataConfig']['S3OutputPath']}/{job}/output/model.tar.gz"
        image = request["AlgorithmSpecification"]["TrainingImage"]
        metrics = {"validation:RMSE": self._jobs.rmse}
        pipeline = _of(self._ports.pipeline, FakePipeline)
        pipeline.trained[job] = Training(job, image, uri, request.get("HyperParameters", {}), metrics)

    def _tune(self, request: dict[str, Json]) -> Json:
        name = request["HyperParameterTuningJobName"]
        best = f"{name}-001-0123abcd"
        self._trained(best, request["TrainingJobDefinition"])
        found = {one["Name"]: one["MinValue"] for one in _ranges(request, "Integer", "Continuous")}
        found |= {one["Name"]: one["Values"][0] for one in _ranges(request, "Categorical")}
        return {
            "HyperParameterTuningJobName": name,
            "BestTrainingJob": {"TrainingJobName": best, "TunedHyperParameters": found},
        }

    def _process(self, request: dict[str, Json]) -> Json:
        documents = _of(self._ports.artifacts, FakeArtifacts).documents
        outputs = {one["OutputName"]: one["S3Output"]["S3Uri"] for one in request["ProcessingOutputConfig"]["Outputs"]}
        if "report" in outputs:
            documents[f"{outputs['report']}/report.json"] = {"rows": 10}
        if "evaluation" in outputs:
            documents[f"{outputs['evaluation']}/evaluation.json"] = {
                "rows": 4,
                "metrics": {"RMSE": self._jobs.rmse},
                "champion": self._jobs.champion_rmse and {"metrics": {"RMSE": self._jobs.champion_rmse}},
                "probe": [{"inputs": [1.0, 1.0], "mean": 1.5 + 5.2}],
            }
        return {"ProcessingJobName": request["ProcessingJobName"]}

    def _build_image(self, request: dict[str, Json]) -> Json:
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/gp@sha256:" + "0" * 64
        return {"Build": {"ExportedEnvironmentVariables": [{"Name": "IMAGE_URI", "Value": image}]}}


_ENDS: Mapping[str, Callable[[_Walker, dict[str, Json]], Json]] = {
    "CreateTrainingJob": _Walker._train,
    "CreateHyperParameterTuningJob": _Walker._tune,
    "CreateProcessingJob": _Walker._process,
    "StartBuild": _Walker._build_image,
}


def _ranges(request: dict[str, Json], *kinds: str) -> list[Json]:
    ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    return [one for kind in kinds for one in ranges.get(f"{kind}ParameterRanges", [])]


def _of(port: object, kind: type) -> Any:
    assert isinstance(port, kind)
    return port


def _holds(rule: dict[str, Json], data: Json) -> bool:
    value = at(data, rule["Variable"])
    (comparison,) = rule.keys() - {"Variable", "Next"}
    kind = {"StringEquals": str, "BooleanEquals": bool}[comparison]
    assert isinstance(value, kind), f"{rule['Variable']} is {value!r}"
    return bool(value == rule[comparison])


def evaluated(template: Json, data: Json, context: Json) -> Json:
    """A payload template: what `.$` keys name is put in their place."""
    if isinstance(template, list):
        return [evaluated(each, data, context) for each in template]
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): _expression(value, data, context)
        if key.endswith(".$")
        else evaluated(value, data, context)
        for key, value in template.items()
    }


def _expression(text: str, data: Json, context: Json) -> Json:
    if call := re.fullmatch(r"States\.Format\('([^']*)'((?:, \$[^,()]*)*)\)", text):
        values = [_expression(part, data, context) for part in call[2].split(", ")[1:]]
        assert call[1].count("{}") == len(values), text
        return call[1].replace("{}", "%s") % tuple(values)
    return at(context, text[1:]) if text.startswith("$$") else at(data, text)


def at(data: Json, path: str) -> Json:
    """What a reference path names; an AssertionError where there is nothing, as the service's States.Runtime."""
    for step in path.split(".")[1:]:
        assert isinstance(data, dict), f"{path}: {step} of {data!r}"
        assert step in data, f"{path}: there is no {step}, but {', '.join(data)}"
        data = data[step]
    return data


def put(data: Json, path: str | None, value: Json) -> Json:
    """The state's input with its result at that path; None forgets the result."""
    if path is None:
        return data
    step, _, rest = path.removeprefix("$").removeprefix(".").partition(".")
    if not step:
        return value
    return {**data, step: put(data.get(step, {}), f"$.{rest}" if rest else "$", value)}
