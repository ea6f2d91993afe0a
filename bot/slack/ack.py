"""The Bolt app that acknowledges: whatever it is, one message onto the FIFO queue, and an answer within three seconds.

It reads no table and calls no AWS service but SQS. A form is opened before that, since its trigger dies first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPException
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware import Middleware
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.models.views import View

from bot.slack import openings
from bot.slack.config import SlackSettings
from bot.slack.form_rules import Metadata, metadata_from, problems
from bot.slack.incoming import Incoming, Kind, Malformed, incoming_from, team_of
from orchestration.aws.light import LightError, Send

VIEW_TIMEOUT_S = 2
URL_VERIFICATION = "url_verification"  # Bolt answers it
SORRY = "I could not take that just now. Please say it again in a moment."

_log = logging.getLogger(__name__)


class Acknowledger:
    """What is done with a request that is known to come from Slack. Safe for concurrent use."""

    def __init__(self, settings: SlackSettings, send: Send) -> None:
        """send: puts (group, delivery id, body) onto the queue; raises LightError when it is away."""
        self._settings, self._send = settings, send
        self._client = WebClient(
            settings.bot_token,
            base_url=settings.api_url,
            timeout=VIEW_TIMEOUT_S,
            retry_handlers=[],
            logger=_quiet(),
        )
        self.app = _bolt_app(settings, self.take)

    def take(self, body: dict[str, Any]) -> BoltResponse:
        """Queue it and answer. 400: malformed; 403: another workspace; 503: the queue is away, so Slack sends again."""
        try:
            if team_of(body) != self._settings.team:
                return _refused(403, "this app does not serve that workspace")
            incoming = incoming_from(body)
        except Malformed as error:
            return _refused(400, str(error))
        if incoming is None:
            return BoltResponse(status=200)
        if incoming.kind is Kind.SUBMITTED:
            wrong = problems(incoming.data["fields"], metadata_from(incoming.data["metadata"]))
            if wrong:
                return BoltResponse(status=200, body={"response_action": "errors", "errors": wrong})
        return self._queued(incoming, str(body.get("trigger_id", "")))

    def _queued(self, incoming: Incoming, trigger: str) -> BoltResponse:
        try:
            opened = self._opened(incoming, trigger)
            if opened is not None:
                self._send(opened.group, opened.delivery_id, opened.to_json())
        except (SlackClientError, OSError, HTTPException):
            # Its trigger is over, or Slack is away: the person presses again.
            _log.warning("no form could be opened for %s", incoming.identity, exc_info=True)
        except (LightError, ValueError):
            _log.exception("%s from %s could not be queued", incoming.kind, incoming.identity)
            return _away(incoming)
        return BoltResponse(status=200)

    def _opened(self, incoming: Incoming, trigger: str) -> Incoming | None:
        """With the view that it opened, when it asks for one; None when nothing else is to be done."""
        form = _form_asked_for(incoming)
        metadata = Metadata(incoming.channel, incoming.thread or incoming.ts, str(incoming.data.get("value", "")))
        if form == openings.REJECT:
            self._open(trigger, openings.reject_form(metadata))
            return None
        if form not in openings.FORMS:
            return incoming
        view = self._open(trigger, openings.loading(form, metadata))
        kind = Kind.EXPLAIN if form == openings.EXPLAIN else Kind.FORM
        return replace(incoming, kind=kind, data={**incoming.data, "form": form, **view})

    def _open(self, trigger: str, view: View) -> dict[str, str]:
        answer = self._client.views_open(trigger_id=trigger, view=view)
        opened = answer.get("view")
        if not isinstance(opened, dict):
            raise OSError("views.open gave no view")
        return {"view": str(opened.get("id", "")), "metadata": view.private_metadata or ""}


def _form_asked_for(incoming: Incoming) -> str:
    if incoming.kind is Kind.PRESSED:
        action = str(incoming.data["action"])
        return action.removeprefix(openings.OPEN) if action.startswith(openings.OPEN) else ""
    return str(incoming.data["form"]) if incoming.kind in (Kind.FORM, Kind.EXPLAIN) else ""


class _First(Middleware):
    """Hands every request to `take`. A class, because Bolt looks into the payload for a function's arguments."""

    def __init__(self, take: Callable[[dict[str, Any]], BoltResponse]) -> None:
        self._take = take

    def process(self, *, req: BoltRequest, resp: BoltResponse, next: Callable[[], BoltResponse]) -> BoltResponse | None:
        return next() if req.body.get("type") == URL_VERIFICATION else self._take(req.body)


def _bolt_app(settings: SlackSettings, take: Callable[[dict[str, Any]], BoltResponse]) -> App:
    """Before anything else that looks into a payload comes the one check of its form, for every type there may ever be.

    Bolt's own authorisation would ask Slack at the first request (auth.test); ours knows the one workspace.
    """
    authorized = AuthorizeResult(enterprise_id=None, team_id=settings.team, bot_token=settings.bot_token)
    app = App(
        name="sagebuild",
        logger=_quiet(),
        signing_secret=settings.signing_secret,
        before_authorize=_First(take),
        authorize=lambda **_: authorized,
        process_before_response=True,  # a Lambda is frozen once it has answered
        # `gateway.py` has verified it, before it was parsed; Socket Mode needs none.
        request_verification_enabled=False,
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,  # `incoming.py` leaves out what any bot says
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    return app


def _quiet() -> logging.Logger:
    """For Bolt and its client, whose warnings quote payloads."""
    quiet = logging.getLogger(f"{__name__}.bolt")
    quiet.setLevel(logging.ERROR)
    return quiet


def _away(incoming: Incoming) -> BoltResponse:
    """Slack sends an event again when it was not taken; a person is told, and does so herself."""
    if incoming.response_url and incoming.kind is Kind.SAID:
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": SORRY})
    return _refused(503, "try again")


def _refused(status: int, reason: str) -> BoltResponse:
    return BoltResponse(status=status, body={"error": reason})
