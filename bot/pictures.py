"""Pictures from numbers, as PNG or SVG. Needs the extra `pictures`; never on an answering path.

A Reply holds the numbers (`models/figure.py`); a channel that can show a picture has it drawn here.
"""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.figure import Axis, Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = ("png", "svg")
SIZE_INCHES = (8.0, 4.5)
DPI = 120
MAX_LEGEND = 12


def can_draw() -> bool:
    """Whether the drawing library is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(figure: Figure, format_: str = "png") -> bytes:
    """The picture's file. format_: "png" or "svg". The same numbers give the same bytes.

    Raises ValueError for another format, or when there is nothing to draw.
    """
    if format_ not in FORMATS:
        raise ValueError(f"the format {format_!r} is none of {', '.join(FORMATS)}")
    drawn = figure.drawn()
    if not drawn:
        raise ValueError(f"there is nothing to draw in {figure.title!r}")
    # Imported here: it takes half a second, and only who draws needs it.
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    # No global state (pyplot), so that threads may draw at once; ids that do not change from run to run.
    with matplotlib.rc_context({"svg.hashsalt": "sagebuild", "svg.fonttype": "none"}):
        canvas = Canvas(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots()
        for series in drawn:
            xs, ys = zip(*series.points, strict=True)
            axes.plot(xs, ys, "o" if series.dots else "-", label=series.name, markersize=3)
        _describe(axes, figure, len(drawn))
        written = io.BytesIO()
        metadata = {"Software": None} if format_ == "png" else {"Date": None, "Creator": None}
        canvas.savefig(written, format=format_, metadata=metadata)
    return written.getvalue()


def _describe(axes: Axes, figure: Figure, series: int) -> None:
    # parse_math: a column's name is text, also when it has a dollar sign in it.
    axes.set_title(figure.title, wrap=True, fontsize="medium", parse_math=False)
    axes.set_xlabel(title_of(figure.x), parse_math=False)
    axes.set_ylabel(title_of(figure.y), parse_math=False)
    axes.grid(visible=True, alpha=0.3)
    if figure.x.log and _are_positive([x for one in figure.drawn() for x, _ in one.points]):
        axes.set_xscale("log")
    if figure.y.log and _are_positive([y for one in figure.drawn() for _, y in one.points]):
        axes.set_yscale("log")
    if 1 < series <= MAX_LEGEND:
        axes.legend(fontsize="small")


def title_of(axis: Axis) -> str:
    """The axis with its unit: "time [s]"."""
    return f"{axis.name} [{axis.unit}]" if axis.unit else axis.name


def _are_positive(values: Sequence[float]) -> bool:
    return all(value > 0 and math.isfinite(value) for value in values)
