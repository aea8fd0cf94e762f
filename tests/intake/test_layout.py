import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.checks import read_table
from regularization.intake.layout import find_layout

HEIGHTS = pd.DataFrame({"city": ["Köln", "Graz", "Zürich"] * 20, "height": np.arange(60) / 100 + 1.5, "y": [0, 1] * 30})
ROWS = "1,0.5,0\n2,1.5,1\n3,2.5,0\n4,3.5,1\n"


def read(content: bytes | str, **asked) -> pd.DataFrame:
    content = content.encode() if isinstance(content, str) else content
    return read_table(content, layout=find_layout(content, **asked)[0])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_delimiter_and_decimal_mark_are_found(delimiter, decimal):
    content = HEIGHTS.to_csv(index=False, sep=delimiter, decimal=decimal).encode()
    assert find_layout(content)[0].delimiter == delimiter
    assert read(content)["height"].iloc[1] == 1.51


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_the_encoding_is_found(encoding):
    table = read(HEIGHTS.to_csv(index=False).encode(encoding))
    assert set(table["city"]) == {"Köln", "Graz", "Zürich"}
    assert list(table) == ["city", "height", "y"]


@pytest.mark.parametrize(
    ("above", "n_above"),
    [
        ("", 0),
        ("sep=,\n", 1),
        ("# exported 2024-01-01\n", 1),
        ("# a, with commas, within\n\nSales\n", 3),
        ("Sales\n", 1),
    ],
    ids=["nothing", "Excel", "comment", "several", "title"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_above_the_names_are_skipped(above, n_above, end):
    content = (above + "a,b,y\n" + ROWS).replace("\n", end).encode()
    assert find_layout(content)[0].skip == n_above
    pd.testing.assert_frame_equal(read(content), read("a,b,y\n" + ROWS))


@pytest.mark.parametrize(
    "content",
    ["a,b,y\n" + ROWS.replace("\n", ",\n"), '"a,b,y"\n' + "".join(f'"{row}"\n' for row in ROWS.split())],
    ids=["a delimiter behind each row", "each line in quotes"],
)
def test_fields_are_those_of_the_plain_file(content):
    pd.testing.assert_frame_equal(read(content), read("a,b,y\n" + ROWS))


def test_quotes_within_quoted_lines_are_undone():
    table = read('school;age;y\n"""GP"";18;0"\n"""MS; 2"";17;1"\n"""GP"";16;0"\n')
    assert table["school"].to_list() == ["GP", "MS; 2", "GP"]
    assert table["age"].to_list() == [18, 17, 16]


def test_a_file_with_carriage_returns_alone():
    pd.testing.assert_frame_equal(read(("a,b,y\n" + ROWS).replace("\n", "\r")), read("a,b,y\n" + ROWS))


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        "5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,versicolor\n6.4,3.2,versicolor\n",
        "low,2,unacc\nhigh,2,unacc\nlow,2,acc\nhigh,2,acc\n",
        "b,30.83,+\na,58.67,-\nb,30.83,+\na,24.50,-\n",
        "39, State-gov, <=50K\n50, Private, >50K\n38, Private, <=50K\n52, State-gov, >50K\n",
    ],
    ids=["numbers", "iris", "kinds", "credit", "adult"],
)
def test_a_file_without_names_is_noticed_and_read_where_that_is_said(rows):
    rows = rows * 3
    with pytest.raises(InputError, match="the first line holds values .*HEADER=no numbers the columns"):
        find_layout(rows.encode())
    table = read(rows, header=False)
    assert list(table) == ["column 1", "column 2", "column 3"]
    assert len(table) == len(rows.splitlines())
    named = read(rows, header=["a", "b", "y"])
    pd.testing.assert_frame_equal(named.set_axis(table.columns, axis=1), table)
    assert len(read(rows, header=True)) == len(table) - 1


@pytest.mark.parametrize(
    "names", ["a,b,y", "1999,2000,y", "low,high,class", "x,x,x", "0,1,2", "1999,2000,2001", ",b,y"]
)
def test_names_are_no_values(names):
    assert list(read(f"{names}\nlow,0.5,0\nhigh,1.5,1\nlow,2.5,0\nhigh,3.5,1\n").iloc[:, 1]) == [0.5, 1.5, 2.5, 3.5]


def test_a_name_that_is_a_value_elsewhere_is_a_name():
    rows = "".join(f"letter {number},{'spam' if number % 3 else 'ham'}\n" for number in range(30))
    assert list(read("text,spam\n" + rows)) == ["text", "spam"]


def test_a_padded_title_is_skipped_and_missing_values_are_no_second_names():
    assert list(read("Sales report,,\na,b,y\n" + ROWS)) == ["a", "b", "y"]
    table = read("a,b,y\nNULL,NULL,1\n" + ROWS)
    assert (len(table), table["a"].isna().sum()) == (5, 1)


def test_a_comma_in_each_line_is_no_delimiter_where_another_cuts_as_well():
    table = read("Preis, EUR;y\n" + "".join(f"{number},5;{number % 2}\n" for number in range(20)))
    assert table["Preis, EUR"].to_list()[:2] == [0.5, 1.5]


@pytest.mark.parametrize("word", ["España", "São", "naïve", "Köln"])
def test_few_letters_beyond_ascii_are_those_of_the_west(word):
    table = read(f"a,name\n1,{word}\n2,b\n3,b\n".encode("cp1252"))
    assert table["name"].iloc[0] == word


def test_utf_16_without_a_mark_is_refused():
    with pytest.raises(InputError, match="characters of no text"):
        find_layout(("a,b,y\n" + ROWS).encode("utf-16-be"))


def test_lines_in_quotes_and_others_do_not_mix():
    quoted = "a,b,y\n" + '"0,1,2"\n' * 205
    with pytest.raises(InputError, match="line 207 is not in quotes as a whole"):
        read(quoted + "0,1,2\n" * 60)
    with pytest.raises(InputError, match="lines in quotes: field larger than"):
        read(quoted + '"' + "x" * 200_000)


def test_one_column_with_quotes_is_as_it_stands():
    layout = find_layout(b"a,y\n1,0\n2,1\n")[0]
    assert read_table(b'a\n1\n""\n3\n', layout=layout)["a"].isna().tolist() == [False, True, False]
    assert read_table(b'a\n"x, y"\n"z"\n', layout=layout)["a"].to_list() == ["x, y", "z"]


def test_names_that_repeat_are_refused():
    with pytest.raises(InputError, match=r"data.header: received \['a', 'a', 'y'\]; expected names that differ"):
        read(ROWS, header=["a", "a", "y"])


def test_as_many_names_as_columns_are_expected():
    with pytest.raises(InputError, match="3 columns; expected 2, as data.header has so many names"):
        read(ROWS, header=["a", "b"])


def test_two_lines_of_names_are_noticed():
    content = "X1,X2,Y\nage,income,default\n" + ROWS
    with pytest.raises(InputError, match=r"the second line looks like names too \('age', 'income'.*: SKIP=1"):
        find_layout(content.encode())
    assert list(read(content, skip=1)) == ["age", "income", "default"]
    assert len(read(content, skip=0)) == 5


def test_what_stands_for_a_missing_value_can_be_said():
    content = "a,country\n-999,NA\n2,EU\n3,NA\n4,EU\n"
    assert read(content)["country"].isna().sum() == 2
    assert read(content, missing=[])["country"].to_list() == ["NA", "EU", "NA", "EU"]
    table = read(content, missing=["-999"])
    assert table["a"].isna().tolist() == [True, False, False, False]
    assert table["country"].isna().sum() == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a y\n1 2\n", "no delimiter found in 'a y"),
        (b"a,b,y\n1,2,3,4\n1,2,3,4\n", "fields between ',': the first line has 3 of them, others 4; mend it"),
        (b"a,y\n1,2\n\n1,2,3\n3,4\n", "fields between ',': line 3 that is not empty has 3 of them, others 2"),
        (b"a,y", "the file has no two lines"),
    ],
)
def test_what_is_no_table_ends_in_a_line_that_says_what_to_do(content, message):
    with pytest.raises(InputError, match=message):
        find_layout(content)


def test_a_long_line_far_below_is_named_by_its_number():
    content = ("# a title\na,b,y\n" + ROWS * 100 + "1,2,3,4\n").encode()
    with pytest.raises(InputError, match="line 403 has 4 fields, others 3; mend it"):
        read(content)
