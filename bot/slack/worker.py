"""One piece of work from the queue, done once: which part of this channel it is for."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.replies import Problem, Reply
from bot.slack import deciding, forms, home, live, openings, talking, uploads
from bot.slack.client import SlackRefused
from bot.slack.desk import Desk
from bot.slack.incoming import Incoming, Kind, Malformed, incoming_from_json
from bot.slack.render import SAY
from bot.slack.sealed import NotOurs
from orchestration.ports import Unavailable, Work

LEASE_S = 150.0  # longer than a worker may take; one that died is replaced after it
DONE_S = 86_400.0
DONE = "done"
TOO_OLD = "That button is from before I was set up anew, or is none of mine. Say 'status' for how things stand."

_log = logging.getLogger(__name__)

Handle = Callable[[Incoming, Desk], None]


def work(one: Work, desk: Desk) -> None:
    """Do it, unless it was done. Raises Unavailable: it is to be done again, before the next of its group."""
    if one.body.get("kind") == Kind.BUILD:
        live.show(int(str(one.body["number"])), desk)  # doing so twice shows the same
        return
    claims, key, holder = desk.ports.claims, f"slack/{one.delivery_id}", uuid.uuid4().hex
    if claims.holder(f"{key}/{DONE}") is not None:
        return
    if not claims.take(key, holder, LEASE_S):
        raise Unavailable(f"{one.delivery_id} is being done, or whoever did it has died.")
    try:
        if claims.holder(f"{key}/{DONE}") is None:
            _do(one, desk)
            claims.take(f"{key}/{DONE}", DONE, DONE_S)
    finally:
        claims.release(key, holder)


def _do(one: Work, desk: Desk) -> None:
    try:
        incoming = incoming_from_json(one.body)
    except Malformed:
        _log.exception("%s is not what the ack queues", one.delivery_id)
        return
    try:
        _handler(incoming)(incoming, desk)
    except NotOurs:
        _log.warning("%s pressed something that is not ours", incoming.identity)
        desk.tell_alone(incoming, Reply(TOO_OLD, error=Problem.NOTHING_TO_CONFIRM))
    except SlackRefused as error:
        # Saying so would be refused as well, and doing it again is too.
        _log.error("%s could not be answered: %s", one.delivery_id, error)


def _handler(incoming: Incoming) -> Handle:
    if incoming.kind is Kind.PRESSED:
        return _pressed
    if incoming.kind is Kind.SUBMITTED:
        return deciding.rejected if incoming.data["form"] == openings.REJECT else forms.submitted
    return _HANDLERS.get(incoming.kind, _ignored)


def _pressed(incoming: Incoming, desk: Desk) -> None:
    # What is pressed at the top of a channel is answered in that message's thread.
    if not (incoming.thread or incoming.is_private or incoming.is_direct):
        incoming = replace(incoming, thread=incoming.ts)
    action = str(incoming.data["action"])
    if action.startswith(SAY):
        talking.chosen(incoming, desk)
    elif action in deciding.ACTIONS:
        deciding.pressed(incoming, desk)
    elif action == uploads.TARGET:
        uploads.register(incoming, desk)
    else:
        raise NotOurs(action)


def _ignored(incoming: Incoming, desk: Desk) -> None:
    _log.warning("there is nothing to do for %s", incoming.kind)


_HANDLERS: Mapping[Kind, Handle] = {
    Kind.SAID: talking.said,
    Kind.CHANGED: forms.show,
    Kind.FORM: forms.show,
    Kind.EXPLAIN: deciding.explained,
    Kind.HOME: home.publish,
    Kind.ASSISTANT: talking.greet,
}
