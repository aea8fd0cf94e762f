"""The block jackknife against its definition, written out with loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from regularization.errors import InputError
from regularization.evidence.jackknife import (
    BlockScores,
    Jackknife,
    block_jackknife,
    simultaneous_quantile,
    variance_with,
)
from regularization.table.blocks import N_BLOCKS, TRAIN, divide_blocks


def some_scores(seed=0, splits=40, seed_sd=0.02) -> BlockScores:
    random = np.random.default_rng(seed)
    rows, of_block = random.integers(30, 60, N_BLOCKS), random.normal(scale=0.01, size=N_BLOCKS)
    means = 0.03 + of_block + random.normal(scale=seed_sd, size=(splits, N_BLOCKS))
    return BlockScores(np.where(divide_blocks(splits, random_state=seed) != TRAIN, means * rows, np.nan), rows)


def by_definition(scores: BlockScores) -> tuple[float, float, float]:
    """Mean, variance for new tables, variance for new splits: the formulas of the docstring, one sum at a time."""
    sums, w = np.asarray(scores.sums), np.asarray(scores.rows, float)
    S, K = sums.shape
    held = [[k for k in range(K) if not np.isnan(sums[s, k])] for s in range(S)]
    d = {(s, k): sums[s, k] / w[k] for s in range(S) for k in held[s]}
    a = [np.mean([d[s, k] for s in range(S) if k in held[s]]) for k in range(K)]
    theta = sum(w[k] * a[k] for k in range(K)) / w.sum()
    e = {(s, k): d[s, k] - a[k] for s, k in d}
    r = [sum(w[i] * e[s, i] for i in held[s]) / sum(w[i] for i in held[s]) for s in range(S)]
    delta = []
    for k in range(K):
        others = [(s, i) for s in range(S) if k in held[s] for i in held[s] if i != k]
        tau = sum(w[i] * e[s, i] for s, i in others) / sum(w[i] for _, i in others)
        delta.append(tau - w[k] * (a[k] - theta) / (w.sum() - w[k]))
    delta = np.array(delta) - np.mean(delta)
    of_splits = np.var(r, ddof=1) / S
    return theta, (K - 1) / K * sum(delta**2) + of_splits, of_splits


@pytest.mark.parametrize("seed", range(3))
def test_it_is_its_definition(seed):
    scores = some_scores(seed)
    mean, variance, of_splits = by_definition(scores)
    found = block_jackknife(scores)
    assert found.mean == pytest.approx(mean)
    assert found.standard_error**2 == pytest.approx(variance)
    assert found.error_of_splits**2 == pytest.approx(of_splits)
    half = stats.t.ppf(0.975, N_BLOCKS - 1) * variance**0.5
    assert found.interval() == pytest.approx((mean - half, mean + half))
    assert found.interval_of_splits() == pytest.approx(
        (mean - 1.959964 * of_splits**0.5, mean + 1.959964 * of_splits**0.5)
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(0.1, 5))
def test_it_moves_and_stretches_with_the_scores(seed, shift, factor):
    scores = some_scores(seed)
    moved = BlockScores(factor * scores.sums + shift * scores.rows, scores.rows)
    one, other = block_jackknife(scores), block_jackknife(moved)
    assert other.mean == pytest.approx(factor * one.mean + shift, abs=1e-9)
    assert other.standard_error == pytest.approx(factor * one.standard_error, rel=1e-6)


def test_the_order_of_splits_and_blocks_does_not_matter():
    scores, random = some_scores(), np.random.default_rng(1)
    splits, blocks = random.permutation(40), random.permutation(N_BLOCKS)
    shuffled = block_jackknife(BlockScores(scores.sums[splits][:, blocks], scores.rows[blocks]))
    assert shuffled.mean == pytest.approx(block_jackknife(scores).mean)
    assert shuffled.standard_error == pytest.approx(block_jackknife(scores).standard_error)


def test_no_difference_anywhere_is_an_interval_of_no_width():
    scores = some_scores()
    found = block_jackknife(BlockScores(0 * scores.sums, scores.rows))
    assert (found.mean, found.standard_error) == (0, 0)


def test_a_split_that_diverged_leaves_the_others():
    scores = some_scores()
    sums = scores.sums.copy()
    sums[3] = np.nan
    found = block_jackknife(BlockScores(sums, scores.rows))
    assert found.standard_error == pytest.approx(
        by_definition(BlockScores(np.delete(sums, 3, 0), scores.rows))[1] ** 0.5
    )


def test_a_block_that_too_few_splits_are_scored_on():
    scores = some_scores()
    sums = scores.sums.copy()
    sums[:, 5] = np.nan
    with pytest.raises(InputError, match="the least used of 20 blocks has 0; expected .* raise replicate.splits"):
        block_jackknife(BlockScores(sums, scores.rows))


# --- the variance of other numbers of splits


def test_the_variance_of_the_splits_at_hand_is_that_of_the_interval():
    scores = some_scores()
    assert variance_with(scores, 40) == block_jackknife(scores).standard_error ** 2


def test_more_splits_lower_what_the_seeds_make_and_leave_what_the_rows_make():
    """A quarter of the splits, really drawn, is what the whole foretells; so is the limit of very many."""
    foretold, drawn, limits, rows_alone = [], [], [], []
    for seed in range(60):
        scores = some_scores(seed, splits=400)
        foretold.append(variance_with(scores, 100))
        drawn.append(block_jackknife(BlockScores(scores.sums[:100], scores.rows)).standard_error ** 2)
        limits.append(variance_with(scores, 10**9))
        rows_alone.append(some_scores(seed, splits=400, seed_sd=1e-9))
    assert np.mean(foretold) == pytest.approx(np.mean(drawn), rel=0.05)
    alone = [block_jackknife(scores).standard_error ** 2 for scores in rows_alone]
    assert np.mean(limits) == pytest.approx(np.mean(alone), rel=0.1)


def test_too_few_splits_foretell_nothing():
    assert np.isnan(variance_with(some_scores(splits=10), 100))


# --- intervals that hold together


def estimate(changes, of_splits=0.0) -> Jackknife:
    changes = np.asarray(changes, float)
    return Jackknife(0.0, float(np.sqrt(19 / 20 * changes @ changes + of_splits**2)), of_splits, changes, 19)


def test_one_comparison_needs_students_quantile_and_many_never_more_than_bonferronis():
    random = np.random.default_rng(0)
    family = [estimate(random.normal(size=20)) for _ in range(6)]
    assert simultaneous_quantile(family[:1]) == pytest.approx(stats.t.isf(0.025, 19))
    assert stats.t.isf(0.025, 19) < simultaneous_quantile(family) <= stats.t.isf(0.025 / 6, 19)


def test_the_same_comparison_twice_needs_no_more_than_once():
    changes = np.random.default_rng(0).normal(size=20)
    assert simultaneous_quantile([estimate(changes)] * 3) == pytest.approx(stats.t.isf(0.025, 19), rel=0.02)


def test_independent_comparisons_need_sidaks_quantile():
    changes = np.eye(20)[:4] - 1 / 20
    changes = np.linalg.qr(changes.T)[0].T  # four that do not correlate
    expected = stats.t.isf((1 - 0.95 ** (1 / 4)) / 2, 19)
    assert simultaneous_quantile([estimate(row) for row in changes], draws=40_000) == pytest.approx(expected, rel=0.01)


def test_the_family_holds_together_as_often_as_it_says():
    """Means of 20 blocks with a common part, each over its own standard error; the truth is 0."""
    random, held = np.random.default_rng(1), 0
    for _ in range(150):
        blocks = random.normal(size=(20, 6)) + random.normal(size=(20, 1))
        means, changes = blocks.mean(axis=0), (blocks - blocks.mean(axis=0)).T / 19
        family = [estimate(row)._replace(mean=mean) for mean, row in zip(means, changes, strict=True)]
        reach = simultaneous_quantile(family, draws=1000)
        held += all(lower <= 0 <= upper for lower, upper in (each.reaching(reach) for each in family))
    assert stats.binomtest(held, 150, 0.95).pvalue > 0.001


def test_ties_are_no_comparison():
    random = np.random.default_rng(0)
    family = [estimate(random.normal(size=20)) for _ in range(3)]
    tie = Jackknife(0.0, 0.0, 0.0, np.zeros(20), 19)
    assert simultaneous_quantile([*family, tie]) == simultaneous_quantile(family)
    assert simultaneous_quantile([tie, tie]) == pytest.approx(stats.t.isf(0.025, 19))
