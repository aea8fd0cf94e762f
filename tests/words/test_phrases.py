"""How many digits a figure is shown with."""

import pytest

from regularization.words.phrases import figure, interval


@pytest.mark.parametrize(
    ("values", "settings", "shown"),
    [
        ((0.5164,), {}, "0.516"),
        ((0.0021,), {}, "0.002"),
        ((0.0021,), {"own_units": True}, "0.00210"),
        ((0.00078, 0.0021), {"own_units": True}, "0.00078"),
        ((23.514,), {}, "23.51"),
        ((234.56,), {"sign": "+"}, "+234.6"),
        ((13270.42,), {"own_units": True}, "13,270"),
        ((0.0001,), {}, "1.00e-04"),
        ((2e-9,), {"own_units": True}, "2.00e-09"),
        ((float("nan"),), {}, "-"),
    ],
)
def test_a_figure_has_the_digits_that_say_something(values, settings, shown):
    assert figure(*values, **settings) == shown


def test_an_interval_has_the_digits_of_its_largest_figure():
    assert interval(-0.002, -0.0321, 0.0123) == "-0.002 (-0.032 to +0.012)"
    assert interval(-0.00031, -0.0006, -0.00002, own_units=True) == "-0.000310 (-0.000600 to -0.000020)"
    assert interval(120.4, 99.51, 1042.7, sign="") == "120 (100 to 1,043)"
