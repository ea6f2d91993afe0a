"""How a build looks in its live message: status, best so far, time left, verdict, who decided, and what may be done."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from slack_sdk.models.blocks import Block, ButtonElement

from bot.handlers import measures, standing, wording
from bot.replies import Fact, Reply, readable
from bot.slack import blocks, openings
from bot.slack.render import SAY, Message, Seal
from models.catalog import UnknownModel
from orchestration.builds import RESUMABLE, Build, BuildKind, BuildStatus
from orchestration.ports import Approval, Ports

ACT = "act:"  # of action ids: "act:stop"
STOP, APPROVE, DEPLOY, REPEAT = f"{ACT}stop", f"{ACT}approve", f"{ACT}deploy", f"{ACT}repeat"
REJECT = f"{openings.OPEN}{openings.REJECT}"
BLOCK_ID = "build:"
_OF_BLOCK = re.compile(rf"{BLOCK_ID}(\d{{1,12}})")
_HIDDEN = frozenset({"build", "status", "gate", "verdict"})  # facts that the headline says, or that are said in full
_HAS_REASON = frozenset({BuildStatus.ERROR, BuildStatus.REJECTED, BuildStatus.STOPPED})
_EMOJI: Mapping[BuildStatus, str] = {
    BuildStatus.WAITING_FOR_APPROVAL: "raised_hand",
    BuildStatus.READY: "white_check_mark",
    BuildStatus.TUNED: "white_check_mark",
    BuildStatus.TRAINED: "white_check_mark",
    BuildStatus.REJECTED: "no_entry",
    BuildStatus.STOPPED: "octagonal_sign",
    BuildStatus.ERROR: "x",
    BuildStatus.ENDPOINT_DELETED: "wastebasket",
}
_WORKING = "hourglass_flowing_sand"


def shown(build: Build, ports: Ports, team: str, seal: Seal, opening: str = "") -> tuple[Message, str]:
    """The message, and a digest of what it shows. opening: said beside it while it is new."""
    reply = standing.status_reply(build, ports)
    approval = ports.approvals.get(build.number) if _may_be_decided(build) else None
    parts = [_headline(build)]
    if opening:
        parts.append(blocks.text_block(opening))
    if build.status in _HAS_REASON and build.cause:
        parts.append(blocks.text_block(readable(build.cause)))
    parts += blocks.fact_blocks(_facts(build, reply, ports))
    parts += [blocks.context(line) for line in _small_print(build, approval, ports, team)]
    parts += blocks.button_rows(_buttons(build, approval, seal), "act")
    rendered = [part.to_dict() for part in parts]
    digest = hashlib.sha256(json.dumps(rendered, sort_keys=True).encode()).hexdigest()
    return Message(blocks.fallback(opening or reply.text), rendered), digest


def number_of(block_ids: Iterable[str]) -> int | None:
    """The build whose live message has those blocks."""
    return next((int(match[1]) for one in block_ids if (match := _OF_BLOCK.fullmatch(one))), None)


def _may_be_decided(build: Build) -> bool:
    return build.entered(BuildStatus.WAITING_FOR_APPROVAL) is not None


def _headline(build: Build) -> Block:
    part = blocks.Part
    return blocks.paragraph(
        [
            part.Emoji(name=_EMOJI.get(build.status, _WORKING)),
            part.Text(text=" "),
            part.Text(text=f"Build {build.number}", style=blocks.BOLD),
            part.Text(text=f": {standing.of(build)}  "),
            part.Text(text=build.status.value, style=blocks.CODE),
        ],
        f"{BLOCK_ID}{build.number}",
    )


def _facts(build: Build, reply: Reply, ports: Ports) -> list[Fact]:
    """What is known of it, each label once."""
    facts = []
    if build.ranges:
        facts.append(Fact("tuning", ", ".join(measures.span(name, entry) for name, entry in build.ranges.items())))
    if chosen := _chosen(build, ports):
        facts.append(Fact("with", chosen))
    facts += [fact for fact in reply.facts if fact.label not in _HIDDEN]
    facts += measures.verdict_facts(build.verdict)
    if build.has_ended:
        facts.append(Fact("took", wording.duration(build.updated_at - build.created_at)))
    return list({fact.label: fact for fact in reversed(facts)}.values())[::-1]


def _chosen(build: Build, ports: Ports) -> str:
    """The hyperparameters that are not the model's defaults: of a build that has begun, the record has them all."""
    try:
        model = wording.models_to_tell_of(ports).model(build.service.model)
    except UnknownModel:
        return measures.given(build)
    defaults = {one.name: one.default for one in model.hyperparameters}
    chosen = {name: value for name, value in build.hyperparameters.items() if defaults.get(name) != value}
    return measures.given(replace(build, hyperparameters=chosen))


def _small_print(build: Build, approval: Approval | None, ports: Ports, team: str) -> list[str]:
    """Lines of Slack's markup: who asked and when, who decided."""
    person = ports.people.by_id(build.requester.person)
    identities = person.identities if person is not None else ()
    identity = next((one for one in identities if one.startswith(f"slack:{team}:")), "")
    asked_by = blocks.person(identity, team, build.requester.name)
    reached = " → ".join(f"{change.status.value} {_clock(change.at)}" for change in build.timeline[-6:])
    lines = [f"Asked for by {asked_by}. {reached}"]
    if approval is not None and approval.decision:
        reason = f": {blocks.escaped(approval.reason)}" if approval.reason else ""
        lines.append(f"*{approval.decision.title()}* by {blocks.escaped(approval.decided_by)}{reason}")
    return lines


def _clock(at: datetime) -> str:
    """The time in each reader's own zone."""
    return f"<!date^{int(at.timestamp())}^{{time_secs}}|{at:%H:%M:%S} UTC>"


def _buttons(build: Build, approval: Approval | None, seal: Seal) -> list[ButtonElement]:
    number = build.number
    value, name = seal({"build": number}), f"build {number}"

    def say(label: str, words: str, index: int) -> ButtonElement:
        return blocks.button(label, f"{SAY}{index}", seal({"say": words}))

    if not build.has_ended:
        stop = blocks.sure("Stop it?", f"That stops {name} and its job.", "Stop it", danger=True)
        watch = say("Tell me when it is done", f"let me know when build {number} finishes", 0)
        last = blocks.button("Stop", STOP, value, "danger", stop)
        if build.status is not BuildStatus.WAITING_FOR_APPROVAL:
            return [watch, last]
        if approval is not None and approval.decision:
            return [watch]
        sure = blocks.sure("Approve it?", f"That lets {name} be deployed: {standing.of(build)}.", "Approve")
        approve = blocks.button("Approve", APPROVE, value, "primary", sure)
        return [approve, blocks.button("Reject ...", REJECT, value, "danger"), last]
    found = []
    if build.status in (BuildStatus.TRAINED, BuildStatus.TUNED):
        deploy = blocks.sure("Deploy it?", f"That puts the model of {name} into service.", "Deploy")
        found.append(blocks.button("Deploy", DEPLOY, value, "primary", deploy))
    if build.status in (BuildStatus.ERROR, BuildStatus.REJECTED):
        found.append(say("Why?", f"why did build {number} fail", 0))
    if build.status in RESUMABLE:
        found.append(say("Resume", f"resume build {number}", 1))
    if build.kind in (BuildKind.TRAIN, BuildKind.TUNE):
        found.append(blocks.button("Repeat", REPEAT, value))
    return found
