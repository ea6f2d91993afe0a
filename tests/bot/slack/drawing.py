"""Block Kit as text, as far as text can show it: what a team sees, for the page of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

WIDTH = 96


def draw(blocks: list[dict[str, Any]]) -> str:
    """The blocks from top to bottom."""
    return "\n".join(line.rstrip() for block in blocks for line in _block(block))


def _block(block: dict[str, Any]) -> Iterator[str]:
    kind = block["type"]
    if kind == "rich_text":
        for element in block["elements"]:
            yield from _rich(element)
    elif kind == "section":
        yield from _section(block)
    elif kind == "context":
        yield from (f"  ({_plain(one['text'])})" for one in block["elements"])
    elif kind == "actions":
        yield " ".join(_element(one) for one in block["elements"])
    elif kind == "header":
        yield f"== {block['text']['text']} =="
    elif kind == "divider":
        yield "-" * 40
    elif kind == "input":
        yield from _input(block)
    else:
        raise ValueError(f"there is no drawing of {kind}")


def _rich(element: dict[str, Any]) -> Iterator[str]:
    text = "".join(_part(one) for one in element["elements"])
    if element["type"] == "rich_text_preformatted":
        yield from (f"    {line}" for line in text.splitlines())
    else:
        yield from _wrapped(text)


def _part(part: dict[str, Any]) -> str:
    if part["type"] == "emoji":
        return f":{part['name']}:"
    if part["type"] == "user":
        return f"@{part['user_id']}"
    style = part.get("style", {})
    return f"`{part['text']}`" if style.get("code") else f"*{part['text']}*" if style.get("bold") else part["text"]


def _section(block: dict[str, Any]) -> Iterator[str]:
    if "text" in block:
        yield from _wrapped(_plain(block["text"]["text"]))
    fields = [_plain(one["text"]).split("\n", 1) for one in block.get("fields", [])]
    width = max((len(label) for label, _ in fields), default=0)
    for label, value in fields:
        yield f"  {label:<{width}}  {value}"


def _input(block: dict[str, Any]) -> Iterator[str]:
    element = block["element"]
    given = element.get("initial_value") or element.get("initial_option", {}).get("text", {}).get("text")
    hint = element.get("placeholder", {}).get("text", "")
    yield f"{block['label']['text']}: [{given or hint}]"
    if "hint" in block:
        yield f"  ({block['hint']['text']})"


def _element(element: dict[str, Any]) -> str:
    if element["type"] == "button":
        return f"[ {element['text']['text']} ]"
    names = ", ".join(option["text"]["text"] for option in element["options"])
    return f"[ {element['placeholder']['text']} v ] ({names})"


def _plain(text: str) -> str:
    text = re.sub(r"<!date\^\d+\^[^|]*\|([^>]*)>", r"\1", text)
    return re.sub(r"<@(\w+)>", r"@\1", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _wrapped(text: str) -> Iterator[str]:
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            if line and len(line) + 1 + len(word) > WIDTH:
                yield line
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield line
