import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from regularization import table as tables
from regularization.errors import InputError

COLUMNS = {"a": (0, 10), "b": (0, 10), "label": (0, 10)}


def small_table(**changed) -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 1.0, 2.0, 2.0], "label": [1, 9, 1, 9]} | changed)


def check(table: pd.DataFrame, threshold: float = 5) -> pd.DataFrame:
    return tables.check_table(table, columns=COLUMNS, target="label", threshold=threshold)


def test_a_good_table_comes_back_as_floats():
    checked = check(small_table(a=["1", "2", "3", "4"]))
    assert checked["a"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert set(checked.dtypes) == {np.dtype(float)}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (small_table(a=[1, 2, "x", 4]), "column 'a', row 3 (x): not a number"),
        (small_table(b=[1, None, 1, None]), "column 'b', rows 2 (nan), 4 (nan): a value is missing; expected a number"),
        (small_table(a=[1, 2, 3, 44]), "column 'a', row 4 (44.0): outside the plausible range 0 to 10 of data.columns"),
        (small_table(a=[1, 2, 3, np.inf]), "column 'a', row 4 (inf): outside the plausible range 0 to 10"),
        (small_table().drop(columns="b"), "missing: ['b']; not expected: none"),
        (small_table(c=0), "missing: none; not expected: ['c']"),
        (small_table()[["b", "a", "label"]], "expected in the order ['a', 'b', 'label']"),
        (small_table().iloc[:0], "the table has a header and no rows"),
        (pd.DataFrame({"a,b,label": ["1,2,3"]}), "the whole header is one column, 'a,b,label': is data.delimiter"),
    ],
)
def test_a_bad_table_is_refused_with_column_rows_and_rule(table, message):
    with pytest.raises(InputError) as raised:
        check(table)
    assert message in str(raised.value)


def test_every_failed_rule_has_a_line():
    with pytest.raises(InputError) as raised:
        check(small_table(a=[1, None, 3, 99], b=[1, 1, 99, 1]))
    assert len(str(raised.value).splitlines()) == 3


def test_many_bad_rows_are_counted_not_listed():
    with pytest.raises(InputError, match="and 15 more"):
        check(pd.DataFrame({"a": [99.0] * 20, "b": 1.0, "label": [1, 9] * 10}))


@pytest.mark.parametrize("threshold", [1, 9.5])
def test_one_class_alone_is_refused(threshold):
    with pytest.raises(InputError, match="every row is on one side of data.threshold"):
        check(small_table(), threshold=threshold)


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"", "the file is empty"), (b"a;b\n1;2;3;4\n1;2\n1;2;3\n", "not readable"), (b"\xff\xfe\x00", "not readable")],
)
def test_a_file_that_is_no_table(text, message):
    with pytest.raises(InputError, match=message):
        read = tables.read_table(io.BytesIO(text), delimiter=";")
        tables.check_table(read, columns={"a": (0, 9), "b": (0, 9)}, target="b", threshold=2)


def test_binarize_takes_the_threshold_itself_as_1():
    assert tables.binarize(pd.Series([5, 6, 7]), 6).tolist() == [0, 1, 1]


def test_duplicate_groups_look_at_every_feature():
    groups = tables.duplicate_groups(pd.DataFrame({"a": [1, 1, 1, 2], "b": [1, 2, 1, 1]}))
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_split_and_scaling_are_the_notebooks_bit_for_bit(published_csv, params):
    data = pd.read_csv(published_csv, delimiter=";")
    data["quality"] = data["quality"].apply(lambda x: 1 if x >= 6 else 0)
    X, y = StandardScaler().fit_transform(data.drop("quality", axis=1)), data["quality"].values
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

    ours = tables.read_table(published_csv, delimiter=";")
    ours = tables.check_table(ours, columns=params["data"]["columns"], target="quality", threshold=6)
    features = ours.drop(columns="quality")
    groups = tables.duplicate_groups(features)
    rows = tables.split_rows(groups, test_size=0.2, validation_split=0.2, random_state=42)
    scaler = tables.fit_scaler(features.to_numpy(), rows, fit_scaler_on="all")
    arrays = tables.to_arrays(features.to_numpy(), tables.binarize(ours["quality"], 6), rows, scaler)

    assert X_train.shape == (1279, 11)
    np.testing.assert_array_equal(np.concatenate([arrays.X_train, arrays.X_val]), X_train)
    np.testing.assert_array_equal(np.concatenate([arrays.y_train, arrays.y_val]), y_train)
    np.testing.assert_array_equal(arrays.X_test, X_test)
    np.testing.assert_array_equal(arrays.y_test, y_test)
    assert tables.describe(y, groups, rows) == {
        "rows": {"all": 1599, "train": 1023, "validation": 256, "test": 320},
        "share_of_class_1": {"all": 0.5347, "train": 0.522, "validation": 0.5547, "test": 0.5594},
        "duplicate_rows": 240,
        "test_rows_also_in_training": 64,
    }


def test_validation_rows_are_those_keras_takes():
    import keras

    X, y = np.arange(103.0)[:, None], np.zeros(103)
    rows = tables.split_rows(np.arange(130), test_size=27, validation_split=0.2, random_state=0)
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
    rows = tables.split_rows_by_group(groups, test_size=share, validation_split=share, random_state=random_state)
    assert sorted(np.concatenate(rows).tolist()) == list(range(len(groups)))
    assert tables.leaked_rows(groups, rows) == 0
    assert not np.isin(groups[rows.val], groups[rows.train]).any()


def test_leaked_rows_counts_test_rows_seen_in_training_or_validation():
    rows = tables.Rows(train=np.array([0]), val=np.array([1]), test=np.array([2, 3, 4]))
    assert tables.leaked_rows(np.array([7, 8, 7, 8, 9]), rows) == 2


@pytest.mark.parametrize("groups", [np.zeros(50, int), np.array([0, 1] * 20)])
def test_too_few_distinct_rows_to_split_by_groups(groups):
    with pytest.raises(InputError, match="expected at least 3"):
        tables.split_rows_by_group(groups, test_size=0.2, validation_split=0.2, random_state=0)


def test_too_few_rows_to_split():
    with pytest.raises(InputError, match="too small for this split"):
        tables.split_rows(np.arange(2), test_size=0.5, validation_split=0.1, random_state=0)


def test_the_scaler_sees_the_training_rows_alone_unless_told_otherwise():
    X = np.array([[0.0], [2.0], [100.0], [300.0]])
    rows = tables.Rows(train=np.array([0, 1]), val=np.array([2]), test=np.array([3]))
    assert tables.fit_scaler(X, rows, fit_scaler_on="train").mean_ == [1.0]
    assert tables.fit_scaler(X, rows, fit_scaler_on="all").mean_ == [100.5]


def test_a_new_row_is_scaled_as_the_training_rows_were():
    X, y = np.random.default_rng(0).normal(5, 3, (50, 2)), np.arange(50) % 2
    rows = tables.split_rows(np.arange(50), test_size=0.2, validation_split=0.2, random_state=0)
    scaler = tables.fit_scaler(X, rows, fit_scaler_on="train")
    arrays = tables.to_arrays(X, y, rows, scaler)
    np.testing.assert_allclose(arrays.X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(arrays.X_train.std(axis=0), 1)
    np.testing.assert_array_equal(scaler.transform(X[rows.test[:1]]), arrays.X_test[:1])
