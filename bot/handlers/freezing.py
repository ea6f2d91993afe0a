"""FreezeDeploys and UnfreezeDeploys: who froze deployments, why, until when; kept in the settings document."""

from __future__ import annotations

from datetime import timedelta

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import wording
from bot.intents.request import Request
from bot.replies import Choice, Reply
from orchestration.builds import Json
from orchestration.ports import BadRequest, Conflict, Ports
from orchestration.settings import SCHEMA_VERSION, effective
from orchestration.steps.champions import freeze

FIELD = "deploy_freeze"
MAX_S = 365 * 24 * 3600


def means_freezing(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """Raises Conflict when somebody else froze them: nobody's freeze is taken over in silence."""
    held = effective(ports.settings.load(), {}).deploy_freeze
    if freeze(ports) and held.get("by") != request.person.name:
        raise Conflict(f"{freeze(ports)} Lift that first: 'unfreeze deploys'.")
    seconds = _seconds(request)
    how_long = f" for {wording.duration_s(seconds)}" if seconds else " until somebody lifts it"
    reason = f" ({request.text('reason')})" if request.text("reason") else ""
    return Meant(request.slots, f"Freeze deployments{how_long}{reason}", None)


def _seconds(request: Request) -> float | None:
    seconds = request.slots.get("until_s")
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    if not 0 < seconds <= MAX_S:
        raise BadRequest(f"A freeze lasts up to {wording.duration_s(MAX_S)}, not {wording.duration_s(seconds)}.")
    return float(seconds)


def freeze_deploys(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Nothing is deployed from now on; rolling back stays possible."""
    seconds, now = _seconds(request), ports.clock.now()
    until = now + timedelta(seconds=seconds) if seconds else None
    held: dict[str, Json] = {"by": request.person.name, "at": now.isoformat()}
    if reason := request.text("reason"):
        held["reason"] = reason
    if until is not None:
        held["until"] = until.isoformat()
    ports.settings.save({"schema_version": SCHEMA_VERSION, **ports.settings.load(), FIELD: held})
    when = f" until {wording.clock_time(until, request.person.timezone)}" if until else ""
    because = f" ({reason})" if reason else ""
    return Reply(
        f"Deployments are frozen{when}{because}. Rolling back stays possible. Say 'unfreeze deploys' to lift it.",
        choices=(Choice("Unfreeze", "unfreeze deploys"),),
    )


def means_unfreezing(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """Who froze them is read out, since it may be somebody else."""
    held = freeze(ports)
    if not held:
        return Reply("Deployments are not frozen.")
    return Meant(request.slots, f"{held.rstrip('.')}. Lift that", None)


def unfreeze_deploys(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Models are deployed again."""
    held = effective(ports.settings.load(), {}).deploy_freeze
    document = {name: value for name, value in ports.settings.load().items() if name != FIELD}
    ports.settings.save({"schema_version": SCHEMA_VERSION, **document})
    whose = f" The freeze by {held['by']} is lifted." if held.get("by") else ""
    return Reply(f"Deployments are possible again.{whose}")
