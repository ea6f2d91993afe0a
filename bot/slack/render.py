"""A Reply as a Slack message: its text, facts, table and choices as blocks; what is too long goes into a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slack_sdk.models.blocks import Block, ButtonElement

from bot.replies import Choice, Fact, Reply
from bot.slack import blocks
from models.figure import Figure

# All of it together stays below what Slack takes of one message (`limits.MAX_MESSAGE_CHARS`).
MAX_PARAGRAPHS, PARAGRAPH_CHARS = 2, 2000
MAX_FACTS = 16
MAX_FACT_CHARS = 200
NOTHING = "(nothing)"
MAX_BUTTONS = 10
SAY = "say:"  # of action ids: "say:0" is the first choice

_WORD = re.compile(r"[\w.+-]*\w")

Seal = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class Attachment:
    """A file beside a message."""

    name: str
    title: str
    content: bytes


@dataclass(frozen=True)
class Message:
    """What is sent. text: escaped, for notifications and where no blocks are shown. picture: drawn and sent after."""

    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    file: Attachment | None = None
    picture: Figure | None = None


def render(reply: Reply, seal: Seal, asked: str = "") -> Message:
    """asked: the user whose answer alone counts, when the reply asks something."""
    shown: list[Block] = [blocks.text_block(part) for part in _paragraphs(reply.text)]
    facts = _facts(reply)
    shown += blocks.fact_blocks(facts[:MAX_FACTS])
    hidden = len(facts) > MAX_FACTS or any(len(fact.value) > MAX_FACT_CHARS for fact in facts) or _is_long(reply.text)
    if reply.table is not None and reply.table.rows:
        text, left_out = blocks.table_text(reply.table, blocks.MAX_TABLE_CHARS)
        shown.append(blocks.preformatted(text))
        if left_out:
            shown.append(blocks.context(f"... and {left_out} more {'row' if left_out == 1 else 'rows'}."))
            hidden = True
    question = reply.confirm is not None or reply.ask is not None
    buttons = _buttons(reply.choices[:MAX_BUTTONS], seal, asked if question else "")
    shown += blocks.button_rows(buttons, "choices")
    file = Attachment("answer.txt", "The whole answer", whole(reply).encode()) if hidden else None
    return Message(
        blocks.fallback(reply.text.strip() or NOTHING), [block.to_dict() for block in shown], file, reply.picture
    )


def without_buttons(message_blocks: list[dict[str, Any]], text: str, note: str) -> Message:
    """A message that was answered: as it was, with who answered it instead of the buttons. note: Slack's markup."""
    kept = [block for block in message_blocks if block.get("type") != "actions"]
    if not kept:
        kept = [blocks.text_block(text or "(answered)").to_dict()]
    return Message(text or "(answered)", [*kept, blocks.context(note).to_dict()])


def whole(reply: Reply) -> str:
    """All of it as plain text."""
    facts = "\n".join(str(fact) for fact in reply.facts)
    table = blocks.table_text(reply.table)[0] if reply.table is not None else ""
    return "\n\n".join(part for part in (reply.text, facts, table) if part) + "\n"


def _paragraphs(text: str) -> list[str]:
    """The text in pieces that a block holds, broken between words."""
    pieces: list[str] = []
    rest = text.strip() or NOTHING
    while rest and len(pieces) < MAX_PARAGRAPHS:
        if len(rest) <= PARAGRAPH_CHARS:
            return [*pieces, rest]
        if len(pieces) == MAX_PARAGRAPHS - 1:
            return [*pieces, blocks.cut(rest, PARAGRAPH_CHARS)]
        end = rest.rfind(" ", 1, PARAGRAPH_CHARS)
        end = end if end > 0 else PARAGRAPH_CHARS
        pieces.append(rest[:end])
        rest = rest[end:].strip()
    return pieces


def _is_long(text: str) -> bool:
    return len(text) > MAX_PARAGRAPHS * PARAGRAPH_CHARS - 200


def _facts(reply: Reply) -> list[Fact]:
    """Those that the text does not say itself; with a table, which is an account of everything, all of them."""
    said = set(_WORD.findall(reply.text)) if reply.table is None else set()
    facts = [fact for fact in reply.facts if fact.value and not set(fact.value.split()) <= said]
    return [replace(fact, value=blocks.cut(fact.value, MAX_FACT_CHARS)) for fact in facts]


def _buttons(choices: tuple[Choice, ...], seal: Seal, asked: str) -> list[ButtonElement]:
    for_whom = {"for": asked} if asked else {}
    return [
        blocks.button(
            choice.label,
            f"{SAY}{index}",
            seal({"say": choice.say, **for_whom}),
            style="primary" if asked and index == 0 else None,
        )
        for index, choice in enumerate(choices)
    ]
