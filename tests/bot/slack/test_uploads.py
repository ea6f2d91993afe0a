"""A CSV file that somebody shares becomes a dataset; what is too large, no table or not Slack's does not."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack import uploads
from bot.slack.uploads import name_for
from orchestration.ports import UnknownDataset
from tests.bot.slack.office import ADA, BOB, CHANNEL, VERA, Office, direct, mention
from tests.fakes.slack import Shown

HOUSES = b"rooms,age,medv\n" + b"".join(b"%d,%d,%d.5\n" % (5 + i % 3, 20 + i, 200 + 3 * i) for i in range(40))


def share(office: Office, name: str, content: bytes, text: str = "", user: str = ADA, **about: Any) -> Shown | None:
    """A mention with a file; the newest answer."""
    file_id = office.slack.share(name, content, user, **about)
    payload = mention(text, user, files=[{"id": file_id, "name": name}], ts="17.5")
    before = len(office.slack.messages)
    assert office.deliver(payload).status == 200
    office.run()
    return office.slack.messages[-1] if len(office.slack.messages) > before else None


def test_it_is_looked_at_its_target_picked_and_trained_on(office: Office) -> None:
    asked = share(office, "Boston Housing (1).csv", HOUSES)
    assert asked is not None
    assert "40 rows, 3 columns" in asked.text
    assert "boston-housing-1" in asked.text
    assert "rooms" in asked.words
    office.choose(asked, "medv")
    dataset = office.desk.ports.datasets.get("boston-housing-1")
    assert (dataset.target, dataset.rows) == ("medv", {"data": 40})
    assert "Predicts *medv*" in asked.words
    assert not [block for block in asked.blocks if block["type"] == "actions"]
    registered = office.slack.messages[-1]
    assert registered.thread == "17.5"
    office.press(registered, "Train on it")
    assert office.desk.ports.builds.get(1).service.dataset == "boston-housing-1"
    [entry] = office.desk.ports.audit.entries(intents=frozenset({"AddDataset"}))
    assert (entry.person, entry.slots["dataset"]) == ("ada", "boston-housing-1")


def test_by_direct_message(office: Office) -> None:
    file_id = office.slack.share("yacht.csv", HOUSES)
    office.deliver(direct("", subtype="file_share", files=[{"id": file_id}]))
    office.run()
    [asked] = office.slack.messages
    assert asked.channel == "DADA"
    office.choose(asked, "age")
    assert office.desk.ports.datasets.get("yacht").target == "age"


@pytest.mark.parametrize(
    ("name", "content", "about", "said"),
    [
        ("cat.png", b"\x89PNG", {}, "no CSV file"),
        ("cat.csv", b"\x89PNG\x00\x00", {}, "is no text"),
        ("big.csv", HOUSES, {"size": uploads.MAX_BYTES + 1}, "at most 25 MB"),
        ("latin.csv", "a,b\n1,2\né,3\n".encode("latin-1"), {}, "not UTF-8"),
        ("page.csv", b"<html>log in</html>", {}, "a page"),
        ("login.csv", HOUSES, {"served_as": "text/html"}, "refused"),
        ("short.csv", b"a,b\n", {}, "no rows"),
        ("one.csv", b"a\n1\n", {}, "1 column"),
        ("wide.csv", b",".join(b"c%d" % i for i in range(101)) + b"\n" + b"1," * 100 + b"1\n", {}, "101 columns"),
        ("moved.csv", HOUSES, {"redirect": "http://192.0.2.1/steal"}, "refused"),
        ("elsewhere.csv", HOUSES, {"url_private_download": "https://files.slack.com.evil.example/x"}, "refused"),
        ("inside.csv", HOUSES, {"url_private_download": "http://169.254.169.254/latest/meta-data"}, "refused"),
        ("gone.csv", HOUSES, {"url_private_download": ""}, "refused"),
    ],
)
def test_what_is_no_table_of_slacks_is_refused_in_words(
    office: Office, name: str, content: bytes, about: dict[str, Any], said: str
) -> None:
    answer = share(office, name, content, **about)
    assert answer is not None
    assert said in answer.text
    assert len(office.desk.ports.datasets.all()) == 2


def test_more_bytes_than_it_said_are_not_read(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 100)
    answer = share(office, "liar.csv", HOUSES, size=50)
    assert answer is not None
    assert "more than" in answer.text


def test_only_who_shared_it_chooses_and_only_who_may_shares(office: Office) -> None:
    asked = share(office, "mine.csv", HOUSES)
    assert asked is not None
    office.choose(asked, "age", user=BOB)
    assert office.slack.whispers[-1].user == BOB
    with pytest.raises(UnknownDataset):
        office.desk.ports.datasets.get("mine")
    assert share(office, "hers.csv", HOUSES, user=VERA) is None
    assert "builder" in office.slack.whispers[-1].text


def test_a_bad_table_says_which_row(office: Office) -> None:
    asked = share(office, "ragged.csv", HOUSES + b"1,2\n")
    assert asked is not None
    office.choose(asked, "medv")
    assert "row" in office.slack.messages[-1].text
    assert asked.blocks[-1]["type"] == "actions"  # another try is possible


def test_a_name_that_is_there_already_is_said(office: Office) -> None:
    asked = share(office, "Toy.csv", HOUSES)
    assert asked is not None
    assert "the next version of the dataset toy" in asked.text


def test_words_with_a_file_are_answered_as_well(office: Office) -> None:
    share(office, "both.csv", HOUSES, text="list models")
    assert len(office.slack.messages) == 2


def test_a_file_in_a_channel_where_nobody_spoke_to_us_is_not_looked_at(office: Office) -> None:
    file_id = office.slack.share("others.csv", HOUSES)
    payload = direct("look", subtype="file_share", files=[{"id": file_id}], channel=CHANNEL, channel_type="channel")
    office.deliver(payload)
    office.run()
    assert office.slack.calls == []


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("Housing.csv", "housing"),
        ("a b (1).CSV", "a-b-1"),
        ("----.csv", "upload"),
        ("ünïcode.csv", "n-code"),
        ("x" * 60 + ".csv", "x" * 32),
        ("noending", "noending"),
        ("../../etc/passwd.csv", "etc-passwd"),
    ],
)
def test_a_datasets_name_from_a_files(file_name: str, name: str) -> None:
    assert name_for(file_name) == name
