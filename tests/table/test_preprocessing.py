"""scikit-learn's own transformers are the judge."""

import json

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from regularization.table.preprocessing import Column, count_inputs, fit_on, from_plain, to_plain

RANDOM = np.random.default_rng(0)
N_CATEGORIES = np.array([0, 0, 2, 4])
X = np.column_stack([RANDOM.normal(5, 3, (60, 2)), RANDOM.integers(0, 2, 60), RANDOM.integers(0, 4, 60)]).astype(float)
HOLES = X.copy()
HOLES[3, 1] = HOLES[9, 3] = HOLES[50, 1] = np.nan
MAY_MISS = np.isnan(HOLES).any(axis=0)
COLUMNS = (
    Column("a", limits=(0.0, 20.0)),
    Column("b", may_miss=True),
    Column("c", ("no", "yes")),
    Column("d", ("n", "o", "p", "q"), may_miss=True),
)


def fitted():
    return fit_on(HOLES[:40], n_categories=N_CATEGORIES, may_miss=MAY_MISS)


def test_it_is_scikit_learns_column_transformer():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    codes = [np.arange(number, dtype=float) for number in N_CATEGORIES[2:]]
    categories = OneHotEncoder(categories=codes, drop="if_binary", handle_unknown="ignore", sparse_output=False)
    theirs = ColumnTransformer([("numbers", numbers, [0, 1]), ("categories", categories, [2, 3])])
    with pytest.warns(UserWarning, match="unknown categories"):  # it takes a missing text for an unknown one
        expected = theirs.fit(HOLES[:40]).transform(HOLES)
    ours = fitted().transform(HOLES)
    assert ours.shape == (60, count_inputs(N_CATEGORIES, MAY_MISS)) == (60, 9)
    np.testing.assert_allclose(ours[:, [0, 1, 3, 4, 5, 6, 7]], expected, rtol=0, atol=1e-14)


def test_an_input_says_where_a_value_was_missing():
    ours = fitted().transform(HOLES)
    np.testing.assert_array_equal(ours[:, 2], np.isnan(HOLES[:, 1]))
    np.testing.assert_array_equal(ours[:, 8], np.isnan(HOLES[:, 3]))
    assert not ours[9, 4:8].any()


def test_rows_outside_those_it_was_fitted_on_change_nothing():
    changed = HOLES.copy()
    changed[40:] *= 100
    again = fit_on(changed[:40], n_categories=N_CATEGORIES, may_miss=MAY_MISS)
    for mine, other in zip(fitted(), again, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_column_without_a_value_or_a_spread_in_the_fitted_rows_stays_finite():
    fitted = fit_on(np.array([[np.nan, 3.0]] * 5), n_categories=np.zeros(2, int), may_miss=np.array([True, False]))
    np.testing.assert_array_equal(fitted.transform(np.array([[np.nan, 3.0], [7.0, 4.0]])), [[0, 1, 0], [7, 0, 1]])


def test_it_travels_as_json_without_losing_a_bit():
    columns, again = from_plain(json.loads(json.dumps(to_plain(COLUMNS, fitted()))))
    assert columns == COLUMNS
    np.testing.assert_array_equal(again.transform(HOLES), fitted().transform(HOLES))
