"""Every kind of message that the bot sends, made from fixed replies and builds.

python -m tests.bot.slack.gallery        writes bot/slack/MESSAGES.md and the snapshots anew
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from slack_sdk.models.views import View

from bot.replies import Choice, Command, Fact, Problem, Question, Reply, Table
from bot.slack import live_view, openings, sealed
from bot.slack.form_rules import Metadata
from bot.slack.render import Message, render, without_buttons
from models.figure import Axis, Figure, Series
from orchestration.builds import BuildKind, Requester
from orchestration.ports import Approval
from orchestration.steps.start_build import Order, start_build
from tests.bot.conversations import World
from tests.bot.slack.drawing import draw
from tests.bot.slack.office import ADA, CHANNEL, PEOPLE, TEAM

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "bot" / "slack" / "MESSAGES.md"
SNAPSHOTS = Path(__file__).parent / "snapshots"
KEY = "a fixed key"
HEAD = """# What a team sees

Every kind of message, drawn from its blocks as text: `code` is what may be said, [ ... ] is a button, small print is in
brackets. Written by `python -m tests.bot.slack.gallery`; the same blocks are snapshots in `tests/bot/slack/snapshots`.
"""


def seal(content: Any) -> str:
    return sealed.seal(KEY, content)


REPLIES: dict[str, Reply] = {
    "A sentence": Reply("No builds yet. Say 'start training'.", choices=(Choice("Start training", "start training"),)),
    "Facts that the sentence does not say": Reply(
        "Build 12 is READY: gp on toy was deployed 2 minutes ago.",
        facts=(Fact("build", "12"), Fact("RMSE", "1.02"), Fact("cost", "0.12", "USD"), Fact("time left", "")),
        build=12,
    ),
    "A table": Reply(
        "2 builds, the newest first.",
        table=Table(
            ("build", "status", "model", "asked by"),
            (("12", "READY", "gp on toy", "Ada"), ("11", "ERROR", "keras on diabetes", "Bob <admin>")),
        ),
    ),
    "A long table, whose rest is in a file": Reply(
        "120 builds, the newest first.",
        table=Table(("build", "status", "what"), tuple((str(n), "READY", f"gp on toy number {n}") for n in range(120))),
    ),
    "A question before anything is done": Reply(
        "Deploy build 7 (gp on toy)? That puts its model into service. Say yes or no.",
        choices=(Choice("Yes", "yes"), Choice("No", "no")),
        build=7,
        confirm=Command("Deploy", {"build": 7}, "deploy build 7"),
    ),
    "A question for what was not said": Reply(
        "Which dataset? For example: 'use the diabetes dataset'.",
        ask=Question(Command("UseDataset", {}, "use"), "dataset"),
        error=Problem.MISSING_SLOT,
    ),
    "What was not understood": Reply(
        "I did not understand 'make it so <!channel>', and did nothing. Did you mean 'start training' or 'help'?",
        choices=(Choice("start training", "start training"), Choice("help", "help")),
        error=Problem.NOT_UNDERSTOOD,
    ),
    "A refusal": Reply("To stop a build takes a builder; you are 'viewer'. Ask Ada or Bob.", error="NotAllowed"),
    "A picture, which follows as a file": Reply(
        "y goes from 0.1 to 6.7 as x1 goes from 0 to 1.",
        picture=Figure("y along x1", Axis("x1"), Axis("y"), (Series("y", ((0.0, 0.1), (1.0, 6.7))),)),
    ),
    "A text that no message holds": Reply(
        "words " * 2500, facts=tuple(Fact(f"fact {n}", "x" * 400) for n in range(40))
    ),
}


def messages() -> dict[str, Message]:
    """Each by its title."""
    found = {title: render(reply, seal, ADA) for title, reply in REPLIES.items()}
    question = found["A question before anything is done"]
    found["The same, answered"] = without_buttons(question.blocks, question.text, f"<@{ADA}> said yes.")
    found |= {f"A build's live message: {title}": message for title, message in _live().items()}
    return found


def views() -> dict[str, View]:
    """The views that need nothing but themselves."""
    return {
        "A form that is opening": openings.loading(openings.TRAIN, Metadata(CHANNEL, "17.5")),
        "Why a build is refused": openings.reject_form(Metadata(CHANNEL, "17.5", seal({"build": 7}))),
    }


def _live() -> dict[str, Message]:
    """One build through its life, and how others end."""
    world = World(PEOPLE)
    world.happens({"settings": {"approval_required": True, "gate_threshold": 1.2}})
    found: dict[str, Message] = {}

    def show(title: str, number: int = 1, opening: str = "") -> None:
        found[title] = live_view.shown(world.build(number), world.ports, TEAM, seal, opening)[0]

    _start(world, {"q": 2})
    show("begun", opening="Build 1 started: gp on toy with q 2.")
    world.happens(
        {"build": 1, "begins": True, "status": "TRAINING", "printed": {"validation:RMSE": 1.25}, "after_s": 4}
    )
    show("training")
    world.happens({"build": 1, "trained": {"validation:RMSE": 1.02}, "judged": {"RMSE": 1.05}, "after_s": 60})
    world.happens({"build": 1, "registered": True})
    show("waiting for approval")
    approval = world.ports.approvals.get(1)
    if isinstance(approval, Approval):
        world.ports.approvals.decide(1, "approved", "Bob", "")
    show("approved")
    world.happens({"build": 1, "decided": True, "deployed": True, "after_s": 30})
    show("ready")
    _start(world, {})
    world.happens(
        {"build": 2, "failure": ["AlgorithmError", "q is 99, but must be a whole number from 0 to 10."], "after_s": 9}
    )
    show("failed", 2)
    _start(world, {})
    world.happens({"build": 3, "trained": {"validation:RMSE": 1.02}, "status": "TRAINED", "after_s": 9})
    show("trained, not deployed", 3)
    return found


def _start(world: World, hyperparameters: dict[str, Any]) -> None:
    requester = Requester("ada", "Ada", "slack", f"{TEAM}/{CHANNEL}/17.5", f"{TEAM}/{CHANNEL}")
    order = Order(BuildKind.TRAIN, "gp", "toy", hyperparameters, {}, requester, "slack", f"Ev{world.clock.now()}")
    start_build(order, world.ports)
    world.clock.forward(timedelta(seconds=1).total_seconds())


def page() -> str:
    """The documentation page."""
    parts = [HEAD]
    for title, message in messages().items():
        drawn = draw(message.blocks)
        lines = drawn.splitlines()
        shown = "\n".join(lines if len(lines) <= 30 else [*lines[:24], f"... {len(lines) - 24} more lines"])
        parts.append(f"## {title}\n\n```text\n{shown}\n```\n")
        if message.file is not None:
            parts.append(f"With the file {message.file.name} in the thread ({message.file.title.lower()}).\n")
    for title, view in views().items():
        document: dict[str, Any] = view.to_dict()
        buttons = [document[name]["text"] for name in ("submit", "close") if name in document]
        frame = (
            f"+ {document['title']['text']}\n{draw(document['blocks'])}\n{' '.join(f'[ {one} ]' for one in buttons)}"
        )
        parts.append(f"## {title}\n\n```text\n{frame}\n```\n")
    return "\n".join(parts)


def snapshot_name(title: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in title.lower()).strip("-") + ".json"


def snapshots() -> dict[str, str]:
    """File name to JSON of each message and view."""
    found = {}
    for title, message in messages().items():
        document = {"text": message.text, "blocks": message.blocks, "file": message.file.name if message.file else None}
        found[snapshot_name(title)] = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    for title, view in views().items():
        found[snapshot_name(title)] = json.dumps(view.to_dict(), indent=1, ensure_ascii=False) + "\n"
    return found


def main() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    SNAPSHOTS.mkdir(exist_ok=True)
    for path in SNAPSHOTS.glob("*.json"):
        path.unlink()
    for name, text in snapshots().items():
        (SNAPSHOTS / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} and {len(snapshots())} snapshots\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
