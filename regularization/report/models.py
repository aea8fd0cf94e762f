"""The three models of one training each: the notebook's charts, and the scores beside the notebook's."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.curves import curves_chart, plot_metrics
from regularization.charts.parts import NOTHING, Section, Table


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
        curves_chart("accuracy", histories, accuracy, subheading, "share of rows that are right; higher is better"),
        curves_chart("loss", histories, loss, subheading, lower)._replace(svg=loss_svg),
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
