"""The recommended network: on which rows it is trained. The pipeline's test trains one."""

import numpy as np

from regularization.params import check_params
from regularization.table import Table
from stages import recommend

GROUPS = np.arange(100) % 80  # 20 rows have a twin
TABLE = Table(np.zeros((100, 2)), np.arange(100) % 2, GROUPS)


def test_a_network_that_trains_to_the_end_has_all_rows(params):
    rows = recommend._rows(check_params(params), TABLE, stops_early=False)
    assert rows.train.tolist() == list(range(100))
    assert rows.val.tolist() == list(range(100))  # shown beside the training, and used for nothing


def test_one_that_stops_early_keeps_rows_to_stop_by_with_their_twins(params):
    rows = recommend._rows(check_params(params), TABLE, stops_early=True)
    assert sorted([*rows.train, *rows.val]) == list(range(100))
    assert not set(GROUPS[rows.train]) & set(GROUPS[rows.val])
    assert 10 < len(rows.val) < 30
