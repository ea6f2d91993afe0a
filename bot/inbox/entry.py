"""Lambda on the start topic, on files that arrive in the data bucket, and on schedules. See `deliver.py`."""

from __future__ import annotations

from typing import Any

from bot.inbox.deliver import deliver, parsed
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> None:
    ports = function_ports()
    for record in event.get("Records", ()):
        if "Sns" in record:
            deliver(parsed(record["Sns"]["Message"]), record["Sns"]["MessageId"], ports)
        else:
            deliver({"Records": [record]}, str(record.get("responseElements", {}).get("x-amz-request-id", "")), ports)
    if "Records" not in event:
        deliver(event, str(event.get("id", "")), ports)
