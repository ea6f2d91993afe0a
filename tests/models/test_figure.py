"""models/figure.py: what goes into an artifact can be drawn."""

from __future__ import annotations

import json
import math

from models.figure import Axis, Figure, Series


def test_only_what_can_be_drawn_is_written() -> None:
    series = (
        Series("a", ((1.0, 2.0), (2.0, math.nan), (math.inf, 1.0), (3.0, 4.0))),
        Series("nothing", ((1.0, math.nan),)),
        Series("b", ((1.0, 1.0),), dots=True),
    )
    found = Figure("T", Axis("sigma2", "of it", log=True), Axis("y"), series).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        "title": "T",
        "x": {"name": "sigma2", "unit": "of it", "scale": "log"},
        "y": {"name": "y", "unit": "", "scale": "linear"},
        "series": [
            {"name": "a", "style": "line", "points": [[1.0, 2.0], [3.0, 4.0]]},
            {"name": "b", "style": "dots", "points": [[1.0, 1.0]]},
        ],
    }
