"""Line charts as SVG text, for the artifact: curves of a training, trials of a search. Standard library only.

Pictures for people in a conversation are drawn elsewhere, from the same numbers in metrics.json and search.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from models.figure import Figure, Point

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 20, 50, 50
# Okabe and Ito's, which colour-blind people tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def line_chart(figure: Figure) -> str:
    """A chart of lines and dots, on linear scales."""
    series = figure.drawn()
    everything = [point for each in series for point in each.points] or [(0.0, 0.0)]
    xs, ys = [x for x, _ in everything], [y for _, y in everything]
    x_range, y_range = _range(xs), _range(ys)

    def place(point: Point) -> tuple[float, float]:
        x = _LEFT + (point[0] - x_range[0]) / (x_range[1] - x_range[0]) * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - (point[1] - y_range[0]) / (y_range[1] - y_range[0]) * (_HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)

    parts = [_text(_WIDTH / 2, 24, figure.title, "middle", 16)]
    parts.append(_text(_WIDTH / 2, _HEIGHT - 12, figure.x.name, "middle"))
    for value in _ticks(y_range):
        _, y = place((x_range[0], value))
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{value:.4g}", "end"))
    for value in _ticks(x_range):
        parts.append(_text(place((value, y_range[0]))[0], _HEIGHT - _BOTTOM + 18, f"{value:.4g}", "middle"))
    for index, each in enumerate(series):
        colour = _COLOURS[index % len(_COLOURS)]
        draw = _dots if each.dots else _line
        parts.append(draw(map(place, each.points), colour))
        parts.append(_text(_LEFT + 10 + 150 * index, _TOP - 8, each.name, "start", colour=colour))
    body = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        f' font-size="12"><rect width="100%" height="100%" fill="#fff"/>{body}</svg>\n'
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _ticks(bounds: tuple[float, float]) -> list[float]:
    return [bounds[0] + (bounds[1] - bounds[0]) * step / 4 for step in range(5)]


def _line(points: Iterable[Point], colour: str) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _dots(points: Iterable[Point], colour: str) -> str:
    return "".join(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>' for x, y in points)


def _text(x: float, y: float, text: str, anchor: str, size: int = 12, colour: str = "#222") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
