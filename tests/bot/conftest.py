"""What the bot's tests share: one compiled language, and a world on the fakes."""

from __future__ import annotations

import pytest

from bot.language.parse import Language
from bot.wiring import Bot
from models.catalog import BUILT_IN
from tests.bot.conversations import World


@pytest.fixture(scope="session")
def language() -> Language:
    return Language(BUILT_IN)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def bot(world: World, language: Language) -> Bot:
    return Bot(world.ports, language)
