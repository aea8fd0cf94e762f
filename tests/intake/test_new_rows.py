import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.intake.checks import check_table
from regularization.intake.new_rows import to_inputs, unused_columns
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
    np.testing.assert_array_equal(to_inputs(TABLE, PLAIN), PREPROCESSOR.transform(FEATURES))
    np.testing.assert_array_equal(to_inputs(TABLE[["height", "job", "age"]], PLAIN), to_inputs(TABLE, PLAIN))


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
