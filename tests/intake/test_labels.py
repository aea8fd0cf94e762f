import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.labels import binarize, few_rows, find_target


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
        (["a", "b", "c"], {"positive": "b"}, [0, 1, 0], ("not b", "b")),
        ([0.0, 1.0, 1.0], {}, [0, 1, 1], ("0", "1")),
        ([True, False, True], {}, [1, 0, 1], ("False", "True")),
    ],
)
def test_labels_and_what_they_mean(values, given, expected, labels):
    y, target = find_target("t", pd.Series(values), task="binary", **given)
    assert y.tolist() == expected
    assert target.labels == labels
    assert y.dtype == np.int64


@pytest.mark.parametrize(
    ("values", "given", "message"),
    [
        (["a", "b", "c"], {}, r"3 labels \(a, b, c\); expected two: set data.task to classes, or data.positive"),
        (
            ["a", "b", "c"],
            {"positive": "d"},
            "data.positive: received 'd'; expected one of the labels .*'a' or 'b' or 'c'",
        ),
        ([1, 2, 3], {}, "expected two: set data.task to number or classes, or data.threshold"),
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
        find_target("t", pd.Series(values), task="binary", **given)


@pytest.mark.parametrize(
    ("values", "expected", "labels"),
    [
        (["red", "blue", "green", "blue"], [2, 0, 1, 0], ("blue", "green", "red")),
        ([10, 2, 1, 2], [2, 1, 0, 1], ("1", "2", "10")),  # numbers by their size, not by their letters
        ([0.5, 2.0, 1.0], [0, 2, 1], ("0.5", "1", "2")),
        ([2**60 + 2, 2**60, 2**60 + 1], [2, 0, 1], tuple(str(2**60 + each) for each in range(3))),  # no floats
    ],
)
def test_classes_are_numbered_in_their_order(values, expected, labels):
    y, target = find_target("t", pd.Series(values), task="classes")
    assert y.tolist() == expected
    assert target.labels == labels


def test_numbers_stay_as_they_are():
    y, target = find_target("t", pd.Series(["1.5", "2", "1e3"]), task="number")
    assert y.tolist() == [1.5, 2, 1000]
    assert target.labels == ()


@pytest.mark.parametrize(
    ("task", "values", "message"),
    [
        ("number", [1.0, np.inf], r"row 2 \(inf\): not a finite number"),
        ("number", [1.0, None], r"row 2 .*the value to predict is missing"),
        ("number", ["1", "red"], r"row 2 \(red\): not a number; for labels set data.task"),
        ("number", [3, 3], "3 in every row; there is nothing to learn"),
        ("number", [1, 1e200], r"row 2 .*: larger than 1e\+150"),
        (
            "classes",
            ["a", "b"],
            r"2 labels \(a, b\); expected 3 to 50 classes; with two labels, set data.task",
        ),
        ("classes", list(range(60)), "60 labels .*; expected 3 to 50 classes; for numbers, set data.task to number"),
        ("classes", ["a", None, "b"], "row 2 .*the value to predict is missing"),
    ],
)
def test_what_is_not_of_the_task_ends_in_a_line(task, values, message):
    with pytest.raises(InputError, match=message):
        find_target("t", pd.Series(values), task=task)


def test_a_class_with_fewer_rows_than_there_are_blocks_is_named():
    y = np.repeat([0, 1, 2], [30, 4, 20])
    (line,) = few_rows(y, ("a", "b", "c"))
    assert line.startswith("class 'b' has 4 rows, fewer than the 20 blocks")
    assert few_rows(y[:34], ("a", "b")) == []
