"""The replicates: how scores spread, differences with intervals, what leaking rows is worth, the notebook's lottery."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.curves import bands_chart
from regularization.charts.differences import differences_chart
from regularization.charts.parts import (
    NOTHING,
    SYMBOLS,
    Chart,
    Section,
    Table,
    axis_title,
    dots,
    layout,
    names_axis,
    numbers,
    plain,
    series,
)
from regularization.heads.metrics import METRICS, Metric
from regularization.words.evidence import head_of_tables, leakage_sentences, lottery_sentence
from regularization.words.phrases import figure, interval, listed

PROTOCOLS = {
    "honest": "fresh splits, equal rows together",
    "notebook": "one split",
    "leaky": "equal rows in both parts",
}
SHARES = (0.025, 0.25, 0.5, 0.75, 0.975)


def replicates_section(
    evidence: Mapping[str, pd.DataFrame],
    trainings: pd.DataFrame,
    curves: pd.DataFrame,
    metrics: Sequence[Metric],
    *,
    headline: Sequence[str],
) -> Section:
    """The evidence's tables, the replicates and their mean curves as sentences, charts and a table."""
    comparisons, leakage, lottery = (evidence[name] for name in ("comparisons", "leakage", "notebook_lottery"))
    is_notebook, first = bool(evidence["table"]["is_notebook"].iloc[0]), metrics[0]
    head, honest = head_of_tables(dict(evidence)), trainings[trainings["protocol"] == "honest"]
    charts = [
        *(differences_chart(comparisons, metric) for metric in metrics),
        *(distribution_chart(trainings, metric) for metric in metrics if len(honest[metric.column].dropna())),
        bands_chart(curves[curves["variant"].isin(headline)], head),
        *([leakage_chart(leakage, first)] if first.name in set(leakage["metric"]) else []),
        *([lottery_chart(lottery, METRICS[head.rate].label, is_notebook=is_notebook)] if len(lottery) > 1 else []),
    ]
    reported = evidence["notebook_reported"]
    sentences = [
        _counts(trainings),
        *leakage_sentences(leakage, first.name, headline[0]),
        lottery_sentence(lottery, is_notebook=is_notebook, score=METRICS[head.rate].label),
    ]
    if reported.empty:
        sentences.append("The notebook had another table or other settings: its figures do not belong beside these.")
    tables = [] if reported.empty else [reported_table(reported)]
    return Section("replicates", "The replicates", sentences, tables, charts)


def _counts(trainings: pd.DataFrame) -> str:
    of_protocol = trainings.groupby("protocol").size()
    parts = [f"{of_protocol[name]:,} on {said}" for name, said in PROTOCOLS.items() if name in of_protocol]
    return f"{len(trainings):,} trainings of {trainings['variant'].nunique()} variants: {listed(parts)}."


def distribution_chart(trainings: pd.DataFrame, metric: Metric) -> Chart:
    """Where the scores of single trainings lie, per variant and protocol."""
    groups = trainings.dropna(subset=[metric.column]).groupby(["variant", "protocol"], sort=False)[metric.column]
    shares = pd.DataFrame({share: groups.quantile(share) for share in SHARES})
    variants = list(trainings["variant"].unique())
    scored = set(shares.index.get_level_values("protocol"))  # a test part that lacks a class has no balanced accuracy
    protocols = [name for name in PROTOCOLS if name in scored]
    rows = [
        [f"{variant}, {PROTOCOLS[protocol]}", *(figure(value) for value in shares.loc[(variant, protocol)])]
        for variant in variants
        for protocol in protocols
        if (variant, protocol) in shares.index
    ]
    honest = shares.xs(protocols[0], level="protocol")[0.5]
    return Chart(
        name=f"distribution-{metric.name.replace('_', '-')}",
        title=f"How {metric.label} spreads over single trainings, per variant and protocol",
        note=(
            f"In {metric.unit}; {'right' if metric.higher_is_better else 'left'} is better. The mark is the median, "
            "the thick line the middle half, the thin line the middle 95% of the trainings."
        ),
        alternative=(
            f"On {PROTOCOLS[protocols[0]]}, the medians of the variants run from {figure(honest.min())} "
            f"({honest.idxmin()}) to {figure(honest.max())} ({honest.idxmax()})."
        ),
        figure=_distribution_figure(shares, variants, protocols, metric),
        table=Table("Quantiles", ("variant, trained on", "2.5%", "25%", "median", "75%", "97.5%"), rows),
    )


def _distribution_figure(shares: pd.DataFrame, variants: list[str], protocols: list[str], metric: Metric) -> dict:
    traces = []
    for number, protocol in enumerate(protocols):
        rows = shares.xs(protocol, level="protocol")
        shift = 0.25 * ((len(protocols) - 1) / 2 - number)
        y = [shift - variants.index(name) for name in rows.index]
        color, name = series(number), PROTOCOLS[protocol]
        thick = {"type": "scatter", "mode": "lines", "showlegend": False, "legendgroup": name, "hoverinfo": "skip"}
        thick["x"] = [
            value for pair in zip(numbers(rows[0.25]), numbers(rows[0.75]), strict=True) for value in (*pair, None)
        ]
        thick["y"] = [value for place in y for value in (place, place, None)]
        thick["line"] = {"color": color, "width": 5}
        trace = dots(name, rows[0.5], rows[0.025], rows[0.975], y, symbol=SYMBOLS[number], color=color)
        traces += [thick, trace | {"legendgroup": name, "text": [plain(variant) for variant in rows.index]}]
        traces[-1] |= {"hovertemplate": "%{text}: median %{x:.3f}<extra></extra>"}
    axes = layout(axis_title(metric), "", height=130 + 46 * len(variants))
    axes["yaxis"] = names_axis(variants)
    return {"data": traces, "layout": axes}


def leakage_chart(leakage: pd.DataFrame, metric: Metric) -> Chart:
    """What rows with the same inputs in both parts did to a test score of each variant."""
    rows = leakage[leakage["metric"] == metric.name]
    y = [-number for number in range(len(rows))]
    trace = dots("change", rows["change"], rows["lower"], rows["upper"], y, symbol="diamond", color=series(0))
    trace |= {"text": [plain(name) for name in rows["variant"]], "showlegend": False}
    trace |= {"hovertemplate": "%{text}: %{x:+.3f}<extra></extra>"}
    axes = layout(f"change of {axis_title(metric)}", "", height=100 + 30 * len(rows))
    axes["yaxis"], axes["xaxis"] = names_axis(list(rows["variant"])), axes["xaxis"] | {"zerolinecolor": "@ink"}
    most, least = rows.loc[rows["change"].idxmax()], rows.loc[rows["change"].idxmin()]
    cells = [
        [
            f"{row.variant}, {METRICS[row.metric].label}",
            interval(row.change, row.lower, row.upper),
            interval(row.excess_of_base, row.excess_lower, row.excess_upper) if row.excess_of_base else NOTHING,
        ]
        for row in leakage.itertuples()
    ]
    heads = ("variant, score", "with such rows minus without (95% interval)", "the baseline's change minus this one")
    return Chart(
        name="leakage",
        title=f"What rows with the same inputs in both parts did to the {metric.label}",
        note=f"In {metric.unit}; right of 0, such rows make the score better. 95% intervals for this table's rows.",
        alternative=(
            f"The change runs from {figure(least['change'], sign='+')} ({least['variant']}) to "
            f"{figure(most['change'], sign='+')} ({most['variant']})."
        ),
        figure={"data": [trace], "layout": axes},
        table=Table("Change of each test score", heads, cells),
    )


def lottery_chart(lottery: pd.DataFrame, score: str, *, is_notebook: bool) -> Chart:
    """How often each variant would come out on top on one split, if it were trained once more with another seed."""
    whose, origin = ("The notebook's lottery", "of the notebook, ") if is_notebook else ("A lottery", "")
    y = [-number for number in range(len(lottery))]
    shares = {"x": 100 * lottery["wins"], "lower": 100 * lottery["lower"], "upper": 100 * lottery["upper"]}
    trace = dots("wins", **shares, y=y, symbol="circle", color=series(0))
    trace |= {"text": [plain(name) for name in lottery["variant"]], "showlegend": False}
    trace |= {"hovertemplate": "%{text}: %{x:.0f}%<extra></extra>"}
    axes = layout("share of the reruns (%)", "", height=100 + 30 * len(lottery))
    axes["yaxis"], axes["xaxis"] = names_axis(list(lottery["variant"])), axes["xaxis"] | {"rangemode": "tozero"}
    first = lottery.loc[lottery["wins"].idxmax()]
    rows = [[row.variant, f"{row.wins:.0%}", f"{row.lower:.0%} to {row.upper:.0%}"] for row in lottery.itertuples()]
    return Chart(
        name="lottery",
        title=f"{whose}: how often each variant has the best {score} when only the seeds change",
        note=f"In percent of reruns {origin}one training of each variant on the one split; 95% intervals.",
        alternative=f"{first['variant']} comes out on top most often, in {first['wins']:.0%} of the reruns.",
        figure={"data": [trace], "layout": axes},
        table=Table("Share of the reruns won", ("variant", "wins", "95% interval"), rows),
    )


def reported_table(reported: pd.DataFrame) -> Table:
    """What the notebook printed, and where that lies among our seeds on its split."""
    labels = {"test_accuracy": "test accuracy", "test_loss": "test loss, with penalty"}
    rows = [
        [
            f"{row.variant}, {labels.get(row.score, row.score)}",
            f"{row.reported:.3f}",
            f"{row.mean:.3f} ± {row.sd:.3f}",
            f"{row.percentile:.0f}",
        ]
        for row in reported.itertuples()
    ]
    heads = ("variant, score", "notebook printed", "mean ± sd over our seeds", "percentile of what it printed")
    caption = "What the notebook printed, among our trainings on its split with other seeds"
    twice = sorted(reported.loc[reported.duplicated(["variant", "score"]), "variant"].unique())
    return Table(caption + (f" ({listed(twice)} was trained twice there)" if twice else ""), heads, rows)
