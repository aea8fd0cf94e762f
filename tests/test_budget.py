import itertools

import numpy as np
import pytest

from regularization import budget
from regularization.budget import Size, group_cost, plan, seconds_of, size_of, stage_costs, total, with_values
from regularization.errors import InputError
from regularization.params import load_params
from regularization.table import Table

PARAMS = load_params()
WINE = Size(1599, 11)


def cost(size: Size, values: dict) -> budget.Cost:
    return total(stage_costs(with_values(PARAMS, values), size))


@pytest.mark.parametrize(("text", "seconds"), [("5m", 300), ("15m", 900), ("2h", 7200)])
def test_a_budget_is_minutes_or_hours(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "15", "0m", "-5m", "1.5h", "2 h", "٣m"])
def test_anything_else_is_refused(text):
    with pytest.raises(InputError, match="BUDGET: received .*; expected minutes or hours, such as 5m, 15m or 2h"):
        seconds_of(text)


@pytest.mark.parametrize("size", [Size(1000, 10), Size(7000, 41), Size(32_561, 107), Size(200_000, 20)])
@pytest.mark.parametrize("text", ["15m", "2h"])
def test_what_is_planned_fits_into_the_budget(size, text):
    values, fits = plan(PARAMS, size, best_epoch=8, budget=text)
    assert fits
    assert cost(size, values).seconds_there <= seconds_of(text)
    assert values["epochs"] in (16, 24, 32, 48)  # 2, 3, 4 or 6 times
    for name in ("splits", "headline_splits", "variant_splits"):
        assert values[f"replicate.{name}"] % 5 == 0
        assert values[f"replicate.{name}"] >= 15


def test_a_longer_budget_never_trains_less():
    plans = [plan(PARAMS, Size(30_000, 60), best_epoch=20, budget=text)[0] for text in ("5m", "15m", "1h", "3h")]
    for shorter, longer in itertools.pairwise(plans):
        assert shorter["epochs"] * shorter["replicate.splits"] <= longer["epochs"] * longer["replicate.splits"]
        assert shorter["replicate.variant_splits"] <= longer["replicate.variant_splits"]


def test_a_larger_table_gets_fewer_splits_at_the_default():
    of_sizes = [plan(PARAMS, Size(rows, 11), best_epoch=10, budget="15m")[0] for rows in (1000, 4000, 50_000)]
    assert [values["replicate.variant_splits"] for values in of_sizes] == [130, 30, 15]


def test_where_even_the_least_does_not_fit_it_is_planned_and_said():
    values, fits = plan(PARAMS, Size(10**7, 500), best_epoch=100, budget="5m")
    assert not fits
    assert values["replicate.splits"] == budget.LADDER[0][0]
    assert values["epochs"] == 200


def test_the_wine_plans_what_it_has():
    values, _ = plan(PARAMS, WINE, best_epoch=100, budget="15m")
    assert values.pop("sweep.grid") == PARAMS.sweep.lists()
    assert values["replicate.variant_splits"] == PARAMS.replicate.variant_splits
    assert values["replicate.seeds"] == PARAMS.replicate.seeds


def test_twice_the_epochs_take_twice_the_time_of_training():
    short, long = (group_cost("base", with_values(PARAMS, {"epochs": epochs}), WINE).shared for epochs in (200, 400))
    assert long / short == pytest.approx(2, rel=0.02)


def test_places_are_counted_in_whole_programs():
    """One more split than fills the programs costs as much as sixteen more."""
    shared = [
        group_cost("base", with_values(PARAMS, {"replicate.splits": splits}), WINE._replace(repeats=False)).shared
        for splits in (320, 321, 336)
    ]
    assert shared[0] < shared[1] == shared[2]


def test_the_size_is_that_of_the_table():
    X = [[0.0], [1.0], [1.0]]
    table = Table(X=np.array(X), y=np.array([0, 1, 1]), groups=np.array([0, 1, 1]))
    assert size_of(table) == Size(3, 1, 1, repeats=True)
    assert not size_of(table._replace(groups=np.array([0, 1, 2]))).repeats
