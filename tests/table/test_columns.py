import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.table.columns import Column, encode_column, find_column, suspicion

DAYS = pd.Series(pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d"))


@pytest.mark.parametrize(
    ("values", "categories", "encoded"),
    [
        ([1.5, 2, 3], (), [1.5, 2, 3]),
        ([True, False, True], (), [1, 0, 1]),
        ([True, None, False], (), [1, np.nan, 0]),
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (["b", None, "a"], ("a", "b"), [1, np.nan, 0]),
        (["18-25", "26-40", "3+"], ("18-25", "26-40", "3+"), [0, 1, 2]),
    ],
)
def test_what_a_column_is_and_its_floats(values, categories, encoded):
    values = pd.Series(values)
    column = find_column("c", values)
    assert column.categories == categories
    assert column.may_miss == values.isna().any()
    np.testing.assert_array_equal(encode_column(values, column), encoded)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (DAYS, r"column 'c': dates \(2020-01-01\); make numbers of them"),
        (DAYS.str.replace("-", "/"), "dates"),
        (pd.Series([f"person {i}" for i in range(60)]), "60 different texts; expected at most 50.*data.ignore"),
        (pd.Series([f"{i},5" for i in range(60)]), r"numbers with a comma \(0,5\); set data.decimal"),
        (pd.Series([*map(str, range(60)), "many"]), r"row 61 \(many\): not a number; mend the file"),
        (pd.Series([None, None]), "there is no value in any row; name it under data.ignore"),
    ],
    ids=["dates", "dates with slashes", "free text", "decimal commas", "a slip", "empty"],
)
def test_what_is_not_taken_ends_in_a_line_that_says_what_to_do(values, message):
    with pytest.raises(InputError, match=message):
        find_column("c", values)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (Column("c", categories=("a", "b")), ["a", "z"], r"row 2 \(z\): not one of its known values: 'a', 'b'"),
        (Column("c"), [1, np.inf], r"row 2 \(inf\): not a finite number"),
        (Column("c"), [1, np.nan], r"row 2 \(nan\): a value is missing, and none was"),
        (Column("c", limits=(0, 1)), [-1, 0], r"row 1 \(-1\): outside the plausible range 0 to 1"),
        (Column("c", limits=(0, 9)), [True, False], r"rows 1 \(True\), 2 \(False\): not a number"),
        (Column("c", limits=(0, 9)), [1, "0_4"], r"row 2 \(0_4\): not a number"),
        (Column("c", limits=(0, 9)), ["1", "\u0664"], "row 2 .*: not a number"),  # Arabic four
        (Column("c"), ["1", "x" * 10**6], r"row 2 \(x{40}\): not a number"),
    ],
)
def test_new_values_are_held_to_what_the_column_is(column, values, message):
    with pytest.raises(InputError, match=message):
        encode_column(pd.Series(values), column)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([3] * 60, "the same value"),
        (range(100, 160), "numbers the rows"),
        ([i * 7 for i in range(60)], None),
        ([1.5, None] * 30, None),
        (range(5), None),
    ],
)
def test_what_looks_like_no_feature(values, reason):
    found = suspicion(pd.Series(list(values)))
    assert (found is None) if reason is None else (reason in found)


@pytest.mark.parametrize(
    ("name", "is_id"), [("id", True), ("customer_id", True), ("CustomerId", True), ("paid", False), ("tornado", False)]
)
def test_whole_numbers_that_all_differ_are_an_id_by_their_name(name, is_id):
    values = pd.Series([i * i for i in range(60)], name=name)
    assert (suspicion(values) is not None) == is_id
    assert suspicion(values.astype(float) + 0.5) is None
    assert suspicion(values // 100) is None
