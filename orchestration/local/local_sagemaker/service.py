"""LocalSageMaker: the way into the local SageMaker, by the operations' names of botocore's service model.

One table says which operations there are and who carries each out. Requests are validated before, against the model
(`validation.py`) and the service's rules (`rules.py`). The engine's adapter turns calls on the wire into `call` and
`invoke_endpoint`, and what they raise (`errors.py`) into answers.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from orchestration.local.local_sagemaker.context import Context, Document, usable_cores
from orchestration.local.local_sagemaker.endpoints import Endpoints
from orchestration.local.local_sagemaker.errors import RuntimeValidationError, UnknownOperation, ValidationException
from orchestration.local.local_sagemaker.hosting import EndpointConfigs, Models
from orchestration.local.local_sagemaker.invocation import TIMEOUT_S, Invocation, InvocationResult
from orchestration.local.local_sagemaker.jobs import Jobs
from orchestration.local.local_sagemaker.objects import ObjectStore
from orchestration.local.local_sagemaker.packages import ModelPackages
from orchestration.local.local_sagemaker.processing import ProcessingJobs
from orchestration.local.local_sagemaker.tags import Tag, Tags
from orchestration.local.local_sagemaker.training import TrainingJobs
from orchestration.local.local_sagemaker.tuning import TuningJobs
from orchestration.local.local_sagemaker.validation import RequestRefused, service_model, validated
from orchestration.local.processes import reap

_log = logging.getLogger(__name__)

_JOBS_POLL_S = 0.1
_LEAST_PARALLEL_JOBS = 3  # so that a tuning job of three at once is one on a laptop of two cores too
_ENDPOINTS_POLL_S = 0.5
_STOP_GRACE_S = 120.0  # training, and 30 s for serving: see `container_run.py` and `serving.py`
_ENDPOINT_STOP_GRACE_S = 30.0
_STARTUP_TIMEOUT_S = 60.0
_CLOSE_WAIT_S = 5.0


def _ignore(name: str, status: str) -> None:
    """Nobody wants to know."""


class LocalSageMaker:
    """Our SageMaker over one state folder. Safe for several threads; one process at a time may have the folder.

    Use: make it, `resume()` once, `call` and `invoke_endpoint` as often as wanted, `close()` at the end.

    Args:
        state_dir: all state lies in `<state_dir>/sagemaker`.
        objects: where jobs find their data and leave their results.
        images: the command line of each image, by its repository's name (the last part of the path).
        cwd: the working folder of every container.
        account: 12 digits, for ARNs.
        region: for ARNs.
        max_parallel_jobs: how many training and processing containers may run at once, which share the processors;
            None: as many as there are processors, and at least three.
        on_training_change: told (name, status) of each training job that ended, at least once, by a thread of ours.
        on_processing_change, on_tuning_change: the same of processing and tuning jobs.
        on_endpoint_change: told (name, status) of every change of an endpoint's status, `Deleted` last; by any thread.
        on_invocation: told (endpoint, variant) of each request that a serving container has got; by any thread.
        stop_grace_s: from SIGTERM to SIGKILL of a training or processing container.
        endpoint_stop_grace_s: the same of a serving container.
        startup_timeout_s: to the first good /ping, unless the endpoint config says otherwise.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        objects: ObjectStore,
        images: Mapping[str, Sequence[str]],
        cwd: Path,
        account: str,
        region: str,
        max_parallel_jobs: int | None = None,
        on_training_change: Callable[[str, str], None] = _ignore,
        on_processing_change: Callable[[str, str], None] = _ignore,
        on_tuning_change: Callable[[str, str], None] = _ignore,
        on_endpoint_change: Callable[[str, str], None] = _ignore,
        on_invocation: Callable[[str, str], None] = _ignore,
        stop_grace_s: float = _STOP_GRACE_S,
        endpoint_stop_grace_s: float = _ENDPOINT_STOP_GRACE_S,
        startup_timeout_s: float = _STARTUP_TIMEOUT_S,
    ) -> None:
        """Nothing is started or changed here; the arguments are the class's."""
        context = Context(
            folder=state_dir.absolute() / "sagemaker",
            objects=objects,
            images=images,
            cwd=cwd.absolute(),
            account=account,
            region=region,
            max_parallel_jobs=max_parallel_jobs or max(_LEAST_PARALLEL_JOBS, usable_cores()),
            stop_grace_s=stop_grace_s,
            endpoint_stop_grace_s=endpoint_stop_grace_s,
            startup_timeout_s=startup_timeout_s,
        )
        self.training_jobs = TrainingJobs(context, on_training_change)
        self.processing_jobs = ProcessingJobs(context, on_processing_change)
        self.tuning_jobs = TuningJobs(context, self.training_jobs, on_tuning_change)
        self.models, self.model_packages = Models(context), ModelPackages(context)
        self.endpoint_configs = EndpointConfigs(context, self.models)
        self.endpoints = Endpoints(context, self.models, self.endpoint_configs, on_endpoint_change, on_invocation)
        self.tags = Tags(context, self._first_tags())
        self._closing, self._watcher = threading.Event(), threading.Thread(target=self._watch, daemon=True)

    @property
    def operations(self) -> frozenset[str]:
        """The names of all operations that `call` knows."""
        return frozenset(self._operations)

    def call(self, operation: str, request: Mapping[str, object]) -> Document:
        """Carry out one operation.

        Args:
            operation: as in botocore's model, `CreateTrainingJob`.
            request: in boto3's shape; times may also be seconds since the epoch.

        Returns:
            The response in boto3's shape (times are aware datetimes), without ResponseMetadata.

        Raises:
            errors.LocalSageMakerError: what the service would answer with; see its subclasses.
        """
        carry_out = self._operations.get(operation)
        if carry_out is None:
            known = ", ".join(sorted(self._operations))
            raise UnknownOperation(f"The local SageMaker has no operation {operation!r}; it has: {known}.")
        try:
            cleaned = validated("sagemaker", operation, request)
        except RequestRefused as error:
            raise ValidationException(str(error)) from error
        return carry_out(cleaned)

    def invoke_endpoint(
        self,
        name: str,
        body: bytes,
        content_type: str | None = None,
        accept: str | None = None,
        *,
        custom_attributes: str | None = None,
        target_variant: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> InvocationResult:
        """InvokeEndpoint of the service `sagemaker-runtime`: a real HTTP request to the endpoint's process.

        Raises:
            errors.RuntimeValidationError, errors.ModelError, errors.ModelNotReadyException: see `Endpoints.invoke`.
        """
        request = {
            "EndpointName": name,
            "Body": body,
            "ContentType": content_type,
            "Accept": accept,
            "CustomAttributes": custom_attributes,
            "TargetVariant": target_variant,
        }
        try:
            validated("sagemaker-runtime", "InvokeEndpoint", request)
        except RequestRefused as error:
            raise RuntimeValidationError(str(error)) from error
        invocation = Invocation(body, content_type or None, accept or None, custom_attributes)
        return self.endpoints.invoke(name, invocation, target_variant, timeout_s)

    def jobs(self, kind: str) -> Jobs:
        """The jobs of a kind: "training", "processing" or "tuning"."""
        return {"training": self.training_jobs, "processing": self.processing_jobs, "tuning": self.tuning_jobs}[kind]

    def resume(self) -> None:
        """Take up the folder of an engine that ended, however it did, and begin to watch. Call it once, first."""
        for jobs in self._jobs():
            jobs.resume()
        self.endpoints.resume()
        self._watcher.start()
        # Read now, in the time between two requests, what the first request needs.
        threading.Thread(target=service_model, args=("sagemaker",), name="service-model", daemon=True).start()

    def close(self) -> None:
        """Stop watching and end the serving processes; jobs go on by themselves. `resume` of another takes up.

        Takes at most about 15 s and the grace of a serving container.
        """
        self._closing.set()
        if self._watcher.is_alive():
            self._watcher.join(_CLOSE_WAIT_S)
        self.endpoints.stop_all()

    def _watch(self) -> None:
        endpoints_due_at = 0.0
        while not self._closing.wait(_JOBS_POLL_S):
            try:
                reap()
                for jobs in self._jobs():
                    jobs.poll()
                if time.monotonic() >= endpoints_due_at:
                    endpoints_due_at = time.monotonic() + _ENDPOINTS_POLL_S
                    self.endpoints.poll()
            except Exception:
                # The next look may go better; without this thread nobody would hear of a job's end any more.
                _log.exception("looking after jobs and endpoints failed")

    def _jobs(self) -> tuple[Jobs, ...]:
        """Tuning jobs first: what they say of their training jobs is then looked at in the same round."""
        return self.tuning_jobs, self.training_jobs, self.processing_jobs

    @cached_property
    def _operations(self) -> dict[str, Callable[[Document], Document]]:
        """Every operation and who carries it out; a further kind of resource adds its rows here."""
        return {
            **_job_rows("TrainingJob", self.training_jobs),
            **_job_rows("ProcessingJob", self.processing_jobs),
            **_job_rows("HyperParameterTuningJob", self.tuning_jobs),
            "ListTrainingJobsForHyperParameterTuningJob": self.tuning_jobs.list_training_jobs,
            "DeleteHyperParameterTuningJob": self._delete_tuning_job,
            **self._hosting_rows(),
            **self._package_rows(),
            "AddTags": lambda request: {"Tags": self.tags.add(request["ResourceArn"], request["Tags"])},
            "ListTags": lambda request: {"Tags": self.tags.list_tags(request["ResourceArn"])},
            "DeleteTags": self._delete_tags,
        }

    def _hosting_rows(self) -> dict[str, Callable[[Document], Document]]:
        models, configs, endpoints = self.models, self.endpoint_configs, self.endpoints
        return {
            "CreateModel": lambda request: {"ModelArn": models.create(request)},
            "DescribeModel": lambda request: models.describe(request["ModelName"]),
            "DeleteModel": self._delete_model,
            "ListModels": models.list_models,
            "CreateEndpointConfig": lambda request: {"EndpointConfigArn": configs.create(request)},
            "DescribeEndpointConfig": lambda request: configs.describe(request["EndpointConfigName"]),
            "DeleteEndpointConfig": self._delete_endpoint_config,
            "ListEndpointConfigs": configs.list_configs,
            "CreateEndpoint": lambda request: {"EndpointArn": endpoints.create(request)},
            "UpdateEndpoint": lambda request: {"EndpointArn": endpoints.update(request)},
            "DescribeEndpoint": lambda request: endpoints.describe(request["EndpointName"]),
            "DeleteEndpoint": self._delete_endpoint,
            "ListEndpoints": endpoints.list_endpoints,
        }

    def _package_rows(self) -> dict[str, Callable[[Document], Document]]:
        packages = self.model_packages
        return {
            "CreateModelPackageGroup": lambda request: {"ModelPackageGroupArn": packages.create_group(request)},
            "DescribeModelPackageGroup": lambda request: packages.describe_group(request["ModelPackageGroupName"]),
            "DeleteModelPackageGroup": self._delete_model_package_group,
            "ListModelPackageGroups": packages.list_groups,
            "CreateModelPackage": lambda request: {"ModelPackageArn": packages.create(request)},
            "DescribeModelPackage": lambda request: packages.describe(request["ModelPackageName"]),
            "UpdateModelPackage": lambda request: {"ModelPackageArn": packages.update(request)},
            "DeleteModelPackage": self._delete_model_package,
            "ListModelPackages": packages.list_packages,
        }

    def _first_tags(self) -> dict[str, Callable[[str], list[Tag]]]:
        """By the kind in an ARN, who knows the tags that a resource was created with."""
        return {
            "training-job": self.training_jobs.tags,
            "processing-job": self.processing_jobs.tags,
            "hyper-parameter-tuning-job": self.tuning_jobs.tags,
            "model-package-group": self.model_packages.group_tags,
            "model": self.models.tags,
            "endpoint-config": self.endpoint_configs.tags,
            "endpoint": self.endpoints.tags,
        }

    def _delete_tuning_job(self, request: Document) -> Document:
        self.tuning_jobs.delete(request["HyperParameterTuningJobName"])
        self.tags.forget(self.tuning_jobs.arn(request["HyperParameterTuningJobName"]))
        return {}

    def _delete_model_package_group(self, request: Document) -> Document:
        name = self.model_packages.delete_group(request["ModelPackageGroupName"])
        self.tags.forget(self.model_packages.group_arn(name))
        return {}

    def _delete_model_package(self, request: Document) -> Document:
        self.model_packages.delete(request["ModelPackageName"])
        return {}

    def _delete_model(self, request: Document) -> Document:
        self.models.delete(request["ModelName"])
        self.tags.forget(self.models.arn(request["ModelName"]))
        return {}

    def _delete_endpoint_config(self, request: Document) -> Document:
        self.endpoint_configs.delete(request["EndpointConfigName"])
        self.tags.forget(self.endpoint_configs.arn(request["EndpointConfigName"]))
        return {}

    def _delete_endpoint(self, request: Document) -> Document:
        self.endpoints.delete(request["EndpointName"])
        self.tags.forget(self.endpoints.arn(request["EndpointName"]))
        return {}

    def _delete_tags(self, request: Document) -> Document:
        self.tags.delete(request["ResourceArn"], request["TagKeys"])
        return {}


def _job_rows(kind: str, jobs: TrainingJobs | ProcessingJobs | TuningJobs) -> dict[str, Callable[[Document], Document]]:
    """The rows that all kinds of jobs have; `kind` as in the operations' names, `TrainingJob`."""

    def stop(request: Document) -> Document:
        jobs.stop(request[f"{kind}Name"])
        return {}

    return {
        f"Create{kind}": lambda request: {f"{kind}Arn": jobs.create(request)},
        f"Describe{kind}": lambda request: jobs.describe(request[f"{kind}Name"]),
        f"Stop{kind}": stop,
        f"List{kind}s": jobs.list_jobs,
    }
