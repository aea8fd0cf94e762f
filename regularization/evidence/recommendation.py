"""Which network to use, by a rule stated beforehand, and its scores corrected for the choosing.

The rule: of the variants whose loss is within one standard error of the lowest mean loss, the one with the fewest
techniques; of several, the one with the lowest loss among these. The standard error is that of the paired difference
for new tables, in the sense of the one-standard-error rule (L. Breiman and others, Classification and Regression
Trees, 1984, section 3.4.3).

The best of many has been lucky as well, with its rows and with its seeds. So the choice is made again on three quarters
of the blocks and of the splits, and the chosen network is scored on the last quarter of both, in turn and for many
divisions; what it loses there is what the choosing flatters.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.evidence.pairing import Replicates
from regularization.heads.metrics import Metric

FOLDS, DIVISIONS = 4, 10


class Choice(NamedTuple):
    """What the rule says."""

    chosen: str
    leader: str  # the variant with the lowest mean loss
    close: tuple[str, ...]  # those within one standard error of it, itself among them


def choose(replicates: Replicates, techniques: Mapping[str, int]) -> Choice:
    """Return the choice among the variants that have as many `techniques` as it says."""
    metric = replicates.head.loss
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
    """Return, by metric, the chosen variant's mean minus that of what other blocks and splits would have chosen.

    NaN where there are too few splits to leave any out.
    """
    random, n_blocks, lost = np.random.default_rng(random_state), len(replicates.rows), []
    n_splits = replicates.n_splits(replicates.headline[0])
    for _ in range(DIVISIONS):
        blocks, splits = random.permutation(n_blocks) % FOLDS, random.permutation(n_splits) % FOLDS
        for fold in range(FOLDS):
            try:
                again = choose(replicates.part(blocks != fold, splits != fold), techniques).chosen
            except InputError:  # too few splits to leave any out
                continue
            held_out = replicates.part(blocks == fold, splits == fold)
            means = ([_mean(held_out, name, metric) for metric in metrics.values()] for name in (choice.chosen, again))
            lost.append(np.subtract(*means))
    flattered = pd.DataFrame(lost, columns=list(metrics)).mean()
    return {str(name): float(value) for name, value in flattered.items()}


def _mean(replicates: Replicates, variant: str, metric: Metric) -> float:
    """Return the score over all blocks and splits that a variant has scores of; NaN if there are none."""
    counts = replicates.blocks_of(metric)
    sums = replicates.sums(variant, metric)[..., counts]
    scored = ~np.isnan(sums[0])
    rows = float((scored * replicates.rows[counts]).sum())
    with np.errstate(invalid="ignore", divide="ignore"):  # a quarter of the blocks may lack a class
        return float(metric.value([float(column[scored].sum()) / rows for column in sums])) if rows else np.nan
