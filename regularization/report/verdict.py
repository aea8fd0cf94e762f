"""The verdict: what helps, by how much, what cannot be told; and every comparison with its interval."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.evidence import not_learned
from regularization.metrics import Metric
from regularization.report.parts import (
    MARKS,
    NOTHING,
    SYMBOLS,
    Chart,
    Section,
    Table,
    interval,
    layout,
    listed,
    names_axis,
    numbers,
    plain,
    series,
)
from regularization.variants import BASELINE

DECIDED = {"better": "better than", "worse": "worse than", "equivalent": "equivalent to"}
HOW_TO_READ = (
    "How to read this: the loss is how surprised a network is by the true labels. Brackets hold 95% intervals for new "
    "tables of the same kind. Better and worse mean that the interval for all comparisons together leaves out 0; "
    "equivalent, that it lies within the region of equivalence; likely, that the single interval alone leaves out 0. "
    "That there is no difference is never said."
)
HEADS = ("compared", "difference (95% interval)", "together with the others", "verdict")


def verdict_section(evidence: Mapping[str, pd.DataFrame], metrics: Sequence[Metric]) -> Section:
    """Three sentences, which networks are not shown to have learned, and a table per metric of the headline models."""
    comparisons, summaries = evidence["comparisons"], evidence["summaries"]
    headline = comparisons[comparisons["family"] == "headline"]
    told = verdict_sentences(headline, evidence["best"], metrics)
    of_headline = summaries["variant"].isin([*headline["variant"], *headline["reference"]])
    told += [*not_learned(summaries[of_headline]), HOW_TO_READ]
    return Section("verdict", "The verdict", told, [_table(headline, metric) for metric in metrics])


def verdict_sentences(headline: pd.DataFrame, best: pd.DataFrame, metrics: Sequence[Metric]) -> list[str]:
    """What helps, by how much, and what cannot be told, out of the headline comparisons and the table of the best."""
    labels = {metric.name: metric.label for metric in metrics}
    shown = headline[headline["metric"].isin(list(labels))]
    return [_what_helps(shown, labels), _by_how_much(shown, labels), _what_cannot_be_told(shown, best, labels)]


def _what_helps(shown: pd.DataFrame, labels: Mapping[str, str]) -> str:
    against = shown[shown["reference"] == BASELINE]
    helps = _claims(against[against["verdict"] == "better"], labels)
    others = shown[shown["verdict"].isin(DECIDED)]
    others = _claims(others[(others["verdict"] != "better") | (others["reference"] != BASELINE)], labels)
    helps = helps or [f"nothing is proven to be better than {BASELINE}"]
    return f"What helps: {'; '.join([*helps, *others])}."


def _claims(rows: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """`a and b are better than base in this and that`, the pairs with the same verdicts told together."""
    grouped = {}
    for (verdict, reference, variant), its in rows.groupby(["verdict", "reference", "variant"], sort=False):
        what = tuple(labels[name] for name in its["metric"])
        grouped.setdefault((verdict, reference, what), []).append(variant)
    return [
        f"{listed(variants)} {'is' if len(variants) == 1 else 'are'} {DECIDED[verdict]} {reference} in {listed(what)}"
        for (verdict, reference, what), variants in grouped.items()
    ]


def _by_how_much(shown: pd.DataFrame, labels: Mapping[str, str]) -> str:
    against = shown[shown["reference"] == BASELINE]
    told = []
    for name, rows in against.groupby("metric", sort=False):
        each = [f"{row.variant} {interval(row.difference, row.lower, row.upper)}" for row in rows.itertuples()]
        told.append(f"in {labels[name]}, {listed(each)}")
    return f"By how much: against {BASELINE}, {'; '.join(told)}."


def _what_cannot_be_told(shown: pd.DataFrame, best: pd.DataFrame, labels: Mapping[str, str]) -> str:
    told = []
    for name, rows in shown[~shown["verdict"].isin(DECIDED)].groupby("metric", sort=False):
        pairs = [f"{row.variant} against {row.reference} ({row.verdict})" for row in rows.itertuples()]
        told.append(f"in {labels[name]}, {listed(pairs)}")
    first = "; ".join(told) if told else "no comparison of the headline models is left open"
    sets = [_best(best[best["metric"] == name], label) for name, label in labels.items()]
    return f"What cannot be told: {first}. Of all variants, {'; '.join(sets)}."


def _best(rows: pd.DataFrame, label: str) -> str:
    leader = rows["best"].iloc[0]
    others = int((rows["cannot_be_told"] & (rows["variant"] != leader)).sum())
    who = f"{others} others" if others > 1 else "1 other" if others else "no other"
    return f"{leader} has the best mean {label}, and {who} of the {len(rows)} cannot be told from it"


def _table(rows: pd.DataFrame, metric: Metric) -> Table:
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
    told = listed([f"{count} {verdict}" for verdict, count in counts.items()])
    largest = rows.loc[(metric.sign * rows["difference"]).idxmax()]
    most = interval(largest["difference"], largest["lower"], largest["upper"])
    return Chart(
        name=f"differences-{metric.name.replace('_', '-')}",
        title=f"Difference to {BASELINE} in {metric.label}, with 95% intervals for new tables of the same kind",
        note=(
            f"In {metric.unit}; {side} of 0 is better. The band is the region of equivalence, ±{metric.equivalence:g}: "
            "differences that make none in practice. The sign of a verdict: "
            + ", ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items())
            + "."
        ),
        alternative=f"Of {len(rows)} variants: {told}. The best, {largest['variant']}, differs by {most}.",
        figure=_differences_figure(rows, metric),
        table=_table(rows, metric),
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
