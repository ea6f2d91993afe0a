"""What a voice says of a reply, and pictures as files and in characters."""

from __future__ import annotations

import io
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bot import pictures
from bot.console import piped, plotting, render
from bot.console.speaker import Speaker
from bot.replies import Reply, aloud, readable
from bot.wiring import Bot
from models.figure import Axis, Figure, Series
from orchestration.builds import BuildStatus
from tests.bot.world import World

LINE = Figure("a title", Axis("x1", "m"), Axis("y", "kg"), (Series("y", ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0))),))
TWO = Figure("two", Axis("x"), Axis("y", log=True), (*LINE.series, Series("dots", ((0.0, 1.0), (1.0, 1.5)), dots=True)))
EMPTY = Figure("nothing", Axis("x"), Axis("y"), (Series("nan", ((0.0, float("nan")),)),))


class TestAloud:
    @pytest.mark.parametrize(
        ("written", "said"),
        [
            ("Build 2 is WAITING_FOR_APPROVAL.", "Build 2 is waiting for approval."),
            ("RMSE 1.0238, held out 1.0577.", "RMSE 1.02, held out 1.06."),
            ("y = 5.842 ± 0.933, says the gp", "y is 5.84, give or take 0.933, says the gp"),
            ("Say 'start training'. It is Ada's.", "Say start training. It is Ada's."),
            ("It serves at s3://bucket/models/x.tar.gz.", "It serves at."),
            ("It is arn:aws:sagemaker:us-east-1:1:endpoint/x now.", "It is now."),
            ("The endpoint local-gp-toy is there.", "The endpoint is there."),
            ("It will cost about $0.1234.", "It will cost about 0.123 dollars."),
            (
                "1.2e-09 and 0.00012 and -3.14159 and 123456.7",
                "1.2 times ten to the minus 9 and 0.00012 and -3.14 and 123000",
            ),
            ("build 12 of 10000 rows", "build 12 of 10000 rows"),
            ("97.34 % sure", "97.3 percent sure"),
            ("training_timeout_s is 7200", "training timeout s is 7200"),
            ("on breast-cancer, at 13:00:09", "on breast-cancer, at 13:00:09"),
        ],
    )
    def test_it_sounds_right(self, written: str, said: str) -> None:
        assert aloud(written) == said

    def test_what_is_spoken_is_said_instead_of_the_text(self) -> None:
        assert Reply("y = 1.23456.", spoken="y is about 1.23456.").aloud == "y is about 1.23."
        assert Reply("y = 1.23456.").aloud == "y is 1.23."

    @given(text=st.text(max_size=300))
    def test_any_text_is_said_without_statuses(self, text: str) -> None:
        said = aloud(text)
        assert not re.search(rf"\b({'|'.join(BuildStatus)})\b", said)
        assert len(said) <= 40 * len(text) + 40

    def test_every_status_has_words(self) -> None:
        for status in BuildStatus:
            assert aloud(f"It is {status}.") == f"It is {status.lower().replace('_', ' ')}."


class TestPictures:
    @pytest.mark.parametrize("figure", [LINE, TWO], ids=["one", "two"])
    def test_a_png_and_an_svg_the_same_each_time(self, figure: Figure) -> None:
        png, svg = pictures.draw(figure), pictures.draw(figure, "svg")
        assert png.startswith(b"\x89PNG")
        assert png == pictures.draw(figure)
        assert svg == pictures.draw(figure, "svg")
        words = "".join(ET.fromstring(svg).itertext())
        for said in (figure.title, pictures.title_of(figure.x), pictures.title_of(figure.y)):
            assert said in words

    def test_axes_have_their_units_and_text_is_text(self) -> None:
        assert pictures.title_of(Axis("time", "s")) == "time [s]"
        odd = Figure("50 $ and $x_1$", Axis("$"), Axis("a_b"), LINE.series)
        assert "50 $ and $x_1$" in "".join(ET.fromstring(pictures.draw(odd, "svg")).itertext())

    def test_what_cannot_be_drawn_is_said(self) -> None:
        with pytest.raises(ValueError, match="nothing to draw"):
            pictures.draw(EMPTY)
        with pytest.raises(ValueError, match="gif"):
            pictures.draw(LINE, "gif")

    def test_a_log_axis_needs_positive_numbers(self) -> None:
        below = Figure("t", Axis("x", log=True), Axis("y", log=True), (Series("s", ((-1.0, -2.0), (1.0, 2.0))),))
        assert pictures.draw(below).startswith(b"\x89PNG")


class TestOnTheTerminal:
    def console(self, width: int = 80, terminal: bool = True) -> Console:
        return Console(file=io.StringIO(), force_terminal=terminal, width=width, highlight=False, markup=False)

    def shown(self, figure: Figure, console: Console, folder: Path) -> str:
        plotting.show(figure, console, folder)
        return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]

    def test_it_is_drawn_in_80_columns_and_saved(self, tmp_path: Path) -> None:
        out = self.shown(TWO, self.console(), tmp_path / "pictures")
        lines = out.splitlines()
        assert max(len(line) for line in lines[:-1]) <= 80
        assert "two" in out
        assert "dots" in out
        assert re.search("[\u2801-\u28ff]", out)
        assert lines[-1] == f"  picture: {tmp_path}/pictures/picture-1.png"
        assert (tmp_path / "pictures" / "picture-1.png").read_bytes().startswith(b"\x89PNG")
        assert "picture-2.png" in self.shown(LINE, self.console(), tmp_path / "pictures")

    def test_without_a_terminal_it_is_only_saved(self, tmp_path: Path) -> None:
        assert self.shown(LINE, self.console(terminal=False), tmp_path).splitlines() == [
            f"  picture: {tmp_path}/picture-1.png"
        ]

    def test_without_the_drawing_library_it_is_only_drawn_in_characters(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        monkeypatch.setattr(pictures, "can_draw", lambda: False)
        assert "picture:" not in self.shown(LINE, self.console(), tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_nothing_to_draw_draws_nothing(self, tmp_path: Path) -> None:
        assert self.shown(EMPTY, self.console(), tmp_path) == ""

    def test_a_folder_that_cannot_be_is_no_reason_to_fail(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").write_text("")
        out = self.shown(LINE, self.console(terminal=False), tmp_path / "file" / "below")
        assert out == ""
        assert "could not be saved" in caplog.text

    def test_a_sweep_shows_its_picture(self, world: World, bot: Bot, tmp_path: Path) -> None:
        world.happens({"serves": "gp/toy"})
        console = render.make_console(io.StringIO())
        piped.say_once(bot, "vary x1 from 0 to 2", Speaker("ada", "here"), console, pictures=tmp_path)
        assert "picture-1.png" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_reason_is_one_line_without_a_traceback() -> None:
    assert readable("one\ntwo\nTraceback (most recent call last):\n  File x") == "one two"
