"""ListEndpoints, DeleteEndpoint, RetireEndpoints: what is served, and taking it out of service."""

from __future__ import annotations

from bot.access.confirmations import Meant
from bot.access.memory import Memory
from bot.handlers import asking, wording
from bot.intents.request import Request
from bot.replies import Choice, Command, Problem, Question, Reply, Table
from orchestration.builds import Json
from orchestration.ports import Conflict, Endpoint, Ports, UnknownEndpoint
from orchestration.settings import effective
from orchestration.steps.retire import idle, retire


def list_endpoints(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Our endpoints as a table, the newest first."""
    endpoints = ports.endpoints.all()
    if not endpoints:
        return Reply(
            "There are no endpoints yet. Say 'start training' to train and deploy a model.",
            choices=(Choice("Start training", "start training"),),
        )
    now = ports.clock.now()
    rows = tuple(
        (
            endpoint.name,
            endpoint.status,
            endpoint.service.model if endpoint.service else "",
            endpoint.service.dataset if endpoint.service else "",
            str(endpoint.build_number or ""),
            wording.ago(endpoint.updated_at, now),
        )
        for endpoint in endpoints
    )
    names = wording.columns([endpoint.name for endpoint in endpoints])
    spoken = wording.columns([asking.name_of(endpoint) for endpoint in endpoints])
    count = wording.plural(len(endpoints), "endpoint")
    return Reply(
        text=f"{count}: {names}.",
        spoken=f"{count}: {spoken}.",
        table=Table(("endpoint", "status", "model", "dataset", "build", "updated"), rows),
    )


def means_deleting(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """The endpoint that is named, or of the service that was said; asks when several fit. Raises UnknownEndpoint."""
    endpoints = ports.endpoints.all()
    found = _fitting(request, endpoints, ports)
    if not found:
        there = wording.listed(one.name for one in endpoints) or "none"
        asked = request.text("endpoint") or " on ".join(
            word for word in (request.text("model"), request.text("dataset")) if word
        )
        raise UnknownEndpoint(f"There is no endpoint {asked or 'at all'}; there is {there}.")
    if len(found) > 1:
        names = wording.listed((one.name for one in found), "or")
        return Reply(
            text=f"Which one: {names}? Say for example 'delete endpoint {found[0].name}'.",
            choices=tuple(Choice(one.name, f"delete endpoint {one.name}") for one in found),
            ask=Question(Command(request.intent, request.slots, request.words), "endpoint"),
            error=Problem.AMBIGUOUS,
        )
    one = found[0]
    serves = f" ({asking.name_of(one)}, build {one.build_number})" if one.build_number else ""
    models = (one.service.model,) if one.service else None
    return Meant({"endpoint": one.name}, f"Delete the endpoint {one.name}{serves}", models)


def _fitting(request: Request, endpoints: list[Endpoint], ports: Ports) -> list[Endpoint]:
    if said := request.text("endpoint"):
        one = asking.named(said, endpoints)
        return [one] if one is not None else []
    service = asking.service_said(request, ports)
    return [
        one
        for one in endpoints
        if (not service.model or (one.service and one.service.model == service.model))
        and (not service.dataset or (one.service and one.service.dataset == service.dataset))
    ]


def delete_endpoint(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Take it out of service. Raises UnknownEndpoint, and Conflict while it is being changed."""
    endpoint = ports.endpoints.describe(request.text("endpoint"))
    if not retire(endpoint, f"deleted by {request.person.name}", ports):
        raise Conflict(f"The endpoint {endpoint.name} is {endpoint.status} or about to be deployed to. Try again then.")
    return Reply(
        text=f"The endpoint {endpoint.name} is deleted. Its models stay: 'deploy build {endpoint.build_number or 7}' "
        "serves one again.",
        spoken=f"The endpoint of the {asking.name_of(endpoint)} is deleted.",
        build=endpoint.build_number,
    )


def means_retiring(request: Request, ports: Ports, memory: Memory) -> Meant | Reply:
    """Exactly those that are unused now, by name."""
    unused = [one.endpoint for one in idle(ports)]
    within = wording.duration_s(effective(ports.settings.load(), {}).endpoint_idle_s)
    asked = request.slots.get("endpoints")
    if isinstance(asked, list):
        unused = [one for one in unused if one.name in asked]
    if not unused:
        return Reply(f"No endpoint is unused: each was asked, or changed, within the last {within}.")
    names: list[Json] = [one.name for one in unused]
    models = None if any(one.service is None for one in unused) else tuple(_models(unused))
    count = wording.plural(len(unused), "endpoint")
    listed = wording.listed(one.name for one in unused)
    return Meant({"endpoints": names}, f"Delete {count} that nobody asked for {within}: {listed}", models)


def _models(endpoints: list[Endpoint]) -> list[str]:
    return sorted({one.service.model for one in endpoints if one.service is not None})


def retire_endpoints(request: Request, ports: Ports, memory: Memory) -> Reply:
    """Delete those that were confirmed and are unused still."""
    names = request.slots.get("endpoints")
    wanted = [one.endpoint for one in idle(ports) if isinstance(names, list) and one.endpoint.name in names]
    gone = [one.name for one in wanted if retire(one, f"nobody asked it; retired by {request.person.name}", ports)]
    kept = [one.name for one in wanted if one.name not in gone]
    text = f"{wording.plural(len(gone), 'endpoint')} deleted: {wording.columns(gone)}." if gone else "None was deleted."
    busy = f" {wording.columns(kept)} is being changed and stays." if kept else ""
    return Reply(f"{text}{busy}", spoken=f"{wording.plural(len(gone), 'endpoint')} deleted.")
