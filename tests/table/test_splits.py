import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from regularization.errors import InputError
from regularization.heads import head_of
from regularization.intake.checks import check_table, read_table
from regularization.intake.layout import Layout
from regularization.params.allowed import LARGEST_SEED
from regularization.table import (
    Rows,
    Table,
    describe,
    duplicate_groups,
    fit_preprocessor,
    leaked_rows,
    plan_splits,
    split_rows,
    split_rows_by_group,
    to_arrays,
)
from regularization.table.splits import shuffled_twin

GROUPS = np.concatenate([np.arange(80), np.arange(20)])  # 100 rows, 20 of them there twice
LABELS = GROUPS % 2
TABLE = Table(np.random.default_rng(0).normal(3, 2, (100, 4))[GROUPS], LABELS, GROUPS)
PLAN = {
    "test_size": 0.2,
    "validation_split": 0.2,
    "random_state": 42,
    "seed": 7,
    "seeds": 5,
    "splits": 12,
    "leaky_twins": 4,
}


def test_duplicate_groups_look_at_every_feature():
    groups = duplicate_groups(pd.DataFrame({"a": [1, 1, 1, 2], "b": [1, 2, 1, 1]}))
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_duplicates_may_share_missing_values():
    groups = duplicate_groups(pd.DataFrame({"a": [1, np.nan, np.nan, np.nan], "b": [1, 2, 2, 3]}))
    assert groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_split_and_scaling_are_the_notebooks_bit_for_bit(published_csv, params):
    data = pd.read_csv(published_csv, delimiter=";")
    data["quality"] = data["quality"].apply(lambda x: 1 if x >= 6 else 0)
    X, y = StandardScaler().fit_transform(data.drop("quality", axis=1)), data["quality"].values
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

    ours = read_table(published_csv, layout=Layout(";", ".", None, "utf-8"))
    ranges = {name: tuple(its.values()) for name, its in params["data"]["columns"].items()}
    ours = check_table(ours, columns=ranges, target="quality", threshold=6)
    table = Table(ours.features.to_numpy(), ours.y, duplicate_groups(ours.features))
    rows = split_rows(table.groups, test_size=0.2, validation_split=0.2, random_state=42)
    arrays = to_arrays(table, rows, fit_preprocessor(table, rows, fit_scaler_on="all"))

    assert X_train.shape == (1279, 11)
    np.testing.assert_array_equal(np.concatenate([arrays.X_train, arrays.X_val]), X_train)
    np.testing.assert_array_equal(np.concatenate([arrays.y_train, arrays.y_val]), y_train)
    np.testing.assert_array_equal(arrays.X_test, X_test)
    np.testing.assert_array_equal(arrays.y_test, y_test)
    assert describe(table, rows) == {
        "rows": {"all": 1599, "train": 1023, "validation": 256, "test": 320},
        "share_of_class_1": {"all": 0.5347, "train": 0.522, "validation": 0.5547, "test": 0.5594},
        "duplicate_rows": 240,
        "test_rows_also_in_training": 64,
        "majority_class_on_test_rows": head_of(2).constant_scores(arrays.y_train, arrays.y_test),
    }


@pytest.mark.training
def test_validation_rows_are_those_keras_takes():
    import keras

    X, y = np.arange(103.0)[:, None], np.zeros(103)
    rows = split_rows(np.arange(130), test_size=27, validation_split=0.2, random_state=0)
    seen = []

    class Recorder(keras.Model):
        def train_step(self, data):
            seen.append(data[0].numpy().ravel())
            return {"loss": 0.0}

        def test_step(self, _):
            return {"loss": 0.0}

    model = Recorder()
    model.compile(run_eagerly=True)
    model.fit(X, y, validation_split=0.2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen), np.arange(len(rows.train)))


@given(
    st.lists(st.integers(0, 30), min_size=40, max_size=120),
    st.floats(0.15, 0.5),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_a_split_by_groups_uses_every_row_once_and_leaks_none(numbers, share, random_state):
    groups = np.unique(numbers, return_inverse=True)[1]
    if len(np.unique(groups)) < 6:
        return
    rows = split_rows_by_group(groups, test_size=share, validation_split=share, random_state=random_state)
    assert sorted(np.concatenate(rows).tolist()) == list(range(len(groups)))
    assert leaked_rows(groups, rows) == 0
    assert not np.isin(groups[rows.val], groups[rows.train]).any()


def test_leaked_rows_counts_test_rows_seen_in_training_or_validation():
    rows = Rows(train=np.array([0]), val=np.array([1]), test=np.array([2, 3, 4]))
    assert leaked_rows(np.array([7, 8, 7, 8, 9]), rows) == 2


@pytest.mark.parametrize("groups", [np.zeros(50, int), np.array([0, 1] * 20)])
def test_too_few_distinct_rows_to_split_by_groups(groups):
    with pytest.raises(InputError, match="expected at least 3"):
        split_rows_by_group(groups, test_size=0.2, validation_split=0.2, random_state=0)


@pytest.mark.parametrize("split", [split_rows, split_rows_by_group])
@pytest.mark.parametrize(("test_size", "validation_split"), [(0.9, 0.2), (0.2, 0.9)])
def test_shares_that_leave_a_part_empty(split, test_size, validation_split):
    with pytest.raises(InputError, match="too small for this split"):
        split(np.arange(4), test_size=test_size, validation_split=validation_split, random_state=0)


@pytest.mark.parametrize("number", [LARGEST_SEED, 0])
def test_the_largest_seed_leaves_room_for_all_the_others(number):
    plan = plan_splits(TABLE, **PLAN | {"random_state": number, "seed": number, "splits": 10})
    assert max(seed for split in plan for seed in split.seeds) < 2**32
    assert LARGEST_SEED + 10**4 + 10**4 + 1 < 2**32


def test_too_few_rows_to_split():
    with pytest.raises(InputError, match="too small for this split"):
        split_rows(np.arange(2), test_size=0.5, validation_split=0.1, random_state=0)


def test_the_scaler_sees_the_training_rows_alone_unless_told_otherwise():
    X = np.array([[0.0], [2.0], [100.0], [300.0]])
    rows = Rows(train=np.array([0, 1]), val=np.array([2]), test=np.array([3]))
    table = Table(X, np.array([0, 1, 0, 1]), np.arange(4))
    assert fit_preprocessor(table, rows, fit_scaler_on="train").mean == [1.0]
    assert fit_preprocessor(table, rows, fit_scaler_on="all").mean == [100.5]


def test_a_new_row_is_scaled_as_the_training_rows_were():
    X, y = np.random.default_rng(0).normal(5, 3, (50, 2)), np.arange(50) % 2
    rows = split_rows(np.arange(50), test_size=0.2, validation_split=0.2, random_state=0)
    table = Table(X, y, np.arange(50))
    preprocessor = fit_preprocessor(table, rows, fit_scaler_on="train")
    arrays = to_arrays(table, rows, preprocessor)
    np.testing.assert_allclose(arrays.X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(arrays.X_train.std(axis=0), 1)
    np.testing.assert_array_equal(preprocessor.transform(X[rows.test[:1]]), arrays.X_test[:1])


def test_the_networks_of_every_split_have_the_same_inputs():
    """A category and a missing value that stand in one row only, which not every split trains on."""
    X = np.column_stack([np.arange(30.0), np.arange(30) % 2, np.arange(30) % 3])
    X[7, 0], X[7, 2] = np.nan, 3
    table = Table(X, np.arange(30) % 2, np.arange(30), n_categories=np.array([0, 2, 4]))
    assert table.n_inputs == (1 + 1) + 1 + 4
    for split in plan_splits(table, **PLAN):
        arrays = split.arrays(table)
        assert arrays.X_train.shape[1] == arrays.X_test.shape[1] == table.n_inputs
        assert np.isfinite(np.concatenate([arrays.X_train, arrays.X_val, arrays.X_test])).all()


# --- the three protocols


def splits_of(protocol: str, **changed) -> list:
    return [split for split in plan_splits(TABLE, **PLAN | changed) if split.protocol == protocol]


def test_the_notebooks_protocol_is_its_own_split_and_scaler():
    (split,) = splits_of("notebook")
    expected = split_rows(GROUPS, test_size=0.2, validation_split=0.2, random_state=42)
    for mine, theirs in zip(split.rows, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert split.fit_scaler_on == "all"
    assert len(split.seeds) == 5


def test_honest_splits_leak_nothing_and_differ():
    splits = splits_of("honest")
    assert [split.number for split in splits] == list(range(12))
    for split in splits:
        assert leaked_rows(GROUPS, split.rows) == 0
        assert not np.isin(GROUPS[split.rows.val], GROUPS[split.rows.train]).any()
        assert split.fit_scaler_on == "train"
        assert sorted(np.concatenate(split.rows).tolist()) == list(range(100))
        for part in split.rows:
            others = np.setdiff1d(np.arange(100), part)
            assert not set(split.blocks[part]) & set(split.blocks[others])
    assert len({split.rows.train.tobytes() for split in splits}) == 12


def test_a_leaky_twin_has_the_sizes_the_scaler_and_the_seeds_of_its_honest_split():
    twins = splits_of("leaky")
    assert len(twins) == 4
    for honest, leaky in zip(splits_of("honest"), twins, strict=False):
        assert [len(part) for part in honest.rows] == [len(part) for part in leaky.rows]
        assert (honest.number, honest.fit_scaler_on, honest.seeds) == (leaky.number, leaky.fit_scaler_on, leaky.seeds)
        assert sorted(np.concatenate(leaky.rows).tolist()) == list(range(100))
    assert sum(leaked_rows(GROUPS, split.rows) for split in twins) > 0


def test_a_table_without_duplicates_has_no_leaky_twins():
    table = Table(np.zeros((60, 2)), np.arange(60) % 2, np.arange(60))
    assert {split.protocol for split in plan_splits(table, **PLAN)} == {"notebook", "honest"}


def test_no_seed_serves_two_splits_nor_the_headline_models():
    seeds = [seed for protocol in ("notebook", "honest") for split in splits_of(protocol) for seed in split.seeds]
    assert len(set(seeds)) == len(seeds) == 5 + 12
    assert PLAN["seed"] not in seeds


def test_more_splits_leave_the_first_ones_as_they_were():
    for few, many in zip(splits_of("honest"), splits_of("honest", splits=20), strict=False):
        np.testing.assert_array_equal(few.rows.test, many.rows.test)
        assert few.seeds == many.seeds


def test_a_twin_is_the_same_for_the_same_random_state():
    rows = Rows(np.arange(5), np.arange(5, 8), np.arange(8, 10))
    first, again, other = (shuffled_twin(rows, random_state=state) for state in (1, 1, 2))
    np.testing.assert_array_equal(first.train, again.train)
    assert not np.array_equal(first.train, other.train)


def test_arrays_are_scaled_by_the_training_rows():
    arrays = splits_of("honest")[0].arrays(TABLE)
    np.testing.assert_allclose(arrays.X_train.mean(axis=0), 0, atol=1e-12)
    (notebook,) = splits_of("notebook")
    everything = notebook.arrays(TABLE)
    whole = np.concatenate([everything.X_train, everything.X_val, everything.X_test])
    np.testing.assert_allclose(whole.mean(axis=0), 0, atol=1e-12)


def test_a_table_too_small_for_the_blocks():
    with pytest.raises(InputError, match="expected 20 or more"):
        plan_splits(Table(np.zeros((60, 1)), np.arange(60) % 2, np.array([0, 1] * 30)), **PLAN)


def test_a_number_is_standardized_by_the_training_rows_and_dealt_without_regard_to_it():
    random = np.random.default_rng(0)
    table = Table(random.normal(size=(200, 2)), 50 + 5 * random.normal(size=200), np.arange(200), n_classes=0)
    plan = {"test_size": 0.2, "validation_split": 0.2, "random_state": 1, "seed": 3, "seeds": 2, "leaky_twins": 0}
    split = plan_splits(table, splits=10, **plan)[1]
    arrays = split.arrays(table)
    assert arrays.y_train.mean() == pytest.approx(0, abs=1e-12)
    assert arrays.y_train.std() == pytest.approx(1)
    assert arrays.restored(arrays.y_test) == pytest.approx(table.y[split.rows.test])
    shuffled = table._replace(y=random.permutation(table.y))
    assert (plan_splits(shuffled, splits=10, **plan)[1].blocks == split.blocks).all()


def test_blocks_are_alike_in_two_classes_and_as_they_come_in_more():
    y = np.repeat([0, 1], [120, 80])
    table = Table(np.zeros((200, 2)), y, np.arange(200))
    plan = {"test_size": 0.2, "validation_split": 0.2, "random_state": 1, "seed": 3, "seeds": 2, "leaky_twins": 0}
    blocks = plan_splits(table, splits=10, **plan)[1].blocks
    assert [set(np.bincount(blocks[y == label])) for label in (0, 1)] == [{6}, {4}]
    blocks = plan_splits(table._replace(y=2 * y, n_classes=3), splits=10, **plan)[1].blocks
    assert len(set(np.bincount(blocks[y == 0], minlength=20))) > 2
