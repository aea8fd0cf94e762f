"""Why: what each technique did to the network, measured on the honest replicates."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from regularization.charts.parts import (
    DASHES,
    NOTHING,
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
from regularization.heads import Head
from regularization.heads.metrics import Metric
from regularization.variants import BASELINE
from regularization.words.discussion import FEWEST_ROWS, conclusion, confused, discussion
from regularization.words.evidence import head_of_tables
from regularization.words.phrases import figure, listed

CALIBRATION = ("test_ece", "Calibration error on test rows", "mean distance of probability and share")
SHOWN_PAIRS = 5  # of classes
MEASURES = {  # by the name it has here: the column of the replicates; the losses are those of the head that decide
    "train_loss": "train_{loss}",
    "test_loss": "test_{loss}",
    "gap": "gap",
    "weight_norm": "weight_norm",
    "near_zero": "near_zero_weights",
    "ece": "test_ece",
    "best_epoch": "best_epoch",
}


def measured(trainings: pd.DataFrame, head: Head) -> pd.DataFrame:
    """Per variant, over its honest trainings: the mean of each of `MEASURES`, and its difference to the baseline.

    Columns `<measure>`, and `<measure>_change`, `_lower`, `_upper`: paired by split, with 95% intervals for new seeds
    and new splits of the same blocks. `gap` is the test loss minus the training loss of one training.
    """
    honest = trainings[trainings["protocol"] == "honest"].copy()
    loss = head.loss.name
    honest["gap"] = honest[f"test_{loss}"] - honest[f"train_{loss}"]
    variants, rows = list(honest["variant"].unique()), {}
    for measure, column in MEASURES.items():
        # not pivot_table: it would drop a measure that no variant has
        wide = honest.pivot(index=["split", "seed"], columns="variant", values=column.format(loss=loss))  # noqa: PD010
        for variant in variants:
            row = rows.setdefault(variant, {})
            pairs = wide[list(dict.fromkeys((variant, BASELINE)))].dropna()
            change = pairs[variant] - pairs[BASELINE]
            interval = Interval(0.0, 0.0, 0.0)
            if variant != BASELINE:
                interval = mean_interval(change) if len(change) > 1 else Interval(np.nan, np.nan, np.nan)
            row |= {measure: wide[variant].mean(), f"{measure}_change": interval.mean}
            row |= {f"{measure}_lower": interval.lower, f"{measure}_upper": interval.upper}
    return pd.DataFrame(rows).T.rename_axis("variant")


def why_section(
    trainings: pd.DataFrame,
    calibration: pd.DataFrame,
    evidence: Mapping[str, pd.DataFrame],
    *,
    headline: Sequence[str],
    labels: Sequence[str] = (),
) -> Section:
    """What was measured as charts and a table, the discussion of it, and the conclusion."""
    head = head_of_tables(dict(evidence))
    measures = measured(trainings, head)
    sentences = discussion(measures, calibration, headline=headline, head=head, labels=labels)
    sentences.append(conclusion(measures, evidence["comparisons"], headline=headline, head=head))
    in_headline = calibration[calibration["variant"].isin(headline)]
    pictures = {"binary": reliability_chart, "number": predicted_chart}
    picture = pictures[head.task](in_headline) if head.task in pictures else recall_chart(in_headline, labels)
    charts = [
        losses_chart(measures, head.loss),
        picture,
        spread_chart(trainings, "weight_norm", "Size of the weights", "Euclidean norm of all kernels, no unit"),
        spread_chart(
            trainings, "near_zero_weights", "Share of weights near zero", "% of weights below 0.001", scale=100
        ),
        *(spread_chart(trainings, *CALIBRATION) for _ in range(bool(head.n_classes))),
        spread_chart(trainings, "best_epoch", "Epoch of the lowest validation loss", "epochs"),
    ]
    return Section(
        "why", "Why: what each technique did to the network", sentences, [measures_table(measures, head.loss)], charts
    )


def measures_table(measures: pd.DataFrame, loss: Metric) -> Table:
    """The means per variant."""
    heads = (
        "variant",
        loss.in_words.replace("test", "training"),
        loss.in_words,
        "gap",
        "norm of weights",
        "near zero",
        "calibration error",
        "best epoch",
    )
    rows = [
        [
            str(variant),
            *(figure(row[name], own_units=loss.in_own_units) for name in ("train_loss", "test_loss", "gap")),
            f"{row['weight_norm']:.1f}",
            f"{row['near_zero']:.1%}",
            NOTHING if pd.isna(row["ece"]) else f"{row['ece']:.3f}",
            f"{row['best_epoch']:.0f}",
        ]
        for variant, row in measures.iterrows()
    ]
    caption = (
        f"Means over the trainings on fresh splits: losses without penalty in {loss.unit}, the norm of the weights, "
        "the share of weights below 0.001 in size"
    )
    return Table(caption, heads, rows)


def losses_chart(measures: pd.DataFrame, loss: Metric) -> Chart:
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
    axes = layout(f"{loss.label.removeprefix('test ')} ({loss.unit})", "", height=130 + 30 * len(measures))
    axes["yaxis"] = names_axis([str(name) for name in measures.index])
    axes["xaxis"] |= {"rangemode": "tozero"}
    kind = loss.in_words.removeprefix("test ")
    widest, narrowest = measures["gap"].idxmax(), measures["gap"].idxmin()
    rows = [
        [str(name), *(figure(row[key], own_units=loss.in_own_units) for key in ("train_loss", "test_loss", "gap"))]
        for name, row in measures.iterrows()
    ]
    return Chart(
        name="losses",
        title=f"Training {kind} against test {kind}, without penalty: the longer the line, the wider the gap",
        note=f"In {loss.unit}, means over the trainings on fresh splits; left is better.",
        alternative=(
            f"The line is longest for {widest} ({figure(measures['gap'].max())}) and shortest for {narrowest} "
            f"({figure(measures['gap'].min())})."
        ),
        figure={"data": traces, "layout": axes},
        table=Table("Mean losses", ("variant", "training", "test", "gap"), rows),
    )


def _beside_diagonal(filled: pd.DataFrame, x: str, y: str, name: str, ends: list) -> list[dict]:
    """A dotted diagonal of that name between its `ends`, then a line per variant: what is true, by what it predicts."""
    diagonal = {"type": "scatter", "mode": "lines", "name": name, "x": ends, "y": ends}
    traces = [diagonal | {"line": {"color": "@ink", "width": 1, "dash": "dot"}, "hoverinfo": "skip"}]
    for number, (variant, bins) in enumerate(filled.groupby("variant", sort=False)):
        line = {"color": series(number), "width": 2, "dash": DASHES[number % len(DASHES)]}
        trace = {"type": "scatter", "mode": "lines+markers", "name": plain(variant), "line": line}
        trace |= {"x": numbers(bins[x]), "y": numbers(bins[y])}
        mark = {"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 9, "color": series(number)}
        traces.append(trace | {"marker": mark})
    return traces


def reliability_chart(calibration: pd.DataFrame) -> Chart:
    """How often class 1 is true, against how probable the network called it."""
    filled, sentences = calibration[calibration["rows"] >= FEWEST_ROWS], []
    traces = _beside_diagonal(filled, "mean_probability", "share_of_class_1", "as sure as it should be", [0, 1])
    for variant, bins in filled.groupby("variant", sort=False):
        called, true = bins.iloc[-1][["mean_probability", "share_of_class_1"]]
        sentences.append(f"{variant} calls it {called:.0%} probable and it is true in {true:.0%}")
    rows = [
        [f"{row.variant}, bin {row.bin}", f"{row.rows:,}", f"{row.mean_probability:.3f}", f"{row.share_of_class_1:.3f}"]
        for row in filled.itertuples()
    ]
    return Chart(
        name="reliability",
        title="Reliability diagram: how often class 1 is true, against how probable the network called it",
        note=f"Shares from 0 to 1, test rows of the fresh splits; without bins of fewer than {FEWEST_ROWS} rows.",
        alternative=f"In the bin where each is surest of class 1: {listed(sentences) or 'no bin has enough rows'}.",
        figure={
            "data": traces,
            "layout": layout("mean predicted probability of class 1", "share of class 1 among those rows", height=460),
        },
        table=Table("Bins", ("variant, bin", "rows", "mean probability", "share of class 1"), rows),
    )


def predicted_chart(bins: pd.DataFrame) -> Chart:
    """What is true on average, against what the networks predict, by tenths of the target."""
    filled, sentences = bins[bins["rows"] >= FEWEST_ROWS], []
    ends = [float(end(filled["mean_predicted"])) for end in (min, max)] if len(filled) else [0, 1]
    traces = _beside_diagonal(filled, "mean_predicted", "mean_true", "as it should be", numbers(ends))
    for variant, bins_of_variant in filled.groupby("variant", sort=False):
        predicted, true = bins_of_variant.iloc[-1][["mean_predicted", "mean_true"]]
        sentences.append(f"{variant} predicts {figure(predicted)} and {figure(true)} is true")
    rows = [
        [f"{row.variant}, tenth {row.bin}", f"{row.rows:,}", figure(row.mean_predicted), figure(row.mean_true)]
        for row in filled.itertuples()
    ]
    return Chart(
        name="predicted",
        title="Predicted against true: what is true on average, where the networks predict so much",
        note=(
            "In the target's own units, test rows of the fresh splits, by tenths of the target; without those of fewer "
            f"than {FEWEST_ROWS} rows."
        ),
        alternative=f"In the tenth where each predicts most: {listed(sentences) or 'none has enough rows'}.",
        figure={"data": traces, "layout": layout("mean prediction", "mean true value", height=460)},
        table=Table("Tenths", ("variant, tenth", "rows", "mean prediction", "mean true value"), rows),
    )


def recall_chart(confusion: pd.DataFrame, labels: Sequence[str]) -> Chart:
    """The share of each class' test rows that is recognized, and the pairs of classes that are mixed up most."""
    traces, rows, sentences, classes = [], [], [], list(labels)
    variants = list(confusion["variant"].unique())
    for number, variant in enumerate(variants):
        recall, pairs = confused(confusion[confusion["variant"] == variant])
        shift = 0.25 * ((len(variants) - 1) / 2 - number)
        trace = {"type": "scatter", "mode": "markers", "name": plain(variant), "x": numbers(100 * recall)}
        trace |= {"y": [shift - int(label) for label in recall.index]}
        trace |= {"marker": {"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 10, "color": series(number)}}
        traces.append(trace)
        hardest = recall.idxmin()
        sentences.append(f"{variant} recognizes {recall[hardest]:.0%} of {classes[int(hardest)]}, its hardest class")
        rows += [[f"{variant}, {classes[int(label)]}", f"{share:.0%}", NOTHING] for label, share in recall.items()]
        rows += [
            [f"{variant}, {classes[int(true)]}", NOTHING, f"{share:.0%} taken for {classes[int(predicted)]}"]
            for true, predicted, share in pairs.head(SHOWN_PAIRS).itertuples(index=False)
        ]
    axes = layout("recall (% of the class' test rows)", "", height=130 + 40 * len(classes))
    axes["yaxis"], axes["xaxis"] = names_axis(classes), axes["xaxis"] | {"range": [-2, 102]}
    return Chart(
        name="recall",
        title="Recall: how many of each class' test rows are recognized, and which classes are mixed up most",
        note="In percent of the test rows of the class, fresh splits; right is better.",
        alternative=f"{listed(sentences)}." if sentences else "No training has predictions.",
        figure={"data": traces, "layout": axes},
        table=Table("Recall, and the pairs mixed up most", ("variant, class", "recall", "mixed up"), rows),
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
    axes = layout(f"{what[0].lower()}{what[1:]} ({unit})", "", height=100 + 28 * len(shares))
    axes["yaxis"], axes["xaxis"] = names_axis(list(shares.index)), axes["xaxis"] | {"rangemode": "tozero"}
    median = shares[0.5]
    rows = [[str(name), *(f"{value:.3g}" for value in row)] for name, *row in shares.itertuples()]
    return Chart(
        name=f"spread-{column.replace('_', '-')}",
        title=f"{what}: median and middle 95% of the trainings",
        note=f"In {unit}; fresh splits.",
        alternative=(
            f"The medians run from {median.min():.3g} ({median.idxmin()}) to {median.max():.3g} ({median.idxmax()})."
        ),
        figure={"data": [trace], "layout": axes},
        table=Table(what, ("variant", "2.5%", "median", "97.5%"), rows),
    )
