"""Slack's requests over HTTP on one's own machine: `/slack/events`, for `sagebuild up` behind a tunnel."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.gateway import MAX_BODY_BYTES, Gateway, HttpRequest

PATH = "/slack/events"


def route(gateway: Gateway) -> Route:
    """The route that Slack's events, commands and interactions go to."""

    async def events(request: Request) -> Response:
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        asked = HttpRequest(request.method, dict(request.headers), body)
        answer = await run_in_threadpool(gateway.answer, asked)
        return Response(answer.body, answer.status, dict(answer.headers))

    return Route(PATH, events, methods=["GET", "POST"])


async def _body(request: Request) -> bytes:
    """At most one byte more than is allowed: then it is refused, and no more of it is read."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return body[: MAX_BODY_BYTES + 1]
    return body
