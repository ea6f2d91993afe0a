"""A picture in a thread: drawn from an answer's numbers after the answer, by whoever has the drawing library."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import pictures
from bot.slack.client import Slack, SlackRefused
from bot.slack.render import Attachment
from models.figure import Axis, Figure, Series
from orchestration.ports import BadRequest

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What is drawn, and where it is shown."""

    figure: Figure
    channel: str
    thread: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"figure": self.figure.to_json(), "channel": self.channel, "thread": self.thread}


def order_from_json(document: Mapping[str, Any]) -> Order:
    """What `to_json` gave. Raises BadRequest."""
    try:
        figure = document["figure"]
        series = tuple(
            Series(str(one["name"]), tuple((float(x), float(y)) for x, y in one["points"]), one["style"] == "dots")
            for one in figure["series"]
        )
        x, y = (Axis(str(one["name"]), str(one["unit"]), one["scale"] == "log") for one in (figure["x"], figure["y"]))
        drawn = Figure(str(figure["title"]), x, y, series)
        return Order(drawn, str(document["channel"]), str(document["thread"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest(f"An order for a picture cannot be read: {error!r}.") from error


def draw(order: Order, slack: Slack) -> None:
    """Draw it and share it in the thread, where that can be done. Raises Unavailable."""
    if not pictures.can_draw():
        return  # the answer's words stand for themselves
    try:
        slack.upload(
            order.channel, order.thread, Attachment("picture.png", order.figure.title, pictures.draw(order.figure))
        )
    except (ValueError, SlackRefused):
        _log.exception("the picture %r could not be shown", order.figure.title)
