"""Curves over the epochs: one training of each model, as the notebook drew them, and the mean of many."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from regularization.charts.parts import (
    COLORS,
    DASHES,
    NOTHING,
    SYMBOLS,
    Chart,
    Table,
    layout,
    numbers,
    plain,
    series,
    to_svg,
)
from regularization.heads import Head
from regularization.words.phrases import listed

SHOWN_EPOCHS = 11  # rows of a chart's table: as many as one reads


def plot_metrics(
    histories: Sequence,
    names: Sequence[str],
    subheading: str,
    title: str = "Keras Model Comparison | ",
    *,
    score: str = "accuracy",
) -> tuple[go.Figure, go.Figure]:
    """The notebook's two pictures, a model a colour: accuracy and loss per epoch, training solid, validation dotted.

    A history is what Keras' `fit` returns, or its dictionary of lists, with `accuracy`, or another `score`,
    `val_accuracy`, `loss` and `val_loss`. Returns the figure of the accuracy and that of the loss.
    """
    curves = [getattr(history, "history", history) for history in histories]
    return (
        _plot_metric(curves, names, score, f"{title} {_name(score).title()} ({subheading})"),
        _plot_metric(curves, names, "loss", f"{title} Loss ({subheading})"),
    )


def _plot_metric(curves: Sequence[Mapping], names: Sequence[str], metric: str, title: str) -> go.Figure:
    figure = go.Figure()
    for number, (curve, name) in enumerate(zip(curves, names, strict=True)):
        color = COLORS[number % len(COLORS)]
        for key, part, dash in ((metric, "Train", "solid"), (f"val_{metric}", "Validation", "dot")):
            values = list(curve[key])
            figure.add_scatter(
                x=list(range(len(values))),
                y=values,
                mode="lines",
                name=f"{name} {part} {_name(metric).title()}",
                line={"color": color, "dash": dash},
            )
    figure.update_layout(
        title=title,
        xaxis_title="Epoch",
        yaxis_title=_name(metric).title(),
        hovermode="x unified",
        template="plotly_white",
        height=700,
    )
    return figure


def _name(metric: str) -> str:
    return metric.replace("_", " ")


def draw_curves(curves: Mapping[str, Sequence[float]], *, title: str, y_title: str) -> str:
    """A line a model over the epochs, as SVG text. `curves` holds a value per epoch under each model's name."""
    rows = [
        {"model": name, "epoch": epoch, "value": value}
        for name, values in curves.items()
        for epoch, value in enumerate(values, start=1)
    ]
    return to_svg(
        {
            "title": title,
            "width": 640,
            "height": 300,
            "data": {"values": rows},
            "mark": {"type": "line", "strokeWidth": 1.5},
            "encoding": {
                "x": {"field": "epoch", "type": "quantitative"},
                "y": {"field": "value", "type": "quantitative", "title": y_title, "scale": {"zero": False}},
                "color": {"field": "model", "type": "nominal", "sort": None, "scale": {"range": list(COLORS)}},
            },
        }
    )


def curves_chart(metric: str, histories: Mapping, figure, subheading: str, unit: str) -> Chart:
    """The curves of the models in one metric: `figure` is the notebook's, of `plot_metrics`."""
    parts = {metric: "training", f"val_{metric}": "validation"}
    heads = ["epoch", *(f"{name}, {part}" for name in histories for part in parts.values())]
    n_epochs = max(len(history[metric]) for history in histories.values())
    epochs = sorted({round(number * (n_epochs - 1) / (SHOWN_EPOCHS - 1)) for number in range(SHOWN_EPOCHS)})
    curves = [history[key] for history in histories.values() for key in parts]
    rows = [
        [str(epoch + 1), *(f"{curve[epoch]:.3f}" if epoch < len(curve) else NOTHING for curve in curves)]
        for epoch in epochs
    ]
    last = [
        f"{name} {history[f'val_{metric}'][-1]:.3f} at epoch {len(history[f'val_{metric}'])}"
        for name, history in histories.items()
    ]
    what = _name(metric)
    return Chart(
        name=f"curves-{metric.replace('_', '-')}",
        title=f"{what.capitalize()} per epoch of training, in training and validation ({subheading})",
        note=f"In {unit}. Training solid, validation dotted; a mark per model. In training, dropout is on.",
        alternative=f"At the end, the validation {what} is {listed(last)}.",
        figure=_figure(figure, what, unit),
        table=Table(f"{what.capitalize()} at some of the epochs", heads, rows),
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
        curve = {"type": "scatter", "mode": "lines+markers", "x0": 1, "dx": 1, "y": numbers(values, 4)}
        traces.append(curve | {"name": plain(trace.name), "line": line, "marker": mark})
    axes = layout("epoch", f"{metric} ({unit.split(',')[0].split(';')[0]})", height=480, hovermode="x unified")
    return {"data": traces, "layout": axes}


def bands_chart(curves: pd.DataFrame, head: Head) -> Chart:
    """The mean validation loss per epoch of each variant, and where 95% of its trainings lie."""
    traces, last, low, column = [], [], [], f"val_{head.curve_loss}"
    unit = "nats per row" if head.n_classes else "squares of the standardized target"
    for number, (variant, curve) in enumerate(curves.groupby("variant", sort=False)):
        color, x, mean = series(number), curve["epoch"].to_list(), curve[column]
        edges = (("_low", None), ("_high", "tonexty"))
        for edge, fill in edges:
            band = {"type": "scatter", "mode": "lines", "x": x, "y": numbers(curve[f"{column}{edge}"], 4)}
            band |= {"line": {"width": 0.5, "color": color, "dash": DASHES[number % len(DASHES)]}, "showlegend": False}
            band |= {"hoverinfo": "skip", "legendgroup": plain(variant), "opacity": 0.6}
            traces.append(band | ({"fill": fill, "fillcolor": f"{color}-faint"} if fill else {}))
        line = {"color": color, "width": 2.5, "dash": DASHES[number % len(DASHES)]}
        traces.append({"type": "scatter", "mode": "lines", "name": plain(variant), "legendgroup": plain(variant)})
        traces[-1] |= {"x": x, "y": numbers(mean, 4), "line": line}
        lowest = int(mean.to_numpy().argmin())
        mark = {"type": "scatter", "mode": "markers", "showlegend": False, "legendgroup": plain(variant)}
        mark |= {"x": x[lowest : lowest + 1], "y": numbers(mean[lowest : lowest + 1], 4), "hoverinfo": "skip"}
        mark |= {"marker": {"symbol": SYMBOLS[number % len(SYMBOLS)], "size": 12, "color": color}}
        traces.append(mark)
        last.append(f"{variant} {mean.iloc[-1]:.3f} at epoch {x[-1]}")
        low.append(f"{variant} {mean.min():.3f} at epoch {x[lowest]}")
    variants = list(curves["variant"].unique())
    wide = curves.pivot_table(index="epoch", columns="variant", values=column)[variants]
    wide = wide.iloc[sorted({round(n * (len(wide) - 1) / (SHOWN_EPOCHS - 1)) for n in range(SHOWN_EPOCHS)})]
    rows = [[str(epoch), *(f"{value:.3f}" for value in values)] for epoch, *values in wide.itertuples()]
    return Chart(
        name="bands",
        title="Validation loss without penalty per epoch: the mean of the replicates, and where 95% of them lie",
        note=f"In {unit}; lower is better. Over the fresh splits. The mark is the minimum of each mean.",
        alternative=f"The mean is lowest with {listed(low)}; the last drawn are {listed(last)}.",
        figure={"data": traces, "layout": layout("epoch", f"validation loss ({unit})", height=440)},
        table=Table("Mean validation loss at some of the epochs", ["epoch", *variants], rows),
    )
