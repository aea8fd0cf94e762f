"""The sweep as heat maps: one for each pair of its settings."""

import itertools
from collections.abc import Sequence

import pandas as pd

SCORE = "val_binary_crossentropy"
MOST_MAPS = 10


def draw_heat_maps(table: pd.DataFrame, settings: Sequence[str], *, is_standin: bool = False) -> str:
    """For each pair of `settings` with two values or more, the lowest validation loss that the others allow; SVG text.

    `table` is that of metrics/sweep.csv. A sweep of one such setting gives one row of cells.
    """
    varied = [name for name in settings if len(set(table[name].map(_label))) > 1]
    pairs = list(itertools.combinations(varied, 2)) or [(name, name) for name in (varied or settings)[:1]]
    import vl_convert

    return vl_convert.vegalite_to_svg(
        {
            "background": "white",
            "padding": 10,
            "title": {
                "text": "Validation loss without penalty, the best over all other settings"
                + ("; a synthetic stand-in table: says nothing about wine" if is_standin else ""),
                "subtitle": "deeper blue is better; an empty cell: every training diverged",
            },
            "columns": 2,
            "concat": [_heat_map(table, *pair) for pair in pairs[:MOST_MAPS]],
        }
    )


def _heat_map(table: pd.DataFrame, x: str, y: str) -> dict:
    cells = pd.DataFrame({"x": table[x].map(_label), "y": table[y].map(_label), "loss": table[SCORE].astype(float)})
    lowest = cells.groupby(["x", "y"], sort=False, as_index=False)["loss"].min()
    lowest["text"] = lowest["loss"].map(lambda value: "" if pd.isna(value) else f"{value:.3f}")
    lowest = lowest.astype(object).where(lowest.notna(), None)
    place = {
        "x": {"field": "x", "type": "nominal", "sort": None, "title": x, "axis": {"labelAngle": 0}},
        "y": {"field": "y", "type": "nominal", "sort": None, "title": y if y != x else None},
    }
    color = {
        "field": "loss",
        "type": "quantitative",
        "scale": {"range": ["#74a9cf", "#fff7ec"], "zero": False},
        "legend": None,  # its gradient would be named by the charts drawn so far; the cells say their values
    }
    return {
        "width": {"step": 70},
        "height": {"step": 34},
        "data": {"values": lowest.to_dict("records")},
        "encoding": place,
        "layer": [
            {"mark": {"type": "rect", "invalid": None}, "encoding": {"color": color}},
            {
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {"text": {"field": "text", "type": "nominal"}, "color": {"value": "black"}},
            },
        ],
    }


def _label(value: object) -> str:
    """A value as the axis shows it; nothing is "none"."""
    if value is None or (isinstance(value, float) and pd.isna(value)) or value == "":
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
