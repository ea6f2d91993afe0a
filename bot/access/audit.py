"""The entry of each command that changes anything: who, where, words, intent, slots, outcome, build.

One-time codes are not written down.
"""

from __future__ import annotations

import logging

from bot.intents.request import Request
from orchestration.ports import AuditEntry, Ports, SageBuildError

MAX_WORDS_CHARS = 500
CODE = "code"

_log = logging.getLogger(__name__)


def note(request: Request, outcome: str, build: int | None, ports: Ports) -> None:
    """Append the entry. A log that is away does not undo what was done: that is logged instead."""
    entry = AuditEntry(
        at=ports.clock.now(),
        person=request.person.id,
        channel=request.channel,
        words="(a one-time code)" if CODE in request.slots else request.words[:MAX_WORDS_CHARS],
        intent=request.intent,
        slots={name: value for name, value in request.slots.items() if name != CODE},
        outcome=outcome,
        build_number=build,
        name=request.person.name,
    )
    try:
        ports.audit.append(entry)
    except SageBuildError:
        _log.exception("the audit entry could not be written: %s", entry)
