"""The sweep as heat maps: one for each pair of its settings."""

import itertools
from collections.abc import Sequence

import pandas as pd

from regularization.charts.parts import Chart, Table, layout, plain, to_svg
from regularization.heads.metrics import LOSSES, METRICS, Metric
from regularization.words.phrases import figure

NONE = "none"  # a technique that is off
MOST_MAPS = 10


def loss_of(table: pd.DataFrame) -> Metric:
    """The loss that decides, of which metrics/sweep.csv holds the validation means."""
    return next(METRICS[name] for name in LOSSES if METRICS[name].validation_column in table)


def _validation(loss: Metric) -> str:
    """`validation loss`, `validation RMSE`."""
    return loss.in_words.replace("test", "validation")


def draw_heat_maps(table: pd.DataFrame, settings: Sequence[str], *, is_standin: bool = False) -> str:
    """For each pair of `settings` with two values or more, the lowest validation loss that the others allow; SVG text.

    `table` is that of metrics/sweep.csv. A sweep of one such setting gives one row of cells.
    """
    loss = loss_of(table)
    varied = [name for name in settings if len(set(table[name].map(setting_text))) > 1]
    pairs = list(itertools.combinations(varied, 2)) or [(name, name) for name in (varied or settings)[:1]]
    return to_svg(
        {
            "title": {
                "text": f"V{_validation(loss)[1:]} without penalty, the best over all other settings"
                + ("; a synthetic stand-in table: says nothing about wine" if is_standin else ""),
                "subtitle": "deeper blue is better; an empty cell: every training diverged",
            },
            "columns": 2,
            "concat": [_svg_map(table, *pair) for pair in pairs[:MOST_MAPS]],
        }
    )


def _svg_map(table: pd.DataFrame, x: str, y: str) -> dict:
    cells = pd.DataFrame(
        {
            "x": table[x].map(setting_text),
            "y": table[y].map(setting_text),
            "loss": table[loss_of(table).validation_column].astype(float),
        }
    )
    lowest = cells.groupby(["x", "y"], sort=False, as_index=False)["loss"].min()
    lowest["text"] = lowest["loss"].map(lambda value: "" if pd.isna(value) else figure(value))
    lowest = lowest.astype(object).where(lowest.notna(), None)
    place = {
        "x": {"field": "x", "type": "nominal", "sort": None, "title": x, "axis": {"labelAngle": 0}},
        "y": {"field": "y", "type": "nominal", "sort": None, "title": y if y != x else None},
    }
    color = {
        "field": "loss",
        "type": "quantitative",
        "scale": {"range": ["#74a9cf", "#fff7ec"], "zero": False},
        "legend": None,  # its gradient would be named by the charts drawn so far; the cells say their values
    }
    return {
        "width": {"step": 70},
        "height": {"step": 34},
        "data": {"values": lowest.to_dict("records")},
        "encoding": place,
        "layer": [
            {"mark": {"type": "rect", "invalid": None}, "encoding": {"color": color}},
            {
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {"text": {"field": "text", "type": "nominal"}, "color": {"value": "black"}},
            },
        ],
    }


def heat_map(table: pd.DataFrame, across: str, down: str) -> Chart:
    """The lowest mean validation loss that each pair of values of two settings reached, whatever the others are.

    A star stands where one of the configurations behind a cell cannot be told from the best.
    """
    cells = table.assign(
        across=_in_order(table[across]),
        down=_in_order(table[down]),
        inside=is_in_set(table["cannot_be_told_from_best"]),
    )
    by = {"index": "down", "columns": "across", "observed": False}
    loss = loss_of(table)
    scores = cells.pivot_table(values=loss.validation_column, aggfunc="min", **by)
    inside = cells.pivot_table(values="inside", aggfunc="any", **by)
    texts = [
        ["" if pd.isna(score) else f"{figure(score)}{'★' if flag else ''}" for score, flag in zip(*pair, strict=True)]
        for pair in zip(scores.to_numpy(), inside.to_numpy(), strict=True)
    ]
    name = f"sweep-{_slug(across)}-{_slug(down)}"
    heads = [f"{down}, by {across}", *map(str, scores.columns)]
    rows = [[str(label), *line] for label, line in zip(scores.index, texts, strict=True)]
    row, column = (str(value) for value in _place_of_lowest(scores))
    return Chart(
        name=name,
        title=f"Sweep: lowest {_validation(loss)} by {across} and {down}",
        note=f"In {loss.unit}, without penalty; lower is better. ★: holds one that cannot be told from the best.",
        alternative=(
            f"From {figure(scores.min().min())}, at {down} {row} and {across} {column}, to "
            f"{figure(scores.max().max())}."
        ),
        figure=_heat_figure(scores, texts, across, down),
        table=Table(f"Lowest {_validation(loss)}, {down} by {across}", heads, rows),
    )


def _place_of_lowest(scores: pd.DataFrame) -> tuple:
    """The labels of the row and the column of the lowest score."""
    row = scores.min(axis=1).idxmin()
    return row, scores.loc[row].idxmin()


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in text)


def _in_order(column: pd.Series) -> pd.Series:
    """The values as text: `none` first, then numbers by size, then other text."""
    order = sorted(column.drop_duplicates(), key=_rank)
    labels = list(dict.fromkeys(setting_text(value) for value in order))
    kind = pd.CategoricalDtype(labels, ordered=True)
    return pd.Series([setting_text(value) for value in column], index=column.index, dtype=kind)


def _rank(value) -> tuple[int, float, str]:
    if pd.isna(value):
        return 0, 0.0, ""
    try:
        return 1, float(value), ""
    except (TypeError, ValueError):
        return (0 if str(value) == NONE else 2), 0.0, str(value)


def _heat_figure(scores: pd.DataFrame, texts: list[list[str]], across: str, down: str) -> dict:
    values = [[None if pd.isna(value) else float(f"{value:.4g}") for value in row] for row in scores.to_numpy()]
    trace = {
        "type": "heatmap",
        "z": values,
        "x": [plain(str(value)) for value in scores.columns],
        "y": [plain(str(value)) for value in scores.index],
        "text": texts,
        "texttemplate": "%{text}",
        "hovertemplate": f"{plain(down)} %{{y}}, {plain(across)} %{{x}}: %{{z:.3f}}<extra></extra>",
        "colorscale": "Cividis",
        "reversescale": True,
        "xgap": 2,
        "ygap": 2,
        "colorbar": {"title": {"text": "loss"}, "thickness": 12},
    }
    shown = layout(plain(across), plain(down), height=140 + 46 * len(scores))
    shown["xaxis"] |= {"type": "category"}
    shown["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return {"data": [trace], "layout": shown}


def is_in_set(column: pd.Series) -> pd.Series:
    """True and false, also where a CSV gave them as text."""
    return column.astype(str).str.lower().isin(("true", "1", "1.0"))


def setting_text(value) -> str:
    if pd.isna(value):
        return NONE
    return f"{value:g}" if isinstance(value, float) else str(value)
