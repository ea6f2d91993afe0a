"""Slack's markup as the text that somebody wrote: https://docs.slack.dev/messaging/formatting-message-text"""

from __future__ import annotations

import re

_MARKUP = re.compile(r"<([@#!]?)([^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>")


def plain(text: str) -> str:
    """Mentions away, links as their words, entities as characters."""
    replaced = _MARKUP.sub(_words, text)
    return " ".join(replaced.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").split())


def _words(match: re.Match[str]) -> str:
    kind, target, label = match[1], match[2], match[3]
    if kind in "@!" and kind:
        return " "
    if kind == "#":
        return label or " "
    return label or target.removeprefix("mailto:")
