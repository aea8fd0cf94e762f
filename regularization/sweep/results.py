"""What a sweep says: the table of its configurations, its choice, and what that is worth on the test rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.heads import Head
from regularization.heads.metrics import BALANCED_ACCURACY, Metric
from regularization.jobs.work import Work
from regularization.sweep.grid import command_to_try, settings_of
from regularization.sweep.rounds import Cell, Predicted, Study, cell_means, hold_out, restored, work_on
from regularization.sweep.selection import (
    Interval,
    cost_of_choosing,
    difference_to,
    not_told_from_best,
    parts_interval,
    row_interval,
    simplest,
)
from regularization.table import Rows, Table
from regularization.words.phrases import setting_text

BEST = "the best configuration"
FINAL_NETWORKS = 16  # that the chosen configuration is tested by


def choose(study: Study, complexity: Sequence, *, random_state: int = 0) -> tuple[int, int, np.ndarray]:
    """The best configuration, the simplest that passes for it, and all not distinguishable from the best.

    Raises `InputError` where no configuration has figures.
    """
    numbers = study.compared
    if len(numbers) == 0:
        raise InputError("every configuration of the sweep diverged; lower learning_rate or the penalties")
    scores = study.scores(numbers)
    stays = not_told_from_best(scores, random_state=random_state)
    chosen = simplest(scores, stays, [complexity[number] for number in numbers])
    return int(numbers[scores.means.argmin()]), int(numbers[chosen]), numbers[stays]


def tabulate(
    configurations: Sequence[Mapping[str, Any]],
    study: Study,
    not_told: np.ndarray,
    *,
    y: np.ndarray,
    head: Head,
    rates: str,
) -> pd.DataFrame:
    """A row per configuration: its settings, and over folds and rounds the mean and the spread of both scores.

    `y` are the labels of the scored rows. Beside the loss stands what `rates` names: the accuracy, or the balanced
    accuracy, in which each class has the same weight; of a number, the mean absolute error.
    """
    weights = 1.0
    if rates == BALANCED_ACCURACY.name:
        labels, share = np.unique(y, return_counts=True)
        weights = np.zeros(len(y))
        for label, count in zip(labels, share, strict=True):
            weights[y == label] = 1 / len(labels) / (count / len(y))
    table = pd.DataFrame({"configuration": range(len(configurations))})
    for name in configurations[0]:
        table[name] = pd.Series([_shown(configuration[name]) for configuration in configurations], dtype=object)
    table["trainings"] = study.trainings
    as_it_is: Callable = lambda means: means  # noqa: E731
    for name, values, of_mean in (
        (head.loss.name, study.loss, head.loss.of_means or as_it_is),
        (rates, study.rated * weights, as_it_is),
    ):
        means = [_mean_and_spread(values[:, number], study, number, of_mean) for number in range(len(configurations))]
        table[f"val_{name}"], table[f"val_{name}_sd"] = zip(*means, strict=True)
    table["cannot_be_told_from_best"] = np.isin(table["configuration"], not_told)
    table["eliminated_after"] = pd.Series(study.eliminated_after, dtype="Int64").replace(0, pd.NA)
    return table


def best_of_values(
    configurations: Sequence[Mapping[str, Any]], study: Study, chosen: tuple[int, int, np.ndarray], metric: Metric
) -> list[dict[str, Any]]:
    """Of each value of a setting the best configuration, against the best of all: rows like those of comparisons.csv.

    Worse is a value without a configuration not distinguishable from the best. `metric` is the head's loss.
    """
    best, _, not_told = chosen
    numbers = study.compared
    scores, rows = study.scores(numbers), []
    texts = pd.DataFrame(
        [{name: setting_text(value) for name, value in settings.items()} for settings in configurations]
    )
    varied = [name for name in texts if len(set(texts[name])) > 1] or list(texts)[:1]
    for name in varied:
        places = texts.loc[numbers].reset_index(drop=True).groupby(name, sort=False).groups
        for value, alike in places.items():
            first = min(alike, key=lambda place: scores.means[place])
            difference = difference_to(scores, first, list(numbers).index(best), of_mean=metric.of_means or np.asarray)
            rows.append(
                {"metric": metric.name, "family": "sweep", "variant": f"{name} {value}", "reference": BEST}
                | {"difference": difference.value, "lower": difference.lower, "upper": difference.upper}
                | {"joint_lower": None, "joint_upper": None, "equivalence": metric.equivalence}
                | {"verdict": "undecided" if np.isin(numbers[alike], not_told).any() else "worse"}
            )
    return rows


def _mean_and_spread(values: np.ndarray, study: Study, number: int, of_mean: Callable) -> tuple[float, float]:
    """Over rows, and over trainings, of the rounds that configuration `number` was in; NaN where one diverged.

    Both of what `of_mean` makes of the mean over rows.
    """
    rounds = study.trainings[number] // _n_folds(study)
    its_values = values[:rounds].astype(float)
    cells = cell_means(its_values[:, None], study)[0]
    return float(of_mean(its_values.mean())), float(of_mean(cells).std(ddof=1))


def _n_folds(study: Study) -> int:
    return int(study.fold_of_row.max()) + 1


def _shown(value: Any) -> Any:
    return str(list(value)) if isinstance(value, list | tuple) else value


def final_work(
    table: Table,
    training_rows: np.ndarray,
    test_rows: np.ndarray,
    *,
    validation_split: float,
    random_state: int,
    **training,
) -> tuple[tuple[Work, list[np.ndarray]], list[Rows]]:
    """The work of testing a configuration, and its splits, which are scored on the same test rows.

    Each of `FINAL_NETWORKS` networks trains on all `training_rows` but those that it stops early by, others each time.
    Test rows that are identical to a training row are left out: they would reward learning by heart.
    """
    unseen = test_rows[~np.isin(table.groups[test_rows], table.groups[training_rows])]
    if len(unseen) == 0:
        raise InputError("every test row is identical to a training row; set split.keep_duplicates_together to true")
    splits = []
    for number in range(FINAL_NETWORKS):
        train, val = hold_out(training_rows, table.groups, share=validation_split, random_state=random_state + number)
        splits.append(Rows(train, val, unseen))
    return work_on(table, splits, **training), splits


def final_cell(settings: dict, *, seed: int) -> Cell:
    return Cell(settings, tuple(range(seed + 1, seed + 1 + FINAL_NETWORKS)))


def scores_on_test(
    predicted: Predicted, table: Table, splits: Sequence[Rows], *, metrics: Sequence[Metric]
) -> dict[str, Interval]:
    """By name of the `metrics`, the mean over networks with its interval, on the test rows of the `splits`.

    `predicted` is the `Predicted` of `final_cell`. A metric of classes is left out where the rows have only one.

    The interval covers the choice of test rows and of networks, not that of the training rows.
    """
    head, rows = table.head, splits[0].test
    y, groups, outputs = table.y[rows], table.groups[rows], restored(predicted, table, splits)
    outputs = outputs.reshape(len(splits), len(y), *outputs.shape[1:])[~predicted.diverged]
    if len(outputs) < 2:
        raise InputError("the chosen configuration diverged on all training rows; lower learning_rate")
    scores, by_network, intervals = head.score_rows(y, outputs), head.scores(y, outputs), {}
    for metric in metrics:
        of_seeds = float(by_network[metric.name].var(ddof=1)) / len(outputs)
        if not metric.of_means and not metric.needs_both_classes:
            of_rows = scores[metric.block_column].astype(float)
            intervals[metric.name] = row_interval(of_rows.mean(axis=0), groups, variance=of_seeds)
        elif np.isfinite(of_seeds):

            def mean_of_networks(rows: np.ndarray, name=metric.name) -> float:
                return float(head.scores(y[rows], outputs[:, rows])[name].mean())

            intervals[metric.name] = parts_interval(mean_of_networks, groups, variance=of_seeds)
    return intervals


def summary(
    configurations: Sequence[Mapping[str, Any]],
    study: Study,
    chosen: tuple[int, int, np.ndarray],
    tested: Mapping[str, Interval],
    metric: Metric,
    *,
    n_test_rows: int,
    n_left_out: int,
    eliminate: float | None,
    random_state: int,
) -> dict[str, Any]:
    """What metrics/sweep.json holds."""
    best, plain, not_told = chosen
    optimism = cost_of_choosing(study.scores(study.compared), _n_folds(study), random_state=random_state)
    everything = len(configurations) * study.loss.shape[0] * _n_folds(study)
    return {
        "best": _plain(configurations[best]),
        "simplest": _plain(configurations[plain]),
        "best_configuration": best,
        "simplest_configuration": plain,
        "configurations": len(configurations),
        "trainings": int(study.trainings.sum()),
        "set_size": len(not_told),
        "test": {name: interval._asdict() for name, interval in tested.items()},
        "test_rows": n_test_rows,
        "test_rows_left_out": n_left_out,
        "values": best_of_values(configurations, study, chosen, metric),
        "optimism": optimism._asdict(),
        "elimination": None
        if eliminate is None
        else {"error_rate": eliminate, "trainings_saved": everything - int(study.trainings.sum())},
        "try_it": command_to_try(configurations[plain]) if settings_of(configurations[plain]) else None,
    }


def _plain(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in configuration.items()}
