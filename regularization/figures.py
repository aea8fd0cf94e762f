"""Figures, with Plotly: they are returned, a stage writes them."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

COLORS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#eeca3b")


def plot_metrics(
    histories: Sequence, names: Sequence[str], subheading: str, title: str = "Keras Model Comparison | "
) -> tuple[go.Figure, go.Figure]:
    """The notebook's two pictures, a model a colour: accuracy and loss per epoch, training solid, validation dotted.

    A history is what Keras' `fit` returns, or its dictionary of lists, with `accuracy`, `val_accuracy`, `loss` and
    `val_loss`. Returns the figure of the accuracy and that of the loss.
    """
    curves = [getattr(history, "history", history) for history in histories]
    return (
        _plot_metric(curves, names, "accuracy", f"{title} Accuracy ({subheading})"),
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
                name=f"{name} {part} {metric.title()}",
                line={"color": color, "dash": dash},
            )
    figure.update_layout(
        title=title,
        xaxis_title="Epoch",
        yaxis_title=metric.title(),
        hovermode="x unified",
        template="plotly_white",
        height=700,
    )
    return figure
