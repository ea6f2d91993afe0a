"""Rendered messages: snapshots of every kind, within Slack's limits whatever the reply holds, nothing of it obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.replies import Choice, Command, Fact, Reply, Table
from bot.slack import limits
from bot.slack.blocks import escaped, fallback, table_text
from bot.slack.plain import plain
from bot.slack.render import MAX_BUTTONS, render, without_buttons
from bot.slack.sealed import NotOurs, unseal
from bot.slack.sealed import seal as sealed_with
from tests.bot.slack import gallery

TEXT = st.text(max_size=300)
LONG = st.text(max_size=300).flatmap(lambda text: st.integers(1, 60).map(lambda times: text * times))


@pytest.mark.parametrize("name", gallery.snapshots())
def test_snapshot(name: str) -> None:
    """`python -m tests.bot.slack.gallery` writes them anew."""
    assert (gallery.SNAPSHOTS / name).read_text(encoding="utf-8") == gallery.snapshots()[name]


def test_the_page_shows_what_is_sent_and_nothing_is_left_of_old_snapshots() -> None:
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page()
    assert {path.name for path in gallery.SNAPSHOTS.glob("*")} == set(gallery.snapshots())


@pytest.mark.parametrize("title", gallery.messages())
def test_every_message_is_within_the_limits(title: str) -> None:
    message = gallery.messages()[title]
    assert limits.message_problems(message.text, message.blocks) == []
    for block in message.blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()


@pytest.mark.parametrize("title", gallery.views())
def test_every_view_is_within_the_limits(title: str) -> None:
    assert limits.view_problems(gallery.views()[title].to_dict()) == []


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    columns = draw(st.integers(1, 6))
    cells = st.tuples(*[TEXT] * columns)
    return Reply(
        text=draw(LONG),
        facts=tuple(draw(st.lists(st.builds(Fact, TEXT, LONG, st.text(max_size=10)), max_size=40))),
        table=draw(st.none() | st.builds(Table, cells, st.lists(cells, max_size=20).map(tuple))),
        choices=tuple(draw(st.lists(st.builds(Choice, TEXT.filter(str.strip), TEXT), max_size=30))),
        confirm=draw(st.none() | st.just(Command("Deploy", {"build": 1}, "deploy"))),
    )


@given(replies())
@settings(deadline=None, max_examples=60)
def test_any_reply_fits(reply: Reply) -> None:
    message = render(reply, gallery.seal, "UADA")
    assert limits.message_problems(message.text, message.blocks) == []
    done = without_buttons(message.blocks, message.text, "<@UADA> said yes.")
    assert limits.message_problems(done.text, done.blocks) == []
    assert not [block for block in done.blocks if block["type"] == "actions"]
    assert sum(len(block["elements"]) for block in message.blocks if block["type"] == "actions") <= MAX_BUTTONS


MARKUP = "<!channel> <!everyone> <@U1> <#C1> <http://evil|click> &amp; @here *b*"


def markup(part: Any) -> Iterator[str]:
    """What Slack would interpret: the texts of mrkdwn objects."""
    if isinstance(part, list):
        for one in part:
            yield from markup(one)
    elif isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            yield part["text"]
            assert part["verbatim"] is True
        for value in part.values():
            yield from markup(value)


def test_nothing_that_somebody_wrote_is_obeyed() -> None:
    reply = Reply(
        MARKUP,
        facts=(Fact(MARKUP, MARKUP, MARKUP),),
        table=Table((MARKUP,), ((MARKUP,),)),
        choices=(Choice(MARKUP, MARKUP),),
    )
    message = render(reply, gallery.seal)
    for text in (message.text, *markup(message.blocks)):
        assert "<!" not in text
        assert "<@" not in text
        assert "<http" not in text


@given(st.text())
def test_what_was_escaped_reads_as_it_was_written(text: str) -> None:
    words = " ".join(text.split())
    assert plain(escaped(words)) == words


@given(st.text(), st.integers(20, 200))
def test_a_fallback_is_never_too_long(text: str, limit: int) -> None:
    assert len(fallback(text, limit)) <= limit


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<@U1> start training", "start training"),
        ("use <#C1|data> &amp; &lt;b&gt;", "use data & <b>"),
        ("see <https://example.com/a?b=1&amp;c=2|the page>", "see the page"),
        ("<https://example.com>", "https://example.com"),
        ("<mailto:a@b.c>", "a@b.c"),
        ("<!here> <!date^1^{date}|today> hi", "hi"),
        ("a < b", "a < b"),
        ("two\n lines\t here", "two lines here"),
    ],
)
def test_slacks_markup_as_text(written: str, meant: str) -> None:
    assert plain(written) == meant


def test_a_long_table_is_cut_and_its_whole_is_a_file() -> None:
    rows = tuple((str(number), "x" * 60) for number in range(200))
    message = render(Reply("Many.", table=Table(("n", "x"), rows)), gallery.seal)
    assert "more rows" in str(message.blocks)
    assert message.file is not None
    assert message.file.content.decode().count("x" * 60) == 200
    assert table_text(Table(("a",), (("b",),)))[0] == "a\n-\nb"


@given(st.dictionaries(st.text(max_size=10), st.integers() | st.text(max_size=30), max_size=4))
def test_a_seal(content: dict[str, Any]) -> None:
    word = sealed_with("key", content)
    assert unseal("key", word) == content
    with pytest.raises(NotOurs):
        unseal("another key", word)
    with pytest.raises(NotOurs):
        unseal("key", word[:-1] + ("A" if word[-1] != "A" else "B"))
