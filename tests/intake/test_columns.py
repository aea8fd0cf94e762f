import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.columns import encode_column, find_column, holds_dates, stand_in, suspicion
from regularization.table.preprocessing import Column

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
        (
            pd.Series([f"person {i}" for i in range(60)]),
            "60 different texts in 60 rows; expected at most half.*ignore",
        ),
        (pd.Series([f"{i},5" for i in range(60)]), r"numbers with a comma \(0,5\); set data.decimal"),
        (pd.Series([*map(str, range(60)), "many"]), r"row 61 \(many\): not a number; mend the file"),
        (pd.Series([None, None]), "there is no value in any row; name it under data.ignore"),
    ],
    ids=["dates", "dates with slashes", "free text", "decimal commas", "a slip", "empty"],
)
def test_what_is_not_taken_ends_in_a_line_that_says_what_to_do(values, message):
    with pytest.raises(InputError, match=message):
        find_column("c", values)


@pytest.mark.parametrize("texts", [["1.1.1", "1.10.2", "2.0.3"], ["10.0.0.1", "10.0.0.2", "10.0.1.1"]])
def test_versions_and_addresses_are_no_dates(texts):
    assert find_column("c", pd.Series(texts * 20)).categories == tuple(sorted(texts))


@pytest.mark.parametrize("date", ["31.12.2020", "31.12.20", "1. May 2020", "2020-12-31", "12/31/2020", "31 Dec 2020"])
def test_dates_are(date):
    assert holds_dates(pd.Series([date] * 20))


def test_fifty_states_and_one_are_categories_and_what_hardly_repeats_is_none():
    states = pd.Series([f"state {number}" for number in range(51)] * 8)
    assert len(find_column("c", states).categories) == 51
    with pytest.raises(InputError, match="51 different texts in 51 rows"):
        find_column("c", states.iloc[:51])
    with pytest.raises(InputError, match="101 different texts in 808 rows; expected at most half as many, and 100"):
        find_column("c", pd.Series([f"name {number}" for number in range(101)] * 8))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-999, 3, 4, -999], -999),
        ([-200.0, 2.5, -200.0], -200),
        ([-999, 3, 4], None),
        ([-999, -3, -999], None),
        ([-1, 1, -1], None),
        (["a", "b"], None),
    ],
)
def test_a_number_that_stands_for_no_value(values, expected):
    assert stand_in(pd.Series(values)) == expected


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (Column("c", categories=("a", "b")), ["a", "z"], r"row 2 \(z\): not one of its known values: 'a', 'b'"),
        (Column("c"), [1, np.inf], r"row 2 \(inf\): not a finite number"),
        (Column("c"), [1, np.nan], r"row 2 \(no value\): a value is missing, and none was"),
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
        ([*range(100, 159), 158], None),
        ([1.5, None] * 30, None),
        (range(5), None),
    ],
)
def test_what_looks_like_no_feature(values, reason):
    found = suspicion(pd.Series(list(values)))
    assert (found is None) if reason is None else (reason in found)


@pytest.mark.parametrize(
    ("name", "is_id"),
    [
        *((name, True) for name in ("id", "customer_id", "CustomerId", "EmployeeNumber", "PolicyNo")),
        *((name, False) for name in ("paid", "tornado", "Casino")),
    ],
)
def test_whole_numbers_that_all_differ_are_an_id_by_their_name(name, is_id):
    values = pd.Series([i * i for i in range(60)], name=name)
    assert (suspicion(values) is not None) == is_id
    assert (suspicion(values.where(values.index > 0, 3481)) is not None) == is_id  # but for one
    assert suspicion(values.astype(float) + 0.5) is None
    assert suspicion(values // 100) is None
