"""The entry of each command that changes anything: who, where, words, intent, slots, outcome, build."""

from __future__ import annotations

import logging

from bot.intents.request import Request
from orchestration.ports import AuditEntry, Ports, SageBuildError

MAX_WORDS_CHARS = 500

_log = logging.getLogger(__name__)


def note(request: Request, outcome: str, build: int | None, ports: Ports) -> None:
    """Append the entry. A log that is away does not undo what was done: that is logged instead."""
    entry = AuditEntry(
        at=ports.clock.now(),
        person=request.person.id,
        channel=request.channel,
        words=request.words[:MAX_WORDS_CHARS],
        intent=request.intent,
        slots=request.slots,
        outcome=outcome,
        build_number=build,
    )
    try:
        ports.audit.append(entry)
    except SageBuildError:
        _log.exception("the audit entry could not be written: %s", entry)
