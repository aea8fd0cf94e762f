"""The picture of the differences shows what the comparisons say."""

import pandas as pd
import pytest

from regularization.charts.differences import differences_chart
from regularization.metrics import ACCURACY, BINARY_CROSSENTROPY
from tests.report.examples import BASE, STRONG, WEAK, compared


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
