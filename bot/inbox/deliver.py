"""One message: an order, or a sentence. What cannot be carried out raises, and so ends in the dead-letter queue."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from bot.intents.request import Utterance
from bot.wiring import Bot
from orchestration.builds import Json
from orchestration.ports import BadRequest, Ports
from orchestration.steps.start_message import start_from_message

CHANNEL = "sns"
SPEAKER = "sns:start"  # who says what a message says: nobody, until an admin gives this identity to a person
MAX_MESSAGE_CHARS = 262_144  # SNS Publish

_log = logging.getLogger(__name__)


def deliver(message: Mapping[str, Json], delivery_id: str, ports: Ports) -> None:
    """Carry the message out, once however often it comes.

    Raises BadRequest for what is not understood, is refused, or would have to be confirmed; Unavailable.
    """
    if "say" in message:
        _say(message["say"], delivery_id, ports)
        return
    for build in start_from_message(message, delivery_id, ports):
        _log.info("build %d is %s, from the message %s", build.number, build.status, delivery_id)


def parsed(text: str) -> Mapping[str, Json]:
    """A message's text as its JSON object. Raises BadRequest."""
    if len(text) > MAX_MESSAGE_CHARS:
        raise BadRequest(f"A message of {len(text):,} characters is too long; {MAX_MESSAGE_CHARS:,} are read.")
    try:
        message = json.loads(text)
    except ValueError as error:
        raise BadRequest(f'A start message is JSON, such as {{"say": "start training"}}: {error}.') from error
    if not isinstance(message, dict):
        raise BadRequest('A start message is a JSON object, such as {"say": "start training"}.')
    return message


def _say(said: Json, delivery_id: str, ports: Ports) -> None:
    if not isinstance(said, str) or not said.strip():
        raise BadRequest('say must be a sentence, such as {"say": "start training"}.')
    turn = Bot(ports).say(Utterance(said, SPEAKER, CHANNEL, f"{CHANNEL}:{delivery_id}", delivery_id))
    if turn.parse.intent is None or turn.reply.error or turn.reply.confirm is not None:
        raise BadRequest(f"{said[:200]!r} was not carried out: {turn.reply.text}")
    _log.info("%s: %s", delivery_id, turn.reply.text)
