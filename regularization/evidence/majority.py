"""What always naming the larger class is worth, and which networks have been shown to do better."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from regularization.evidence.jackknife import BlockScores, Jackknife, block_jackknife
from regularization.evidence.pairing import Replicates
from regularization.metrics import ACCURACY, BALANCED_ACCURACY, ROC_AUC, Metric

MAJORITY = "majority class"  # its name where variants have theirs
CHANCE = 0.5  # balanced accuracy and ROC AUC of whoever says the same of every row


def majority(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Per metric and variant, the variant's mean minus that of the majority class, with its interval for new tables."""
    sums, rows = majority_sums(replicates), []
    for metric in metrics.values():
        counts = replicates.blocks_of(metric)
        mean = majority_mean(replicates, metric).mean
        for variant in replicates.variants:
            n_rows, its = replicates.blocks[variant]
            differences = (its[metric.block_column] - sums[metric.block_column])[:, counts]
            found = block_jackknife(BlockScores(differences, n_rows[counts]))
            lower, upper = replicates.no_narrower_than_seen(found.interval(), differences, metric)
            row = {"metric": metric.name, "variant": variant, "majority": mean, "difference": found.mean}
            rows.append(row | {"lower": lower, "upper": upper})
    return pd.DataFrame(rows)


def majority_mean(replicates: Replicates, metric: Metric) -> Jackknife:
    """The mean score of the majority class under the honest protocol, with its errors."""
    rows, _ = replicates.blocks[replicates.headline[0]]
    counts = replicates.blocks_of(metric)
    return block_jackknife(BlockScores(majority_sums(replicates)[metric.block_column][:, counts], rows[counts]))


def majority_sums(replicates: Replicates) -> dict[str, np.ndarray]:
    """The block scores, `(splits, blocks)` by column, of saying of every row what most rows trained on are.

    The class is the larger one, the probability the share of class 1, half a row away from 0 and 1 at least.
    """
    rows, _ = replicates.blocks[replicates.headline[0]]
    class_1 = replicates.class_1
    scored = [sums[ACCURACY.block_column] for _, sums in replicates.blocks.values()]
    unseen = ~np.isnan(scored).all(axis=0)
    n_train = (~unseen) @ rows
    share = np.clip((~unseen) @ class_1 / n_train, 0.5 / n_train, 1 - 0.5 / n_train)[:, None]
    says_1 = share > 0.5
    half = CHANCE * rows
    sums = {
        "right": np.where(says_1, class_1, rows - class_1),
        "loss": -(class_1 * np.log(share) + (rows - class_1) * np.log1p(-share)),
        "squared_error": class_1 * (1 - share) ** 2 + (rows - class_1) * share**2,
        "balanced": half,
        "auc": half,
    }
    return {column: np.where(unseen, values, np.nan) for column, values in sums.items()}


def learned(replicates: Replicates, compared: pd.DataFrame) -> dict[str, str]:
    """By variant, what its networks have been shown to have learned; `compared` is the table of `majority`.

    "one class": every training names one class alone on its test rows. "yes": the accuracy or the balanced accuracy is
    above that of the majority class, the interval for new tables leaves out 0. "ranks": that is not shown, but the ROC
    AUC is above 0.5. "not shown": none of these.
    """
    predicted, found = replicates.wide("honest", "test_predicted_1"), {}
    above = compared[compared["lower"] > 0].groupby("metric")["variant"].agg(set)
    for variant in replicates.variants:
        if predicted[variant].dropna().isin([0, 1]).all():
            found[variant] = "one class"
        elif any(variant in above.get(name, ()) for name in (ACCURACY.name, BALANCED_ACCURACY.name)):
            found[variant] = "yes"
        else:
            found[variant] = "ranks" if variant in above.get(ROC_AUC.name, ()) else "not shown"
    return found
