"""What may be said of the best of many: exact cases, oracles from scipy and statsmodels, and simulations."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from regularization.sweep.selection import (
    Scores,
    cost_of_choosing,
    difference_to,
    not_told_from_best,
    row_interval,
    simplest,
)

RANDOM = np.random.default_rng(0)
ROWS = 400
GROUPS = np.arange(ROWS) % 350


def scores_of(means, *, noise=0.3, shared=0.0, seed=0) -> Scores:
    """Normal scores around `means`: noise of each configuration's own, and of the rows."""
    random = np.random.default_rng(seed)
    rows = np.array(means)[:, None] + shared * random.standard_normal(ROWS)
    rows = rows + noise * random.standard_normal((len(means), ROWS))
    cells = rows.reshape(len(means), 10, -1).mean(axis=2)
    return Scores(rows, cells, np.arange(ROWS))


def test_the_interval_of_distinct_rows_is_students():
    values = RANDOM.normal(size=50)
    found = row_interval(values, np.arange(50))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found.value == pytest.approx(values.mean())
    assert (found.lower, found.upper) == pytest.approx(tuple(expected))


def test_the_interval_of_grouped_rows_is_that_of_clustered_errors():
    values = RANDOM.normal(size=ROWS) + RANDOM.normal(size=350)[GROUPS]
    oracle = sm.OLS(values, np.ones(ROWS)).fit(cov_type="cluster", cov_kwds={"groups": GROUPS}, use_t=True)
    found = row_interval(values, GROUPS)
    assert (found.lower, found.upper) == pytest.approx(tuple(oracle.conf_int()[0]), rel=1e-6)


def test_a_further_variance_widens_the_interval():
    values = RANDOM.normal(size=50)
    narrow, wide = (row_interval(values, np.arange(50), variance=each) for each in (0.0, 1.0))
    assert wide.value == narrow.value
    assert wide.upper - wide.lower > 2 * 1.96


def test_what_is_clearly_worse_is_left_out_and_twins_of_the_best_stay():
    scores = scores_of([0.5, 0.5, 0.9, 0.502])
    twins = scores._replace(rows=scores.rows[[0, 0, 2, 3]], cells=scores.cells[[0, 0, 2, 3]])
    assert not_told_from_best(twins).tolist() == [True, True, False, True]


def test_the_difference_of_two_is_that_of_paired_rows():
    scores = scores_of([0.5, 0.6], shared=5.0)
    even = scores._replace(cells=np.repeat(scores.means[:, None], 10, axis=1))  # without noise of the trainings
    found = difference_to(even, 1, 0)
    paired = scores.rows[1] - scores.rows[0]
    expected = stats.norm.interval(0.95, paired.mean(), stats.sem(paired, ddof=0))
    assert found.value == pytest.approx(paired.mean())
    assert (found.lower, found.upper) == pytest.approx(expected)
    wider = difference_to(scores, 1, 0)
    assert wider.upper - wider.lower > found.upper - found.lower
    assert difference_to(scores, 1, 1) == (0, 0, 0)


def test_the_difference_of_roots_holds_the_truth_as_often_as_it_says():
    held = []
    for seed in range(400):
        scores = scores_of([4.0, 4.5], noise=1.0, shared=1.0, seed=seed)
        even = scores._replace(cells=np.repeat(scores.means[:, None], 10, axis=1))
        found = difference_to(even, 1, 0, of_mean=np.sqrt)
        held.append(found.lower < np.sqrt(4.5) - 2 < found.upper)
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


def test_noise_that_all_rows_share_hides_no_difference():
    assert not_told_from_best(scores_of([0.5, 0.6], noise=0.1, shared=5.0)).tolist() == [True, False]


def test_one_configuration_is_the_best_and_its_choice_costs_nothing():
    scores = scores_of([0.5])
    assert not_told_from_best(scores).tolist() == [True]
    assert simplest(scores, np.array([True]), [3]) == 0
    assert cost_of_choosing(scores, 5) == (0, 0, 0)


def test_the_simplest_is_within_one_standard_error_of_the_best():
    scores = scores_of([0.5, 0.501, 0.7], noise=0.2)
    stays = np.ones(3, bool)
    assert simplest(scores, stays, [2, 1, 0]) == 1
    assert simplest(scores, np.array([True, False, False]), [2, 1, 0]) == 0


def test_of_equally_simple_ones_the_better_is_taken():
    scores = scores_of([0.501, 0.5], noise=0.01)
    assert simplest(scores, np.ones(2, bool), [0, 0]) == int(scores.means.argmin())


@pytest.mark.training
def test_choosing_among_equals_costs_what_the_best_only_seems_to_be_better():
    """All means are 0, so that the lowest one is luck alone, and the cost of choosing is its distance from 0."""
    costs, seeming = [], []
    for seed in range(20):
        scores = scores_of(np.zeros(30), noise=1.0, seed=seed)
        costs.append(cost_of_choosing(scores, 5).value)
        seeming.append(-scores.means.min())
    assert np.mean(costs) == pytest.approx(np.mean(seeming), rel=0.25)


@pytest.mark.slow
@pytest.mark.training
def test_the_interval_of_that_cost_covers_it():
    """60 studies: with a coverage of 95%, 51 or fewer would be covered once in 500 times."""
    true = -np.mean([scores_of(np.zeros(10), noise=1.0, seed=seed).means.min() for seed in range(2000)])
    found = [cost_of_choosing(scores_of(np.zeros(10), noise=1.0, seed=seed), 5) for seed in range(60)]
    assert sum(its.lower <= true <= its.upper for its in found) >= 52
    assert np.mean([its.upper - its.lower for its in found]) < 8 * np.std([its.value for its in found])


def test_a_clear_choice_costs_nothing():
    assert cost_of_choosing(scores_of([0.5, 5.0, 6.0]), 5).value == 0


@pytest.mark.slow
def test_the_best_stays_as_often_as_stated_where_all_differ_a_little():
    """Means in small steps, noise that configurations share in part: the hardest case is many that are nearly equal."""
    for steps in (0.0, 0.005):
        stayed = [
            not_told_from_best(scores_of(steps * np.arange(20), shared=0.3, seed=seed), random_state=seed)[0]
            for seed in range(400)
        ]
        assert np.mean(stayed) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 400)
