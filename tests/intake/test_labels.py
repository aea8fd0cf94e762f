import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.labels import binarize, find_labels


def test_binarize_takes_the_threshold_itself_as_1():
    assert binarize(pd.Series([5, 6, 7]), 6).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("values", "given", "expected", "labels"),
    [
        ([4, 6, 8], {"threshold": 6}, [0, 1, 1], ("below 6", "at least 6")),
        (["no", "yes", "no"], {"positive": "yes"}, [0, 1, 0], ("no", "yes")),
        (["no", "yes", "no"], {"positive": "no"}, [1, 0, 1], ("yes", "no")),
        (["no", "yes", "no"], {"positive": True}, [0, 1, 0], ("no", "yes")),  # `positive: yes` without quotes
        ([1, 2, 1], {"positive": 2.0}, [0, 1, 0], ("1", "2")),
        ([1000001, 1000002, 1000001], {"positive": 1000002}, [0, 1, 0], ("1000001", "1000002")),
        ([0.1234567, 0.1234568], {"positive": 0.1234568}, [0, 1], ("0.1234567", "0.1234568")),
        ([20240101, 20240102], {"threshold": 20240102}, [0, 1], ("below 20240102", "at least 20240102")),
        ([0, 1, 1], {}, [0, 1, 1], ("0", "1")),
        ([0.0, 1.0, 1.0], {}, [0, 1, 1], ("0", "1")),
        ([True, False, True], {}, [1, 0, 1], ("False", "True")),
    ],
)
def test_labels_and_what_they_mean(values, given, expected, labels):
    y, target = find_labels("t", pd.Series(values), **given)
    assert y.tolist() == expected
    assert target.labels == labels
    assert y.dtype == np.int64


@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        (["a", "b", "c"], {}, r"3 labels \(a, b, c\); expected two: write a column"),
        ([1, 2, 3], {}, "expected two, or a number in data.threshold"),
        ([1000001, 1000002, 5], {}, r"3 labels \(1000001, 1000002, 5\); expected two"),
        (["a", "a"], {"positive": "a"}, "there is nothing to learn"),
        (["no", "yes"], {}, "the labels are 'no' and 'yes'; set data.positive"),
        (["no", "yes"], {"positive": "yess"}, "data.positive: received 'yess'; expected one of the labels"),
        (["no", "yes"], {"threshold": 6}, "not a number, which data.threshold needs; for labels set data.positive"),
        (["no", None], {"positive": "no"}, r"row 2 \(.*\): the value to predict is missing"),
        ([1, 9], {"threshold": 1}, "every row is on one side of data.threshold"),
        ([1, 9], {"threshold": 9.5}, "every row is on one side of data.threshold"),
    ],
)
def test_what_is_no_target_ends_in_a_line_that_says_what_to_do(values, given, message):
    with pytest.raises(InputError, match=message):
        find_labels("t", pd.Series(values), **given)
