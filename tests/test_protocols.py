import numpy as np
import pytest

from regularization.errors import InputError
from regularization.protocols import plan_studies, shuffled_twin
from regularization.table import Rows, leaked_rows, split_rows

GROUPS = np.concatenate([np.arange(80), np.arange(20)])  # 100 rows, 20 of them there twice
PLAN = {
    "test_size": 0.2,
    "validation_split": 0.2,
    "random_state": 42,
    "seed": 7,
    "seeds": 5,
    "splits": 4,
    "seeds_per_split": 2,
}


def studies_of(protocol: str, **changed) -> list:
    return [study for study in plan_studies(GROUPS, **PLAN | changed) if study.protocol == protocol]


def test_the_notebooks_protocol_is_its_own_split_and_scaler():
    (study,) = studies_of("notebook")
    expected = split_rows(GROUPS, test_size=0.2, validation_split=0.2, random_state=42)
    for mine, theirs in zip(study.rows, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert study.fit_scaler_on == "all"
    assert len(study.seeds) == 5


def test_honest_splits_leak_nothing_and_differ():
    studies = studies_of("honest")
    assert [study.split for study in studies] == [0, 1, 2, 3]
    for study in studies:
        assert leaked_rows(GROUPS, study.rows) == 0
        assert not np.isin(GROUPS[study.rows.val], GROUPS[study.rows.train]).any()
        assert study.fit_scaler_on == "train"
        assert sorted(np.concatenate(study.rows).tolist()) == list(range(100))
    assert len({study.rows.test.tobytes() for study in studies}) == 4


def test_a_leaky_twin_has_the_sizes_the_scaler_and_the_seeds_of_its_honest_split():
    for honest, leaky in zip(studies_of("honest"), studies_of("leaky"), strict=True):
        assert [len(part) for part in honest.rows] == [len(part) for part in leaky.rows]
        assert (honest.split, honest.fit_scaler_on, honest.seeds) == (leaky.split, leaky.fit_scaler_on, leaky.seeds)
        assert sorted(np.concatenate(leaky.rows).tolist()) == list(range(100))
    assert sum(leaked_rows(GROUPS, study.rows) for study in studies_of("leaky")) > 0


def test_no_seed_serves_two_splits_nor_the_headline_models():
    seeds = [seed for protocol in ("notebook", "honest") for study in studies_of(protocol) for seed in study.seeds]
    assert len(set(seeds)) == len(seeds) == 5 + 4 * 2
    assert PLAN["seed"] not in seeds


def test_more_splits_leave_the_first_ones_as_they_were():
    for few, many in zip(studies_of("honest"), studies_of("honest", splits=6), strict=False):
        np.testing.assert_array_equal(few.rows.test, many.rows.test)
        assert few.seeds == many.seeds


def test_a_twin_is_the_same_for_the_same_random_state():
    rows = Rows(np.arange(5), np.arange(5, 8), np.arange(8, 10))
    first, again, other = (shuffled_twin(rows, random_state=state) for state in (1, 1, 2))
    np.testing.assert_array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)


def test_arrays_are_scaled_by_the_training_rows():
    X, y = np.random.default_rng(0).normal(3, 2, (100, 4)), GROUPS % 2
    arrays = studies_of("honest")[0].arrays(X, y)
    np.testing.assert_allclose(arrays.X_train.mean(axis=0), 0, atol=1e-12)
    (notebook,) = studies_of("notebook")
    everything = notebook.arrays(X, y)
    whole = np.concatenate([everything.X_train, everything.X_val, everything.X_test])
    np.testing.assert_allclose(whole.mean(axis=0), 0, atol=1e-12)


def test_a_table_too_small_to_split_by_groups():
    with pytest.raises(InputError, match="expected at least 3"):
        plan_studies(np.array([0, 1] * 30), **PLAN)
