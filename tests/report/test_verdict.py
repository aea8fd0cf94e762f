"""The verdict says what the comparisons do, in both directions."""

import pandas as pd
import pytest

from regularization.metrics import ACCURACY, BINARY_CROSSENTROPY
from regularization.report.verdict import differences_chart, verdict_sentences
from tests.report.examples import BASE, STRONG, WEAK, compared

METRICS = (ACCURACY, BINARY_CROSSENTROPY)
LOSS = BINARY_CROSSENTROPY.name


def best(*rows: tuple) -> pd.DataFrame:
    """Metric, leader, and which of the two variants cannot be told from it."""
    found = [
        {"metric": metric, "variant": name, "best": leader, "cannot_be_told": name == leader or is_close}
        for metric, leader, is_close in rows
        for name in (STRONG, WEAK)
    ]
    return pd.DataFrame(found)


def told(*rows: dict, close: bool = True) -> list[str]:
    sets = best((ACCURACY.name, STRONG, close), (LOSS, STRONG, close))
    return verdict_sentences(pd.DataFrame(rows), sets, METRICS)


def test_what_helps_by_how_much_and_what_cannot_be_told():
    helps, how_much, cannot = told(
        compared("better", 0.04),
        compared("undecided", 0.01, variant=WEAK),
        compared("better", -0.6, metric=LOSS),
        compared("worse", 0.3, variant=WEAK, metric=LOSS),
    )
    assert helps == (
        "What helps: l1l2 is better than base in test accuracy and test loss without penalty; dropout is worse than "
        "base in test loss without penalty."
    )
    assert "in test accuracy, l1l2 +0.040 (+0.030 to +0.050) and dropout +0.010 (+0.000 to +0.020)" in how_much
    assert "in test loss without penalty, l1l2 -0.600 (-0.610 to -0.590) and dropout +0.300" in how_much
    assert cannot.startswith(
        "What cannot be told: in test accuracy, dropout against base (undecided). Of all variants,"
    )
    assert "l1l2 has the best mean test accuracy, and 1 other of the 2 cannot be told from it" in cannot


def test_nothing_helps():
    helps, _, cannot = told(compared("undecided"), compared("likely better", -0.1, metric=LOSS))
    assert helps == "What helps: nothing is proven to be better than base."
    assert "in test loss without penalty, l1l2 against base (likely better)" in cannot


def test_everything_is_decided():
    helps, _, cannot = told(compared("equivalent"), compared("better", -0.1, metric=LOSS), close=False)
    assert "l1l2 is equivalent to base in test accuracy" in helps
    assert cannot.startswith("What cannot be told: no comparison of the headline models is left open.")
    assert "and no other of the 2 cannot be told from it" in cannot


def test_a_technique_that_beats_another_is_said_too():
    helps, how_much, _ = told(compared("better", 0.04), compared("better", 0.03, variant=WEAK, reference=STRONG))
    assert "dropout is better than l1l2 in test accuracy" in helps
    assert "dropout" not in how_much


def test_no_training_differed():
    _, how_much, _ = told(compared("undecided") | {"lower": None, "upper": None})
    assert "l1l2 no training differed" in how_much


@pytest.mark.parametrize(("metric", "side", "sign"), [(ACCURACY, "right", 1), (BINARY_CROSSENTROPY, "left", -1)])
def test_the_picture_of_the_differences(metric, side, sign):
    rows = [
        compared("better", 0.04 * sign, metric=metric.name),
        compared("undecided", 0.001, variant=WEAK, metric=metric.name),
        compared("better", 0.5, variant=WEAK, reference=STRONG, metric=metric.name),
    ]
    chart = differences_chart(pd.DataFrame(rows), metric)
    assert f"{side} of 0 is better" in chart.note
    assert chart.alternative.startswith("Of 2 variants: 1 better and 1 undecided. The best, l1l2, differs by")
    assert [trace["name"] for trace in chart.figure["data"]] == ["▲ better", "? undecided"]
    assert len({trace["marker"]["symbol"] for trace in chart.figure["data"]}) == 2
    (band,) = chart.figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (-metric.equivalence, metric.equivalence)
    assert [row[0] for row in chart.table.rows] == [f"{STRONG} against {BASE}", f"{WEAK} against {BASE}"]
