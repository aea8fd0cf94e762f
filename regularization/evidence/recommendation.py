"""Which network to use, by a rule stated beforehand, and its scores corrected for the choosing.

The rule: of the variants whose loss is within one standard error of the lowest mean loss, the one with the fewest
techniques; of several, the one with the lowest loss among these. The standard error is that of the paired difference
for new tables, in the sense of the one-standard-error rule (L. Breiman and others, Classification and Regression
Trees, 1984, section 3.4.3).

The best of many has been lucky as well. So the choice is made again on three quarters of the blocks, and the chosen
network is scored on the last quarter, in turn and for many divisions of the blocks; what it loses there is what the
choosing flatters.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.evidence.pairing import Replicates
from regularization.metrics import BINARY_CROSSENTROPY, Metric

FOLDS, DIVISIONS = 4, 10


class Choice(NamedTuple):
    """What the rule says."""

    chosen: str
    leader: str  # the variant with the lowest mean loss
    close: tuple[str, ...]  # those within one standard error of it, itself among them


def choose(replicates: Replicates, techniques: Mapping[str, int]) -> Choice:
    """Return the choice among the variants that have as many `techniques` as it says."""
    metric = BINARY_CROSSENTROPY
    means = {variant: replicates.mean(variant, metric).mean for variant in replicates.variants}
    leader = min(means, key=lambda variant: means[variant])
    close = [leader]
    for variant in means:
        if variant != leader:
            difference = replicates.difference(variant, leader, metric)
            if difference.mean <= difference.spread.standard_error:
                close.append(variant)
    chosen = min(close, key=lambda variant: (techniques[variant], means[variant]))
    return Choice(chosen, leader, tuple(close))


def recommendation(
    replicates: Replicates, techniques: Mapping[str, int], metrics: Mapping[str, Metric], *, random_state: int = 0
) -> pd.DataFrame:
    """Return a row per metric: the recommended variant, the leader, and the former's mean, as it is and corrected.

    `close` is how many variants are within one standard error of the leader's loss, `techniques` how many the
    recommended one has.
    """
    choice = choose(replicates, techniques)
    flattered = _flattered(replicates, techniques, metrics, choice, random_state=random_state)
    rows = []
    for metric in metrics.values():
        mean = replicates.mean(choice.chosen, metric).mean
        row = {"metric": metric.name, "variant": choice.chosen, "leader": choice.leader, "close": len(choice.close)}
        row |= {"techniques": techniques[choice.chosen], "mean": mean, "corrected": mean - flattered[metric.name]}
        rows.append(row)
    return pd.DataFrame(rows)


def _flattered(
    replicates: Replicates,
    techniques: Mapping[str, int],
    metrics: Mapping[str, Metric],
    choice: Choice,
    *,
    random_state: int,
) -> dict[str, float]:
    """Return, by metric, the chosen variant's mean minus the mean of what other blocks would have chosen."""
    random, n_blocks = np.random.default_rng(random_state), len(replicates.rows)
    chosen = np.empty((DIVISIONS, n_blocks), object)  # for each block, what the blocks without its fold choose
    for division in chosen:
        fold = random.permutation(n_blocks) % FOLDS
        for number in range(FOLDS):
            division[fold == number] = choose(replicates.on_blocks(fold != number), techniques).chosen
    flattered = {}
    for metric in metrics.values():
        counts = replicates.blocks_of(metric)
        sums = {variant: _mean_sums(replicates, variant, metric) for variant in {choice.chosen, *chosen.ravel()}}
        lost = [sums[choice.chosen][counts] - _picked(sums, division)[counts] for division in chosen]
        flattered[metric.name] = float(np.sum(lost) / DIVISIONS / replicates.rows[counts].sum())
    return flattered


def _mean_sums(replicates: Replicates, variant: str, metric: Metric) -> np.ndarray:
    """Return the mean over the splits of the score summed over the rows of each block, `(blocks,)`."""
    sums = replicates.blocks[variant][1][metric.block_column]
    return np.nansum(sums, axis=0) / np.maximum((~np.isnan(sums)).sum(axis=0), 1)


def _picked(sums: Mapping[str, np.ndarray], division: np.ndarray) -> np.ndarray:
    return np.array([sums[variant][block] for block, variant in enumerate(division)])
