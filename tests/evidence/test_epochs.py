"""When a mean curve is lowest, and from when on it stays below the baseline's."""

import numpy as np
import pandas as pd
import pytest

from regularization.evidence.epochs import COLUMNS, epochs
from regularization.heads import head_of
from tests.report.examples import curve


def test_the_lowest_point_the_last_one_and_from_when_on_a_curve_is_ahead():
    curves = pd.concat(
        [
            curve(loss=(0.7, 0.5, 0.9, 1.1), accuracy=[0.7] * 4),
            curve(loss=(0.6, 0.55, 0.5, 0.6), accuracy=[0.7] * 4, variant="l1l2"),
            curve(loss=(0.6, 0.4, 0.5, 1.2), accuracy=[0.7] * 4, variant="dropout"),
        ]
    )
    found = epochs(curves, ("base", "l1l2", "dropout"), head_of(2)).set_index("variant")
    assert found.loc["base", ["lowest_at", "lowest", "last_epoch", "last"]].tolist() == [6, 0.5, 16, 1.1]
    assert found["ahead_from"].tolist() == pytest.approx([np.nan, 11, np.nan], nan_ok=True)


def test_without_curves_there_is_no_row():
    assert epochs(None, ("base",), head_of(2)).columns.tolist() == COLUMNS
