import pytest

from regularization.errors import InputError
from regularization.jobs.cost import Cost, check_memory, duration, estimate_cost
from regularization.jobs.work import count_weights
from regularization.networks.models import build_model
from regularization.population.epoch_blocks import BLOCK, BLOCK_BYTES, epochs_per_block

WINE = {"n_trainings": 130, "n_splits": 41, "epochs": 500, "n_rows": 1279, "n_inputs": 11, "n_weights": 681}


def test_weights_are_those_that_keras_counts():
    for n_inputs, hidden in ((11, [20, 20]), (500, [7])):
        assert count_weights(n_inputs, hidden) == build_model(n_features=n_inputs, hidden_units=hidden).count_params()


def test_twice_the_rows_take_twice_the_time_once_it_is_compiled():
    small, large = (estimate_cost(**WINE | {"n_rows": rows}, workers=2).seconds for rows in (10**6, 2 * 10**6))
    assert large / small == pytest.approx(2, rel=0.5)  # the speed is measured, so no two calls agree


def test_a_long_table_is_said_to_stay_under_4_gb():
    assert estimate_cost(**WINE | {"n_rows": 160_000, "n_inputs": 20}, workers=2).memory < 4e9


def test_more_memory_than_the_machine_has_is_said_before_the_work():
    wide = {"n_weights": count_weights(11, [1000] * 10), "n_at_once": 600}
    with pytest.raises(InputError, match=r"this takes about .*, and this machine has 64.0 GB; take narrower"):
        check_memory(estimate_cost(**WINE | wide, workers=2), machine=64e9)
    check_memory(estimate_cost(**WINE, n_at_once=600, workers=2), machine=4e9)


def test_it_reads_as_a_line():
    assert str(Cost(42, 1.26e9)) == "about 42 seconds and 1.3 GB of memory"
    assert str(Cost(600, 1e9)) == "about 10 minutes and 1.0 GB of memory"
    assert str(Cost(61, 1e9)) == "about 1 minute and 1.0 GB of memory"
    assert [duration(seconds) for seconds in (0.7, 59.4, 59.6, 150)] == [
        "1 second",
        "59 seconds",
        "1 minute",
        "2 minutes",
    ]
    assert str(Cost(3 * 3600, 1e9)) == "about 3.0 hours and 1.0 GB of memory"


@pytest.mark.parametrize(("rows", "expected"), [(1023, BLOCK), (200_000, 13), (10**7, 1)])
def test_a_block_holds_as_many_epochs_as_memory_allows(rows, expected):
    assert epochs_per_block(rows, workers=2) == expected
    if expected > 1:
        assert 4 * 16 * rows * 3 * 2 * expected <= BLOCK_BYTES
