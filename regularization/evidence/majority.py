"""The constant predictor: always the majority class, with its share as the probability, or the mean. Who beats it?"""

import numpy as np
import pandas as pd

from regularization.evidence.pairing import Replicates
from regularization.heads.metrics import ACCURACY, BALANCED_ACCURACY, ROC_AUC, Metric

MAJORITY = "majority class"  # its name where variants have theirs; of a number, it predicts the mean


def with_majority(replicates: Replicates) -> Replicates:
    """Return the replicates with the scores of the constant predictor among the blocks, under the name `MAJORITY`."""
    sums = majority_sums(replicates)
    blocks = replicates.blocks | {MAJORITY: (replicates.rows, sums)}
    return Replicates(
        replicates.trainings,
        blocks,
        replicates.headline,
        replicates.facts,
        replicates.references,
        replicates.head,
    )


def has_majority(replicates: Replicates, metric: Metric) -> bool:
    """Return whether the constant predictor has that score: its absolute errors cannot be told from sums."""
    known = {*replicates.blocks[MAJORITY][1], *replicates.facts}
    return set(metric.columns) <= known


def majority(replicates: Replicates, metrics) -> pd.DataFrame:
    """Return, per metric and variant, the variant's mean minus that of the majority class, with its interval.

    The interval is for new tables. `replicates` are those of `with_majority`.
    """
    rows = []
    for metric in metrics.values():
        if not has_majority(replicates, metric):
            continue
        mean = replicates.mean(MAJORITY, metric).mean
        for variant in replicates.models:
            estimate = replicates.difference(variant, MAJORITY, metric)
            differences = replicates.differences(variant, MAJORITY, metric)
            lower, upper = replicates.widen_to_resolution(estimate.interval(), differences, metric)
            row = {"metric": metric.name, "variant": variant, "majority": mean, "difference": estimate.mean}
            rows.append(row | {"lower": lower, "upper": upper})
    return pd.DataFrame(rows)


def majority_sums(replicates: Replicates) -> dict[str, np.ndarray]:
    """Return the block scores, `(splits, blocks)` by column, of the constant predictor of the training rows."""
    rows = replicates.rows
    unseen = np.zeros((replicates.n_splits(replicates.headline[0]), len(rows)), bool)
    for _, sums in replicates.blocks.values():
        scored = ~np.isnan(next(iter(sums.values())))
        unseen[: len(scored)] |= scored
    of_constant = replicates.head.constant_sums(replicates.facts, rows, ~unseen)
    return {column: np.where(unseen, values, np.nan) for column, values in of_constant.items()}


def learned(replicates: Replicates, compared: pd.DataFrame) -> dict[str, str]:
    """Return, by variant, what its networks have been shown to have learned; `compared` is the table of `majority`.

    "one class": every training predicts one class alone for its test rows. "yes": the accuracy or the balanced accuracy
    is above that of the majority class, the interval for new tables excludes 0. "ranks": that is not shown, but the ROC
    AUC is above 0.5. "not shown": none of these. Of several classes, "no class" instead of the last two; of a number,
    whose RMSE is compared, "no number".
    """
    predicted, verdicts = replicates.wide("honest", replicates.head.predicted_column), {}
    above = compared[compared["lower"] > 0].groupby("metric")["variant"].agg(set)
    below = compared[compared["upper"] < 0].groupby("metric")["variant"].agg(set)
    for variant in replicates.models:
        outputs = predicted[variant].dropna()
        if replicates.head.only_class(outputs).notna().all():
            verdicts[variant] = "one class"
        elif not replicates.head.n_classes:
            verdicts[variant] = "yes" if variant in below.get(replicates.head.loss.name, ()) else "no number"
        elif any(variant in above.get(name, ()) for name in (ACCURACY.name, BALANCED_ACCURACY.name)):
            verdicts[variant] = "yes"
        elif replicates.head.n_classes > 2:
            verdicts[variant] = "no class"
        else:
            verdicts[variant] = "ranks" if variant in above.get(ROC_AUC.name, ()) else "not shown"
    return verdicts
