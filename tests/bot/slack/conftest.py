"""What the Slack tests share: a workspace and the bot in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.language.parse import Language
from tests.bot.slack.office import Office
from tests.bot.slack.office import office as open_office
from tests.fakes.slack import FakeSlack, fake_slack


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as workspace:
        yield workspace


@pytest.fixture
def office(slack: FakeSlack, language: Language) -> Iterator[Office]:
    with open_office(slack, language) as opened:
        yield opened
