"""A picture on the terminal: drawn in characters, and saved as a file whose path is shown, where that can be done."""

from __future__ import annotations

import logging
import math
import tempfile
import threading
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot import pictures
from bot.console.render import printable
from models.figure import Figure

HEIGHT = 18
MAX_WIDTH = 100
_one_at_a_time = threading.Lock()  # plotext keeps its figure in the module

_log = logging.getLogger(__name__)


def show(figure: Figure, console: Console, folder: Path | None = None) -> None:
    """Draw it when this is a terminal, and say where the file is. folder: where files go; None makes one."""
    if console.is_terminal and figure.drawn():
        console.print(Text(in_characters(figure, min(console.width, MAX_WIDTH))))
    path = saved(figure, folder)
    if path is not None:
        console.print(f"  picture: {path}", soft_wrap=True)


def in_characters(figure: Figure, width: int) -> str:
    """The picture in braille dots, without colours, at most `width` columns wide."""
    import plotext  # here: it takes a tenth of a second, and few conversations draw

    with _one_at_a_time:
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.plotsize(width, HEIGHT)
        plotext.title(printable(figure.title)[: width - 4])
        for series in figure.drawn():
            xs, ys = zip(*((_on(x, figure.x.log), _on(y, figure.y.log)) for x, y in series.points), strict=True)
            draw = plotext.scatter if series.dots else plotext.plot
            draw(xs, ys, marker="braille", label=printable(series.name) if len(figure.series) > 1 else None)
        plotext.xlabel(printable(_title(figure, "x")))
        plotext.ylabel(printable(_title(figure, "y")))
        text: str = plotext.uncolorize(plotext.build())
    return "\n".join(line.rstrip() for line in text.splitlines())


def _on(value: float, log: bool) -> float:
    """The value on its axis: the terminal's scales are linear, so a logarithmic one is drawn by its logarithms."""
    return math.log10(value) if log and value > 0 else value


def _title(figure: Figure, axis: str) -> str:
    one = figure.x if axis == "x" else figure.y
    title = pictures.title_of(one)
    return f"log10 of {title}" if one.log else title


def saved(figure: Figure, folder: Path | None) -> Path | None:
    """The picture's file; None where it cannot be drawn or written, which is no reason to fail: that is logged."""
    if not pictures.can_draw() or not figure.drawn():
        return None
    try:
        target = folder or Path(tempfile.mkdtemp(prefix="sagebuild-"))
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = _free(target)
        path.write_bytes(pictures.draw(figure))
    except (OSError, ValueError):
        _log.exception("the picture could not be saved")
        return None
    return path


def _free(folder: Path) -> Path:
    taken = {path.stem for path in folder.glob("picture-*.png")}
    number = next(count for count in range(1, len(taken) + 2) if f"picture-{count}" not in taken)
    return folder / f"picture-{number}.png"
