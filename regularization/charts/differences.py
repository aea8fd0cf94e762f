"""Differences to the baseline with their intervals, on the region of equivalence: a forest plot."""

from collections.abc import Sequence

import pandas as pd

from regularization.charts.parts import (
    MARKS,
    NOTHING,
    SYMBOLS,
    Chart,
    Table,
    layout,
    names_axis,
    numbers,
    plain,
    series,
    to_svg,
)
from regularization.metrics import Metric
from regularization.variants import BASELINE
from regularization.words.phrases import interval, listed

HEADS = ("compared", "difference (95% interval)", "joint interval", "verdict")
VERDICT_COLORS = {
    "field": "verdict",
    "type": "nominal",
    "scale": {
        "domain": ["better", "likely better", "equivalent", "undecided", "likely worse", "worse"],
        "range": ["#2e7d32", "#81b784", "#1565c0", "#757575", "#e08a8a", "#c62828"],
    },
}


def differences_table(rows: pd.DataFrame, metric: Metric) -> Table:
    better = "above 0 is better" if metric.higher_is_better else "below 0 is better"
    caption = f"Difference in {metric.label}, {metric.unit}: {better}; equivalent means within {metric.equivalence:g}"
    return Table(caption, HEADS, [_row(row) for row in rows[rows["metric"] == metric.name].itertuples()])


def _row(row) -> list[str]:
    joint = f"{row.joint_lower:+.3f} to {row.joint_upper:+.3f}" if row.joint_lower == row.joint_lower else NOTHING
    return [
        f"{row.variant} against {row.reference}",
        interval(row.difference, row.lower, row.upper),
        joint,
        f"{MARKS[row.verdict]} {row.verdict}",
    ]


def differences_chart(comparisons: pd.DataFrame, metric: Metric, *, svg: str = "") -> Chart:
    """Every variant against the baseline with its interval, on the region of equivalence."""
    rows = comparisons[(comparisons["metric"] == metric.name) & (comparisons["reference"] == BASELINE)]
    side = "right" if metric.higher_is_better else "left"
    counts = rows["verdict"].value_counts()
    counted = listed([f"{count} {verdict}" for verdict, count in counts.items()])
    largest = rows.loc[(metric.sign * rows["difference"]).idxmax()]
    most = interval(largest["difference"], largest["lower"], largest["upper"])
    return Chart(
        name=f"differences-{metric.name.replace('_', '-')}",
        title=f"Difference to {BASELINE} in {metric.label}, with 95% intervals for new tables of the same kind",
        note=(
            f"In {metric.unit}; {side} of 0 is better. The band is the region of equivalence, ±{metric.equivalence:g}: "
            "smaller differences do not matter in practice. The sign of a verdict: "
            + ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items())
            + "."
        ),
        alternative=f"Of {len(rows)} variants: {counted}. The best, {largest['variant']}, differs by {most}.",
        figure=_differences_figure(rows, metric),
        table=differences_table(rows, metric),
        svg=svg,
    )


def _differences_figure(rows: pd.DataFrame, metric: Metric) -> dict:
    places, traces = range(0, -len(rows), -1), []
    place_of = dict(zip(rows.index, places, strict=True))
    for number, verdict in enumerate(MARKS):
        its = rows[rows["verdict"] == verdict]
        if its.empty:
            continue
        color = series(number)
        error = {"type": "data", "symmetric": False, "color": color, "thickness": 2, "width": 5}
        error |= {"array": numbers(its["upper"] - its["difference"])}
        error |= {"arrayminus": numbers(its["difference"] - its["lower"])}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{MARKS[verdict]} {verdict}",
                "x": numbers(its["difference"]),
                "y": [place_of[place] for place in its.index],
                "text": [plain(name) for name in its["variant"]],
                "hovertemplate": "%{text}: %{x:+.3f}<extra></extra>",
                "marker": {"symbol": SYMBOLS[number], "size": 11, "color": color},
                "error_x": error,
                "showlegend": True,
            }
        )
    band = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": -metric.equivalence, "x1": metric.equivalence}
    band |= {"fillcolor": "@band", "line": {"width": 0}, "layer": "below"}
    shown = layout(f"difference in {metric.label} ({metric.unit})", "", height=130 + 32 * len(rows), shapes=[band])
    shown["yaxis"] = names_axis(list(rows["variant"]))
    shown["xaxis"] |= {"zeroline": True, "zerolinecolor": "@ink"}
    return {"data": traces, "layout": shown}


def draw_differences(comparisons: pd.DataFrame, metrics: Sequence[Metric], *, is_standin: bool = False) -> str:
    """Each variant's difference to base with its 95% interval, coloured by verdict, a panel a metric; SVG text.

    `comparisons` is the evidence's table of that name, of which the rows against base are drawn; the
    shaded band is the region of equivalence of each of the `metrics`. A variant that never differed has no interval.
    """
    shown = comparisons.query("reference == 'base'")
    panels = [_svg_panel(shown[shown["metric"] == metric.name], metric) for metric in metrics]
    title = "Difference to base, with 95% intervals for new tables of the same kind"
    mark = {"subtitle": "a synthetic stand-in table: says nothing about wine"} if is_standin else {}
    return to_svg({"title": {"text": title} | mark, "hconcat": panels})


def _svg_panel(rows: pd.DataFrame, metric: Metric) -> dict:
    title = f"{metric.label} ({'right' if metric.higher_is_better else 'left'} of 0 is better)"
    columns = ["variant", "difference", "lower", "upper", "verdict"]
    y = {"field": "variant", "type": "nominal", "sort": None, "title": None}
    return {
        "width": 300,
        "height": {"step": 24},
        "data": {"values": rows[columns].astype(object).where(rows[columns].notna(), None).to_dict("records")},
        "layer": [
            {
                "mark": {"type": "rect", "color": "#dddddd", "opacity": 0.6},
                "data": {"values": [{"from": -metric.equivalence, "to": metric.equivalence}]},
                "encoding": {"x": {"field": "from", "type": "quantitative"}, "x2": {"field": "to"}},
            },
            {
                "mark": {"type": "rule", "color": "#666666"},
                "data": {"values": [{"zero": 0}]},
                "encoding": {"x": {"field": "zero", "type": "quantitative"}},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {
                    "x": {"field": "lower", "type": "quantitative", "title": title},
                    "x2": {"field": "upper"},
                    "y": y,
                    "color": VERDICT_COLORS,
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": {"x": {"field": "difference", "type": "quantitative"}, "y": y, "color": VERDICT_COLORS},
            },
        ],
    }
