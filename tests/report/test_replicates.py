import numpy as np
import pandas as pd

from regularization.heads import head_of
from regularization.report.replicates import distribution_chart


def test_a_protocol_whose_test_part_lacks_a_class_is_left_out_of_the_chart():
    metric = head_of(3).metrics["balanced_accuracy"]
    scores = [np.nan, np.nan, 0.5, 0.75, 0.25, 0.5]
    trainings = pd.DataFrame(
        {
            "variant": ["base"] * 4 + ["dropout"] * 2,
            "protocol": ["notebook"] * 2 + ["honest"] * 4,
            metric.column: scores,
        }
    )
    chart = distribution_chart(trainings, metric)
    assert [row[0].split(",")[0] for row in chart.table.rows] == ["base", "dropout"]
    assert "0.375 (dropout) to 0.625 (base)" in chart.alternative
