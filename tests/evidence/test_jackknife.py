"""The block jackknife against its definition, written out with loops, and its intervals against what is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from regularization.errors import InputError
from regularization.evidence.jackknife import (
    BlockScores,
    Jackknife,
    Spread,
    adjusted,
    block_jackknife,
    joint_error,
    joint_errors,
)
from regularization.table.blocks import N_BLOCKS, TRAIN, divide_blocks


def some_scores(seed=0, splits=40, seed_sd=0.02) -> BlockScores:
    random = np.random.default_rng(seed)
    rows, of_block = random.integers(30, 60, N_BLOCKS), random.normal(scale=0.01, size=N_BLOCKS)
    means = 0.03 + of_block + random.normal(scale=seed_sd, size=(splits, N_BLOCKS))
    return BlockScores(np.where(divide_blocks(splits, random_state=seed) != TRAIN, means * rows, np.nan), rows)


def by_definition(scores: BlockScores) -> tuple[float, list, list, list]:
    """Mean, changes, and what each split adds to both: the formulas of docs/method.md, one sum at a time."""
    sums, w = np.asarray(scores.sums), np.asarray(scores.rows, float)
    splits, blocks = range(len(sums)), range(len(w))
    O = [[0 if np.isnan(sums[s, k]) else 1 for k in blocks] for s in splits]  # noqa: E741
    d = [[sums[s, k] / w[k] if O[s][k] else 0.0 for k in blocks] for s in splits]
    W, n = sum(w), [sum(O[s][k] for s in splits) for k in blocks]
    a = [sum(O[s][k] * d[s][k] for s in splits) / n[k] for k in blocks]
    theta = sum(w[k] * a[k] for k in blocks) / W
    e = [[O[s][k] * (d[s][k] - a[k]) for k in blocks] for s in splits]
    R = [sum(O[s][k] * sum(O[s][i] * w[i] for i in blocks if i != k) for s in splits) for k in blocks]
    tau = [sum(O[s][k] * sum(w[i] * e[s][i] for i in blocks if i != k) for s in splits) / R[k] for k in blocks]
    change = [tau[k] - w[k] * (a[k] - theta) / (W - w[k]) for k in blocks]
    change = [value - np.mean(change) for value in change]
    together = [[sum(O[s][i] * O[s][k] for s in splits) for k in blocks] for i in blocks]
    psi = [sum(w[k] * e[s][k] / (n[k] * W) for k in blocks) for s in splits]
    phi = []
    for s in splits:
        of_split = []
        for k in blocks:
            others = sum(w[i] * e[s][i] * (O[s][k] - together[i][k] / n[i]) for i in blocks if i != k) / R[k]
            own = w[k] / (W - w[k]) * (e[s][k] / n[k] - sum(w[i] * e[s][i] / (n[i] * W) for i in blocks))
            of_split.append(others - own)
        phi.append([value - np.mean(of_split) for value in of_split])
    means = [np.mean([phi[s][k] for s in splits]) for k in blocks]
    return theta, change, [[phi[s][k] - means[k] for k in blocks] for s in splits], psi


@pytest.mark.parametrize("seed", range(3))
def test_it_is_its_definition(seed):
    scores = some_scores(seed)
    mean, changes, phi, psi = by_definition(scores)
    found = block_jackknife(scores)
    assert found.mean == pytest.approx(mean)
    np.testing.assert_allclose(found.changes, changes, atol=1e-12)
    np.testing.assert_allclose(found.noise_of_changes, phi, atol=1e-12)
    np.testing.assert_allclose(found.noise_of_mean, psi, atol=1e-12)
    K, B = N_BLOCKS, 40
    S = (K - 1) / K * sum(change**2 for change in changes)
    N = (K - 1) / K * B / (B - 1) * sum(value**2 for row in phi for value in row)
    M = B / (B - 1) * sum(value**2 for value in psi)
    assert found.spread == pytest.approx((S, N, M, K - 1))


def test_what_a_split_adds_is_what_its_weight_does():
    """Counting one split a little more moves the mean and the changes by its contributions: a derivative.

    The contributions to the changes are centred over the splits, so those of two splits are compared.
    """
    scores, more = some_scores(), 1e-6
    found, moved = block_jackknife(scores), []
    for split in (0, 7):
        times = np.ones(40)
        times[split] += more
        mean, changes = with_weights(scores, times)
        assert (mean - found.mean) / more == pytest.approx(found.noise_of_mean[split], rel=1e-3)
        moved.append((changes - found.changes) / more)
    np.testing.assert_allclose(moved[0] - moved[1], found.noise_of_changes[0] - found.noise_of_changes[7], atol=1e-7)


def with_weights(scores: BlockScores, times: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean and the changes where split s counts `times[s]` times."""
    w, O = np.asarray(scores.rows, float), ~np.isnan(scores.sums)  # noqa: E741
    d, counted = np.where(O, scores.sums / w, 0), O * times[:, None]
    n, W = counted.sum(axis=0), w.sum()
    a = (counted * d).sum(axis=0) / n
    theta = w @ a / W
    residuals = np.where(O, d - a, 0) * w
    others = residuals.sum(axis=1, keepdims=True) - residuals
    rows = (O @ w)[:, None] - w
    tau = (counted * others).sum(axis=0) / (O * rows).sum(axis=0)
    changes = tau - w * (a - theta) / (W - w)
    return theta, changes - changes.mean()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.floats(-3, 3), st.floats(0.1, 5))
def test_it_moves_and_stretches_with_the_scores(seed, shift, factor):
    scores = some_scores(seed)
    moved = BlockScores(factor * scores.sums + shift * scores.rows, scores.rows)
    one, other = block_jackknife(scores), block_jackknife(moved)
    assert other.mean == pytest.approx(factor * one.mean + shift, abs=1e-9)
    assert other.spread.half_width() == pytest.approx(factor * one.spread.half_width(), rel=1e-6)


def test_a_difference_of_two_is_the_jackknife_of_the_differences():
    first, second = some_scores(0), some_scores(0)._replace(sums=some_scores(0).sums ** 2)
    found = block_jackknife(first) - block_jackknife(second)
    expected = block_jackknife(BlockScores(first.sums - second.sums, first.rows))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_order_of_splits_and_blocks_does_not_matter():
    scores, random = some_scores(), np.random.default_rng(1)
    splits, blocks = random.permutation(40), random.permutation(N_BLOCKS)
    shuffled = block_jackknife(BlockScores(scores.sums[splits][:, blocks], scores.rows[blocks]))
    assert shuffled.interval() == pytest.approx(block_jackknife(scores).interval())


def test_no_difference_anywhere_is_an_interval_of_no_width():
    scores = some_scores()
    assert block_jackknife(BlockScores(0 * scores.sums, scores.rows)).interval() == (0, 0)


def test_a_split_that_diverged_leaves_the_others():
    scores = some_scores()
    sums = scores.sums.copy()
    sums[3] = np.nan
    found = block_jackknife(BlockScores(sums, scores.rows))
    expected = block_jackknife(BlockScores(np.delete(sums, 3, 0), scores.rows))
    assert found.spread == pytest.approx(expected.spread)
    assert found.noise_of_mean[3] == 0
    assert not found.noise_of_changes[3].any()


def test_a_block_that_too_few_splits_are_scored_on():
    scores = some_scores()
    sums = scores.sums.copy()
    sums[:, 5] = np.nan
    with pytest.raises(InputError, match="the least used of 20 blocks has 0; expected .* raise replicate.splits"):
        block_jackknife(BlockScores(sums, scores.rows))


# --- half-widths


@pytest.mark.parametrize("error", [0.05, 0.01, 0.0005])
def test_without_noise_it_is_students_interval(error):
    assert Spread(4.0, 0.0, 0.0, 19).half_width(error) == pytest.approx(2 * stats.t.isf(error / 2, 19), rel=1e-6)


def test_without_rows_it_is_the_normal_interval():
    assert Spread(0.0, 0.0, 4.0, 19).half_width() == pytest.approx(2 * stats.norm.isf(0.025), rel=1e-6)


@pytest.mark.parametrize("spread", [Spread(3.0, 1.0, 0.1, 19), Spread(0.4, 1.0, 0.1, 19), Spread(9.0, 8.0, 0.2, 7)])
def test_the_half_width_solves_its_equation(spread):
    """By scipy's integral over C instead of the midpoints."""
    S, N, M, df = spread
    half = spread.half_width()

    def missed(c: float) -> float:
        variance = max(max(S, N) / c - N, 0) + M
        return 2 * stats.norm.sf(half / np.sqrt(variance)) * stats.chi2.pdf(c * df, df) * df

    kink = max(S, N) / N
    parts = [integrate.quad(missed, *ends, limit=200)[0] for ends in ((0, kink), (kink, 60 / df + kink))]
    assert sum(parts) == pytest.approx(0.05, abs=1e-5)
    assert spread.p_value(half) == pytest.approx(0.05, abs=1e-7)


def test_noise_is_taken_out_and_luck_earns_nothing():
    assert Spread(3.0, 1.0, 0.02, 19).half_width() < Spread(3.0, 0.0, 0.02, 19).half_width()
    assert Spread(0.2, 1.0, 0.02, 19).half_width() == Spread(1.0, 1.0, 0.02, 19).half_width()


def test_four_times_as_many_splits_have_a_quarter_of_the_noise():
    """Foretold from a quarter, and really drawn."""
    foretold, drawn = [], []
    for seed in range(40):
        scores = some_scores(seed, splits=400)
        quarter = block_jackknife(BlockScores(scores.sums[:100], scores.rows)).spread
        foretold.append(quarter.with_splits(4))
        drawn.append(block_jackknife(scores).spread)
    expected, found = (np.mean(values, axis=0) for values in (drawn, foretold))
    np.testing.assert_allclose(found[1:3], expected[1:3], rtol=0.05)
    assert expected[0] < found[0] < 1.4 * expected[0]  # cut off at 0, the rows' part is too large on average
    assert foretold[0].with_splits(np.inf).noise_of_mean == 0


def test_the_noise_is_what_other_splits_make():
    """Over many draws of splits of the same blocks, the mean varies by M and the changes by N."""
    random, w = np.random.default_rng(0), np.full(N_BLOCKS, 50.0)
    of_block, estimates = random.normal(scale=0.02, size=N_BLOCKS), []
    for seed in range(300):
        means = of_block + np.random.default_rng(seed).normal(scale=0.05, size=(60, N_BLOCKS))
        unseen = divide_blocks(60, random_state=seed) != TRAIN
        estimates.append(block_jackknife(BlockScores(np.where(unseen, means * w, np.nan), w)))
    spreads = np.array([estimate.spread[:3] for estimate in estimates])
    assert np.var([estimate.mean for estimate in estimates]) == pytest.approx(spreads[:, 2].mean(), rel=0.2)
    changes = np.array([estimate.changes for estimate in estimates])
    assert (N_BLOCKS - 1) / N_BLOCKS * changes.var(axis=0).sum() == pytest.approx(spreads[:, 1].mean(), rel=0.1)


# --- a baseline with more splits


def test_the_baselines_further_splits_take_its_noise_out():
    random, w = np.random.default_rng(0), np.full(N_BLOCKS, 50.0)
    unseen = divide_blocks(400, random_state=0) != TRAIN
    shared = random.normal(scale=0.1, size=(400, 1))
    base, variant = (
        BlockScores(np.where(unseen, w * (shared + random.normal(scale=sd, size=(400, N_BLOCKS))), np.nan), w)
        for sd in (0.01, 0.05)
    )
    cut = [block_jackknife(BlockScores(scores.sums[:100], w)) for scores in (variant, base)]
    deep = block_jackknife(base)
    found = adjusted(*cut, deep)
    slope = (cut[0].noise_of_mean @ cut[1].noise_of_mean) / (cut[1].noise_of_mean @ cut[1].noise_of_mean)
    assert found.mean == pytest.approx(cut[0].mean - slope * (cut[1].mean - deep.mean))
    assert found.spread.noise_of_mean < 0.5 * cut[0].spread.noise_of_mean
    assert len(found.noise_of_mean) == 400
    assert (found - deep).spread.noise_of_mean < cut[0].spread.noise_of_mean


# --- intervals that hold together


def estimate(changes, noise=0.0, seed=0) -> Jackknife:
    random, changes = np.random.default_rng(seed), np.asarray(changes, float)
    return Jackknife(
        0.0, changes - changes.mean(), noise * random.normal(size=(40, 20)), noise * random.normal(size=40)
    )


def test_one_comparison_needs_no_more_and_many_never_more_than_bonferroni():
    random = np.random.default_rng(0)
    family = [estimate(random.normal(size=20), 0.1, seed) for seed in range(6)]
    assert joint_error(family[:1]) == joint_error([]) == 0.05
    assert 0.05 / 6 <= joint_error(family) < 0.05


def test_the_same_comparison_twice_needs_hardly_more_than_once():
    changes = np.random.default_rng(0).normal(size=20)
    assert joint_error([estimate(changes)] * 3, draws=20_000) == pytest.approx(0.05, rel=0.05)


def test_independent_comparisons_need_sidaks_error():
    changes = np.linalg.qr(np.eye(20)[:, :5] - 1 / 20)[0].T[:4]  # four that do not correlate
    assert joint_error([estimate(row) for row in changes], draws=40_000) == pytest.approx(1 - 0.95 ** (1 / 4), rel=0.06)


@pytest.mark.training
@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_the_family_holds_together_as_often_as_it_says(noise):
    """Means of 20 blocks with a common part, with noise that is known and added to both; the truth is 0."""
    random, held = np.random.default_rng(1), 0
    for _ in range(150):
        blocks = random.normal(size=(20, 6)) + random.normal(size=(20, 1))
        drawn = noise * random.normal(size=(40, 20, 6))
        changes = (blocks - blocks.mean(axis=0)) / 19 + (drawn - drawn.mean(axis=1, keepdims=True)).mean(axis=0)
        phi = (drawn - drawn.mean(axis=1, keepdims=True) - drawn.mean(axis=0) + drawn.mean(axis=(0, 1))) / 40
        psi = noise * random.normal(size=(40, 6)) / 40
        means = blocks.mean(axis=0) + psi.sum(axis=0)
        psi = psi - psi.mean(axis=0)
        family = [Jackknife(means[c], changes[:, c], phi[..., c], psi[:, c]) for c in range(6)]
        error = joint_error(family, draws=1000)
        held += all(lower <= 0 <= upper for lower, upper in (each.interval(error) for each in family))
    assert stats.binomtest(held, 150, 0.95, alternative="less").pvalue > 0.001


def test_ties_are_no_comparison():
    random = np.random.default_rng(0)
    family = [estimate(random.normal(size=20)) for _ in range(3)]
    tie = Jackknife(0.0, np.zeros(20), np.zeros((40, 20)), np.zeros(40))
    assert joint_error([*family, tie]) == joint_error(family)
    assert joint_error([tie, tie]) == 0.05


def test_families_that_share_the_processors_get_what_each_gets_alone(monkeypatch):
    monkeypatch.setattr("regularization.evidence.jackknife.DRAWS", 2000)
    random = np.random.default_rng(0)
    families = [[estimate(random.normal(size=20)) for _ in range(size)] for size in (2, 3, 7)]
    assert joint_errors(families) == [joint_error(family) for family in families]
