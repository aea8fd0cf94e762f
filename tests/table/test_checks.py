import io

import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.table.checks import binarize, check_table, read_table

COLUMNS = {"a": (0, 10), "b": (0, 10), "label": (0, 10)}


def small_table(**changed) -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 1.0, 2.0, 2.0], "label": [1, 9, 1, 9]} | changed)


def check(table: pd.DataFrame, threshold: float = 5) -> pd.DataFrame:
    return check_table(table, columns=COLUMNS, target="label", threshold=threshold)


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
        read = read_table(io.BytesIO(text), delimiter=";")
        check_table(read, columns={"a": (0, 9), "b": (0, 9)}, target="b", threshold=2)


def test_binarize_takes_the_threshold_itself_as_1():
    assert binarize(pd.Series([5, 6, 7]), 6).tolist() == [0, 1, 1]
