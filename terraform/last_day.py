"""`python -m terraform.last_day dev`: what builds have made and Terraform does not know, before `terraform destroy`.

Stops the builds that run and deletes the endpoints with our tag, their configurations and models: what costs money by
the hour. Model packages, which cost nothing, and the logs of jobs stay.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from orchestration.aws.clients import Clients, aws_clients
from orchestration.aws.endpoints import SageMakerEndpoints
from orchestration.builds import Environment
from orchestration.ports import UnknownEndpoint


def clean(clients: Clients, environment: Environment) -> Iterator[str]:
    """A line for each thing that was ended."""
    machine = f":stateMachine:sagebuild-{environment.name}-build"
    states = clients("stepfunctions")
    for page in states.get_paginator("list_state_machines").paginate():
        for arn in [
            one["stateMachineArn"] for one in page["stateMachines"] if one["stateMachineArn"].endswith(machine)
        ]:
            running = states.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
            for execution in [one for batch in running for one in batch["executions"]]:
                states.stop_execution(executionArn=execution["executionArn"], error="Stopped", cause="the last day")
                yield f"stopped the execution {execution['name']}"
    endpoints = SageMakerEndpoints(clients, environment)
    for endpoint in endpoints.all():
        try:
            endpoints.delete(endpoint.name)
        except UnknownEndpoint:
            continue
        yield f"deleted the endpoint {endpoint.name}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="End what builds have made, before `terraform destroy`.")
    parser.add_argument("environment", help="such as dev")
    given = parser.parse_args(arguments)
    clients = aws_clients()
    region = str(clients("stepfunctions").meta.region_name)
    for line in clean(clients, Environment(given.environment, region)):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
