"""2 000 seeded mutations of payloads: each gets a right status code, starts nothing, and no secret reaches a log."""

from __future__ import annotations

import copy
import json
import logging
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.bot.slack.office import MALLORY, SECRET, VERA, Office, as_form, signed
from tests.bot.slack.payloads import SECRET_PATH, payloads
from tests.fakes.slack import TOKEN

SEED, MUTATIONS = 20261120, 2000
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, "", " ", "\x00", "\ud800", "x" * 5000, "T0OTHER", [], {}, [[]], [None], {"id": None},
    {"id": "U1"}, ["a"] * 200, "<!channel>", "🦊" * 50, "../../etc", '{"a":', 10**30, {"": ""},
)  # fmt: skip


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value."""
    yield path
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


def mutated(payload: dict[str, Any], chance: random.Random) -> Any:
    """One to three values removed, replaced, moved or doubled."""
    changed: Any = copy.deepcopy(payload)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        path = chance.choice(list(places(changed)))
        if not path:
            continue
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        match chance.choice(("remove", "replace", "replace", "swap", "double")):
            case "remove":
                del holder[path[-1]]
            case "replace":
                holder[path[-1]] = copy.deepcopy(chance.choice(ODD))
            case "swap":
                other = chance.choice(list(places(payload)))
                found: Any = payload
                for key in other:
                    found = found[key]
                holder[path[-1]] = copy.deepcopy(found)
            case "double":
                holder[path[-1]] = [holder[path[-1]]] * 2
    return changed


def sent(office: Office, payload: Any, chance: random.Random) -> int:
    """The status that it gets, now and then with its bytes spoilt as well, over HTTP as Slack would send it."""
    text = json.dumps(payload)
    if isinstance(payload, dict) and payload.get("type") != "event_callback":
        flat = {str(key): value for key, value in payload.items() if isinstance(value, str)}
        try:
            request = as_form(flat if "command" in payload else {"payload": text})
        except UnicodeEncodeError:
            request = signed(text.encode())
    else:
        request = signed(text.encode())
    if chance.random() < 0.1:
        body = bytearray(request.body)
        for _ in range(chance.randrange(1, 6)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        request = signed(bytes(body), request.headers["content-type"])
    if chance.random() < 0.1:
        request = signed(request.body, request.headers["content-type"], secret="somebody else's")
        answer = office.gateway.answer(request)
        assert answer.status == 401
        return 401
    return office.gateway.answer(request).status


def known(payload: dict[str, Any]) -> dict[str, Any]:
    """The same from somebody who is known and may only look, so that all of the worker sees odd payloads."""
    text = json.dumps(payload).replace(MALLORY, VERA).replace("start training", "is my build done?")
    changed: dict[str, Any] = json.loads(text)
    return changed


def as_it_is(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


@pytest.mark.parametrize("whose", [as_it_is, known])
def test_mutations(
    office: Office, caplog: pytest.LogCaptureFixture, whose: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("slack_sdk").setLevel(logging.INFO)
    chance = random.Random(SEED)
    found: dict[int, int] = {}
    for _ in range(MUTATIONS):
        payload = mutated(whose(chance.choice(payloads(office.slack.address))), chance)
        status = sent(office, payload, chance)
        found[status] = found.get(status, 0) + 1
        office.run()
    assert set(found) <= {200, 400, 401, 403}, found
    assert found[200] > MUTATIONS / 4
    assert found[400] > MUTATIONS / 10
    assert office.desk.ports.builds.latest() == []
    done = [entry for entry in office.desk.ports.audit.entries(limit=100) if not entry.outcome.startswith("refused")]
    assert done == []
    for secret in (SECRET, TOKEN, SECRET_PATH, "very-secret-address", "old-token"):
        assert secret not in caplog.text
    wrong = [record for record in caplog.records if record.levelno >= logging.ERROR and record.name.startswith("bot")]
    assert not [record for record in wrong if "could not be answered" not in record.message]
