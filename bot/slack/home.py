"""The Home tab: a person's builds, what waits for approval, the team's builds, what is served, and the forms."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock
from slack_sdk.models.views import View

from bot.access.permissions import may
from bot.handlers import measures, standing, wording
from bot.intents.catalog import BY_NAME
from bot.slack import blocks, live_view, openings
from bot.slack.desk import Desk
from bot.slack.incoming import Incoming
from bot.slack.render import SAY
from orchestration.builds import Build, BuildStatus
from orchestration.ports import Endpoint, Person, SageBuildError
from orchestration.steps import registration

SHOWN = 5
MAX_WAITING = 5


def publish(incoming: Incoming, desk: Desk) -> None:
    """Show it as it is now. Raises Unavailable."""
    person = desk.ports.people.by_identity(incoming.identity)
    parts = _stranger(incoming.identity) if person is None else _known(person, desk)
    desk.slack.show_home(incoming.user, View(type="home", blocks=parts))


def _stranger(identity: str) -> list[Block]:
    text = f"I do not know you yet. Ask an admin to add you; this is who you are to me: '{identity}'."
    return [blocks.text_block(text)]


def _known(person: Person, desk: Desk) -> list[Block]:
    ports = desk.ports
    parts: list[Block] = [
        blocks.text_block(
            f"Hello {person.name}. Here you are {person.role}, in the environment {ports.environment.name}."
        ),
        *_starting(person, desk),
    ]
    parts += _waiting(person, desk)
    parts += _list("Your builds", ports.builds.latest(SHOWN, person=person.id), desk)
    parts += _list("The newest builds", ports.builds.latest(SHOWN), desk)
    return parts + _served(desk)


def _starting(person: Person, desk: Desk) -> list[Block]:
    buttons = [
        blocks.button(title, f"{openings.OPEN}{form}", desk.seal({}))
        for form, title, intent in (
            (openings.TRAIN, "Train a model", "StartTraining"),
            (openings.TUNE, "Tune a model", "Tune"),
        )
        if may(person, BY_NAME[intent], desk.ports.environment.name)
    ]
    buttons.append(blocks.button("What can I say?", f"{SAY}0", desk.seal({"say": "help"})))
    return blocks.button_rows(buttons, "start")


def _waiting(person: Person, desk: Desk) -> list[Block]:
    """What the person may decide."""
    if not may(person, BY_NAME["Approve"], desk.ports.environment.name):
        return []
    waiting = registration.waiting(desk.ports)[:MAX_WAITING]
    parts: list[Block] = [DividerBlock(), HeaderBlock(text="Waiting for approval")] if waiting else []
    for build in waiting:
        if build.requester.person == person.id and build.settings.get("two_person_approval"):
            parts.append(_line(build, desk, " Somebody else has to approve it, since you asked for it."))
            continue
        value = desk.seal({"build": build.number})
        sure = blocks.sure(
            "Approve it?", f"That lets build {build.number} be deployed: {standing.of(build)}.", "Approve"
        )
        buttons = [
            blocks.button("Approve", live_view.APPROVE, value, "primary", sure),
            blocks.button("Reject ...", live_view.REJECT, value, "danger"),
        ]
        parts += [_line(build, desk), *blocks.button_rows(buttons, f"decide:{build.number}")]
    return parts


def _list(title: str, builds: Sequence[Build], desk: Desk) -> list[Block]:
    lines = [_line(build, desk) for build in builds] or [blocks.text_block("None yet.")]
    return [DividerBlock(), HeaderBlock(text=title), *lines]


def _line(build: Build, desk: Desk, more: str = "") -> Block:
    measured = measures.objective(build, build.metrics, wording.models_to_tell_of(desk.ports))
    text = f"  {standing.of(build)}{f'; {measured}' if measured else ''}; by {build.requester.name}.{more}"
    part = blocks.Part
    return blocks.paragraph(
        [
            part.Text(text=f"{build.number} ", style=blocks.BOLD),
            part.Text(text=build.status.value, style=blocks.CODE),
            part.Text(text=blocks.cut(text, 500)),
        ]
    )


def _served(desk: Desk) -> list[Block]:
    """The endpoints, each with the champion that it serves."""
    title: list[Block] = [DividerBlock(), HeaderBlock(text="Served now")]
    try:
        endpoints = desk.ports.endpoints.all()[:SHOWN]
    except SageBuildError:
        return [*title, blocks.text_block("I cannot see the endpoints just now.")]
    return title + ([_endpoint(one, desk) for one in endpoints] or [blocks.text_block("Nothing is served yet.")])


def _endpoint(endpoint: Endpoint, desk: Desk) -> Block:
    of = f", build {endpoint.build_number}" if endpoint.build_number is not None else ""
    about = wording.what(endpoint.service) if endpoint.service is not None else endpoint.name
    text = f"{about}: {endpoint.status}{of} ({endpoint.name})."
    if endpoint.build_number is not None:
        champion = desk.ports.builds.get(endpoint.build_number)
        since = champion.entered(BuildStatus.READY)
        if since is not None:
            text = f"{text[:-1]}, {wording.ago(since, desk.ports.clock.now())})." if text.endswith(").") else text
    return blocks.text_block(text)
