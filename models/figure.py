"""The numbers behind a plot, as they go into a model's artifact; whoever shows it draws it. Standard library only.

{"title", "x": {"name", "unit", "scale"}, "y": {...}, "series": [{"name", "style", "points": [[x, y], ...]}]}: unit is
"" for a pure number, scale linear or log, style line or dots; points are in the order in which a line goes through.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """What is counted along it, in which unit. log: values are above 0 and best shown by their logarithm."""

    name: str
    unit: str = ""
    log: bool = False

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {"name": self.name, "unit": self.unit, "scale": "log" if self.log else "linear"}


@dataclass(frozen=True)
class Series:
    """Points of one name, joined by a line or not."""

    name: str
    points: tuple[Point, ...]
    dots: bool = False

    def finite(self) -> Series:
        """Without the points that cannot be drawn."""
        points = tuple(point for point in self.points if math.isfinite(point[0]) and math.isfinite(point[1]))
        return Series(self.name, points, self.dots)

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        points = [list(point) for point in self.points]
        return {"name": self.name, "style": "dots" if self.dots else "line", "points": points}


@dataclass(frozen=True)
class Figure:
    """A plot's numbers."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]

    def drawn(self) -> tuple[Series, ...]:
        """What there is to draw: finite points, and series that have some."""
        return tuple(each for each in (series.finite() for series in self.series) if each.points)

    def to_json(self) -> dict[str, object]:
        """Plain values, of what there is to draw."""
        series = [each.to_json() for each in self.drawn()]
        return {"title": self.title, "x": self.x.to_json(), "y": self.y.to_json(), "series": series}
