"""Differences to a baseline with their intervals, on the region of equivalence: a forest plot."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from regularization.charts.parts import (
    MARKS,
    NOTHING,
    VERDICT_SYMBOLS,
    Chart,
    Table,
    layout,
    names_axis,
    numbers,
    plain,
    series,
    to_svg,
)
from regularization.heads.metrics import Metric
from regularization.variants import BASELINE, SECOND_BASELINE
from regularization.words.phrases import difference, figure, in_own_units, interval, listed, rows_of

HEADS = ("compared", "difference (95% interval)", "joint interval", "verdict")
VERDICT_COLORS = {
    "field": "verdict",
    "type": "nominal",
    "scale": {
        "domain": ["better", "likely better", "equivalent", "undecided", "likely worse", "worse"],
        "range": ["#2e7d32", "#81b784", "#1565c0", "#757575", "#e08a8a", "#c62828"],
    },
}
MIRRORED = {"better": "worse", "worse": "better", "likely better": "likely worse", "likely worse": "likely better"}
NEW_TABLES = "for new tables of the same kind"
OF_FOLDS = "over the scored rows and the trainings"  # of a sweep
FAR = 2  # times the median size of a difference: what lies beyond is named at the edge of the picture


def fair_baseline(comparisons: pd.DataFrame) -> str:
    """The network that all others are drawn against: the second baseline, or the first where there is no second."""
    return SECOND_BASELINE if (comparisons["reference"] == SECOND_BASELINE).any() else BASELINE


def against(comparisons: pd.DataFrame, reference: str, metric: Metric) -> pd.DataFrame:
    """Every comparison with `reference` in that metric, the best first, the reference models among the others.

    These are compared the other way round in their family: their differences are turned.
    """
    rows = comparisons[comparisons["metric"] == metric.name]
    turned = rows[(rows["variant"] == reference) & (rows["family"] == "references")].copy()
    turned[["variant", "reference"]] = turned[["reference", "variant"]].to_numpy()
    turned["difference"] = -turned["difference"]
    for lower, upper in (("lower", "upper"), ("joint_lower", "joint_upper")):
        turned[[lower, upper]] = -turned[[upper, lower]].to_numpy()
    turned["verdict"] = turned["verdict"].replace(MIRRORED)
    both = pd.concat([rows[rows["reference"] == reference], turned], ignore_index=True)
    return both.sort_values("difference", ascending=not metric.higher_is_better, kind="stable", ignore_index=True)


def of_validation(loss: Metric) -> Metric:
    """The loss that decides, by the name of what a sweep compares: on rows that are no test rows."""
    label = loss.label.replace("test", "validation")
    return replace(loss, label=label, short=loss.in_words.replace("test", "validation"))


def differences_table(rows: pd.DataFrame, metric: Metric) -> Table:
    better = "above 0 is better" if metric.higher_is_better else "below 0 is better"
    caption = f"Difference in {metric.label}, {metric.unit}: {better}; equivalent means within {metric.equivalence:g}"
    return Table(caption, HEADS, [_row(row) for row in rows[rows["metric"] == metric.name].itertuples()])


def _row(row) -> list[str]:
    ends, own_units = (row.joint_lower, row.joint_upper), in_own_units(row.metric)
    joint = NOTHING
    if pd.notna(ends[0]):
        joint = " to ".join(figure(end, *ends, sign="+", own_units=own_units) for end in ends)
    return [
        f"{row.variant} against {row.reference}",
        interval(row.difference, row.lower, row.upper, own_units=in_own_units(row.metric)),
        joint,
        f"{MARKS[row.verdict]} {row.verdict}",
    ]


def differences_chart(
    comparisons: pd.DataFrame,
    metric: Metric,
    *,
    reference: str = BASELINE,
    recommended: str | None = None,
    svg: str = "",
    name: str = "differences",
    scope: str = NEW_TABLES,
) -> Chart:
    """Every variant and reference model against `reference` with its interval, sorted, on the region of equivalence.

    `scope` says what the intervals are for.
    """
    rows = against(comparisons, reference, metric)
    side = "right" if metric.higher_is_better else "left"
    counts = rows["verdict"].value_counts()
    counted = listed([f"{counts[verdict]} {verdict}" for verdict in MARKS if verdict in counts])
    first = rows.iloc[0]
    marks = ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items() if verdict in counts)
    return Chart(
        name=f"{name}-{metric.name.replace('_', '-')}",
        title=f"Difference to {reference} in {metric.label}, with 95% intervals {scope}",
        note=(
            f"In {metric.unit}; {side} of 0 is better. The band is the region of equivalence, ±{metric.equivalence:g}: "
            f"smaller differences do not matter in practice. {marks}."
        ),
        alternative=(
            f"Of {len(rows)} compared with {reference}: {counted}. The best, {first['variant']}, differs by "
            f"{difference(first)}."
        ),
        figure=_differences_figure(rows, metric, recommended),
        table=differences_table(rows, metric),
        svg=svg,
    )


def _limits(rows: pd.DataFrame, metric: Metric) -> tuple[float, float]:
    """What the picture spans: a few differences far from the others do not squeeze these together."""
    size = rows["difference"].abs()
    near = rows[size <= max(FAR * size.median(), 3 * metric.equivalence)]
    ends = near[["lower", "upper"]].to_numpy(float)
    ends = np.append(ends[np.isfinite(ends)], (-2 * metric.equivalence, 2 * metric.equivalence))
    return float(ends.min()), float(ends.max())


def _differences_figure(rows: pd.DataFrame, metric: Metric, recommended: str | None) -> dict:
    lowest, highest = _limits(rows, metric)
    is_far = _is_far(rows, lowest, highest)
    traces = []
    for number, verdict in enumerate(MARKS):
        alike = rows[(rows["verdict"] == verdict) & ~is_far]
        if alike.empty:
            continue
        color = series(number)
        error = {"type": "data", "symmetric": False, "color": color, "thickness": 2, "width": 5}
        error |= {"array": numbers(alike["upper"] - alike["difference"])}
        error |= {"arrayminus": numbers(alike["difference"] - alike["lower"])}
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": verdict,
                "x": numbers(alike["difference"]),
                "y": [-place for place in alike.index],
                "text": [plain(name) for name in alike["variant"]],
                "hovertemplate": "%{text}: %{x:+.3f}<extra></extra>",
                "marker": {"symbol": VERDICT_SYMBOLS[verdict], "size": 11, "color": color},
                "error_x": error,
                "showlegend": True,
            }
        )
    band = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "x0": -metric.equivalence, "x1": metric.equivalence}
    band |= {"fillcolor": "@band", "line": {"width": 0}, "layer": "below"}
    axes = layout(f"difference in {metric.label} ({metric.unit})", "", height=130 + 32 * len(rows), shapes=[band])
    axes["yaxis"] = names_axis([f"★ {name}" if name == recommended else name for name in rows["variant"]])
    margin = 0.05 * (highest - lowest)
    axes["xaxis"] |= {"zeroline": True, "zerolinecolor": "@ink", "range": numbers([lowest - margin, highest + margin])}
    axes["annotations"] = [
        {"text": _told(row), "xref": "paper", "y": -place, "showarrow": False}
        | ({"x": 1, "xanchor": "right"} if row["difference"] > 0 else {"x": 0, "xanchor": "left"})
        for place, row in zip(np.flatnonzero(is_far).tolist(), rows_of(rows[is_far]), strict=True)
    ]
    return {"data": traces, "layout": axes}


def draw_differences(
    comparisons: pd.DataFrame,
    metrics: Sequence[Metric],
    *,
    reference: str = BASELINE,
    settings: Mapping[str, str] | None = None,
    recommended: str | None = None,
    is_standin: bool = False,
    scope: str = NEW_TABLES,
) -> str:
    """Each difference to `reference` with its 95% interval, coloured by verdict, a panel a metric; SVG text.

    `comparisons` is the evidence's table of that name. All panels have the order of the last metric, the best first;
    the shaded band is the region of equivalence of each of the `metrics`. A variant that never differed has no
    interval; one far from the others is named at the edge. `settings` stand beside the names, a star before the
    `recommended` one; `scope` says what the intervals are for.
    """
    order = against(comparisons, reference, metrics[-1])["variant"].tolist()
    texts = settings or {}
    labels = {
        name: f"{'★ ' if name == recommended else ''}{name}{f' ({text})' if (text := texts.get(name)) else ''}"
        for name in order
    }
    panels = [
        _svg_panel(against(comparisons, reference, metric), metric, labels, is_first=not number)
        for number, metric in enumerate(metrics)
    ]
    title = f"Difference to {reference}, with 95% intervals {scope}"
    mark = {"subtitle": "a synthetic stand-in table: says nothing about wine"} if is_standin else {}
    return to_svg({"title": {"text": title} | mark, "hconcat": panels})


def _svg_panel(rows: pd.DataFrame, metric: Metric, labels: Mapping[str, str], *, is_first: bool) -> dict:
    lowest, highest = _limits(rows, metric)
    values = rows[["variant", "difference", "lower", "upper", "verdict"]].assign(variant=rows["variant"].map(labels))
    for end in ("lower", "upper"):
        values[end] = values[end].clip(lowest, highest)  # Vega's own clipping numbers its paths
    is_far = _is_far(rows, lowest, highest)
    beyond = [
        {"variant": row["variant"], "edge": highest if row["difference"] > 0 else lowest, "told": _told(row)}
        for row in rows_of(values[is_far])
    ]
    y = {"field": "variant", "type": "nominal", "sort": list(labels.values()), "title": None}
    y["axis"] = {"labelLimit": 400} | ({} if is_first else {"labels": False, "ticks": False})
    x = {"type": "quantitative", "scale": {"domain": [lowest, highest], "nice": False}}
    title = f"{metric.label} ({'right' if metric.higher_is_better else 'left'} of 0 is better)"
    side = {"expr": f"datum.edge > {(lowest + highest) / 2} ? 'right' : 'left'"}
    colored = {"y": y, "color": VERDICT_COLORS}
    return {
        "width": 300,
        "height": {"step": 24},
        "data": {"values": values[~is_far].astype(object).where(values.notna(), None).to_dict("records")},
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
                "encoding": colored | {"x": x | {"field": "lower", "title": title}, "x2": {"field": "upper"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                "encoding": colored | {"x": x | {"field": "difference"}},
            },
            {
                "mark": {"type": "text", "align": side},
                "data": {"values": beyond},
                "encoding": {"x": x | {"field": "edge"}, "y": y, "text": {"field": "told", "type": "nominal"}},
            },
        ],
    }


def _is_far(rows: pd.DataFrame, lowest: float, highest: float) -> pd.Series:
    return (rows["difference"] < lowest) | (rows["difference"] > highest)


def _told(row: dict) -> str:
    """A difference that lies outside the picture, for the edge where it lies."""
    text = f"{MARKS[row['verdict']]} {figure(row['difference'], sign='+')}"
    return f"{text} →" if row["difference"] > 0 else f"← {text}"
