"""How numbers are written, and that they are read as what they mean."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regularization.intake.marks import Marks, find_marks, read_marked


@pytest.mark.parametrize(
    ("columns", "delimiter", "expected"),
    [
        ([["323", "698", "62,503"]], "\t", Marks(".", ",")),
        ([["323", "698", "62.503"]], ";", Marks(",", ".")),
        ([["12,500", "1,235"]], ",", Marks(".", ",")),  # a comma in quotes is no decimal mark here
        ([["1.234,56"], ["20"]], ";", Marks(",", ".")),
        ([["$46,002.00 ", "$5.10"]], ",", Marks(".", ",")),
        ([["1.234.567", "12.000.000"]], ";", Marks(",", ".")),
        ([["62.503", "11.250"], ["0,5", "1,25"]], ";", Marks(",", ".")),  # another column decides
        ([["62.503", "11.250"], ["0.5", "1.25"]], ";", Marks(".", None)),
        ([["62.503", "11.250"]], ";", Marks(".", None, doubtful=True)),
        ([["1.125", "1500"]], ";", Marks(".", None, doubtful=True)),  # thousands have a mark or have none
        ([["62,503", "11,250"]], ";", Marks(",", None, doubtful=True)),
        ([["1,5", "0,25"]], ";", Marks(",", None)),
        ([["0.125", "0.250"]], ";", Marks(".", None)),
        ([["192.168.0.1"], ["1.10.2"], ["12.01.2019"], ["no, never"]], ";", Marks(".", None)),
        ([["1e-3", "2.5E+4", "-.5", "3."]], ",", Marks(".", None)),
        ([], ",", Marks(".", None)),
    ],
)
def test_marks_are_told_from_the_numbers(columns, delimiter, expected):
    assert find_marks(columns, delimiter=delimiter) == expected


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("62,503", ".", ",", 62503),
        ("62.503", ",", ".", 62503),
        ("1.234,56", ",", ".", 1234.56),
        ("$84,835.00", ".", ",", 84835),
        ("-€1.000", ",", ".", -1000),
        ("1 234", ".", None, 1234),
        ("1\u00a0234\u202f567,5", ",", None, 1234567.5),
        ("1'234", ".", None, 1234),
        ("45%", ".", None, 45),
        ("12,5 %", ",", None, 12.5),
    ],
)
def test_a_number_with_marks_is_what_it_means(text, decimal, thousands, value):
    table = pd.DataFrame({"a": [text, None]})
    assert read_marked(table, decimal=decimal, thousands=thousands) == {"a": text}
    assert table["a"].to_list()[0] == value
    assert np.isnan(table["a"].to_list()[1])


@pytest.mark.parametrize(
    "text", ["12.01.2019", "192.168.0.1", "030 123 456", "1,23,456", "12-34", "%", "1.2.3", "a1", "", "٣"]
)
def test_what_only_looks_like_a_number_stays_a_text(text):
    table = pd.DataFrame({"a": [text, "1.000"]})
    assert read_marked(table, decimal=",", thousands=".") == {}
    assert table["a"].to_list() == [text, "1.000"]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.sampled_from([",", "."]))
def test_whole_numbers_come_back_from_their_thousands(numbers, mark):
    texts = [f"{number:,}".replace(",", mark) for number in numbers]
    table = pd.DataFrame({"a": pd.Series(texts, dtype=object)})
    read_marked(table, decimal="." if mark == "," else ",", thousands=mark)
    assert table["a"].astype(float).to_list() == numbers


@given(st.lists(st.floats(-1e6, 1e6).map(lambda number: round(number, 2)), min_size=1))
def test_amounts_of_money_come_back(numbers):
    table = pd.DataFrame({"a": pd.Series([f"${number:,.2f}" for number in numbers], dtype=object)})
    read_marked(table, decimal=".", thousands=",")
    assert table["a"].astype(float).to_list() == numbers


def test_marks_of_what_is_missing_beside_numbers():
    table = pd.DataFrame({"a": ["-", "1.5", "\\N", "#DIV/0!"], "b": ["-", "x", "-", "y"], "c": ["-", ".", "-", "."]})
    assert read_marked(table, decimal=".", thousands=None) == {"a": "1.5"}
    assert table["a"].isna().to_list() == [True, False, True, True]
    assert table["b"].to_list() == ["-", "x", "-", "y"]
    assert table["c"].to_list() == ["-", ".", "-", "."]
