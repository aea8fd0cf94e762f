"""The sweep: what each value of its grid costs, and the configurations not distinguishable from the best."""

from dataclasses import replace

import pandas as pd

from regularization.charts.differences import OF_FOLDS, differences_chart, of_validation
from regularization.charts.parts import Section, Table
from regularization.heads.metrics import LOSSES, METRICS, RMSE, Metric
from regularization.words.phrases import figure, interval, listed, setting_text

RATES = ("val_accuracy", "val_balanced_accuracy", "val_mae")  # one of them stands beside the loss
NOT_SETTINGS = (
    "configuration",
    "trainings",
    *(f"{name}{end}" for name in (*(f"val_{name}" for name in LOSSES), *RATES) for end in ("", "_sd")),
    "cannot_be_told_from_best",
    "eliminated_after",
    "origin",
)
SHOWN_CONFIGURATIONS = 20  # of the set, the best first: the file has all


def sweep_section(table: pd.DataFrame, summary: dict, *, svg: str = "") -> Section:
    """`table` is metrics/sweep.csv, a row per configuration; `summary` metrics/sweep.json; `svg` pictures the chart."""
    settings = [column for column in table.columns if column not in NOT_SETTINGS]
    values = pd.DataFrame(summary["values"])
    metric = replace(of_validation(loss_of(table)), equivalence=float(values["equivalence"].iloc[0]))
    best = values["reference"].iloc[0]
    chart = differences_chart(values, metric, reference=best, svg=svg, name="sweep", scope=OF_FOLDS)
    return Section("sweep", "The sweep", _sentences(summary, loss_of(table)), [_set_table(table, settings)], [chart])


def loss_of(table: pd.DataFrame) -> Metric:
    """The loss that decides, of which metrics/sweep.csv holds the validation means."""
    return next(METRICS[name] for name in LOSSES if METRICS[name].validation_column in table)


def _sentences(summary: dict, loss: Metric) -> list[str]:
    many = f"{summary['set_size']:,} of them, itself among them, are not distinguishable from it"
    sentences = [
        f"{summary['configurations']:,} configurations in {summary['trainings']:,} trainings, compared by their "
        f"{_kind(loss)} on validation rows: the best has {_settings(summary['best'])}; {many}. The simplest of those "
        f"within one standard error of the best has {_settings(summary['simplest'])}.",
    ]
    tests = [f"{_label(name)} {_value(score)}" for name, score in summary["test"].items()]
    sentences.append(
        f"That one, on {summary['test_rows']:,} test rows that took no part in the choice: {listed(tests)}."
    )
    values = pd.DataFrame(summary["values"])
    out = values.loc[values["verdict"] == "worse", "variant"].tolist()
    has = "has" if len(out) == 1 else "have"
    no_best = f"{listed(out)} {has} no configuration that may be the best, and each other has one"
    all_have = "each has a configuration that may be the best: no single one is shown to be needed"
    sentences.append(f"Of the {len(values)} values of its settings, {no_best if out else all_have}.")
    optimism, of = summary["optimism"], "mean squared error" if loss.name == RMSE.name else _kind(loss)
    word = "looks better than it is" if optimism["lower"] > 0 else "does not clearly look better than it is"
    sentences.append(
        f"Picked from so many, the best {word} on the validation rows: by "
        f"{_value(optimism, '' if loss.name == RMSE.name else '+.4f')} of the {of}."
    )
    if summary.get("try_it"):
        return [*sentences, f"Try it: {summary['try_it']}"]
    return [*sentences, "On this table, no technique of the grid is shown to be worth more than leaving it out."]


def _kind(loss: Metric) -> str:
    return loss.in_words.removeprefix("test ")


def _settings(configuration: dict) -> str:
    """The settings that are on, in words."""
    on = [f"{name} {setting_text(value)}" for name, value in configuration.items() if value is not None]
    return listed(on) if on else "no regularization"


def _label(metric: str) -> str:
    return metric.replace("_", " ")


def _value(score: dict, digits: str = "") -> str:
    return interval(score["value"], score["lower"], score["upper"], digits=digits, sign="")


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
    return Table(f"Configurations not distinguishable from the best{more}", heads, rows)


def is_in_set(column: pd.Series) -> pd.Series:
    """True and false, also where a CSV gave them as text."""
    return column.astype(str).str.lower().isin(("true", "1", "1.0"))
