"""What may be said of the best of many configurations, from scores of the same rows by all of them.

References
----------
Lei (2020), Cross-validation with confidence, J. American Statistical Association 115(532).
Breiman, Friedman, Olshen, Stone (1984), Classification and regression trees, section 3.4.3.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

DRAWS = 2000
DEALS, RESAMPLES = 100, 60
PARTS = 20
ROWS_AT_ONCE = 2000


class Scores(NamedTuple):
    """A score of every configuration on every row, each by networks that have not seen the row; lower is better."""

    rows: np.ndarray  # (configurations, rows), the mean over rounds
    cells: np.ndarray  # (configurations, rounds x folds), the mean of each training
    groups: np.ndarray  # (rows,), the same number for identical rows

    @property
    def means(self) -> np.ndarray:
        """(configurations,)"""
        return self.rows.mean(axis=1)


class Interval(NamedTuple):
    """A mean with its 95% interval."""

    value: float
    lower: float
    upper: float


def row_interval(values: np.ndarray, groups: np.ndarray, *, variance: float = 0.0) -> Interval:
    """Student's interval at 95% for the mean of `values` `(rows,)`, of which those of one group count as one draw.

    With `s_g` the sum over group g's `m_g` rows and `mean` the mean of all n rows, the variance is
    `G / (G - 1) * sum((s_g - m_g * mean)**2) / n**2`, plus a `variance` of the mean that comes from elsewhere.
    """
    mean = float(values.mean())
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], values - mean)
    n_groups = len(sums)
    if n_groups < 2:
        return Interval(mean, mean, mean)
    variance += n_groups / (n_groups - 1) * float((sums**2).sum()) / len(values) ** 2
    half = float(stats.t.ppf(0.975, n_groups - 1) * np.sqrt(variance))
    return Interval(mean, mean - half, mean + half)


def parts_interval(score: Callable[[np.ndarray], float], groups: np.ndarray, *, variance: float = 0.0) -> Interval:
    """Student's interval at 95% for a `score` of rows that is no mean over them, by a jackknife of `PARTS` parts.

    `score` takes which rows count, `(rows,)`; those of one group stay together. `variance` as in `row_interval`.
    """
    _, of_row = np.unique(groups, return_inverse=True)
    part, value = np.random.default_rng(0).permutation(of_row.max() + 1)[of_row] % PARTS, score(groups == groups)
    without = np.array([score(part != number) for number in range(PARTS)])
    without = without[np.isfinite(without)]  # a class may lie in one part alone
    if len(without) < 2:
        return Interval(value, value, value)
    variance += (len(without) - 1) * float(without.var())
    half = float(stats.t.ppf(0.975, len(without) - 1) * np.sqrt(variance))
    return Interval(value, value - half, value + half)


def not_told_from_best(scores: Scores, *, error: float = 0.05, random_state: int = 0) -> np.ndarray:
    """Which configurations may be the best one: `(configurations,)`, true or false.

    Configuration m is left out where its mean exceeds that of another by more than chance explains: where
    `max_j (mean_m - mean_j) / se_mj` is above its quantile for a configuration that is as good as all others. The
    largest of all differences is compared with the largest that chance brings, so nothing is gained by looking first
    and picking then: the best configuration stays with probability `1 - error` (Lei 2020, algorithm 1 with the Gaussian
    multiplier bootstrap). Two sources of chance are drawn, with independent normal weights: the rows, groups of
    identical ones together, and the trainings, by the spread of their cells.
    """
    means, parts = scores.means, _chance(scores)
    drawn = _draw(parts, random_state)  # (draws, configurations)
    variances = (parts**2).sum(axis=0)
    stays = np.ones(len(means), bool)
    for m in np.flatnonzero(means > means.min()):
        spread = np.sqrt(np.maximum(variances[m] + variances - 2 * parts[:, m] @ parts, 0))
        others = spread > 1e-9 * np.sqrt(variances[m] + 1e-300)  # the same network twice cannot beat itself
        if not others.any():
            continue
        largest = ((means[m] - means[others]) / spread[others]).max()
        stays[m] = largest <= stats.norm.isf(error / others.sum())  # beyond Bonferroni's limit no draw is needed
        if stays[m]:
            by_chance = ((drawn[:, [m]] - drawn[:, others]) / spread[others]).max(axis=1)
            stays[m] = largest <= np.quantile(by_chance, 1 - error)
    return stays


def _draw(parts: np.ndarray, random_state: int) -> np.ndarray:
    """What chance makes of all means, `DRAWS` times; some rows at a time, so that a long table fills no memory."""
    random, drawn = np.random.default_rng(random_state), np.zeros((DRAWS, parts.shape[1]))
    for first in range(0, len(parts), ROWS_AT_ONCE):
        some = parts[first : first + ROWS_AT_ONCE]
        drawn += random.standard_normal((DRAWS, len(some))) @ some
    return drawn


def _chance(scores: Scores) -> np.ndarray:
    """Independent contributions to every mean, `(contributions, configurations)`: times normal weights, its noise."""
    _, of_row = np.unique(scores.groups, return_inverse=True)
    n_rows, n_cells = scores.rows.shape[1], scores.cells.shape[1]
    centred = scores.rows - scores.means[:, None]
    by_rows = np.stack([np.bincount(of_row, row) for row in centred], axis=1) / n_rows
    cells = scores.cells - scores.cells.mean(axis=1, keepdims=True)
    by_trainings = cells.T / np.sqrt(n_cells * max(n_cells - 1, 1))
    return np.concatenate([by_rows, by_trainings])


def difference_to(
    scores: Scores, number: int, other: int, *, of_mean: Callable[[np.ndarray], np.ndarray] = lambda means: means
) -> Interval:
    """The difference of two configurations in what `of_mean` makes of a mean, with its 95% interval.

    By the normal distribution and the delta method; chance is that of `not_told_from_best`.
    """
    means, step = scores.means[[number, other]], 1e-6
    slopes = (of_mean(means * (1 + step)) - of_mean(means)) / (means * step)
    value = float(-np.diff(of_mean(means))[0])
    parts = _chance(scores)[:, [number, other]] * slopes
    half = float(stats.norm.ppf(0.975) * np.sqrt(((parts[:, 0] - parts[:, 1]) ** 2).sum()))
    return Interval(value, value - half, value + half)


def simplest(scores: Scores, stays: np.ndarray, complexity: Sequence) -> int:
    """The simplest of the configurations that stay and lie within one standard error of the best (Breiman et al. 1984).

    The standard error is that of the best one's mean; `complexity` orders the configurations, the lowest the simplest.
    """
    means = scores.means
    best = int(means.argmin())
    variance = float((_chance(scores)[:, best] ** 2).sum())
    within = stays & (means <= means[best] + np.sqrt(variance))
    return min(np.flatnonzero(within).tolist(), key=lambda number: (complexity[number], means[number], number))


def cost_of_choosing(scores: Scores, folds: int, *, random_state: int = 0) -> Interval:
    """How much better the best mean looks than the choice does on rows that had no say in it (the winner's curse).

    The groups of rows are dealt into `folds` parts; the choice made on all parts but one is scored on that one, minus
    the score there of the choice made on all rows. The mean over the rows and over `DEALS` deals. Above 0 is optimism.
    Only the choosing is left out: the networks that are scored on other rows were trained on these. The interval is
    that of a bootstrap of the groups, by its standard deviation: the choice changes with the rows, so the spread of the
    rows alone is too narrow (67 to 85% coverage in simulations; this one has 99 to 100%).
    """
    groups, of_row = np.unique(scores.groups, return_inverse=True)
    sums, sizes = np.stack([np.bincount(of_row, row) for row in scores.rows]), np.bincount(of_row)
    random = np.random.default_rng(random_state)

    def cost(weights: np.ndarray, deals: int) -> float:
        part_of_group = [random.permutation(np.arange(len(groups)) % folds) for _ in range(deals)]
        return float(np.mean([_cost_of_deal(sums * weights, part) for part in part_of_group]) / (sizes @ weights))

    mean = cost(np.ones(len(groups)), DEALS)
    drawn = [random.multinomial(len(groups), np.full(len(groups), 1 / len(groups))) for _ in range(RESAMPLES)]
    half = float(stats.norm.isf(0.025) * np.std([cost(weights, DEALS // 5) for weights in drawn], ddof=1))
    return Interval(mean, mean - half, mean + half)


def _cost_of_deal(sums: np.ndarray, part: np.ndarray) -> float:
    """The summed score of what is chosen without each part, there, minus that of what is chosen on all."""
    of_part = sums @ (part[:, None] == np.arange(part.max() + 1))  # (configurations, parts)
    total = of_part.sum(axis=1)
    elsewhere = (total[:, None] - of_part).argmin(axis=0)
    return float(of_part[elsewhere, np.arange(of_part.shape[1])].sum() - total.min())
