import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.checks import check_table
from regularization.intake.sniffing import choose_positive, choose_task, generous_range, understand

PEOPLE = pd.DataFrame(
    {
        "id": range(60),
        "city": ["Köln", "Graz", "Zürich"] * 20,
        "height": [1.5 + i / 100 for i in range(60)],
        "born": pd.date_range("1990-01-01", periods=60).strftime("%d.%m.%Y"),
        "note": [f"met {i} times" for i in range(60)],
        "country": "DE",
        "bought": ["no", "no", "yes"] * 20,
    }
)


def written(table: pd.DataFrame = PEOPLE, encoding: str = "utf-8", **changed) -> bytes:
    return table.to_csv(index=False, **changed).encode(encoding)


def test_what_is_no_feature_is_left_out_with_its_reason():
    understood = understand(written(), target="bought")
    assert list(understood.left_out) == ["id", "born", "note", "country"]
    assert "numbers the rows" in understood.left_out["id"]
    assert "dates" in understood.left_out["born"]
    assert "60 different texts" in understood.left_out["note"]
    assert "same value" in understood.left_out["country"]
    assert understood.data_values() == {
        "delimiter": ",",
        "decimal": ".",
        "thousands": None,
        "encoding": "utf-8",
        "skip": 0,
        "header": True,
        "missing": None,
        "columns": {"city": None, "height": [0.91, 2.7], "bought": None},
        "ignore": ["id", "born", "note", "country"],
        "kinds": [],
        "target": "bought",
        "task": "binary",
        "threshold": None,
        "positive": "yes",
        "curves": {"loss": "binary_crossentropy", "score": "accuracy"},
    }


def test_a_wide_table_gets_no_list_of_columns():
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(10, 500)).round(2)).add_prefix("x").assign(y=[0, 1] * 5)
    assert understand(written(wide), target="y").data_values()["columns"] is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1], None),
        ([True, False], None),
        (["no", "yes", "yes"], "yes"),
        (["x", "x", "z"], "z"),
        ([1, 2, 1], "2"),  # German credit, Haberman: the rarer one, whatever it is called
        ([2, 1, 2], "1"),
        ([-1, 1, 1], "1"),
    ],
)
def test_the_positive_one_of_two_labels_is_chosen(values, expected):
    assert choose_positive(pd.Series(values)) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1], "binary"),
        (["no", "yes"], "binary"),
        ([3.5, 7.25], "binary"),
        (["a", "b", "c"], "classes"),
        ([0, 1, 2], "classes"),  # as scikit-learn writes kinds of wine
        ([1, 2, 3, 5, 6, 7], "classes"),  # kinds of glass
        ([3, 4, 5, 6, 7, 8], "number"),  # the quality of wine: no kind begins at 3
        (list(range(11)), "number"),
        ([0, 1, 2.5], "number"),
        ([1, None, 2, 3], "classes"),
    ],
)
def test_the_task_is_told_from_the_values(values, expected):
    assert choose_task(pd.Series(values)) == expected


def test_a_task_that_is_asked_for_stands():
    table = pd.DataFrame({"x": np.arange(60) / 7, "kind": np.arange(60) % 3})
    assert understand(written(table), target="kind").task == "classes"
    number = understand(written(table), target="kind", task="number").data_values()
    assert (number["task"], number["threshold"], number["positive"]) == ("number", None, None)
    assert number["curves"] == {"loss": "mean_squared_error", "score": "mean_absolute_error"}
    halved = understand(written(table), target="kind", threshold=1).data_values()
    assert (halved["task"], halved["threshold"]) == ("binary", 1)
    one = understand(written(table), target="kind", positive="2").data_values()
    assert (one["task"], one["positive"]) == ("binary", "2")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1], (0, 1)),
        ([3.2, 8.1], (0, 13)),
        ([-3, 8.1], (-15, 20)),
        ([101, 103], (99, 110)),
        ([True, False], None),
    ],
)
def test_ranges_are_generous(values, expected):
    assert generous_range(pd.Series(values)) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1,2,0\n3,4,1\n", "the first line holds values"),
        (b"a,b,c\n1,2,3\n", "TARGET: received 'y'; expected one of the columns 'a', 'b', 'c'"),
        (b"x,y\n1,EU\n2,NA\n3,EU\n", "column 'y': 'EU' in 2 rows and no value in 1; .* MISSING=none reads it as one"),
        (b"x,y\n1,red\n2,red\n3,red\n", "column 'y': 1 label"),
        (b"x,y\n7,0\n7,1\n", "no column is left to predict 'y' from"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe\x81\x8d", "no text that can be read|no two lines|no delimiter|TARGET"),
    ],
)
def test_what_is_no_table_ends_in_a_line_that_says_what_to_do(content, message):
    with pytest.raises(InputError, match=message):
        understand(content, target="y")


def test_a_number_that_is_not_finite_leaves_its_column_out():
    table = PEOPLE.assign(weight=[np.inf, *range(59)])
    assert "row 1 (inf): not a finite number" in understand(written(table), target="bought").left_out["weight"]


@pytest.mark.parametrize("largest", [1e31, 1e308, -1e308])
def test_a_number_beyond_32_bits_leaves_its_column_out(largest):
    table = PEOPLE.assign(weight=[largest, *range(59)])
    assert "larger than 1e+30" in understand(written(table), target="bought").left_out["weight"]


@pytest.mark.parametrize(("target", "expected"), [("first", "id"), ("last", "bought"), ("2", "city"), ("city", "city")])
def test_the_target_is_named_or_told_by_its_place(target, expected):
    assert understand(written(), target=target).target == expected
    renamed = understand(written(PEOPLE.rename(columns={"city": "last"})), target="last")
    assert renamed.target == "last"


def test_a_footer_makes_no_texts_of_numbers():
    rows = "".join(f"{number % 30},1{number % 9},{number % 2}\n" for number in range(60))
    found = understand(f"a,b,y\n{rows}Total,,\n".encode(), target="y")
    assert (found.n_unlabelled, found.table["a"].tolist()) == (1, [*range(30), *range(30)])
    assert {column.name: column.limits for column in found.columns} == {"a": (0, 58), "b": (2, 26)}


def test_true_and_false_may_be_kinds_and_are_two_labels():
    table = PEOPLE.assign(member=[True, False] * 30)
    found = understand(written(table), target="bought", kinds=["member"])
    assert next(its for its in found.columns if its.name == "member").categories == ("False", "True")
    with pytest.raises(InputError, match="expected 3 to 50 classes; with two labels"):
        understand(written(table), target="member", task="classes")


def test_the_last_column_is_one_that_holds_values():
    rows = "".join(f"{number % 30},{number % 2},\n" for number in range(60))
    assert understand(f"a,y,\n{rows}".encode(), target="last").target == "y"
    assert understand(rows.encode(), target="last", header=False).target == "column 2"


def test_numbers_that_stand_for_kinds_are_taken_as_texts_are():
    table = PEOPLE.assign(code=[1, 2, 10] * 20, other=[1.0, None, 2.0] * 20)
    found = understand(written(table), target="bought", kinds=["code", "other"])
    columns = {column.name: column for column in found.columns}
    assert columns["code"].categories == ("1", "2", "10")
    assert (columns["other"].categories, columns["other"].may_miss) == (("1", "2"), True)
    assert found.data_values()["kinds"] == ["code", "other"]
    checked = check_table(found.table, target="bought", positive="yes", ignore=list(found.left_out), kinds=found.kinds)
    assert checked.features["code"].to_list() == [0, 1, 2] * 20
    assert checked.features["other"].fillna(-1).to_list() == [0, -1, 1] * 20
    with pytest.raises(InputError, match="KINDS: received 'cod'; expected some of 'id', 'city'"):
        understand(written(table), target="bought", kinds=["cod"])
    many = pd.concat([PEOPLE] * 4).assign(code=[number % 101 for number in range(240)])
    reason = understand(written(many), target="bought", kinds=["code"]).left_out["code"]
    assert reason == "101 different numbers"


def test_a_nameless_column_of_row_numbers_is_left_out():
    found = understand(b",a,y\n7,1.5,0\n9,2.5,1\n12,1.5,1\n", target="y")
    assert found.left_out == {"Unnamed: 0": "it has no name, and all its values differ"}


def test_a_delimiter_behind_the_last_name_is_passed_over():
    found = understand(b'"a","y",\n1.5,0\n2.5,1\n3.5,1\n', target="y")
    assert [column.name for column in found.columns] == ["a"]
    assert list(found.left_out) == ["Unnamed: 2"]


def test_rows_without_a_target_are_counted():
    found = understand(b"a,y\n1.5,0\n2.5,1\n3.5,\n4.5,0\n", target="y")
    assert (len(found.table), found.n_unlabelled) == (3, 1)
