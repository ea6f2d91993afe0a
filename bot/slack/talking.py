"""What somebody said to the bot, and what somebody chose among what it offered to say."""

from __future__ import annotations

from bot.replies import Reply
from bot.slack import uploads
from bot.slack.client import Posted, SlackRefused
from bot.slack.desk import Desk
from bot.slack.incoming import Incoming
from bot.slack.plain import plain
from bot.slack.render import without_buttons

PROMPTS = (
    ("How is my build?", "is my build done?"),
    ("Start a training", "start training"),
    ("What is served?", "list endpoints"),
    ("What can I say?", "help"),
)
GREETING = "I train, tune and deploy models. For example:"
NOT_ALLOWED = "NotAllowed"


def said(incoming: Incoming, desk: Desk) -> None:
    """Answer a sentence; CSV files that came with it are offered as datasets. Raises Unavailable."""
    text, files = plain(incoming.text), incoming.data.get("files") or []
    for file_id in files:
        uploads.offer(incoming, str(file_id), desk)
    if text or not files:
        _say(incoming, text or "help", "", desk)


def chosen(incoming: Incoming, desk: Desk) -> None:
    """A choice was pressed: it is said by who pressed it. Raises Unavailable, NotOurs."""
    content = desk.unseal(incoming.data["value"])
    asked = content.get("for", "")
    if asked and asked != incoming.user:
        desk.tell_alone(
            incoming, Reply("Somebody else was asked that, so your answer does not count.", error=NOT_ALLOWED)
        )
        return
    if asked:
        _take_buttons_away(incoming, str(content["say"]), desk)
    _say(incoming, str(content["say"]), str(content.get("in", "")), desk)


def greet(incoming: Incoming, desk: Desk) -> None:
    """The assistant's pane was opened: show what may be said."""
    desk.slack.suggest(incoming.channel, incoming.thread, GREETING, PROMPTS)


def _say(incoming: Incoming, text: str, conversation: str, desk: Desk) -> None:
    reply = desk.bot.say(desk.utterance(incoming, text, conversation)).reply
    if reply.error == NOT_ALLOWED:
        desk.tell_alone(incoming, reply)
    else:
        desk.answer(incoming, reply)


def _take_buttons_away(incoming: Incoming, said_: str, desk: Desk) -> None:
    """The question as it was, with the answer instead of its buttons."""
    done = without_buttons(incoming.data["blocks"], incoming.text, f"<@{incoming.user}> said {said_}.")
    try:
        if incoming.is_private:
            desk.slack.respond(incoming.response_url, done, replace=True)
        else:
            desk.slack.update(Posted(incoming.channel, incoming.ts), done)
    except SlackRefused:
        return  # the message is gone; the answer counts all the same
