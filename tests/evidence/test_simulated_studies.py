"""Do the intervals and verdicts keep their promises where the truth is known? In short here, in full with `slow`."""

import pytest

from benchmarks import head_studies
from benchmarks.family_studies import LEARNERS, families
from benchmarks.interval_studies import CASES, agreement, coverage

pytestmark = pytest.mark.training


def name_of(case) -> str:
    return f"{case.name}, {case.n_rows} rows"


SHORT = [case for case in CASES if case.n_rows == 200 and "without seeds" in case.name]


@pytest.mark.parametrize("case", SHORT, ids=name_of)
def test_the_interval_covers_the_truth_in_short(case):
    """40 studies: with a coverage of 93% or more, 33 or fewer would be covered once in 250 times."""
    for found in coverage(case, studies=40, splits=60, tables=300).values():
        assert found["coverage"] >= 34 / 40


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [0, 4])
def test_the_intervals_of_functions_of_sums_cover_the_truth_in_short(n_classes):
    """As above; 200 rows, of several classes one with about 6."""
    case = next(case for case in head_studies.CASES if case.n_classes == n_classes and case.n_rows == 200)
    for found in head_studies.coverage(case, studies=40, tables=100, splits=60).values():
        assert found["coverage"] >= 34 / 40


def test_the_intervals_of_a_family_hold_together_in_short():
    """20 studies: with 93% or more of them, 15 or fewer would hold once in 150 times."""
    names = ["3 headline pairs", "8 others with the baseline"]
    for found in families("ridge without seeds", studies=20, names=names, splits=60, tables=100).values():
        assert found["all_hold"] >= 16 / 20
        assert found["falsely_equivalent"] <= 4 / 20
        assert found.get("best_kept", 1) >= 16 / 20


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_the_interval_covers_the_truth(case):
    for found in coverage(case, studies=1000).values():
        assert found["coverage"] >= 0.93
        assert found["error_of_truth"] < 0.1 * found["half_width"]


@pytest.mark.slow
@pytest.mark.parametrize("case", head_studies.CASES, ids=name_of)
def test_the_interval_of_a_function_of_sums_covers_the_truth(case):
    for found in head_studies.coverage(case, studies=400).values():
        assert found["coverage"] >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_new_seeds_and_splits_of_the_same_blocks_agree(case):
    for share in agreement(case, studies=100).values():
        assert share >= 0.86


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEARNERS)
def test_the_intervals_of_a_family_hold_together(kind):
    for found in families(kind, studies=300).values():
        assert found["all_hold"] >= 0.93
        assert found["falsely_equivalent"] <= 0.07
        assert found.get("best_kept", 1) >= 0.93
