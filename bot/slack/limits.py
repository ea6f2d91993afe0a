"""Slack's limits, checked on the JSON that is about to be sent: Slack refuses a whole message for one field too long.

The limits are those of https://docs.slack.dev/reference/block-kit, block by block; slack_sdk's own models know only
some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MAX_TEXT_CHARS = 40_000  # of a message's text; what is longer is cut by Slack
MAX_MESSAGE_CHARS = 13_000  # of all text in a message's blocks, above which Slack answers msg_blocks_too_long
MAX_ID_CHARS = 255
MAX_METADATA_CHARS = 3000
STYLES = ("primary", "danger")
_TEXT_TYPES = ("plain_text", "mrkdwn")

Check = Callable[[Mapping[str, Any]], Iterator[str]]


def message_problems(text: str, blocks: list[dict[str, Any]]) -> list[str]:
    """What Slack would refuse, or would not show, of a message; empty when nothing."""
    found = [] if text else ["the message has no text for notifications"]
    if len(text) > MAX_TEXT_CHARS:
        found.append(f"the text has {len(text)} characters")
    total = sum(len(one) for one in _texts(blocks))
    if total > MAX_MESSAGE_CHARS:
        found.append(f"the blocks have {total} characters in all")
    return found + list(_surface(blocks, "message"))


def view_problems(view: Mapping[str, Any]) -> list[str]:
    """Of a modal or a Home tab."""
    kind = str(view.get("type"))
    if kind not in ("modal", "home"):
        return [f"there is no view of type {kind!r}"]
    found = list(_surface(view.get("blocks", []), kind))
    for name in ("title", "submit", "close"):
        if name in view:
            found += _text_object(view[name], f"the {name}", 24, plain=True)
    if kind == "modal" and "title" not in view:
        found.append("a modal has no title")
    has_inputs = any(block.get("type") == "input" for block in view.get("blocks", []))
    if kind == "modal" and has_inputs and "submit" not in view:
        found.append("a modal with inputs has no submit")
    if len(view.get("private_metadata", "")) > MAX_METADATA_CHARS:
        found.append("private_metadata is too long")
    return found


def _surface(blocks: list[dict[str, Any]], surface: str) -> Iterator[str]:
    if len(blocks) > MAX_BLOCKS[surface]:
        yield f"there are {len(blocks)} blocks"
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    yield from (f"the block id {one!r} is there twice" for one in sorted({one for one in ids if ids.count(one) > 1}))
    for index, block in enumerate(blocks):
        kind = str(block.get("type"))
        check = _BLOCKS.get(kind)
        if check is None:
            yield f"block {index}: there is no block {kind!r}"
            continue
        if len(str(block.get("block_id", ""))) > MAX_ID_CHARS:
            yield f"block {index}: its id is too long"
        yield from (f"block {index} ({kind}): {problem}" for problem in check(block))


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    if "text" not in block and not block.get("fields"):
        yield "it has neither text nor fields"
    if "text" in block:
        yield from _text_object(block["text"], "its text", 3000)
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield f"it has {len(fields)} fields"
    for one in fields:
        yield from _text_object(one, "a field", 2000)
    if "accessory" in block:
        yield from _element(block["accessory"])


def _header(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _text_object(block.get("text"), "its text", 150, plain=True)


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 10:
        yield f"it has {len(elements)} elements"
    for one in elements:
        if one.get("type") in _TEXT_TYPES:
            yield from _text_object(one, "a text", 3000)


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    elements = block.get("elements", [])
    if not 1 <= len(elements) <= 25:
        yield f"it has {len(elements)} elements"
    ids = [one.get("action_id") for one in elements]
    if len(set(ids)) < len(ids):
        yield "an action id is there twice"
    for one in elements:
        yield from _element(one)


def _input(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _text_object(block.get("label"), "its label", 2000, plain=True)
    if "hint" in block:
        yield from _text_object(block["hint"], "its hint", 2000, plain=True)
    yield from _element(block.get("element", {}))


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    if not block.get("elements"):
        yield "it has no elements"
    for element in block.get("elements", []):
        if not element.get("elements"):
            yield f"{element.get('type')} has no elements"
        for part in element.get("elements", []):
            if part.get("type") == "text" and not part.get("text"):
                yield "it has an empty text"
    if sum(len(text) for text in _texts(block)) > 3000:
        yield "its text is too long"


def _image(block: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= len(block.get("alt_text", "")) <= 2000:
        yield "its alt_text is missing or too long"
    if not (block.get("image_url") or block.get("slack_file")):
        yield "it has no image"


def _nothing(block: Mapping[str, Any]) -> Iterator[str]:
    yield from ()


_BLOCKS: Mapping[str, Check] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "rich_text": _rich_text,
    "image": _image,
    "divider": _nothing,
}
_PLACEHOLDER_CHARS = 150


def _element(element: Mapping[str, Any]) -> Iterator[str]:
    kind = str(element.get("type"))
    if len(str(element.get("action_id", ""))) not in range(1, MAX_ID_CHARS + 1):
        yield f"a {kind} has no action id, or one that is too long"
    if "placeholder" in element:
        yield from _text_object(element["placeholder"], "a placeholder", _PLACEHOLDER_CHARS, plain=True)
    if kind == "button":
        yield from _text_object(element.get("text"), "a button", 75, plain=True)
        if len(element.get("value", "")) > 2000:
            yield "a button's value is too long"
    elif "select" in kind or kind in ("checkboxes", "radio_buttons"):
        yield from _options(element, kind)
    elif kind not in ("plain_text_input", "number_input", "datepicker"):
        yield f"there is no element {kind!r}"
    if element.get("style") not in (None, *STYLES):
        yield f"there is no style {element['style']!r}"
    if "confirm" in element:
        yield from _confirm(element["confirm"])


def _options(element: Mapping[str, Any], kind: str) -> Iterator[str]:
    options = element.get("options", [])
    most = 100 if "select" in kind else 10
    if not 1 <= len(options) <= most:
        yield f"a {kind} has {len(options)} options"
    values = [option.get("value", "") for option in options]
    if len(set(values)) < len(values):
        yield f"a {kind} has a value twice"
    for option in options:
        yield from _text_object(option.get("text"), "an option", 75)
        if len(option.get("value", "")) > 150:
            yield "an option's value is too long"
    initial = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    if any(one not in options for one in initial):
        yield f"a {kind} begins with an option that it has not"


def _confirm(confirm: Mapping[str, Any]) -> Iterator[str]:
    for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from _text_object(confirm.get(name), f"the confirmation's {name}", limit)


def _text_object(given: Any, what: str, limit: int, *, plain: bool = False) -> Iterator[str]:
    if not isinstance(given, dict) or given.get("type") not in _TEXT_TYPES:
        yield f"{what} is no text object"
        return
    if plain and given["type"] != "plain_text":
        yield f"{what} must be plain_text"
    text = given.get("text", "")
    if not 1 <= len(text) <= limit:
        yield f"{what} has {len(text)} characters, of at most {limit}"


def _texts(part: Any) -> Iterator[str]:
    """Every text in it."""
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name == "text" and isinstance(value, str):
                yield value
            elif not isinstance(value, str):
                yield from _texts(value)
