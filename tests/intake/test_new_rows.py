import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.checks import check_table
from regularization.intake.layout import Layout
from regularization.intake.new_rows import described, harmless, read_rows, to_inputs, unused_columns
from regularization.table.preprocessing import fit_on, to_plain

TABLE = pd.DataFrame(
    {
        "age": [30.0, None, 50.0, 40.0],
        "job": ["cook", "nurse", "pilot", "cook"],
        "height": [1.5, 1.6, 1.7, 1.8],
        "bought": [0, 1, 0, 1],
    }
)
CHECKED = check_table(TABLE, target="bought", columns=dict.fromkeys(TABLE) | {"height": (0, 3)})
FEATURES = CHECKED.features.to_numpy()
PREPROCESSOR = fit_on(
    FEATURES,
    n_categories=np.array([len(column.categories) for column in CHECKED.columns]),
    may_miss=np.isnan(FEATURES).any(axis=0),
)
PLAIN = to_plain(CHECKED.columns, PREPROCESSOR)


def test_rows_become_the_inputs_they_had_in_training_whatever_the_order_of_the_columns():
    inputs, filled = to_inputs(TABLE, PLAIN)
    np.testing.assert_array_equal(inputs, PREPROCESSOR.transform(FEATURES))
    np.testing.assert_array_equal(to_inputs(TABLE[["height", "job", "age"]], PLAIN)[0], inputs)
    assert not filled.any()


def test_a_number_that_none_lacked_in_training_is_the_median_and_named():
    rows = TABLE.assign(height=[1.5, None, 1.7, None])
    inputs, filled = to_inputs(rows, PLAIN, strict=False)
    assert filled.to_list() == ["", "height", "", "height"]
    expected, _ = to_inputs(TABLE.assign(height=[1.5, TABLE["height"].median(), 1.7, 1.65]), PLAIN)
    np.testing.assert_array_equal(inputs, expected)
    with pytest.raises(InputError, match="column 'job', row 1 .*a value is missing, and none was"):
        to_inputs(TABLE.assign(job=[None, "nurse", "pilot", "cook"]), PLAIN, strict=False)


NAMES = ["age", "job"]
TABLE_LAYOUT = Layout(";", ",", None, "utf-8")


@pytest.mark.parametrize(
    ("content", "layout", "expected"),
    [
        ("age;job\n1,5;cook\n", TABLE_LAYOUT, TABLE_LAYOUT),
        ("job;age;more\ncook;1,5;x\n", TABLE_LAYOUT, TABLE_LAYOUT),
        ("age,job\n1.5,cook\n", TABLE_LAYOUT, TABLE_LAYOUT._replace(delimiter=",", decimal=".")),
        ("Sales\nage;job\n1,5;cook\n", TABLE_LAYOUT._replace(skip=1), TABLE_LAYOUT._replace(skip=1)),
        ("age;job\n1,5;cook\n", TABLE_LAYOUT._replace(skip=1), TABLE_LAYOUT),
    ],
    ids=["as the table", "other columns", "other marks", "a title", "no title"],
)
def test_rows_are_read_as_the_table_or_as_they_are(content, layout, expected):
    rows, found = read_rows(content.encode(), layout, names=NAMES, target="bought")
    assert found == expected
    assert (rows["age"].iloc[0], rows["job"].iloc[0]) == (1.5, "cook")


@pytest.mark.parametrize("content", ["1,5;no;cook\n1,6;yes;cook\n", "1,5;cook\n1,6;cook\n", "job;age\ncook;1,5\n"])
def test_rows_of_a_table_without_names_may_lack_the_target_and_may_have_names(content):
    layout = TABLE_LAYOUT._replace(header=["age", "bought", "job"])
    rows, _ = read_rows(content.encode(), layout, names=NAMES, target="bought")
    assert (rows["age"].iloc[0], rows["job"].iloc[0]) == (1.5, "cook")


@pytest.mark.parametrize(
    ("content", "header", "thousands", "expected"),
    [
        ("1;2;no\n3;4;yes\n", ["age", "more", "bought"], None, [1, 3]),  # the table had a title; these have none
        ("1,5\n1,6\n", ["age", "bought"], None, [1.5, 1.6]),  # a decimal comma between no two fields
        ("1.500,2.25\n1.600,3.25\n", ["age", "more"], ".", [1.5, 1.6]),  # other marks with another delimiter
    ],
)
def test_no_row_without_names_is_lost_or_read_otherwise(content, header, thousands, expected):
    layout = TABLE_LAYOUT._replace(header=header, thousands=thousands, skip=1)
    rows, _ = read_rows(content.encode(), layout, names=["age"], target="bought")
    assert rows["age"].to_list() == expected


def test_no_text_of_predictions_begins_a_formula():
    table = pd.DataFrame({"row": [1, 2], "probability of =1+1": [0.5, 0.5], "class": ["=1+1", "-"]})
    found = harmless(table)
    assert list(found) == ["row", "probability of =1+1", "class"]
    assert found["class"].to_list() == ["'=1+1", "-"]
    assert list(harmless(pd.DataFrame({"@x": ["+"]}))) == ["'@x"]


KNOWN = {
    "layout": TABLE_LAYOUT._asdict(),
    "columns": PLAIN,
    "target": {"name": "bought", "labels": ["0", "1"], "threshold": None},
    "table": {"file": "a.csv", "sha256": "0" * 64, "origin": "published"},
}


@pytest.mark.parametrize(
    "damage",
    [
        {"layout": {"delimiter": ";"}},
        {"layout": TABLE_LAYOUT._asdict() | {"encoding": "utf-9"}},
        {"layout": None},
        *(
            {"layout": TABLE_LAYOUT._asdict() | wrong}
            for wrong in ({"delimiter": "ab"}, {"skip": "1"}, {"skip": 10**12})
        ),
        *({"layout": TABLE_LAYOUT._asdict() | wrong} for wrong in ({"header": 5}, {"missing": 3}, {"decimal": None})),
        *({"layout": TABLE_LAYOUT._asdict() | wrong} for wrong in ({"thousands": 3}, {"encoding": "hex"})),
        {"columns": [*PLAIN[:-1], PLAIN[-1] | {"limits": [1]}]},
        {"columns": [*PLAIN[:-1], PLAIN[-1] | {"limits": ["x", 1]}]},
        {"target": {"name": "bought", "labels": ["only"]}},
        {"columns": []},
        {"columns": [{"name": "age"}]},
        {"columns": [*PLAIN[:-1], PLAIN[-1] | {"scale": 0.0}]},
        {"columns": [*PLAIN[:-1], PLAIN[-1] | {"mean": float("nan")}]},
        {"columns": [*PLAIN[:-1], PLAIN[-1] | {"fill": "old"}]},
        {"columns": [*PLAIN[:-1], PLAIN[-1] | {"name": 3}]},
        {"target": {"name": "bought"}},
        {"target": {"name": "bought", "labels": []}},
        {"target": {"name": "bought", "labels": [1, 2]}},
        {"table": {}},
    ],
)
def test_a_damaged_description_ends_in_a_line(damage):
    described(KNOWN)
    with pytest.raises(InputError, match="what it says of its table is damaged; `dvc repro` makes it again"):
        described(KNOWN | damage)


def test_columns_that_it_does_not_take_are_named():
    assert unused_columns(TABLE.assign(id=1), PLAIN) == ["bought", "id"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (TABLE.drop(columns=["age", "job"]), r"the rows lack the columns \['age', 'job'\]"),
        (TABLE.assign(job="astronaut"), r"column 'job', rows 1 \(astronaut\).*not one of its known values: 'cook'"),
        (TABLE.assign(age="old"), r"column 'age', rows 1 \(old\).*not a number"),
        (TABLE.assign(height=9), "outside the plausible range 0 to 3"),
        (TABLE.assign(height=None), "column 'height'.*a value is missing, and none was"),
        (TABLE.iloc[:0], "there is a header and no rows"),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_a_line(rows, message):
    with pytest.raises(InputError, match=message):
        to_inputs(rows, PLAIN)
