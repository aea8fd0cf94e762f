"""The three models of one training each: the notebook's charts, and the scores beside the notebook's."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.curves import curves_chart, plot_metrics
from regularization.charts.parts import NOTHING, Section, Table
from regularization.heads import Head
from regularization.words.phrases import constant_label, figure


def models_section(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    scores: Mapping[str, dict],
    reported: pd.DataFrame,
    majority: Mapping[str, float],
    head: Head,
    *,
    subheading: str,
    loss_svg: str = "",
) -> Section:
    """By model, its curves under Keras' names (`plot_metrics`), and its metrics file.

    `reported` is the evidence's table of what the notebook printed, empty where its figures do not belong here;
    `majority` the scores of the head's constant predictor.
    """
    score, loss = plot_metrics(list(histories.values()), list(histories), subheading, score=head.curve_score)
    unit = "nats per row" if head.n_classes else "squares of the standardized target"
    lower = f"{unit}, with the penalty where there is one; lower is better"
    rate = "share of rows that are right; higher" if head.n_classes else "standard deviations of the target; lower"
    charts = [
        curves_chart(head.curve_score, histories, score, subheading, f"{rate} is better"),
        curves_chart("loss", histories, loss, subheading, lower)._replace(svg=loss_svg),
    ]
    sentences = [
        "One training of each model, as in the notebook. One training is one draw: the replicates below say how much "
        "of a difference is luck.",
    ]
    return Section(
        "models", "The models, trained once", sentences, [scores_table(scores, reported, majority, head)], charts
    )


def scores_table(
    scores: Mapping[str, dict], reported: pd.DataFrame, majority: Mapping[str, float], head: Head
) -> Table:
    """The test scores of each model and of the constant predictor, beside the notebook's where these belong here."""
    printed = {(row.variant, row.score): row.reported for row in reported.itertuples()}
    theirs = {"notebook's accuracy": "test_accuracy", "notebook's loss": "test_loss"} if printed else {}
    labels = head.shown_of_model
    heads = ("model", *labels.values(), *theirs)
    rows = []
    for name, scores_of_model in scores.items():
        beside = [printed.get((name, column)) for column in theirs.values()]
        values = [*(scores_of_model["test"].get(key) for key in labels), *beside]
        rows.append([name, *(NOTHING if value is None else figure(value) for value in values)])
    larger = [figure(value) for value in head.constant_of_model(majority)]
    rows.append([constant_label(head), *larger, *(NOTHING for _ in theirs)])
    units = "accuracy: share of rows; losses: nats per row" if head.n_classes else "the RMSE in units of the target"
    caption = f"Scores on the test rows ({units}){', beside what the notebook printed' if theirs else ''}"
    return Table(caption, heads, rows)
