"""Known answers, the verdict case by case, invariances, and what is refused."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW

from regularization.errors import InputError
from regularization.evidence import statistics

STUDIES = 1000
SPLITS = 20
SIZES = {"n_train": 1023, "n_test": 320}

scores = st.lists(st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 3)), min_size=3, max_size=12)


# --- intervals


@given(scores)
def test_mean_interval_is_scipys(values):
    expected = stats.ttest_1samp(np.array(values) + np.linspace(0, 1, len(values)), 0)
    found = statistics.mean_interval(np.array(values) + np.linspace(0, 1, len(values)))
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose((found.lower, found.upper), (interval.low, interval.high), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.p_value, expected.pvalue, rtol=1e-7)


def test_corrected_interval_by_hand():
    found = statistics.corrected_interval([1, 2, 3], n_train=2, n_test=1)
    assert found.mean == 2
    assert found.standard_error == pytest.approx(np.sqrt(5 / 6))  # (1/3 + 1/2) * 1
    assert found.upper == pytest.approx(2 + 4.302653 * np.sqrt(5 / 6), rel=1e-6)  # t table, 2 degrees of freedom


def test_corrected_interval_gives_scikit_learns_documented_example():
    """The figures printed on its page "Statistical comparison of models using grid search", one-sided p as there."""
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel), X, y, scoring="roc_auc", cv=folds) for kernel in ("rbf", "linear")
    )
    corrected = statistics.corrected_interval(rbf - linear, n_train=90, n_test=10)
    assert round(corrected.mean / corrected.standard_error, 3) == 0.750
    assert round(corrected.p_value / 2, 3) == 0.227
    uncorrected = statistics.mean_interval(rbf - linear)
    assert round(uncorrected.mean / uncorrected.standard_error, 3) == 2.611
    assert round(uncorrected.p_value / 2, 3) == 0.005


# --- the verdict's rule, case by case


def limit(sd: float, n_splits: int = SPLITS, **settings) -> float:
    return statistics.detectable_difference(sd, n_splits, **SIZES, **settings)


def estimate(lower: float, upper: float) -> statistics.Estimate:
    return statistics.Estimate((lower + upper) / 2, (upper - lower) / 4, 19, lower, upper, 0.01)


@pytest.mark.parametrize(
    ("lower", "upper", "p_adjusted", "higher_is_better", "expected"),
    [
        (0.01, 0.05, 0.001, True, "better"),
        (0.01, 0.05, 0.001, False, "worse"),
        (-0.05, -0.01, 0.001, True, "worse"),
        (-0.05, -0.01, 0.001, False, "better"),
        (0.01, 0.05, 0.06, True, "undecided"),  # Holm's family takes it back
        (-0.01, 0.05, 0.2, True, "undecided"),
        (-0.015, 0.015, 1.0, True, "equivalent"),
        (0.001, 0.015, 0.001, True, "equivalent"),  # significant, and too small to matter
        (-0.02, 0.02, 1.0, True, "equivalent"),  # the region's ends belong to it
        (0.005, 0.028, 0.001, True, "undecided"),  # wholly under the limit of 0.03
        (-0.028, -0.005, 0.001, True, "undecided"),
        (0.005, 0.031, 0.001, True, "better"),  # observed under the limit, compatible with more
    ],
)
def test_verdict(lower, upper, p_adjusted, higher_is_better, expected):
    settings = {"p_adjusted": p_adjusted, "rope": 0.02, "detectable": 0.03, "higher_is_better": higher_is_better}
    assert statistics.verdict(estimate(lower, upper), **settings) == expected


@given(scores, st.floats(0, 1), st.booleans())
def test_swapping_two_variants_negates(values, rope, higher):
    opposite = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}
    there = statistics.corrected_interval(np.array(values))
    back = statistics.corrected_interval(-np.array(values))
    assert (back.mean, back.lower, back.upper, back.p_value) == (-there.mean, -there.upper, -there.lower, there.p_value)
    settings = {"p_adjusted": there.p_value, "rope": rope, "higher_is_better": higher}
    assert statistics.verdict(back, **settings) == opposite[statistics.verdict(there, **settings)]
    improvement = statistics.probability_of_improvement
    assert improvement(values, higher_is_better=higher) == pytest.approx(
        1 - improvement(-np.array(values), higher_is_better=higher)
    )


@given(scores, st.randoms(use_true_random=False))
def test_order_of_the_splits_changes_nothing(values, random):
    shuffled = random.sample(values, len(values))
    before, after = (statistics.corrected_interval(order) for order in (values, shuffled))
    np.testing.assert_allclose(before, after, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rope", [0.0, 0.01])
def test_a_variant_is_equivalent_to_itself(rope):
    same = statistics.corrected_interval(np.zeros(SPLITS))
    assert same == (0, 0, SPLITS - 1, 0, 0, 1)
    detectable = limit(0.0, rope=rope)
    assert statistics.verdict(same, p_adjusted=1.0, rope=rope, detectable=detectable) == "equivalent"


def test_a_constant_difference_without_spread_is_certain():
    found = statistics.corrected_interval(np.full(SPLITS, 0.5))
    assert (found.lower, found.upper, found.p_value) == (0.5, 0.5, 0)
    assert statistics.verdict(found, p_adjusted=0.0, rope=0.01, detectable=limit(0.0, rope=0.01)) == "better"


# --- tests, power, shares


def test_holm_by_hand():
    np.testing.assert_allclose(statistics.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])


@given(scores, st.floats(0.1, 20))
def test_equivalence_p_value_is_statsmodels(values, rope):
    values = np.array(values) + np.linspace(0, 1, len(values))
    found = statistics.mean_interval(values)
    expected = DescrStatsW(values).ttost_mean(-rope, rope)[0]
    p_value = statistics.equivalence_p_value(found, rope=rope)
    np.testing.assert_allclose(p_value, expected, rtol=1e-6, atol=1e-12)
    inside = -rope <= found.lower and found.upper <= rope
    assert inside == (p_value <= 0.025) or p_value == pytest.approx(0.025)


def test_probability_of_improvement_counts_ties_half():
    assert statistics.probability_of_improvement([0.1, 0.0, -0.2, 0.3]) == 0.625
    assert statistics.probability_of_improvement([0.1, 0.0, -0.2, 0.3], higher_is_better=False) == 0.375


@pytest.mark.parametrize(("n", "difference", "comparisons"), list(product([5, 20, 50], [0.3, 0.6, 1.0], [1, 11])))
def test_claim_probability_is_statsmodels_power(n, difference, comparisons):
    """Its noncentral t for one sample, less the tail of the wrong sign."""
    settings = {"standard_error": 1 / np.sqrt(n), "df": n - 1, "comparisons": comparisons}
    expected = TTestPower().power(difference, nobs=n, alpha=0.05 / comparisons / 2, alternative="larger")
    assert statistics.claim_probability(difference, **settings) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("n", "comparisons"), [(10, 1), (20, 1), (50, 1), (20, 11), (50, 11)])
def test_detectable_difference_is_statsmodels(n, comparisons):
    """Where neither region nor limit binds. That the interval must reach the limit costs up to 2% at 10 values."""
    expected = TTestPower().solve_power(nobs=n, alpha=0.05 / comparisons, power=0.8)
    found = statistics.detectable_difference(1.0, n, comparisons=comparisons)
    assert expected <= found <= 1.02 * expected


@pytest.mark.parametrize("comparisons", [1, 11])
def test_detectable_difference_is_proportional_to_the_spread(comparisons):
    assert limit(0.03, comparisons=comparisons) == pytest.approx(0.03 * limit(1.0, comparisons=comparisons))
    assert limit(0.03, rope=0.01, comparisons=comparisons) >= limit(0.03, comparisons=comparisons) > 0.01


def test_a_wide_region_of_equivalence_raises_the_limit():
    """A difference inside the region is called equivalent, so that nothing under it can be found."""
    assert limit(0.001, rope=0.01) == pytest.approx(0.01, rel=0.1)
    assert limit(0.0, rope=0.01) == 0.01


def test_detectable_difference_does_not_vanish_with_more_splits():
    floor = np.sqrt(320 / 1023) * (stats.norm.isf(0.025) + stats.norm.isf(0.2))
    assert limit(1.0, 10_000) == pytest.approx(floor, rel=0.01)
    assert limit(1.0, 5) > limit(1.0, 20) > limit(1.0, 100) > floor


def test_variance_components_give_shrout_and_fleiss_published_table():
    """Six targets, four judges: ICC(1,1) = 0.17, F = 1.79, mean squares 11.24 and 6.26 (Shrout and Fleiss 1979)."""
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    found = statistics.variance_components(ratings.ravel(), np.repeat(range(6), 4))
    assert round(found.share_between, 2) == 0.17
    assert round(found.within, 2) == 6.26
    assert round(found.between * 4 + found.within, 2) == 11.24
    assert found.lower == 0  # published as -0.133: a share is not negative
    assert round(found.upper, 3) == 0.723


def test_variance_components_are_statsmodels_mixed_model():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 3)
    values = rng.normal(size=30)[groups] * 2 + rng.normal(size=90)
    fitted = MixedLM(values, np.ones(90), groups).fit(reml=True)
    found = statistics.variance_components(values, groups)
    assert found.between == pytest.approx(fitted.cov_re[0, 0], rel=1e-3)
    assert found.within == pytest.approx(fitted.scale, rel=1e-3)


def test_variance_share_covers_95_percent():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(SPLITS), 2)
    values = rng.normal(size=(STUDIES, SPLITS))[:, groups] + rng.normal(size=(STUDIES, len(groups)))
    found = [statistics.variance_components(study, groups) for study in values]
    assert 0.93 <= np.mean([share.lower <= 0.5 <= share.upper for share in found]) <= 0.97


def test_variance_components_of_unequal_groups_are_unbiased():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(10), [1, 2, 2, 3, 3, 3, 4, 4, 5, 6])
    values = 3 * rng.normal(size=(2 * STUDIES, 10))[:, groups] + rng.normal(size=(2 * STUDIES, len(groups)))
    between, within = np.mean([statistics.variance_components(study, groups)[:2] for study in values], axis=0)
    assert between == pytest.approx(9, rel=0.05)
    assert within == pytest.approx(1, rel=0.05)


def test_variance_without_any_spread_is_no_share_at_all():
    assert statistics.variance_components(np.ones(6), [0, 0, 1, 1, 2, 2]) == (0, 0, 0, 0, 0)


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


# --- what is refused


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [1.0, np.inf], [[1.0, 2.0], [3.0, 4.0]]])
def test_too_few_or_unusable_values(values):
    with pytest.raises(InputError, match="2 or more finite values"):
        statistics.mean_interval(values)


def test_impossible_sizes():
    with pytest.raises(InputError, match="n_train of at least 1"):
        statistics.corrected_interval([1, 2, 3], n_train=0, n_test=1)


@pytest.mark.parametrize("power", [0.0, 0.99, 1.0])
def test_impossible_power(power):
    with pytest.raises(InputError, match="power between"):
        statistics.detectable_difference(1.0, SPLITS, power=power)


@pytest.mark.parametrize("groups", [[0, 0, 0], [0, 1, 2]])
def test_groups_that_separate_nothing(groups):
    with pytest.raises(InputError, match="2 or more groups"):
        statistics.variance_components([1.0, 2.0, 3.0], groups)
