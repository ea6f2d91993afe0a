"""Every error of the two trees becomes a reply; any other is our fault, says so, and is logged with its traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bot.handlers import errors
from models import catalog
from orchestration import ports


def tree(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for child in base.__subclasses__():
        yield from tree(child)


KNOWN = [
    error
    for base in (ports.SageBuildError, catalog.CatalogueError)
    for error in tree(base)
    if error.__module__.split(".")[0] in ("orchestration", "models")
]


def test_the_table_names_the_whole_of_both_trees() -> None:
    assert set(errors.ADVICE) == set(KNOWN)


@pytest.mark.parametrize("error", KNOWN, ids=lambda error: error.__name__)
def test_a_known_error_says_what_was_wrong(error: type[Exception]) -> None:
    reply = errors.to_reply(error("q is 99, but must be from 0 to 4"))
    assert reply.text.startswith("q is 99, but must be from 0 to 4.")
    assert reply.error == error.__name__


def test_an_error_without_words_still_has_a_sentence() -> None:
    assert errors.to_reply(ports.Unavailable()).text == "Unavailable. Please try again in a moment."


def test_a_new_kind_of_a_known_error_is_told_as_its_parent() -> None:
    class Throttled(ports.Unavailable):
        pass

    assert errors.to_reply(Throttled("Too many requests.")).text == "Too many requests. Please try again in a moment."


def test_anything_else_is_our_fault_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ZeroDivisionError("secret detail")
    except ZeroDivisionError as error:
        with caplog.at_level(logging.ERROR):
            reply = errors.to_reply(error)
    assert reply.error == "InternalError"
    assert "our side" in reply.text
    assert "secret" not in reply.text
    assert "Traceback" in caplog.text
    assert "secret detail" in caplog.text
