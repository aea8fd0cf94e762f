"""Figures: the notebook's with Plotly, those of the README with Vega-Lite. They are returned; a stage writes them."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from regularization.metrics import Metric

COLORS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#eeca3b")

VERDICT_COLORS = {
    "field": "verdict",
    "type": "nominal",
    "scale": {
        "domain": ["better", "likely better", "equivalent", "undecided", "likely worse", "worse"],
        "range": ["#2e7d32", "#81b784", "#1565c0", "#757575", "#e08a8a", "#c62828"],
    },
}


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


def draw_curves(curves: Mapping[str, Sequence[float]], *, title: str, y_title: str) -> str:
    """A line a model over the epochs, as SVG text. `curves` holds a value per epoch under each model's name."""
    rows = [
        {"model": name, "epoch": epoch, "value": value}
        for name, values in curves.items()
        for epoch, value in enumerate(values, start=1)
    ]
    return _svg(
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


def draw_differences(comparisons: pd.DataFrame, metrics: Sequence[Metric], *, is_standin: bool = False) -> str:
    """Each variant's difference to base with its 95% interval, coloured by verdict, a panel a metric; SVG text.

    `comparisons` is the evidence's table of that name, of which the rows against base are drawn; the
    shaded band is the region of equivalence of each of the `metrics`. A variant that never differed has no interval.
    """
    shown = comparisons.query("reference == 'base'")
    panels = [_differences_panel(shown[shown["metric"] == metric.name], metric) for metric in metrics]
    title = "Difference to base, with 95% intervals for new tables of the same kind"
    mark = {"subtitle": "a synthetic stand-in table: says nothing about wine"} if is_standin else {}
    return _svg({"title": {"text": title} | mark, "hconcat": panels})


def _differences_panel(rows: pd.DataFrame, metric: Metric) -> dict:
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


def _svg(chart: dict) -> str:
    import vl_convert

    look = {"background": "white", "padding": 10, "config": {"axis": {"labelFontSize": 12, "titleFontSize": 12}}}
    return vl_convert.vegalite_to_svg(look | chart)
