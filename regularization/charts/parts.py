"""What the page is made of: sections with sentences, tables and charts, as plain data that the template lays out."""

import html
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import check_addresses
from regularization.heads.metrics import Metric

COLORS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#eeca3b")
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x", "hexagon")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
OF_CLASSES = ("recall",)  # charts whose axis names classes, not variants
DRAWING_ADDRESSES = 130e9  # that vl-convert's engine reserves, and hardly uses
NOTHING = "-"  # in a cell of a table that has no figure
N_SERIES = 8  # colours that style.css names `--series0` and on
MARKS = {"better": "▲", "likely better": "△", "equivalent": "■", "undecided": "○", "likely worse": "▽", "worse": "▼"}
VERDICT_SYMBOLS = {  # Plotly's names of the same signs
    "better": "triangle-up",
    "likely better": "triangle-up-open",
    "equivalent": "square",
    "undecided": "circle-open",
    "likely worse": "triangle-down-open",
    "worse": "triangle-down",
}


class Table(NamedTuple):
    """Rows of text under heads; the first cell of a row names it."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


class Chart(NamedTuple):
    """A picture, and the same in words and in figures for who cannot see it."""

    name: str  # unique on the page; letters, digits and hyphens
    title: str  # what it shows
    note: str  # units, and how to read it
    alternative: str  # what a person sees in it
    figure: dict  # Plotly's data and layout; a colour "@name" is the page's own, light or dark
    table: Table
    svg: str = ""  # a picture of the same, for a browser that runs no scripts


class Section(NamedTuple):
    """A heading, and under it sentences, tables that are always open, and charts."""

    name: str
    title: str
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    charts: Sequence[Chart] = ()


def series(number: int) -> str:
    """The colour of the variant, protocol or model of that number."""
    return f"@series{number % N_SERIES}"


def plain(text: str) -> str:
    """Text that Plotly shows letter for letter: it reads a small HTML of its own out of every label."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def numbers(values: Sequence, digits: int = 5) -> list[float | None]:
    """For a figure: that many significant digits, more than an eye can see, and None where there is none."""
    return [None if pd.isna(value) else float(f"{value:.{digits}g}") for value in values]


def layout(x: str, y: str, *, height: int = 380, **more) -> dict:
    """Plotly's layout with these titles of the axes."""
    axes = {"xaxis": {"title": {"text": x}, "automargin": True}, "yaxis": {"title": {"text": y}, "automargin": True}}
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    margin = {"l": 10, "r": 10, "t": 10, "b": 10}
    return axes | {"height": height, "legend": legend, "margin": margin, "hovermode": "closest"} | more


def names_axis(names: Sequence[str]) -> dict:
    """A vertical axis with a name at each of 0, -1, -2 ..., the first on top."""
    labels = [plain(name) for name in names]
    places = [-number for number in range(len(names))]
    limits = [0.6 - len(names), 0.6]
    return {"tickvals": places, "ticktext": labels, "range": limits, "automargin": True, "zeroline": False}


def dots(name: str, x, lower, upper, y, *, symbol: str, color: str) -> dict:
    """A mark per name with a line from `lower` to `upper`."""
    x, lower, upper = (np.asarray(values, float) for values in (x, lower, upper))
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name),
        "x": numbers(x),
        "y": list(y),
        "marker": {"symbol": symbol, "size": 10, "color": color},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": numbers(upper - x),
            "arrayminus": numbers(x - lower),
            "color": color,
            "thickness": 1.5,
            "width": 4,
        },
    }


def axis_title(metric: Metric) -> str:
    return f"{metric.label} ({metric.unit})"


def with_settings(section: Section, settings: Mapping[str, str]) -> Section:
    """The section with its `settings` beside each variant's name, in the first cells of tables and on axes of names."""

    def cell(text: str) -> str:
        name = next((name for name in settings if text == name or text.startswith((f"{name} against", f"{name},"))), "")
        return f"{name} ({settings[name]}){text.removeprefix(name)}" if name else text

    def label(text: str) -> str:
        setting = settings.get(html.unescape(text.removeprefix("★ ")))
        return f'{text}<br><span style="font-size: 0.8em">{plain(setting)}</span>' if setting else text

    def table(plain_table: Table) -> Table:
        return plain_table._replace(rows=[[cell(row[0]), *row[1:]] for row in plain_table.rows])

    charts = []
    for chart in section.charts:
        axis = chart.figure["layout"]["yaxis"]
        if "ticktext" in axis and chart.name not in OF_CLASSES:
            axis["ticktext"] = [label(text) for text in axis["ticktext"]]
        charts.append(chart._replace(table=table(chart.table)))
    return section._replace(tables=[table(plain_table) for plain_table in section.tables], charts=charts)


def to_svg(chart: dict) -> str:
    """A chart of Vega-Lite as SVG text. Raises `InputError` under a `ulimit -v`, where what draws it would abort."""
    import vl_convert

    check_addresses(DRAWING_ADDRESSES)

    look = {"background": "white", "padding": 10, "config": {"axis": {"labelFontSize": 12, "titleFontSize": 12}}}
    return vl_convert.vegalite_to_svg(look | chart)
