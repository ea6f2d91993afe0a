"""AWS's own `sagemaker` SDK against the wire that the environment names: trains, tunes, deploys and asks.

A program of its own, because the SDK's imports warn, and to watch which hosts it addresses. Prints what it found as
JSON. usage: sdk_program.py DATA_URI OUTPUT_URI IMAGE ROLE
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, MetricDefinition, OutputDataConfig, ProductionVariant
from sagemaker.core.training.configs import Compute, InputData, StoppingCondition
from sagemaker.train import ModelTrainer
from sagemaker.train.tuner import HyperparameterTuner

METRIC = {"Name": "validation:RMSE", "Regex": r"validation:RMSE=([0-9.eE+-]+);"}


def trainer(output: str, image: str, role: str) -> ModelTrainer:
    made = ModelTrainer(
        training_image=image,
        role=role,
        sagemaker_session=Session(),
        base_job_name="sdk",
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=5),
        output_data_config=OutputDataConfig(s3_output_path=output),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=300),
        hyperparameters={"q": 1, "l": 0},
        environment={"SAGEBUILD_TARGET": "y"},
    )
    return made.with_metric_definitions([MetricDefinition(name=METRIC["Name"], regex=METRIC["Regex"])])


def channels(data: str) -> list[InputData]:
    names = ("train", "validation")
    return [InputData(channel_name=name, data_source=f"{data}/{name}.csv", content_type="text/csv") for name in names]


def train(data: str, output: str, image: str, role: str) -> dict[str, Any]:
    made = trainer(output, image, role)
    made.train(input_data_config=channels(data), wait=True, logs=False)
    job = made._latest_training_job
    job.refresh()
    metrics = {one.metric_name: one.value for one in job.final_metric_data_list}
    return {"status": job.training_job_status, "artifact": job.model_artifacts.s3_model_artifacts, "metrics": metrics}


def tune(data: str, output: str, image: str, role: str) -> dict[str, Any]:
    tuner = HyperparameterTuner(
        model_trainer=trainer(output, image, role),
        objective_metric_name=METRIC["Name"],
        objective_type="Minimize",
        metric_definitions=[METRIC],
        hyperparameter_ranges={"sigma2": ContinuousParameter(0.001, 1.0, "Logarithmic")},
        strategy="Random",
        max_jobs=4,
        max_parallel_jobs=2,
        base_tuning_job_name="sdk-tune",
    )
    tuner.tune(inputs=channels(data), wait=True)
    job = tuner.latest_tuning_job
    job.refresh()
    counters = job.training_job_status_counters
    return {
        "status": job.hyper_parameter_tuning_job_status,
        "completed": counters.completed,
        "best": tuner.best_training_job(),
    }


def deploy(artifact: str, image: str, role: str) -> dict[str, Any]:
    container = ContainerDefinition(image=image, model_data_url=artifact)
    Model.create(model_name="sdk-model", primary_container=container, execution_role_arn=role)
    variant = ProductionVariant(
        variant_name="AllTraffic", model_name="sdk-model", instance_type="ml.m5.large", initial_instance_count=1
    )
    EndpointConfig.create(endpoint_config_name="sdk-config", production_variants=[variant])
    endpoint = Endpoint.create(endpoint_name="sdk-endpoint", endpoint_config_name="sdk-config")
    endpoint.wait_for_status("InService")
    body = json.dumps({"instances": [[0.5, 1.0]], "return_std": True})
    answer = endpoint.invoke(body=body, content_type="application/json", accept="application/json")
    predicted = json.loads(answer.body.read())
    endpoint.delete()
    return {"predicted": predicted}


def make_role(arn: str) -> None:
    """A role that SageMaker may assume: the SDK looks whether it is one."""
    trusted = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    boto3.client("iam").create_role(RoleName=arn.rpartition("/")[2], AssumeRolePolicyDocument=policy)


def main(data: str, output: str, image: str, role: str) -> None:
    make_role(role)
    trained = train(data, output, image, role)
    tuned = tune(data, output, image, role)
    served = deploy(trained["artifact"], image, role)
    sys.stdout.write(f"RESULT {json.dumps({'trained': trained, 'tuned': tuned, **served})}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
