"""The model that a build would deploy: what was made, how it is compared with the champion, and the gate.

The machine calls these between its jobs. Each reads what a job left, writes it on the record, and answers with what the
next state needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from models.catalog import Metric, Model
from orchestration.builds import Build, BuildStatus, Json
from orchestration.ports import BadRequest, Change, Ports, Training
from orchestration.steps.champions import champion
from orchestration.steps.plan import data_folder, processing_input, processing_output
from orchestration.steps.record import record

MAX_PROBES = 3
ROUNDING = 1e-9  # of the margin: exactly as much worse as is allowed passes


def take_image(build: Build, built: Mapping[str, Json], image: str, ports: Ports) -> dict[str, Json]:
    """The image that CodeBuild exported as IMAGE_URI; where there is no CodeBuild, the one there was, with a note."""
    exported = built.get("ExportedEnvironmentVariables")
    for variable in exported if isinstance(exported, list) else []:
        if isinstance(variable, dict) and variable.get("Name") == "IMAGE_URI":
            image = str(variable.get("Value"))
    note = str(built.get("Note") or f"The image is {image}.")
    record(build.number, Change(None, ports.clock.now(), image=image, report={"image_build": note}), ports)
    return {"image": image}


def take_report(build: Build, job: str, ports: Ports) -> dict[str, Json]:
    """What the preparation found in the data, onto the record."""
    report = ports.artifacts.document(f"{data_folder(build, ports.environment)}/prepared/report/report.json")
    record(build.number, Change(None, ports.clock.now(), jobs={"prepare": job}, report=report), ports)
    return {"rows": report.get("rows")}


def take_tuned(build: Build, tuned: Mapping[str, Json], data: Mapping[str, Json], ports: Ports) -> dict[str, Json]:
    """The tuning's best job, and what comes next: "evaluate", "retrain" with its hyperparameters, or "end".

    tuned: DescribeHyperParameterTuningJob's answer. data: split to URI, so that what is deployed from this build later
    is judged on its held-out rows. Raises BadRequest when no job ended with an objective.
    """
    best = tuned.get("BestTrainingJob")
    if not isinstance(best, dict) or not best.get("TrainingJobName"):
        raise BadRequest("The tuning ended without a best job: no training job printed its objective metric.")
    training = ports.pipeline.training(str(best["TrainingJobName"]))
    model = ports.models().model(build.service.model)
    tuned_values = best.get("TunedHyperParameters")
    values = {str(k): str(v) for k, v in tuned_values.items()} if isinstance(tuned_values, dict) else {}
    next_ = _after_tuning(build)
    job = str(tuned.get("HyperParameterTuningJobName"))
    change = Change(
        to=BuildStatus.TUNED if next_ == "end" else None,
        at=ports.clock.now(),
        image=training.image,
        hyperparameters=dict(model.parse(values | _texts(build.hyperparameters))),
        jobs={"tune": job} | ({"train": training.job} if next_ != "retrain" else {}),
        metrics=training.metrics,
        artifacts=_texts(data) | ({"model": training.artifact} if next_ != "retrain" else {}),
    )
    record(build.number, change, ports)
    hyperparameters: dict[str, Json] = {name: str(value) for name, value in (change.hyperparameters or {}).items()}
    return {"job": training.job, "next": next_, "hyperparameters": hyperparameters}


def _texts(values: Mapping[str, Json]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _after_tuning(build: Build) -> str:
    if build.settings.get("tune_only"):
        return "end"
    return "retrain" if build.settings.get("retrain_after_tuning") else "evaluate"


def propose(build: Build, job: str, data: Mapping[str, Json], evaluate: bool, ports: Ports) -> dict[str, Json]:
    """The candidate, on the record, and the evaluation's inputs.

    job: the training job that made it; "" for a deploy or rollback, whose source made it. data: split to URI.
    """
    training = ports.pipeline.training(job) if job else _of_source(build, ports)
    test = str(data.get("test_data") or "")
    possible = evaluate and bool(test) and "evaluate" in ports.models().model(build.service.model).programs
    change = Change(
        to=BuildStatus.EVALUATING if possible else None,
        at=ports.clock.now(),
        image=training.image,
        jobs={"train": training.job} if job else {},
        metrics=training.metrics,
        artifacts={"model": training.artifact, **{name: str(uri) for name, uri in data.items()}},
        verdict={} if possible else {"passed": True, "reason": _why_not_evaluated(evaluate, test)},
    )
    record(build.number, change, ports)
    folder = data_folder(build, ports.environment)
    return {
        "artifact": training.artifact,
        "image": training.image,
        "evaluate": possible,
        "inputs": _inputs(build, training, test, ports) if possible else [],
        "outputs": [processing_output("evaluation", f"{folder}/evaluation")],
    }


def _why_not_evaluated(evaluate: bool, test: str) -> str:
    if not evaluate:
        return "It was not evaluated: the settings say so, or it goes back to a model that was."
    return "It was not evaluated: the dataset has no test rows." if not test else "Its image has no evaluation."


def _of_source(build: Build, ports: Ports) -> Training:
    if build.source is None:
        raise BadRequest(f"Build {build.number} has neither a training job nor a source.")
    source = ports.builds.get(build.source)
    return Training(source.jobs.get("train", ""), source.image, source.artifacts["model"], {}, source.metrics)


def _inputs(build: Build, training: Training, test: str, ports: Ports) -> list[Json]:
    inputs = [processing_input("model", training.artifact), processing_input("test", test)]
    serving = champion(build.service, ports)
    if serving is not None and "model" in serving.artifacts:
        inputs.append(processing_input("champion", serving.artifacts["model"]))
    return inputs


@dataclass(frozen=True)
class _Sides:
    """Both models on the same held-out rows. better: 1 when more is better, -1 when less is."""

    metric: str
    better: int
    value: float
    champion: float | None


def judge(build: Build, job: str, ports: Ports) -> dict[str, Json]:
    """The gate: the threshold, and not worse than the champion by more than the margin. A refusal is REJECTED.

    Reads the evaluation that the job left. Answers with the verdict and up to three probes for the endpoint's proof.
    """
    uri = f"{data_folder(build, ports.environment)}/evaluation/evaluation.json"
    evaluation = ports.artifacts.document(uri)
    model = ports.models().model(build.service.model)
    sides = _sides(evaluation, model)
    reasons = _refusals(sides, build)
    serving = champion(build.service, ports)
    verdict: dict[str, Json] = {
        "passed": not reasons,
        "metric": sides.metric,
        "goal": "Maximize" if sides.better > 0 else "Minimize",
        "value": sides.value,
        "champion_value": sides.champion,
        "champion": serving.number if serving is not None else None,
        "threshold": build.settings.get("gate_threshold"),
        "margin": build.settings.get("gate_margin"),
        "rows": evaluation.get("rows"),
        "reason": " ".join(reasons) or _acceptance(sides, evaluation),
    }
    change = Change(
        to=None if verdict["passed"] else BuildStatus.REJECTED,
        at=ports.clock.now(),
        note="" if verdict["passed"] else str(verdict["reason"]),
        cause="" if verdict["passed"] else str(verdict["reason"]),
        jobs={"evaluate": job},
        metrics=_test_metrics(evaluation),
        artifacts={"evaluation": uri},
        verdict=verdict,
    )
    record(build.number, change, ports)
    probe = evaluation.get("probe")
    return {"passed": verdict["passed"], "probe": probe[:MAX_PROBES] if isinstance(probe, list) else []}


def _sides(evaluation: Mapping[str, Json], model: Model) -> _Sides:
    """By the objective, else by the first metric that the evaluation has: a classifier has no error in a unit."""
    ordered = sorted(model.metrics, key=lambda metric: metric.name != model.objective)
    judged_by = next((metric for metric in ordered if _metric(evaluation, _short(metric)) is not None), ordered[0])
    other = evaluation.get("champion")
    value = _metric(evaluation, _short(judged_by))
    return _Sides(
        metric=_short(judged_by),
        better=1 if judged_by.goal == "Maximize" else -1,
        value=math.nan if value is None else value,
        champion=_metric(other, _short(judged_by)) if isinstance(other, dict) else None,
    )


def _short(metric: Metric) -> str:
    """The name without its channel: what `validation:RMSE` is called on held-out rows."""
    return metric.name.rpartition(":")[2]


def _metric(part: Mapping[str, Json], name: str) -> float | None:
    metrics = part.get("metrics")
    value = metrics.get(name) if isinstance(metrics, dict) else None
    return float(value) if isinstance(value, (int, float)) else None


def _refusals(sides: _Sides, build: Build) -> list[str]:
    if not math.isfinite(sides.value):
        return [f"Its {sides.metric} on the held-out rows is no finite number."]
    threshold, margin = build.settings.get("gate_threshold"), float(str(build.settings.get("gate_margin", 0.0)))
    refusals = []
    if isinstance(threshold, (int, float)) and (sides.value - threshold) * sides.better < 0:
        allowed = "at least" if sides.better > 0 else "at most"
        refusals.append(
            f"Its {sides.metric} is {sides.value:.4g} on the held-out rows; {allowed} {threshold:g} passes."
        )
    if sides.champion is not None and math.isfinite(sides.champion):
        worse_by = (sides.champion - sides.value) * sides.better
        if worse_by > (margin + ROUNDING) * abs(sides.champion):
            refusals.append(
                f"Its {sides.metric} is {sides.value:.4g}, the champion's {sides.champion:.4g} on the same rows: "
                f"worse by more than {margin:.0%}."
            )
    return refusals


def _acceptance(sides: _Sides, evaluation: Mapping[str, Json]) -> str:
    if sides.champion is not None:
        return f"{sides.metric} {sides.value:.4g}, the champion {sides.champion:.4g} on the same rows."
    note = str(evaluation.get("champion_note") or "there is no champion yet").rstrip(".")
    return f"{sides.metric} {sides.value:.4g}, judged by the threshold alone: {note}."


def _test_metrics(evaluation: Mapping[str, Json]) -> dict[str, float]:
    metrics = evaluation.get("metrics")
    found = metrics if isinstance(metrics, dict) else {}
    return {f"test:{name}": float(value) for name, value in found.items() if isinstance(value, (int, float))}
