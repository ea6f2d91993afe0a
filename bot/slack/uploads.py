"""A CSV file that somebody shares with the bot becomes a dataset: fetched from Slack alone, looked at, its target asked
for, registered."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from typing import Any

from slack_sdk.models.blocks import ActionsBlock, Option, StaticSelectElement

from bot.access import audit
from bot.access.permissions import check_role, identify
from bot.handlers import errors, wording
from bot.intents.catalog import Role
from bot.intents.request import Request
from bot.replies import Choice, Reply, Table
from bot.slack import blocks
from bot.slack.client import Posted, SharedFile
from bot.slack.desk import Desk
from bot.slack.incoming import Incoming
from bot.slack.notices import CHANNEL
from bot.slack.render import Message, render, without_buttons
from bot.slack.sealed import NotOurs
from orchestration.ports import BadDataset, NewDataset, NotAllowed, Person, SageBuildError, Unavailable, UnknownDataset

TARGET = "dataset:target"  # the picker's action id
MAX_BYTES = 25 * 1_000_000  # a worker holds it in memory several times over
TYPES = frozenset({"csv", "text", "auto", ""})
MAX_COLUMNS = 100  # that a picker shows
SHOWN_ROWS, SHOWN_COLUMNS = 3, 8
ADD_DATASET = "AddDataset"  # in the audit
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def offer(incoming: Incoming, file_id: str, desk: Desk) -> None:
    """Show what is in the file, and ask for the target. Raises Unavailable."""
    try:
        _allowed(incoming, desk)
        file = desk.slack.file(file_id)
        message = _question(incoming, file, _looked_at(_content(file, desk), file.name), desk)
    except NotAllowed as error:
        desk.tell_alone(incoming, errors.to_reply(error))
        return
    except Unavailable:
        raise  # the work comes again
    except SageBuildError as error:
        desk.answer(incoming, errors.to_reply(error))
        return
    desk.slack.post(incoming.channel or incoming.user, message, incoming.thread)


def register(incoming: Incoming, desk: Desk) -> None:
    """The target was picked. Raises Unavailable, NotOurs."""
    block: str = incoming.data["block"]
    asked = desk.unseal(block)
    if asked.get("for") != incoming.user:
        desk.tell_alone(incoming, Reply("This file is for somebody else to register.", error="NotAllowed"))
        return
    try:
        person = _allowed(incoming, desk)
        file = desk.slack.file(str(asked["file"]))
        target, reply = _registered(file, str(incoming.data["value"]), incoming, person, desk)
    except NotAllowed as error:
        desk.tell_alone(incoming, errors.to_reply(error))
        return
    except Unavailable:
        raise
    except SageBuildError as error:
        desk.answer(incoming, errors.to_reply(error))
        return
    note = f"Predicts *{blocks.fallback(target, 200)}*, chosen by <@{incoming.user}>."
    desk.slack.update(
        Posted(incoming.channel, incoming.ts), without_buttons(incoming.data["blocks"], incoming.text, note)
    )
    desk.answer(incoming, reply)


def name_for(file_name: str) -> str:
    """A dataset's name from a file's: "Housing (1).csv" is "housing-1"."""
    stem = file_name.rpartition(".")[0] or file_name
    return _NOT_IN_NAMES.sub("-", stem.lower()).strip("-")[:32].strip("-") or "upload"


def _allowed(incoming: Incoming, desk: Desk) -> Person:
    """Raises NotAllowed."""
    person = identify(incoming.identity, desk.ports.people)
    check_role(person, Role.BUILDER, "add a dataset", desk.ports)
    if person.environments is not None and desk.ports.environment.name not in person.environments:
        raise NotAllowed(f"You may do nothing in the environment {desk.ports.environment.name}.")
    return person


def _content(file: SharedFile, desk: Desk) -> str:
    if file.type not in TYPES or not file.name.lower().endswith((".csv", ".txt")):
        raise BadDataset(f"{file.name} is no CSV file; I take a table as text, with a header row.")
    if file.size_bytes > MAX_BYTES:
        raise BadDataset(f"{file.name} has {file.size_bytes / 1e6:.0f} MB; I take at most {MAX_BYTES // 1_000_000} MB.")
    content = desk.slack.download(file, MAX_BYTES)
    if b"\x00" in content[:4096]:
        raise BadDataset(f"{file.name} is no text.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDataset(f"{file.name} is not UTF-8 text: {error.reason} at byte {error.start}.") from error


@dataclass(frozen=True)
class _Look:
    """What is seen of a file: its header, its first rows, and how many there are."""

    header: list[str]
    first: list[list[str]]
    rows: int


def _looked_at(text: str, name: str) -> _Look:
    """Row by row, without holding them. Raises BadDataset."""
    if text.lstrip()[:1] == "<":
        raise BadDataset(f"{name} is a page, not a table.")
    header: list[str] = []
    first: list[list[str]] = []
    count = 0
    try:
        for row in csv.reader(io.StringIO(text)):
            if row and not header:
                header = row
            elif row:
                count += 1
                first += [row] if count <= SHOWN_ROWS else []
    except csv.Error as error:
        raise BadDataset(f"{name} cannot be read as CSV: {error}.") from error
    if not count:
        raise BadDataset(f"{name} has no rows below its header.")
    if not 2 <= len(header) <= MAX_COLUMNS:
        raise BadDataset(f"{name} has {wording.plural(len(header), 'column')}; here I take from 2 to {MAX_COLUMNS}.")
    return _Look(header, first, count)


def _question(incoming: Incoming, file: SharedFile, look: _Look, desk: Desk) -> Message:
    text = (
        f"{file.name}: {wording.plural(look.rows, 'row')}, {wording.plural(len(look.header), 'column')}. "
        f"It becomes {_becomes(name_for(file.name), desk)}. Which column is to be predicted?"
    )
    width = min(len(look.header), SHOWN_COLUMNS)
    cells = [(row + [""] * width)[:width] for row in look.first]
    table = Table(tuple(look.header[:width]), tuple(tuple(row) for row in cells))
    shown = render(Reply(text, table=table), desk.seal)
    options = [
        Option(value=str(index), text=blocks.cut(name.strip() or "(no name)", 75))
        for index, name in enumerate(look.header)
    ]
    picker = StaticSelectElement(action_id=TARGET, options=options, placeholder="The target column")
    seal = desk.seal({"file": file.id, "for": incoming.user})
    return replace(shown, blocks=[*shown.blocks, ActionsBlock(elements=[picker], block_id=seal).to_dict()], file=None)


def _becomes(name: str, desk: Desk) -> str:
    """A dataset that is there already gets another version, which is what is trained on from then on."""
    try:
        version = desk.ports.datasets.get(name).version
    except UnknownDataset:
        return f"the dataset {name}"
    return f"the next version of the dataset {name}, after {version}, which others may be using"


def _registered(file: SharedFile, picked: str, incoming: Incoming, person: Person, desk: Desk) -> tuple[str, Reply]:
    text = _content(file, desk)
    header = _looked_at(text, file.name).header
    if not picked.isdigit() or int(picked) >= len(header):
        raise NotOurs("a column that the picker does not have")
    target = header[int(picked)].strip()
    dataset = desk.ports.datasets.register(NewDataset(name_for(file.name), target, {"data": text}, f"from {file.name}"))
    slots: dict[str, Any] = {"dataset": dataset.name, "target": target}
    words = f"register {file.name} to predict {target}"
    audit.note(
        Request(ADD_DATASET, slots, words, person, CHANNEL, incoming.conversation, incoming.delivery_id),
        "done",
        None,
        desk.ports,
    )
    rows = wording.plural(sum(dataset.rows.values()), "row")
    reply = Reply(
        f"The dataset {dataset.name} {dataset.version} is registered: {rows}, to predict {target}. "
        f"Say 'start training on {dataset.name}'.",
        choices=(
            Choice("Train on it", f"start training on {dataset.name}"),
            Choice("Describe it", f"describe the {dataset.name} dataset"),
        ),
    )
    return target, reply
