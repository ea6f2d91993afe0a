"""Small parts of messages, as typed Block Kit blocks. Whatever somebody wrote goes in as text, never as markup.

https://docs.slack.dev/reference/block-kit. Text is rich text, in which nothing is interpreted; facts are the one place
of Slack's own markup, and are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    MarkdownTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
)

from bot.replies import Fact, Table

MAX_TEXT_CHARS = 2900  # of one block; Slack's 3000
MAX_FIELD_CHARS = 260  # of one fact, escaped; Slack's 2000
FIELDS_A_SECTION = 10
BUTTONS_A_ROW = 5
MAX_LABEL_CHARS = 75
MAX_CELL_CHARS = 40
MAX_TABLE_CHARS = 2600
CUT = " ..."
_QUOTED = re.compile(r"(?<!\w)'([^'\n]{1,80})'(?!\w)")

Part = RichTextElementParts
BOLD, CODE = Part.TextStyle(bold=True), Part.TextStyle(code=True)


def escaped(text: str) -> str:
    """For the places where Slack reads markup: no mention, no link, no "everybody" comes out of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """The text, or its beginning with " ..." at the end."""
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def fallback(text: str, limit: int = MAX_TEXT_CHARS) -> str:
    """What a notification shows, and who cannot see blocks: escaped, and no longer than that once it is."""
    while len(done := escaped(text)) > limit:
        text = cut(text, max(10, len(text) - (len(done) - limit)))
    return done


def said(text: str) -> list[RichTextElement]:
    """A text, with what may be said ('start training') shown as such."""
    parts: list[RichTextElement] = []
    end = 0
    for match in _QUOTED.finditer(text):
        parts += [Part.Text(text=text[end : match.start()])] if match.start() > end else []
        parts.append(Part.Text(text=match[1], style=CODE))
        end = match.end()
    return [*parts, Part.Text(text=text[end:])] if end < len(text) or not parts else parts


def paragraph(parts: Sequence[RichTextElement], block_id: str | None = None) -> Block:
    """One paragraph."""
    return RichTextBlock(elements=[RichTextSectionElement(elements=list(parts))], block_id=block_id)


def text_block(text: str) -> Block:
    """One paragraph of somebody's words."""
    return paragraph(said(cut(text, MAX_TEXT_CHARS)))


def fact_blocks(facts: Iterable[Fact]) -> list[Block]:
    """The facts in two columns, ten a section."""
    fields = [
        MarkdownTextObject(
            text=f"*{fallback(fact.label, 60)}*\n{fallback(f'{fact.value} {fact.unit}'.strip(), MAX_FIELD_CHARS)}",
            verbatim=True,
        )
        for fact in facts
        if fact.value
    ]
    groups = [fields[at : at + FIELDS_A_SECTION] for at in range(0, len(fields), FIELDS_A_SECTION)]
    return [SectionBlock(fields=group) for group in groups]


def table_text(table: Table, max_chars: int | None = None) -> tuple[str, int]:
    """The rows as lines of aligned columns, as many as fit, and how many do not. max_chars: None for all, uncut."""
    limit = MAX_CELL_CHARS if max_chars is not None else 10_000
    rows = [tuple(cut(" ".join(cell.split()), limit) for cell in row) for row in (table.headings, *table.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.headings))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if max_chars is None:
        return "\n".join(lines), 0
    shown = len(lines)
    while shown > 2 and sum(len(line) + 1 for line in lines[:shown]) > max_chars:
        shown -= 1
    return cut("\n".join(lines[:shown]), max_chars), len(lines) - shown


def preformatted(text: str) -> Block:
    """Lines as they are, in columns."""
    return RichTextBlock(elements=[RichTextPreformattedElement(elements=[Part.Text(text=text)])])


def context(text: str) -> Block:
    """Small print: Slack's own markup, so that whoever calls this escapes what somebody wrote."""
    return ContextBlock(elements=[MarkdownTextObject(text=cut(text, MAX_TEXT_CHARS), verbatim=True)])


def button(
    label: str, action: str, value: str, style: str | None = None, confirm: ConfirmObject | None = None
) -> ButtonElement:
    """value: sealed. style: "primary" or "danger"."""
    return ButtonElement(text=cut(label, MAX_LABEL_CHARS), action_id=action, value=value, style=style, confirm=confirm)


def button_rows(buttons: Sequence[ButtonElement], block_id: str) -> list[Block]:
    """The buttons, five a row."""
    rows = [list(buttons[at : at + BUTTONS_A_ROW]) for at in range(0, len(buttons), BUTTONS_A_ROW)]
    return [ActionsBlock(elements=row, block_id=f"{block_id}:{index}") for index, row in enumerate(rows)]


def sure(title: str, text: str, yes: str, *, danger: bool = False) -> ConfirmObject:
    """Slack's own dialogue before a button counts: it names the exact thing, and only who pressed sees it."""
    return ConfirmObject(
        title=cut(title, 100),
        text=cut(text, 300),
        confirm=cut(yes, 30),
        deny="Cancel",
        style="danger" if danger else "primary",
    )


def person(identity_or_name: str, team: str, name: str) -> str:
    """A mention of whoever has that identity in this workspace, else the name; as Slack's markup."""
    prefix = f"slack:{team}:"
    if identity_or_name.startswith(prefix):
        return f"<@{identity_or_name.removeprefix(prefix)}>"
    return escaped(name)
