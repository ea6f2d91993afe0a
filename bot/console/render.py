"""A Reply as text, tables and colours. rich leaves colours out for NO_COLOR and where there is no terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from bot.replies import Fact, Reply, Table

PIPED_COLUMNS = 110  # where there is no terminal and no COLUMNS; sentences are not broken there
_STYLES = {
    r"\b(READY|TRAINED|TUNED|InService)\b": "bold green",
    r"\b(ERROR|REJECTED|Failed)\b": "bold red",
    r"\b(STOPPED|ENDPOINT_DELETED)\b": "bold yellow",
    r"\b(QUEUED|BUILDING_IMAGE|PREPARING_DATA|TUNING|TRAINING|EVALUATING|REGISTERING|WAITING_FOR_APPROVAL|DEPLOYING"
    r"|Creating|Updating)\b": "bold cyan",
    r"'[^']{1,80}'": "cyan",
}


def make_console(file: TextIO | None = None, *, error: bool = False) -> Console:
    """A console on that file, or on standard output or error as it is at each moment."""
    stream = file or (sys.stderr if error else sys.stdout)
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPED_COLUMNS
    return Console(file=file, stderr=error, width=width, highlight=False, emoji=False, markup=False)


def printable(text: str) -> str:
    """The text without characters that could steer a terminal."""
    return "".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text)


def show(reply: Reply, console: Console, prefix: str = "") -> None:
    """Print the reply: the sentence, then what it does not say itself, then the table."""
    console.print(_styled(prefix + reply.text), soft_wrap=not console.is_terminal)
    # A short answer's sentence says most of its facts; a detailed one, with a table, lists them all.
    said = set(re.findall(r"[\w.+-]*\w", reply.text)) if reply.table is None else set()
    facts = [fact for fact in reply.facts if fact.value and not set(fact.value.split()) <= said]
    if facts:
        _show_facts(facts, console)
    if reply.table is not None and reply.table.rows:
        console.print(_table(reply.table))


def to_text(reply: Reply) -> str:
    """The reply as one text for scripts: the sentence, and each row of the table on a line of its own."""
    rows = [" | ".join(row) for row in (reply.table.headings, *reply.table.rows)] if reply.table is not None else []
    return "\n".join([reply.text, *rows])


def _show_facts(facts: Sequence[Fact], console: Console) -> None:
    """A line each, the values one below the other; on a terminal, a long value goes on below where it began."""
    if console.is_terminal:
        grid = RichTable.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for fact in facts:
            grid.add_row(_styled(f"  {fact.label}"), _styled(f"{fact.value} {fact.unit}".rstrip()))
        console.print(grid)
        return
    width = max(len(fact.label) for fact in facts)
    for fact in facts:
        line = f"  {fact.label:<{width}}  {fact.value} {fact.unit}".rstrip()
        console.print(_styled(line), soft_wrap=True)


def _styled(text: str) -> Text:
    styled = Text(printable(text))
    for pattern, style in _STYLES.items():
        styled.highlight_regex(re.compile(pattern), style)
    return styled


def _table(table: Table) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=True, padding=(0, 1))
    for heading in table.headings:
        drawn.add_column(heading, overflow="fold", header_style="bold")
    for row in table.rows:
        drawn.add_row(*(_styled(cell) for cell in row))
    return drawn
