"""The sweep: heat maps over its grid, and the configurations that cannot be told from the best."""

from itertools import combinations

import pandas as pd

from regularization.charts.heat_map import heat_map, is_in_set, loss_of, setting_text
from regularization.charts.parts import Section, Table
from regularization.heads.metrics import LOSSES, RMSE, Metric
from regularization.words.phrases import figure, interval, listed

RATES = ("val_accuracy", "val_balanced_accuracy", "val_mae")  # one of them stands beside the loss
NOT_SETTINGS = (
    "configuration",
    "trainings",
    *(f"{name}{end}" for name in (*(f"val_{name}" for name in LOSSES), *RATES) for end in ("", "_sd")),
    "cannot_be_told_from_best",
    "eliminated_after",
    "origin",
)
SHOWN_SETTINGS = 4  # those that matter most: a heat map per pair of them
SHOWN_CONFIGURATIONS = 20  # of the set, the best first: the file has all


def sweep_section(table: pd.DataFrame, found: dict, *, svg: str = "") -> Section:
    """`table` is metrics/sweep.csv, a row per configuration; `found` metrics/sweep.json; `svg` pictures the maps."""
    settings = [column for column in table.columns if column not in NOT_SETTINGS]
    varied = sorted(settings, key=lambda name: _effect(table, name), reverse=True)[:SHOWN_SETTINGS]
    varied = [name for name in settings if name in varied and len(set(table[name].astype(str))) > 1]
    charts = [heat_map(table, *pair) for pair in combinations(varied, 2)]
    charts[:1] = [chart._replace(svg=svg) for chart in charts[:1]]
    return Section("sweep", "The sweep", _sentences(found, loss_of(table)), [_set_table(table, settings)], charts)


def _effect(table: pd.DataFrame, setting: str) -> float:
    """How far apart the mean scores of the setting's values lie."""
    means = table.groupby(table[setting].astype(str))[loss_of(table).validation_column].mean()
    return float(means.max() - means.min())


def _sentences(found: dict, loss: Metric) -> list[str]:
    many = f"{found['set_size']:,} of them, itself among them, cannot be told from it"
    told = [
        f"{found['configurations']:,} configurations in {found['trainings']:,} trainings, compared by their "
        f"{_kind(loss)} on validation rows: the best has {_settings(found['best'])}; {many}. The simplest of those "
        f"within one standard error of the best has {_settings(found['simplest'])}.",
    ]
    tests = [f"{_label(name)} {_value(its)}" for name, its in found["test"].items()]
    told.append(f"That one, on {found['test_rows']:,} test rows that took no part in the choice: {listed(tests)}.")
    optimism, of = found["optimism"], "mean squared error" if loss.name == RMSE.name else _kind(loss)
    word = "looks better than it is" if optimism["lower"] > 0 else "does not clearly look better than it is"
    told.append(
        f"Picked from so many, the best {word} on the validation rows: by "
        f"{_value(optimism, '' if loss.name == RMSE.name else '+.4f')} of the {of}."
    )
    if found.get("try_it"):
        return [*told, f"Try it: {found['try_it']}"]
    return [*told, "On this table, no technique of the grid is shown to be worth more than leaving it out."]


def _kind(loss: Metric) -> str:
    return loss.in_words.removeprefix("test ")


def _settings(configuration: dict) -> str:
    """The settings that are on, in words."""
    on = [f"{name} {setting_text(value)}" for name, value in configuration.items() if value is not None]
    return listed(on) if on else "no regularization"


def _label(metric: str) -> str:
    return metric.replace("_", " ")


def _value(its: dict, digits: str = "") -> str:
    return interval(its["value"], its["lower"], its["upper"], digits=digits, sign="")


def _set_table(table: pd.DataFrame, settings: list[str]) -> Table:
    score, loss = loss_of(table).validation_column, loss_of(table)
    inside = table[is_in_set(table["cannot_be_told_from_best"])].sort_values([score, "configuration"])
    rate = next(name for name in RATES if name in table)
    rows = [
        [
            str(row["configuration"]),
            *(setting_text(row[name]) for name in settings),
            f"{figure(row[score])} ± {figure(row[f'{score}_sd'])}",
            f"{figure(row[rate])} ± {figure(row[f'{rate}_sd'])}",
            f"{row['trainings']:.0f}",
        ]
        for _, row in inside.head(SHOWN_CONFIGURATIONS).iterrows()
    ]
    rated = f"{rate.replace('val_', 'validation ').replace('_', ' ')} ± sd"
    heads = ("configuration", *settings, f"validation {_kind(loss)} ({loss.unit}) ± sd", rated, "trainings")
    more = f"; the best {SHOWN_CONFIGURATIONS} of {len(inside)}" if len(inside) > SHOWN_CONFIGURATIONS else ""
    return Table(f"Configurations that cannot be told from the best{more}", heads, rows)
