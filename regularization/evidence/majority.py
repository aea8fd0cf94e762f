"""The constant predictor: always the majority class, with its share as the probability. Who beats it?"""

import numpy as np
import pandas as pd

from regularization.evidence.pairing import Replicates
from regularization.metrics import ACCURACY, BALANCED_ACCURACY, METRICS, ROC_AUC, clipped_share

MAJORITY = "majority class"  # its name where variants have theirs


def with_majority(replicates: Replicates) -> Replicates:
    """Return the replicates with the scores of the constant predictor among the blocks, under the name `MAJORITY`."""
    sums = majority_sums(replicates)
    blocks = replicates.blocks | {MAJORITY: (replicates.rows, sums)}
    return Replicates(replicates.trainings, blocks, replicates.headline, replicates.class_1, replicates.references)


def majority(replicates: Replicates, metrics) -> pd.DataFrame:
    """Return, per metric and variant, the variant's mean minus that of the majority class, with its interval.

    The interval is for new tables. `replicates` are those of `with_majority`.
    """
    rows = []
    for metric in metrics.values():
        mean = replicates.mean(MAJORITY, metric).mean
        for variant in replicates.models:
            estimate = replicates.difference(variant, MAJORITY, metric)
            differences = replicates.differences(variant, MAJORITY, metric)
            lower, upper = replicates.widen_to_resolution(estimate.interval(), differences, metric)
            row = {"metric": metric.name, "variant": variant, "majority": mean, "difference": estimate.mean}
            rows.append(row | {"lower": lower, "upper": upper})
    return pd.DataFrame(rows)


def majority_sums(replicates: Replicates) -> dict[str, np.ndarray]:
    """Return the block scores, `(splits, blocks)` by column, of predicting what most training rows are.

    The class is the larger one, the probability the share of class 1 (`metrics.clipped_share`).
    """
    rows, class_1 = replicates.rows, replicates.class_1
    unseen = np.zeros((replicates.n_splits(replicates.headline[0]), len(rows)), bool)
    for _, sums in replicates.blocks.values():
        scored = ~np.isnan(sums[ACCURACY.block_column])
        unseen[: len(scored)] |= scored
    share = clipped_share((~unseen) @ class_1, (~unseen) @ rows)[:, None]
    return {
        metric.block_column: np.where(unseen, metric.of_constant(share, class_1, rows), np.nan)
        for metric in METRICS.values()
    }


def learned(replicates: Replicates, compared: pd.DataFrame) -> dict[str, str]:
    """Return, by variant, what its networks have been shown to have learned; `compared` is the table of `majority`.

    "one class": every training predicts one class alone for its test rows. "yes": the accuracy or the balanced accuracy
    is above that of the majority class, the interval for new tables excludes 0. "ranks": that is not shown, but the ROC
    AUC is above 0.5. "not shown": none of these.
    """
    predicted, verdicts = replicates.wide("honest", "test_predicted_1"), {}
    above = compared[compared["lower"] > 0].groupby("metric")["variant"].agg(set)
    for variant in replicates.models:
        if predicted[variant].dropna().isin([0, 1]).all():
            verdicts[variant] = "one class"
        elif any(variant in above.get(name, ()) for name in (ACCURACY.name, BALANCED_ACCURACY.name)):
            verdicts[variant] = "yes"
        else:
            verdicts[variant] = "ranks" if variant in above.get(ROC_AUC.name, ()) else "not shown"
    return verdicts
