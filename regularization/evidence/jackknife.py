"""The interval for the difference of two variants on one table: a block jackknife with the splits' noise taken out.

The groups of identical rows are dealt into K blocks, once. Each split trains on some of the blocks and is scored on
blocks that it has not seen. The splits that left a block out show what leaving it out changes; the spread of those
changes estimates the variance over new tables (B. Efron and C. Stein, "The jackknife estimate of variance", Ann.
Statist. 9 (1981), 586-596). A finite number of splits adds noise to that spread, far more than to the mean (S. Wager,
T. Hastie and B. Efron, "Confidence intervals for random forests: the jackknife and the infinitesimal jackknife", JMLR
15 (2014), 1625-1651). The noise is estimated from the splits and accounted for by a generalized pivot (S. Weerahandi,
"Generalized confidence intervals", JASA 88 (1993), 899-905). docs/method.md explains it in words and has the
simulations that check its coverage.
"""

import functools
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from regularization.errors import InputError

DRAWS, DRAWS_AT_ONCE = 20_000, 1000  # for joint intervals
NODES = 240  # of the quadrature over log C: five digits of a half-width
STEEPEST = 2.0  # of the slope by which a baseline's further splits correct another variant's mean
NODES_OF_DRAWS = 24  # a p-value within 1%: a quantile of 20,000 draws is twice as uncertain


class BlockScores(NamedTuple):
    """A score summed over the rows of each block that a split is scored on; NaN where it is not."""

    sums: np.ndarray  # (splits, blocks)
    rows: np.ndarray  # (blocks,): how many rows a block has


class Jackknife(NamedTuple):
    """A mean score, or a difference of two, with what each block and each split contributes to it.

    All four are linear in the scores: those of a difference are the differences of those of its two variants.
    """

    mean: float
    changes: np.ndarray  # (blocks,): what leaving out each block would change, centred
    noise_of_changes: np.ndarray  # (splits, blocks): what each split adds to `changes`, centred
    noise_of_mean: np.ndarray  # (splits,): what each split adds to `mean`

    def __sub__(self, other: "Jackknife") -> "Jackknife":
        return self.plus(other, -1.0)

    def plus(self, other: "Jackknife", factor: float) -> "Jackknife":
        """This one and `factor` times the `other`, whose splits are the same, or the first of these, or more."""
        n_splits = max(len(self.noise_of_mean), len(other.noise_of_mean))
        noises = (
            _lengthened(mine, n_splits) + factor * _lengthened(theirs, n_splits)
            for mine, theirs in zip(self[2:], other[2:], strict=True)
        )
        return Jackknife(self.mean + factor * other.mean, self.changes + factor * other.changes, *noises)

    @property
    def spread(self) -> "Spread":
        """The three variances that intervals are made of."""
        K, B = len(self.changes), _n_noisy(self.noise_of_mean)
        share, correction = (K - 1) / K, B / max(B - 1, 1)
        return Spread(
            share * float(self.changes @ self.changes),
            share * correction * float((self.noise_of_changes**2).sum()),
            correction * float(self.noise_of_mean @ self.noise_of_mean),
            K - 1,
        )

    def interval(self, error: float = 0.05) -> tuple[float, float]:
        """The interval for new tables of the same kind, which misses the truth with a chance of `error`."""
        half = self.spread.half_width(error)
        return self.mean - half, self.mean + half

    def interval_of_splits(self, error: float = 0.05) -> tuple[float, float]:
        """The interval for new seeds and new splits of the same blocks: normal, as there are hundreds of splits.

        Other blocks of the same table would move the mean further, mostly so where the seeds matter little.
        """
        half = float(stats.norm.isf(error / 2) * np.sqrt(self.spread.noise_of_mean))
        return self.mean - half, self.mean + half


class Spread(NamedTuple):
    """What the blocks and the splits say of the variance of a mean: `S`, `N` and `M` of docs/method.md."""

    of_changes: float  # the jackknife's estimate: the variance that rows make, plus `noise_of_changes`
    noise_of_changes: float  # what a finite number of splits adds to `of_changes`, on average
    noise_of_mean: float  # the variance of the mean over new seeds and new splits of the same blocks
    df: int  # blocks - 1

    @property
    def standard_error(self) -> float:
        """The standard error for new tables."""
        return float(np.sqrt(max(self.of_changes - self.noise_of_changes, 0.0) + self.noise_of_mean))

    def half_width(self, error: float = 0.05) -> float:
        """Half the width of the interval for new tables that misses the truth with a chance of `error`.

        The h that solves `E_C[P(|Z| sqrt(max(max(S, N) / C - N, 0) + M) > h)] = error`, for C distributed as chi-square
        over its degrees of freedom and Z as a standard normal. Without noise this is Student's interval. An S below its
        own noise is luck and earns nothing.
        """
        if self.of_changes <= 0 and self.noise_of_mean <= 0:
            return 0.0
        high = 3 * float(np.sqrt(max(self.of_changes, self.noise_of_changes) + self.noise_of_mean))
        while self.p_value(high) > error:
            high *= 2
        return float(optimize.brentq(lambda h: self.p_value(h) - error, 0.0, high, xtol=1e-9 * high))

    def p_value(self, distance: float) -> float:
        """The largest `error` at which the interval still reaches so far."""
        values = np.array([self[:3]])
        return float(_p_values(np.array([distance]), *values.T, *_chi_square_nodes(self.df, NODES))[0])

    def with_splits(self, factor: float) -> "Spread":
        """The spread that `factor` times as many splits would give, all else equal."""
        noise = self.noise_of_changes / factor
        of_rows = max(self.of_changes - self.noise_of_changes, 0.0)
        return Spread(of_rows + noise, noise, self.noise_of_mean / factor, self.df)


def block_jackknife(scores: BlockScores) -> Jackknife:
    """The mean of `scores` per row, summed over blocks, with what each block and each split contributes.

    With `d_sk` the mean score on block k in split s, `O_sk` 1 where split s is scored on k and 0 elsewhere, `w_k` the
    rows of the block, `W` their sum, `n_k` the splits that are scored on k and `n_ik` those scored on i and k:
    `a_k` is the mean of `d_sk` over the splits that are scored on k, `theta = sum(w_k a_k) / W` the estimate, and
    `e_sk = d_sk - a_k` what is left, 0 where nothing is scored. `R_k` are the rows of the other blocks over all splits
    that are scored on k, and `tau_k = sum_s O_sk sum_(i != k) w_i e_si / R_k` the mean residual on them.
    `change_k = tau_k - w_k (a_k - theta) / (W - w_k)`, centred, is what leaving out block k would change.
    Split s adds `psi_s = sum_k w_k e_sk / (n_k W)` to theta, and to `change_k`
    `phi_sk = sum_(i != k) w_i e_si (O_sk - n_ik / n_i) / R_k - w_k / (W - w_k) (e_sk / n_k - psi_s)`, centred over k,
    then over s.

    A split without any score, whose training diverged, contributes nothing. Raises `InputError` where a block is
    scored in fewer than 2 splits, or where no split is scored on two blocks.
    """
    sums, w = np.asarray(scores.sums, float), np.asarray(scores.rows, float)
    O: np.ndarray = ~np.isnan(sums)  # noqa: E741 - the letter of the formulas
    kept, n, n_blocks = np.asarray(O.any(axis=1)), O.sum(axis=0), len(w)
    if n_blocks < 2 or n.min() < 2 or O.sum(axis=1).max() < 2:
        raise InputError(
            f"received {int(kept.sum())} splits, of which the least used of {n_blocks} blocks has {n.min()}; "
            "expected 2 or more blocks in a split and 2 or more splits for each block; raise replicate.splits"
        )
    d = np.where(O, sums / w, 0.0)
    a, W = d.sum(axis=0) / n, w.sum()
    theta = float(w @ a / W)
    e = np.where(O, d - a, 0.0)
    residuals = e * w
    total, rows_of_split = residuals.sum(axis=1), O @ w
    R = O.T @ rows_of_split - n * w
    share = w / (W - w)
    changes = (O.T @ total - residuals.sum(axis=0)) / R - share * (a - theta)
    psi = residuals @ (1 / n) / W
    together = O.T.astype(float) @ O  # n_ik
    phi = (O * total[:, None] - residuals @ (together / n[:, None])) / R - share * (e / n - psi[:, None])
    phi -= phi.mean(axis=1, keepdims=True)
    phi = np.where(kept[:, None], phi - phi[kept].mean(axis=0), 0.0)
    return Jackknife(theta, changes - changes.mean(), phi, psi)


def adjusted(shallow: Jackknife, baseline: Jackknife, deep_baseline: Jackknife) -> Jackknife:
    """The mean of a variant with few splits, corrected by what its baseline's further splits say.

    `theta_v - c (theta_b - theta_B)`, where theta_B rests on all splits of the baseline and the others on those that
    both have. `c = sum(psi_v psi_b) / sum(psi_b**2)` is the least-squares slope, as in two-phase sampling (W. G.
    Cochran, Sampling Techniques, 1977, section 12.6), within `STEEPEST`: where hardly any split moves the baseline, a
    single one would decide it. Changes and noises are combined alike.
    """
    square = float(baseline.noise_of_mean @ baseline.noise_of_mean)
    slope = float(shallow.noise_of_mean @ baseline.noise_of_mean) / square if square else 0.0
    slope = float(np.clip(slope, -STEEPEST, STEEPEST))
    return shallow.plus(baseline, -slope).plus(deep_baseline, slope)


def joint_error(
    family: Sequence[Jackknife], *, error: float = 0.05, draws: int | None = None, random_state: int = 0
) -> float:
    """The `error` of each interval of a `family` with which all of them miss nothing, but for a chance of `error`.

    Studies of the whole family are drawn: for each comparison as many normal values as there are blocks, whose mean is
    the error that the rows make and whose variance is that of the changes. Two comparisons correlate as their
    `changes` do; the noise of splits and seeds is drawn independently, which is the safe side. The result is the
    quantile of the least p-value of a draw, never less than Bonferroni's share and never more than `error`. There are
    `DRAWS` of them unless said.
    """
    draws = draws or DRAWS
    family = [estimate for estimate in family if estimate.spread[0] > 0]  # ties are no comparison
    if len(family) < 2:
        return error
    S, N, M = np.array([estimate.spread[:3] for estimate in family]).T
    changes = np.stack([estimate.changes for estimate in family])
    K = changes.shape[1]
    directions = changes / np.linalg.norm(changes, axis=1, keepdims=True)
    root = np.linalg.qr(directions.T)[1]  # root.T @ root are the correlations
    squares = np.einsum("rc,sc->rsc", root, root).reshape(-1, len(family))
    of_rows, random, least = np.sqrt(np.maximum(S, N) - N), np.random.default_rng(random_state), []
    nodes = _chi_square_nodes(K - 1, NODES_OF_DRAWS)
    # C lies below its median in half of all cases, so that no p-value falls below half of what it is there.
    median, least_z = stats.chi2.median(K - 1) / (K - 1), stats.norm.isf(error)
    for first in range(0, draws, DRAWS_AT_ONCE):
        values = random.standard_normal((min(DRAWS_AT_ONCE, draws - first), K, len(root)))
        means = values.mean(axis=1)
        values -= means[:, None]
        C = (values.swapaxes(1, 2) @ values).reshape(len(values), -1) @ squares / (K - 1)
        noise = random.standard_normal(C.shape) * np.sqrt(M)
        distances, drawn_S = np.abs(means @ root * np.sqrt(K) * of_rows + noise), np.maximum(S, N) * C
        broadcast = np.broadcast_arrays(distances, drawn_S, N, M)
        far = distances > least_z * np.sqrt(np.maximum(np.maximum(drawn_S, N) / median - N, 0) + M)
        p_values = np.ones(distances.shape)  # of what is not far, `error` or more
        p_values[far] = _p_values(*(values[far] for values in broadcast), *nodes)
        least.append(p_values.min(axis=1))
    return float(np.clip(np.quantile(np.concatenate(least), error), error / len(family), error))


def joint_errors(families: Iterable[Sequence[Jackknife]]) -> list[float]:
    """Return the `joint_error` of each of the families, which share the processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(joint_error, families))


def _p_values(distances, S, N, M, chi_square: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`P(|Z| sqrt(max(max(S, N) / C - N, 0) + M) > distance)` over Z and C, `(n,)`, of arrays `(n,)`."""
    variances = np.multiply.outer(np.maximum(S, N), 1 / chi_square)
    variances -= N[:, None]
    np.maximum(variances, 0, out=variances)
    variances += M[:, None] + np.finfo(float).tiny  # without any variance, no distance but 0 is in reach
    return special.erfc(distances[:, None] / np.sqrt(2 * variances, out=variances)) @ weights


@functools.cache
def _chi_square_nodes(df: int, n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Values of a chi-square variable over its degrees of freedom, and their weights: midpoints in its logarithm."""
    low, high = (np.log(value / df) for value in (stats.chi2.ppf(1e-9, df), stats.chi2.isf(1e-9, df)))
    edges = np.linspace(low, high, n_nodes + 1)
    logs = (edges[1:] + edges[:-1]) / 2
    values = np.exp(logs)
    weights = stats.chi2.pdf(values * df, df) * values
    return values, weights / weights.sum()


def _n_noisy(noise: np.ndarray) -> int:
    return int(np.count_nonzero(noise)) or len(noise)


def _lengthened(noise: np.ndarray, n_splits: int) -> np.ndarray:
    """`noise` with zeros for the splits that it does not have."""
    return np.concatenate([noise, np.zeros((n_splits - len(noise), *noise.shape[1:]))])
