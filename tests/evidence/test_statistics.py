"""Known answers, the verdict case by case, and what is refused."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from regularization.errors import InputError
from regularization.evidence import statistics

scores = st.lists(st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 3)), min_size=3, max_size=12)


@given(scores)
def test_mean_interval_is_scipys(values):
    spread = np.array(values) + np.linspace(0, 1, len(values))
    interval = stats.ttest_1samp(spread, 0).confidence_interval(0.95)
    found = statistics.mean_interval(spread)
    np.testing.assert_allclose((found.lower, found.upper), (interval.low, interval.high), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan]])
def test_too_few_or_unusable_values(values):
    with pytest.raises(InputError, match="expected 2 or more finite ones"):
        statistics.mean_interval(values)


@pytest.mark.parametrize(
    ("single", "joint", "higher_is_better", "expected"),
    [
        ((0.01, 0.05), (0.002, 0.06), True, "better"),
        ((0.01, 0.05), (0.002, 0.06), False, "worse"),
        ((-0.05, -0.01), (-0.06, -0.002), True, "worse"),
        ((-0.05, -0.01), (-0.06, -0.002), False, "better"),
        ((0.001, 0.05), (-0.01, 0.06), True, "likely better"),
        ((0.001, 0.05), (-0.01, 0.06), False, "likely worse"),
        ((-0.02, 0.05), (-0.03, 0.06), True, "undecided"),
        ((0.001, 0.009), (0.0005, 0.0095), True, "equivalent"),  # significant, but too small to matter
        ((-0.01, 0.01), (-0.01, 0.01), True, "equivalent"),  # the ends included
        ((-0.005, 0.005), (-0.011, 0.011), True, "undecided"),  # equivalence too must hold for the whole family
    ],
)
def test_verdict(single, joint, higher_is_better, expected):
    assert statistics.verdict(single, joint, equivalence=0.01, higher_is_better=higher_is_better) == expected


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(1, 3), st.floats(0.001, 1), st.booleans())
def test_every_difference_has_a_verdict_and_its_mirror_the_opposite_one(mean, half, factor, equivalence, higher):
    opposite = {"better": "worse", "worse": "better", "likely better": "likely worse", "likely worse": "likely better"}
    single, joint = (mean - half, mean + half), (mean - factor * half, mean + factor * half)
    said = statistics.verdict(single, joint, equivalence=equivalence, higher_is_better=higher)
    mirrored = [(-upper, -lower) for lower, upper in (single, joint)]
    assert said in statistics.VERDICTS
    assert statistics.verdict(*mirrored, equivalence=equivalence, higher_is_better=higher) == opposite.get(said, said)


@pytest.mark.parametrize("power", [0.7, 0.8, 0.9])
def test_the_detectable_difference_is_statsmodels(power):
    """One comparison of 20 values: the approximation is within 2% of the noncentral t distribution."""
    exact = TTestPower().solve_power(nobs=20, alpha=0.05, power=power, alternative="two-sided") * np.sqrt(20)
    found = statistics.detectable_difference(float(stats.t.isf(0.025, 19)), 1.0, power=power)
    assert found == pytest.approx(exact, rel=0.02)


def test_the_rule_of_three_is_the_exact_limit():
    """None of n rows: the 95% limit of a share is 1 - 0.05**(1 / n), a little under 3 / n."""
    assert statistics.rule_of_three(800) == pytest.approx(1 - 0.05 ** (1 / 800), rel=0.01)


def test_the_share_interval_covers_the_true_ratio():
    random, covered = np.random.default_rng(0), 0
    for _ in range(400):
        found = statistics.share_interval(random.normal(scale=0.5, size=30), random.normal(size=100))
        covered += found.lower <= 0.25 <= found.upper
    assert stats.binomtest(covered, 400, 0.95).pvalue > 0.001


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=2, max_size=4))
def test_win_probabilities_are_those_of_all_draws(samples):
    wins = np.zeros(len(samples))
    for draw in product(*samples):
        first = np.array(draw) == max(draw)
        wins += first / first.sum()
    expected = wins / np.prod([len(sample) for sample in samples])
    np.testing.assert_allclose(statistics.win_probabilities(samples), expected, atol=1e-12)


def test_win_probabilities_of_eleven_equal_samples():
    np.testing.assert_allclose(statistics.win_probabilities([[0.74, 0.75, 0.75, 0.76]] * 11), 1 / 11)
