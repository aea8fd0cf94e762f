"""The picture of the differences shows what the comparisons say."""

import pandas as pd
import pytest

from regularization.charts.differences import against, differences_chart, draw_differences
from regularization.heads.metrics import ACCURACY, BINARY_CROSSENTROPY
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
    assert chart.alternative.startswith("Of 2 compared with base: 1 better and 1 undecided. The best, l1l2, differs by")
    assert [trace["name"] for trace in chart.figure["data"]] == ["better", "undecided"]
    assert len({trace["marker"]["symbol"] for trace in chart.figure["data"]}) == 2
    (band,) = chart.figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (-metric.equivalence, metric.equivalence)
    assert [row[0] for row in chart.table.rows] == [f"{STRONG} against {BASE}", f"{WEAK} against {BASE}"]


def test_the_best_stands_first_and_reference_models_among_the_others():
    rows = [
        compared("worse", 0.04, metric="binary_crossentropy"),
        compared("better", -0.02, variant=WEAK, metric="binary_crossentropy"),
        compared("worse", 0.03, variant=BASE, reference="random_forest", metric="binary_crossentropy"),
        compared("worse", 0.01, variant=WEAK, reference="random_forest", metric="binary_crossentropy"),
    ]
    rows = pd.DataFrame(
        [row | {"family": "references"} if row["reference"] == "random_forest" else row for row in rows]
    )
    found = against(rows, BASE, BINARY_CROSSENTROPY)
    assert found["variant"].tolist() == ["random_forest", WEAK, STRONG]
    turned = found.iloc[0]
    assert (turned["difference"], turned["lower"], turned["upper"]) == pytest.approx((-0.03, -0.04, -0.02))
    assert turned["verdict"] == "better"
    chart = differences_chart(rows, BINARY_CROSSENTROPY, recommended=WEAK)
    assert chart.figure["layout"]["yaxis"]["ticktext"] == ["random_forest", f"★ {WEAK}", STRONG]


def test_what_is_far_from_the_others_is_named_at_the_edge():
    rows = [compared("undecided", 0.001 * number, variant=f"v{number}") for number in range(5)]
    rows.append(compared("worse", -0.6, variant="far"))
    layout = differences_chart(pd.DataFrame(rows), ACCURACY).figure["layout"]
    (told,) = layout["annotations"]
    assert told["text"] == "← ▼ -0.600"
    assert layout["xaxis"]["range"][0] > -0.1
    svg = draw_differences(pd.DataFrame(rows), [ACCURACY], settings={"v1": "dropout 0.1"}, recommended="v1")
    assert "← ▼ -0.600" in svg
    assert "★ v1 (dropout 0.1)" in svg
