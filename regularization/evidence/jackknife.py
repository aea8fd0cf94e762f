"""The interval for the difference of two variants on one table: the delete-one-block jackknife.

The groups of identical rows are dealt into K blocks, once. Each split trains on some of the blocks and is scored on
blocks that it has not seen. What leaving one block out would change is read off the splits that left it out, and the
spread of those changes is the variance of the whole: B. Efron and C. Stein, "The jackknife estimate of variance", Ann.
Statist. 9 (1981), 586-596, who show that it overestimates the variance of a symmetric statistic on average.
docs/method.md has the formulas in words, and the simulations that hold the interval to its promise.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from regularization.errors import InputError

# To draw for simultaneous intervals, in all and at once; a family of hundreds has fewer draws.
MOST_VALUES, VALUES_AT_ONCE = 10_000_000, 200_000
SPLITS_OF_A_ROUND = 5  # so many splits after another are scored on every block once or more


class BlockScores(NamedTuple):
    """A score summed over the rows of each block that a split is scored on; NaN where it is not."""

    sums: np.ndarray  # (splits, blocks)
    rows: np.ndarray  # (blocks,): how many rows a block has


class Jackknife(NamedTuple):
    """A mean difference with its two standard errors, and what leaving out each block would change."""

    mean: float
    standard_error: float  # for new tables of the same kind, trained on as many rows
    error_of_splits: float  # for new seeds and new splits of the same blocks of this very table
    changes: np.ndarray  # (blocks,), centred
    df: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """For new tables of the same kind: Student's t with `blocks - 1` degrees of freedom."""
        return self.reaching(float(stats.t.ppf((1 + confidence) / 2, self.df)))

    def reaching(self, quantile: float) -> tuple[float, float]:
        """For new tables of the same kind: so many standard errors to both sides."""
        return self.mean - quantile * self.standard_error, self.mean + quantile * self.standard_error

    def interval_of_splits(self, confidence: float = 0.95) -> tuple[float, float]:
        """For new seeds and new splits of the same blocks: the normal distribution, as there are hundreds of splits.

        Other blocks of the same table would move the mean further, mostly so where the seeds matter little.
        """
        half_width = float(stats.norm.ppf((1 + confidence) / 2)) * self.error_of_splits
        return self.mean - half_width, self.mean + half_width


def block_jackknife(differences: BlockScores) -> Jackknife:
    """The mean of `differences` per row, summed over blocks, with its variance.

    With `d_sk` the mean difference on block k in split s, `w_k` the rows of the block and `W` their sum:
    `a_k` is the mean of `d_sk` over the splits that are scored on k, `theta = sum(w_k a_k) / W` the estimate, and
    `e_sk = d_sk - a_k` what is left; `r_s` is the mean of `e_sk` over the blocks of split s, weighted by rows;
    `tau_k` the same over the splits that are scored on k, and their other blocks.
    `change_k = tau_k - w_k (a_k - theta) / (W - w_k)`, centred, is what leaving out block k would change.
    The variance for new tables is `(K - 1) / K * sum(change_k**2) + Var(r_s) / splits`; its second term alone is that
    for new seeds and new splits of the same blocks.

    Raises `InputError` where a block is scored in fewer than 2 splits, or where no split is scored on two blocks.
    """
    sums, weights = np.asarray(differences.sums, float), np.asarray(differences.rows, float)
    sums = sums[~np.isnan(sums).all(axis=1)]  # a training that diverged is left out
    scored = ~np.isnan(sums)
    splits_of_block, n_blocks = scored.sum(axis=0), len(weights)
    if n_blocks < 2 or splits_of_block.min() < 2 or scored.sum(axis=1).max() < 2:
        raise InputError(
            f"received {len(sums)} splits, of which the least used of {n_blocks} blocks has {splits_of_block.min()}; "
            "expected 2 or more blocks in a split and 2 or more splits for each block; raise replicate.splits"
        )
    d = np.where(scored, sums / weights, 0.0)
    a = d.sum(axis=0) / splits_of_block
    theta = float(weights @ a / weights.sum())
    residual_sums = np.where(scored, d - a, 0.0) * weights  # w_i e_si
    per_split, rows_per_split = residual_sums.sum(axis=1), scored @ weights
    r = per_split / rows_per_split
    others = scored.T @ per_split - residual_sums.sum(axis=0)  # of each block: the residuals on the other blocks
    rows_of_others = scored.T @ rows_per_split - splits_of_block * weights
    tau = others / rows_of_others
    changes = tau - weights * (a - theta) / (weights.sum() - weights)
    changes -= changes.mean()
    of_splits = float(r.var(ddof=1) / len(r))
    variance = (n_blocks - 1) / n_blocks * float(changes @ changes) + of_splits
    return Jackknife(theta, float(np.sqrt(variance)), float(np.sqrt(of_splits)), changes, n_blocks - 1)


def variance_with(differences: BlockScores, splits: int) -> float:
    """The variance for new tables that another number of `splits` would give, all else equal.

    One part of it, what the rows make, stays; the other, what the seeds make, falls as 1 / splits. Two halves of the
    splits at hand have the latter twice, which tells it from the former. NaN where half of them are too few for it.
    """
    sums, rows = differences
    n_splits, variance = len(sums), block_jackknife(differences).standard_error ** 2
    if splits == n_splits:
        return variance
    rounds = np.arange(n_splits) // SPLITS_OF_A_ROUND % 2
    try:
        halves = [block_jackknife(BlockScores(sums[rounds == half], rows)).standard_error ** 2 for half in (0, 1)]
    except InputError:
        return np.nan
    of_seeds = float(np.clip(np.mean(halves) - variance, 0, variance))
    return variance - of_seeds + of_seeds * n_splits / splits


def simultaneous_quantile(
    family: Sequence[Jackknife], *, confidence: float = 0.95, draws: int = 5_000, random_state: int = 0
) -> float:
    """How many standard errors each interval of a `family` must reach for all of them to hold together.

    The quantile of the largest `|t|` of the family, where each t is the mean of as many normal values as there are
    blocks over its own standard error, and two comparisons correlate as their `changes` do (J. C. Hsu, Multiple
    Comparisons, 1996, chapter 1; with one standard error for all, as in the multivariate t distribution, families would
    fail somewhat more often than promised). Never more than Bonferroni's, and never less than the single interval's.
    """
    df = min(estimate.df for estimate in family)
    single, bonferroni = (float(stats.t.isf((1 - confidence) / 2 / n, df)) for n in (1, len(family)))
    spread = [estimate for estimate in family if estimate.standard_error > 0]  # ties are no comparison
    if len(spread) < 2:
        return single
    changes = np.stack([estimate.changes for estimate in spread])
    norms = np.linalg.norm(changes, axis=1, keepdims=True)
    # The rest, the noise of splits and seeds, is taken as independent between comparisons, which is the safe side.
    noise = np.array([estimate.error_of_splits / estimate.standard_error for estimate in spread])
    shares = changes / np.where(norms > 0, norms, 1.0) * np.sqrt(1 - noise**2)[:, None]
    root = np.linalg.qr(np.hstack([shares, np.diag(noise)]).T)[1]  # root.T @ root are the correlations
    values_of_a_draw, random = (df + 1) * len(spread), np.random.default_rng(random_state)
    draws = min(draws, max(1000, MOST_VALUES // values_of_a_draw))
    at_once = max(1, VALUES_AT_ONCE // values_of_a_draw)
    largest = [
        _largest_t(random.standard_normal((at_once, df + 1, len(spread))) @ root) for _ in range(-(-draws // at_once))
    ]
    return float(np.clip(np.quantile(np.concatenate(largest), confidence), single, bonferroni))


def _largest_t(values: np.ndarray) -> np.ndarray:
    """Of `values` `(draws, blocks, comparisons)`, the largest `|t|` of each draw."""
    n_blocks, means = values.shape[1], values.mean(axis=1)
    squares = np.einsum("dbc,dbc->dc", values, values) / n_blocks - means**2
    return np.max(np.abs(means) / np.sqrt(squares / (n_blocks - 1)), axis=1)
