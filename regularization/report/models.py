"""The three models of one training each: the notebook's charts, and the scores beside the notebook's."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts import plot_metrics
from regularization.report.parts import NOTHING, SYMBOLS, Chart, Section, Table, layout, listed, numbers, plain, series

SHOWN_EPOCHS = 11  # rows of a chart's table: as many as one reads


def models_section(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    scores: Mapping[str, dict],
    reported: pd.DataFrame,
    majority: Mapping[str, float],
    *,
    subheading: str,
    loss_svg: str = "",
) -> Section:
    """By model, its curves under Keras' names (`plot_metrics`), and its metrics file.

    `reported` is the evidence's table of what the notebook printed, empty where its figures do not belong here;
    `majority` the scores of whoever always names the larger class.
    """
    accuracy, loss = plot_metrics(list(histories.values()), list(histories), subheading)
    lower = "nats per row, with the penalty where there is one; lower is better"
    charts = [
        _chart("accuracy", histories, accuracy, subheading, "share of rows that are right; higher is better"),
        _chart("loss", histories, loss, subheading, lower)._replace(svg=loss_svg),
    ]
    sentences = [
        "One training of each model, as in the notebook. One training is one draw: the replicates below say how much "
        "of a difference is luck.",
    ]
    return Section("models", "The models, trained once", sentences, [scores_table(scores, reported, majority)], charts)


def scores_table(scores: Mapping[str, dict], reported: pd.DataFrame, majority: Mapping[str, float]) -> Table:
    """The test scores of each model and of the larger class, beside what the notebook printed if that belongs here."""
    printed = {(row.variant, row.score): row.reported for row in reported.itertuples()}
    theirs = {"notebook's accuracy": "test_accuracy", "notebook's loss": "test_loss"} if printed else {}
    heads = ("model", "test accuracy", "test loss", "without penalty", *theirs)
    rows = []
    for name, its in scores.items():
        beside = [printed.get((name, column)) for column in theirs.values()]
        values = [*(its["test"][key] for key in ("accuracy", "loss", "binary_crossentropy")), *beside]
        rows.append([name, *(NOTHING if value is None else f"{value:.3f}" for value in values)])
    larger = [majority[key] for key in ("accuracy", "binary_crossentropy", "binary_crossentropy")]
    rows.append(["the larger class, always", *(f"{value:.3f}" for value in larger), *(NOTHING for _ in theirs)])
    caption = (
        "Scores on the test rows (accuracy: share of rows; losses: nats per row), beside what the notebook printed"
    )
    return Table(caption, heads, rows)


def _chart(metric: str, histories: Mapping, figure, subheading: str, unit: str) -> Chart:
    parts = {metric: "training", f"val_{metric}": "validation"}
    heads = ["epoch", *(f"{name}, {part}" for name in histories for part in parts.values())]
    n_epochs = max(len(history[metric]) for history in histories.values())
    shown = sorted({round(number * (n_epochs - 1) / (SHOWN_EPOCHS - 1)) for number in range(SHOWN_EPOCHS)})
    curves = [history[key] for history in histories.values() for key in parts]
    rows = [
        [str(epoch + 1), *(f"{curve[epoch]:.3f}" if epoch < len(curve) else NOTHING for curve in curves)]
        for epoch in shown
    ]
    last = [f"{name} {history[f'val_{metric}'][-1]:.3f}" for name, history in histories.items()]
    return Chart(
        name=f"curves-{metric}",
        title=f"{metric.capitalize()} per epoch of training, in training and validation ({subheading})",
        note=f"In {unit}. Training solid, validation dotted; a mark per model. In training, dropout is on.",
        alternative=f"After the last epoch, the validation {metric} is {listed(last)}.",
        figure=_figure(figure, metric, unit),
        table=Table(f"{metric.capitalize()} at some of the epochs", heads, rows),
    )


def _figure(figure, metric: str, unit: str) -> dict:
    """The notebook's figure in the page's colours; the title stands above it as text."""
    traces = []
    for number, trace in enumerate(figure.data):
        values = list(trace.y)
        line = {"color": series(number // 2), "dash": trace.line.dash, "width": 1.5}
        model = number // 2
        mark = {
            "symbol": SYMBOLS[model % len(SYMBOLS)],
            "size": 7,
            "maxdisplayed": SHOWN_EPOCHS,
            "color": series(model),
        }
        its = {"type": "scatter", "mode": "lines+markers", "marker": mark, "name": plain(trace.name), "x0": 1, "dx": 1}
        traces.append(its | {"y": numbers(values, 4), "line": line})
    shown = layout("epoch", f"{metric} ({unit.split(',')[0].split(';')[0]})", height=480, hovermode="x unified")
    return {"data": traces, "layout": shown}
