"""Why: what each technique did to the network, measured on the honest replicates."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.parts import (
    DASHES,
    SYMBOLS,
    Chart,
    Section,
    Table,
    dots,
    layout,
    names_axis,
    numbers,
    plain,
    series,
)
from regularization.evidence import Interval, mean_interval
from regularization.variants import BASELINE
from regularization.words.discussion import FEWEST_ROWS, conclusion, discussion
from regularization.words.phrases import listed

MEASURES = {  # by the name it has here: the column of the replicates
    "train_loss": "train_binary_crossentropy",
    "test_loss": "test_binary_crossentropy",
    "gap": "gap",
    "weight_norm": "weight_norm",
    "near_zero": "near_zero_weights",
    "ece": "test_ece",
    "best_epoch": "best_epoch",
}


def measured(trainings: pd.DataFrame) -> pd.DataFrame:
    """Per variant, over its honest trainings: the mean of each of `MEASURES`, and its difference to the baseline.

    Columns `<measure>`, and `<measure>_change`, `_lower`, `_upper`: paired by split, with 95% intervals for new seeds
    and new splits of the same blocks. `gap` is the test loss minus the training loss of one training.
    """
    honest = trainings[trainings["protocol"] == "honest"].copy()
    honest["gap"] = honest["test_binary_crossentropy"] - honest["train_binary_crossentropy"]
    variants, found = list(honest["variant"].unique()), {}
    for measure, column in MEASURES.items():
        wide = honest.pivot_table(index=["split", "seed"], columns="variant", values=column, sort=True)
        for variant in variants:
            row = found.setdefault(variant, {})
            pairs = wide[list(dict.fromkeys((variant, BASELINE)))].dropna()
            change = pairs[variant] - pairs[BASELINE]
            its = mean_interval(change) if variant != BASELINE else Interval(0.0, 0.0, 0.0)
            row |= {measure: wide[variant].mean(), f"{measure}_change": its.mean}
            row |= {f"{measure}_lower": its.lower, f"{measure}_upper": its.upper}
    return pd.DataFrame(found).T.rename_axis("variant")


def why_section(
    trainings: pd.DataFrame,
    calibration: pd.DataFrame,
    evidence: Mapping[str, pd.DataFrame],
    *,
    headline: Sequence[str],
) -> Section:
    """What was measured as charts and a table, the discussion of it, and the conclusion."""
    measures = measured(trainings)
    told = discussion(measures, calibration, headline=headline)
    told.append(conclusion(measures, evidence["comparisons"], headline=headline))
    charts = [
        losses_chart(measures),
        reliability_chart(calibration[calibration["variant"].isin(headline)]),
        spread_chart(trainings, "weight_norm", "Size of the weights", "Euclidean norm of all kernels, no unit"),
        spread_chart(
            trainings, "near_zero_weights", "Share of weights near zero", "% of weights below 0.001", scale=100
        ),
        spread_chart(trainings, "test_ece", "Calibration error on test rows", "mean distance of probability and share"),
        spread_chart(trainings, "best_epoch", "Epoch of the lowest validation loss", "epochs"),
    ]
    return Section("why", "Why: what each technique did to the network", told, [measures_table(measures)], charts)


def measures_table(measures: pd.DataFrame) -> Table:
    """The means per variant."""
    heads = (
        "variant",
        "training loss",
        "test loss",
        "gap",
        "norm of weights",
        "near zero",
        "calibration error",
        "best epoch",
    )
    rows = [
        [
            str(variant),
            *(f"{row[name]:.3f}" for name in ("train_loss", "test_loss", "gap")),
            f"{row['weight_norm']:.1f}",
            f"{row['near_zero']:.1%}",
            f"{row['ece']:.3f}",
            f"{row['best_epoch']:.0f}",
        ]
        for variant, row in measures.iterrows()
    ]
    caption = (
        "Means over the trainings on fresh splits: losses without penalty in nats per row, the norm of the weights, "
        "the share of weights below 0.001 in size"
    )
    return Table(caption, heads, rows)


def losses_chart(measures: pd.DataFrame) -> Chart:
    """Training against test loss, a line between them: its length is the gap."""
    places = [-number for number in range(len(measures))]
    pairs = list(zip(numbers(measures["train_loss"]), numbers(measures["test_loss"]), strict=True))
    line = {"type": "scatter", "mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    line |= {"x": [value for pair in pairs for value in (*pair, None)], "line": {"color": "@ink", "width": 2}}
    line |= {"y": [value for place in places for value in (place, place, None)]}
    traces = [line]
    for number, (column, name) in enumerate((("train_loss", "training rows"), ("test_loss", "test rows"))):
        trace = {"type": "scatter", "mode": "markers", "name": name, "x": numbers(measures[column]), "y": places}
        trace |= {"marker": {"symbol": SYMBOLS[number], "size": 11, "color": series(number)}}
        trace |= {"text": [plain(str(name)) for name in measures.index]}
        traces.append(trace | {"hovertemplate": f"%{{text}}, {name}: %{{x:.3f}}<extra></extra>"})
    shown = layout("loss without penalty (nats per row)", "", height=130 + 30 * len(measures))
    shown["yaxis"] = names_axis([str(name) for name in measures.index])
    shown["xaxis"] |= {"rangemode": "tozero"}
    widest, narrowest = measures["gap"].idxmax(), measures["gap"].idxmin()
    rows = [
        [str(name), *(f"{row[key]:.3f}" for key in ("train_loss", "test_loss", "gap"))]
        for name, row in measures.iterrows()
    ]
    return Chart(
        name="losses",
        title="Training loss against test loss, without penalty: the longer the line, the wider the gap",
        note="In nats per row, means over the trainings on fresh splits; left is better.",
        alternative=(
            f"The line is longest for {widest} ({measures['gap'].max():.3f}) and shortest for {narrowest} "
            f"({measures['gap'].min():.3f})."
        ),
        figure={"data": traces, "layout": shown},
        table=Table("Mean losses", ("variant", "training", "test", "gap"), rows),
    )


def reliability_chart(calibration: pd.DataFrame) -> Chart:
    """How often class 1 is true, against how probable the network called it."""
    diagonal = {"type": "scatter", "mode": "lines", "name": "as sure as it should be", "x": [0, 1], "y": [0, 1]}
    traces = [diagonal | {"line": {"color": "@ink", "width": 1, "dash": "dot"}, "hoverinfo": "skip"}]
    filled, told = calibration[calibration["rows"] >= FEWEST_ROWS], []
    for number, (variant, its) in enumerate(filled.groupby("variant", sort=False)):
        line = {"color": series(number), "width": 2, "dash": DASHES[number % len(DASHES)]}
        trace = {"type": "scatter", "mode": "lines+markers", "name": plain(variant), "line": line}
        trace |= {"x": numbers(its["mean_probability"]), "y": numbers(its["share_of_class_1"])}
        mark = {"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 9, "color": series(number)}
        traces.append(trace | {"marker": mark})
        called, true = its.iloc[-1][["mean_probability", "share_of_class_1"]]
        told.append(f"{variant} calls it {called:.0%} probable and it is true in {true:.0%}")
    rows = [
        [f"{row.variant}, bin {row.bin}", f"{row.rows:,}", f"{row.mean_probability:.3f}", f"{row.share_of_class_1:.3f}"]
        for row in filled.itertuples()
    ]
    return Chart(
        name="reliability",
        title="Reliability diagram: how often class 1 is true, against how probable the network called it",
        note=f"Shares from 0 to 1, test rows of the fresh splits; without bins of fewer than {FEWEST_ROWS} rows.",
        alternative=f"In the bin where each is surest of class 1: {listed(told) or 'no bin has enough rows'}.",
        figure={
            "data": traces,
            "layout": layout("mean predicted probability of class 1", "share of class 1 among those rows", height=460),
        },
        table=Table("Bins", ("variant, bin", "rows", "mean probability", "share of class 1"), rows),
    )


def spread_chart(trainings: pd.DataFrame, column: str, what: str, unit: str, *, scale: float = 1) -> Chart:
    """Median and middle 95% of a measure over the honest trainings of each variant."""
    honest = trainings[trainings["protocol"] == "honest"].dropna(subset=[column])
    values = honest.groupby("variant", sort=False)[column]
    shares = pd.DataFrame({share: values.quantile(share) * scale for share in (0.025, 0.5, 0.975)})
    y = [-number for number in range(len(shares))]
    trace = dots(what, shares[0.5], shares[0.025], shares[0.975], y, symbol="circle", color=series(0))
    trace |= {"text": [plain(name) for name in shares.index], "showlegend": False}
    trace |= {"hovertemplate": "%{text}: median %{x:.3g}<extra></extra>"}
    shown = layout(f"{what[0].lower()}{what[1:]} ({unit})", "", height=100 + 28 * len(shares))
    shown["yaxis"], shown["xaxis"] = names_axis(list(shares.index)), shown["xaxis"] | {"rangemode": "tozero"}
    median = shares[0.5]
    rows = [[str(name), *(f"{value:.3g}" for value in row)] for name, *row in shares.itertuples()]
    return Chart(
        name=f"spread-{column.replace('_', '-')}",
        title=f"{what}: median and middle 95% of the trainings",
        note=f"In {unit}; fresh splits.",
        alternative=(
            f"The medians run from {median.min():.3g} ({median.idxmin()}) to {median.max():.3g} ({median.idxmax()})."
        ),
        figure={"data": [trace], "layout": shown},
        table=Table(what, ("variant", "2.5%", "median", "97.5%"), rows),
    )
