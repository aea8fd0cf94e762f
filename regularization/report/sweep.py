"""The sweep: heat maps over its grid, and the configurations that cannot be told from the best."""

from itertools import combinations

import pandas as pd

from regularization.report.parts import Chart, Section, Table, layout, listed, plain

SCORE = "val_binary_crossentropy"
NOT_SETTINGS = (
    "configuration",
    "trainings",
    SCORE,
    f"{SCORE}_sd",
    "val_accuracy",
    "val_accuracy_sd",
    "cannot_be_told_from_best",
    "eliminated_after",
    "origin",
)
NONE = "none"  # a technique that is off
SHOWN_SETTINGS = 4  # those that matter most: a heat map per pair of them
SHOWN_CONFIGURATIONS = 20  # of the set, the best first: the file has all


def sweep_section(table: pd.DataFrame, found: dict, *, svg: str = "") -> Section:
    """`table` is metrics/sweep.csv, a row per configuration; `found` metrics/sweep.json; `svg` pictures the maps."""
    settings = [column for column in table.columns if column not in NOT_SETTINGS]
    varied = sorted(settings, key=lambda name: _effect(table, name), reverse=True)[:SHOWN_SETTINGS]
    varied = [name for name in settings if name in varied and len(set(table[name].astype(str))) > 1]
    charts = [heat_map(table, *pair) for pair in combinations(varied, 2)]
    charts[:1] = [chart._replace(svg=svg) for chart in charts[:1]]
    return Section("sweep", "The sweep", _sentences(found), [_set_table(table, settings)], charts)


def _effect(table: pd.DataFrame, setting: str) -> float:
    """How far apart the mean scores of the setting's values lie."""
    means = table.groupby(table[setting].astype(str))[SCORE].mean()
    return float(means.max() - means.min())


def _sentences(found: dict) -> list[str]:
    many = f"{found['set_size']:,} of them, itself among them, cannot be told from it"
    told = [
        f"{found['configurations']:,} configurations in {found['trainings']:,} trainings, compared by their loss on "
        f"validation rows: the best has {_settings(found['best'])}; {many}. The simplest of those has "
        f"{_settings(found['simplest'])}.",
    ]
    tests = [f"{_label(name)} {_value(its)}" for name, its in found["test"].items()]
    told.append(
        f"The simplest of them, on {found['test_rows']:,} test rows that took no part in the choice: {listed(tests)}."
    )
    optimism = found["optimism"]
    word = "looks better than it is" if optimism["lower"] > 0 else "does not clearly look better than it is"
    told.append(
        f"Picked from so many, the best {word} on the validation rows: by {_value(optimism, '+.4f')} of the loss."
    )
    return [*told, f"Try it: {found['try_it']}"] if found.get("try_it") else told


def _settings(configuration: dict) -> str:
    """The settings that are on, in words."""
    on = [f"{name} {_setting(value)}" for name, value in configuration.items() if value is not None]
    return listed(on) if on else "no regularization"


def _label(metric: str) -> str:
    return metric.replace("_", " ")


def _value(its: dict, digits: str = ".3f") -> str:
    return f"{its['value']:{digits}} ({its['lower']:{digits}} to {its['upper']:{digits}})"


def _is_in_set(column: pd.Series) -> pd.Series:
    """True and false, also where a CSV gave them as text."""
    return column.astype(str).str.lower().isin(("true", "1", "1.0"))


def _set_table(table: pd.DataFrame, settings: list[str]) -> Table:
    inside = table[_is_in_set(table["cannot_be_told_from_best"])].sort_values([SCORE, "configuration"])
    rows = [
        [
            str(row["configuration"]),
            *(_setting(row[name]) for name in settings),
            f"{row[SCORE]:.3f} ± {row[f'{SCORE}_sd']:.3f}",
            f"{row['val_accuracy']:.3f} ± {row['val_accuracy_sd']:.3f}",
            f"{row['trainings']:.0f}",
        ]
        for _, row in inside.head(SHOWN_CONFIGURATIONS).iterrows()
    ]
    heads = ("configuration", *settings, "validation loss (nats per row) ± sd", "validation accuracy ± sd", "trainings")
    more = f"; the best {SHOWN_CONFIGURATIONS} of {len(inside)}" if len(inside) > SHOWN_CONFIGURATIONS else ""
    return Table(f"Configurations that cannot be told from the best{more}", heads, rows)


def _setting(value) -> str:
    if pd.isna(value):
        return NONE
    return f"{value:g}" if isinstance(value, float) else str(value)


def heat_map(table: pd.DataFrame, across: str, down: str) -> Chart:
    """The lowest mean validation loss that each pair of values of two settings reached, whatever the others are.

    A star stands where one of the configurations behind a cell cannot be told from the best.
    """
    cells = table.assign(
        across=_in_order(table[across]),
        down=_in_order(table[down]),
        inside=_is_in_set(table["cannot_be_told_from_best"]),
    )
    by = {"index": "down", "columns": "across", "observed": False}
    scores = cells.pivot_table(values=SCORE, aggfunc="min", **by)
    inside = cells.pivot_table(values="inside", aggfunc="any", **by)
    texts = [
        ["" if pd.isna(score) else f"{score:.3f}{'★' if flag else ''}" for score, flag in zip(*pair, strict=True)]
        for pair in zip(scores.to_numpy(), inside.to_numpy(), strict=True)
    ]
    name = f"sweep-{_slug(across)}-{_slug(down)}"
    heads = [f"{down}, by {across}", *map(str, scores.columns)]
    rows = [[str(label), *line] for label, line in zip(scores.index, texts, strict=True)]
    row, column = (str(value) for value in _place_of_lowest(scores))
    return Chart(
        name=name,
        title=f"Sweep: lowest validation loss by {across} and {down}",
        note="In nats per row, without penalty; lower is better. ★: holds one that cannot be told from the best.",
        alternative=(
            f"From {scores.min().min():.3f}, at {down} {row} and {across} {column}, to {scores.max().max():.3f}."
        ),
        figure=_heat_figure(scores, texts, across, down),
        table=Table(f"Lowest validation loss, {down} by {across}", heads, rows),
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
    labels = list(dict.fromkeys(_setting(value) for value in order))
    kind = pd.CategoricalDtype(labels, ordered=True)
    return pd.Series([_setting(value) for value in column], index=column.index, dtype=kind)


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
