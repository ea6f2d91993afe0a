"""What the engine makes again at every boot instead of keeping it: names, tables, bucket, topic, the state machine.

The same files that Terraform reads: `orchestration/tables.json` and `orchestration/machines/build.asl.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.catalog import BUILT_IN
from orchestration.builds import Environment
from orchestration.local.lambdas import function_table
from orchestration.local.sources import TOPIC, Sources, read_sources
from orchestration.machines.render import BUILD_MACHINE, placeholders, render

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"
NAME = "local"
OUTBOX_KEY = "OUTBOX"  # hash key of the builds table's outbox (`aws/builds.py`)
TABLES = Path(__file__).parents[1] / "tables.json"

ENVIRONMENT = Environment(
    name=NAME,
    region=REGION,
    builds_table=f"sagebuild-{NAME}-builds",
    state_table=f"sagebuild-{NAME}-state",
    data_bucket=f"sagebuild-{NAME}-data",
    state_machine_arn=f"arn:{PARTITION}:states:{REGION}:{ACCOUNT}:stateMachine:sagebuild-{NAME}-build",
    notices_topic_arn=f"arn:{PARTITION}:sns:{REGION}:{ACCOUNT}:sagebuild-{NAME}-notices",
    settings_parameter=f"/sagebuild/{NAME}/settings",
    image_prefix=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/",
)


def topic_arn(topic: str) -> str:
    """The ARN of one of our topics: "notices", or that of an event source of that type."""
    return f"arn:{PARTITION}:sns:{REGION}:{ACCOUNT}:sagebuild-{NAME}-{topic}"


def sources() -> Sources:
    """Where the functions' events come from. Raises ValueError for an entry that is not known."""
    return read_sources(function_table())


def programs(python: str) -> dict[str, list[str]]:
    """Image repository name to the command line that runs its program here."""
    return {model.image: [python, "-m", model.program] for model in BUILT_IN}


def apply(client: Callable[[str], Any]) -> None:
    """Make everything. client(service) gives a client of the engine."""
    for logical, name in (("builds", ENVIRONMENT.builds_table), ("state", ENVIRONMENT.state_table)):
        client("dynamodb").create_table(**table(logical, name))
    client("s3").create_bucket(Bucket=ENVIRONMENT.data_bucket)
    topics = {ENVIRONMENT.notices_topic_arn, *(topic_arn(one.given["topic"]) for one in sources().entries(TOPIC))}
    for arn in sorted(topics):
        client("sns").create_topic(Name=arn.rsplit(":", 1)[1])
    client("stepfunctions").create_state_machine(
        name=ENVIRONMENT.state_machine_arn.rsplit(":", 1)[1],
        definition=definition(),
        roleArn=_role("state-machine"),
    )


def table(logical: str, name: str) -> dict[str, Any]:
    """CreateTable's request for a table of tables.json."""
    document = json.loads(TABLES.read_text())
    spec, types = document[logical], document["attribute_types"]
    keys = [spec, *spec["indexes"].values()]
    attributes = sorted({key[part] for key in keys for part in ("hash_key", "range_key")})
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": types[a]} for a in attributes],
        "KeySchema": _key_schema(spec),
    }
    if spec["indexes"]:
        request["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _key_schema(key), "Projection": {"ProjectionType": "ALL"}}
            for index, key in spec["indexes"].items()
        ]
    return request


def _key_schema(key: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"AttributeName": key["hash_key"], "KeyType": "HASH"},
        {"AttributeName": key["range_key"], "KeyType": "RANGE"},
    ]


def _role(name: str) -> str:
    return f"arn:{PARTITION}:iam::{ACCOUNT}:role/sagebuild-{NAME}-{name}"


def definition() -> str:
    """The state machine as it runs here: each function is called by its name in functions.json."""
    template = BUILD_MACHINE.read_text()
    values = {
        name: name.removesuffix("_function").replace("_", "-")
        for name in placeholders(template)
        if name.endswith("_function")
    }
    return render(template, values | {"partition": PARTITION, "job_role_arn": _role("jobs")})
