import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.checks import CheckedTable, check_table, drop_unlabelled, read_table
from regularization.intake.layout import Layout

LAYOUT = Layout(",", ".", None, "utf-8")
COLUMNS = {"a": (0, 10), "b": (0, 10), "label": (0, 10)}


def small_table(**changed) -> pd.DataFrame:
    return pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 1.0, 2.0, 2.0], "label": [1, 9, 1, 9]} | changed)


def check(table: pd.DataFrame, threshold: float = 5) -> CheckedTable:
    return check_table(table, columns=COLUMNS, target="label", threshold=threshold)


def test_a_good_table_comes_back_as_floats_and_labels():
    checked = check(small_table(a=["1", "2", "3", "4"]))
    assert checked.features["a"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert set(checked.features.dtypes) == {np.dtype(float)}
    assert checked.y.tolist() == [0, 1, 0, 1]
    assert checked.target.labels == ("below 5", "at least 5")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (small_table(a=[1, 2, "x", 4]), "column 'a', row 3 (x): not a number"),
        (small_table(a=[1, 2, 3, 44]), "column 'a', row 4 (44): outside the plausible range 0 to 10 of data.columns"),
        (small_table(a=[1, 2, 3, np.inf]), "column 'a', row 4 (inf): outside the plausible range 0 to 10"),
        (small_table(label=[1, 9, 1, 99]), "column 'label', row 4 (99): outside the plausible range 0 to 10"),
        (small_table(label=[1, 9, None, 9]), "column 'label', row 3 (no value): the value to predict is missing"),
        (small_table().drop(columns="b"), "missing: ['b']; not expected: none"),
        (small_table(c=0), "not expected: ['c']; name what is to be left out under data.ignore"),
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
        check(small_table(a=["1", "?!", "3", "99"], b=[1, 1, 99, 1]))
    assert len(str(raised.value).splitlines()) == 3


def test_many_bad_rows_are_counted_not_listed():
    with pytest.raises(InputError, match="and 15 more"):
        check(pd.DataFrame({"a": [99.0] * 20, "b": 1.0, "label": [1, 9] * 10}))


def test_missing_values_stay_missing_and_are_told_of():
    checked = check(small_table(b=[1, None, 1, None]))
    assert [column.may_miss for column in checked.columns] == [False, True]
    assert np.isnan(checked.features["b"]).tolist() == [False, True, False, True]


def test_without_a_list_every_column_is_taken_but_the_ignored_ones():
    table = small_table(color=["red", "blue", "red", "red"], id=[7, 8, 9, 10])
    checked = check_table(table, target="label", ignore=["id"], threshold=5)
    assert list(checked.features) == ["a", "b", "color"]
    assert checked.columns[2].categories == ("blue", "red")
    assert checked.features["color"].to_list() == [1.0, 0.0, 1.0, 1.0]


def test_a_name_that_the_table_lacks_is_refused():
    with pytest.raises(InputError, match="the table has no column 'idd', which params.yaml names"):
        check_table(small_table(), target="label", ignore=["idd"], threshold=5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the file is empty"),
        (b"a;b\n1;2;3;4\n1;2\n1;2;3\n", "not readable"),
        (b"\xff\xfe\x00", "not readable as utf-8"),
    ],
)
def test_a_file_that_is_no_table(text, message):
    with pytest.raises(InputError, match=message):
        read = read_table(text, layout=LAYOUT._replace(delimiter=";"))
        check_table(read, columns={"a": (0, 9), "b": (0, 9)}, target="b", threshold=2)


def test_decimal_commas_other_characters_and_marks_of_missing_values():
    text = "Größe;Farbe\n1,5; weiß\n?;rot\n".encode("cp1252")
    read = read_table(text, layout=Layout(";", ",", None, "cp1252"))
    assert read["Größe"].iloc[0] == 1.5
    assert np.isnan(read["Größe"].iloc[1])
    assert read["Farbe"].to_list() == ["weiß", "rot"]


def test_a_mark_at_the_start_of_the_file_is_not_part_of_the_first_name():
    assert list(read_table("\ufeffa,b\n1,2\n".encode(), layout=LAYOUT)) == ["a", "b"]


def test_blanks_at_the_ends_of_names_and_texts_are_no_part_of_them():
    table = read_table(b"a ,b\nYes ,1\nYes, 2\n ,3\n", layout=LAYOUT)
    assert list(table) == ["a", "b"]
    assert table["a"].fillna("none").to_list() == ["Yes", "Yes", "none"]


def test_rows_without_a_target_are_left_out_and_counted():
    table = pd.DataFrame({"a": [1, 2, 3], "y": ["no", None, "yes"]})
    kept, n_left_out = drop_unlabelled(table, "y", LAYOUT)
    assert n_left_out == 1
    assert kept["a"].to_list() == [1, 3]
    assert kept.index.to_list() == [0, 1]
    none = table.assign(y=None)
    assert drop_unlabelled(none, "y", LAYOUT)[1] == 0  # `find_target` refuses it
