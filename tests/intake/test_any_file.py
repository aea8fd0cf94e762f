"""Whatever stands in a file of rows, it is taken or it ends in lines: never in a traceback, never in half a table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regularization.errors import InputError
from regularization.intake.checks import check_table, read_table
from regularization.intake.layout import Layout
from regularization.intake.sniffing import understand
from stages._ends import as_lines

PIECES = [
    *",;\t|\n\r\"'.:-/ ",
    *("0", "1", "2.5", "-3", "1e400", "1e-400", "9" * 400, "3_4", "\u0664", "0x1F", "+", "inf", "nan"),
    *("NA", "?", "null", "true", "False", "yes", "no", "a", "b"),
    *("2020-01-31", "31.12.2020", "12:30", "1,5", "\0", "\ufeff"),
]
FIELDS = st.sampled_from(PIECES) | st.text(max_size=4)
FREE = st.lists(FIELDS, max_size=30).map("".join)
TABLES = st.tuples(
    st.sampled_from([",", ";", "\t", "|", ":"]),
    st.lists(st.lists(FIELDS, min_size=3, max_size=3), min_size=1, max_size=30),
).map(lambda drawn: "\n".join(drawn[0].join(row) for row in [["a", "b", "y"], *drawn[1]]) + "\n")
FILES = (FREE | TABLES).map(str.encode) | st.binary(max_size=60)


def take(content: bytes) -> None:
    for way in (lambda: understand(content, target="y").table, lambda: checked(content)):
        try:
            way()
        except InputError as error:
            assert as_lines(str(error)).replace("\n", "").isprintable()


def checked(content: bytes) -> None:
    """With commas, every column taken as it comes."""
    table = read_table(content, layout=Layout(",", ".", None, "utf-8"))
    found = check_table(table, target="y")
    assert len(found.y) == len(table) == len(found.features)
    assert set(found.y) == {0, 1}
    assert not np.isinf(found.features.to_numpy()).any()
    assert [column.name for column in found.columns if column.may_miss] == list(
        found.features.columns[found.features.isna().any()]
    )


@pytest.mark.training
@settings(max_examples=200, deadline=None)
@given(FILES)
def test_any_file_is_taken_or_ends_in_lines(content):
    take(content)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(FILES)
def test_ten_thousand_files_are_taken_or_end_in_lines(content):
    take(content)
