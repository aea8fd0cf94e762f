import numpy as np
import pandas as pd
import pytest

from regularization.intake.leaks import telling_columns

RANDOM = np.random.default_rng(0)
SIGNAL = RANDOM.normal(size=300)


def test_a_column_that_is_the_target_again_is_named():
    y = (SIGNAL > 0.5).astype(int)
    table = pd.DataFrame({"again": 1.0 - y, "near": SIGNAL, "useful": SIGNAL + RANDOM.normal(size=300), "none": 0.0})
    found = telling_columns(table, y, is_number=False)
    assert set(found) == {"again", "near"}
    assert found["again"] == "every row"


def test_a_number_that_nearly_is_the_target_is_named():
    table = pd.DataFrame(
        {"near": 2 * SIGNAL + 0.05 * RANDOM.normal(size=300), "useful": SIGNAL + RANDOM.normal(size=300)}
    )
    found = telling_columns(table.mask(RANDOM.random((300, 2)) < 0.01), SIGNAL, is_number=True)
    assert list(found) == ["near"]
    assert found["near"].endswith("% of its variance")


@pytest.mark.parametrize("share", [0.02, 0.005])
def test_a_rare_class_alone_names_no_column(share):
    """A column that tells nothing is right in as many rows as the majority class."""
    y = (np.arange(2000) < share * 2000).astype(int)
    assert telling_columns(pd.DataFrame({"a": RANDOM.normal(size=2000)}), y, is_number=False) == {}
