"""What the notebook printed, beside which results that may stand, and what other seeds give on its split."""

import numpy as np
import pandas as pd
import pytest

from regularization.evidence import NOTEBOOK_REPORTED, notebook_variants
from regularization.evidence.notebook import TABLE, notebook_lottery, notebook_reported
from regularization.evidence.pairing import Replicates, checked_replicates
from regularization.params import check_params
from regularization.variants import repeated_variants, trained_variants
from stages.download import RED_WINE_SHA256
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer


def changed(params: dict, group: str | None = None, **values):
    return check_params(params | ({group: params[group] | values} if group else values))


def test_as_committed_all_of_the_notebooks_configurations_are_its_own(params):
    assert set(notebook_variants(check_params(params))) == {variant for _, variant, *_ in NOTEBOOK_REPORTED}
    assert TABLE["sha256"] == RED_WINE_SHA256


@pytest.mark.parametrize(
    ("group", "values"),
    [
        ("data", {"sha256": "0" * 64}),
        ("data", {"threshold": 7}),
        ("split", {"random_state": 43}),
        (None, {"epochs": 499}),
        (None, {"hidden_units": [20, 20, 20]}),
    ],
)
def test_another_table_split_or_network_is_not_the_notebooks(params, group, values):
    assert notebook_variants(changed(params, group, **values)) == ()


def test_another_setting_of_one_model_takes_that_model_out_alone(params):
    before = set(notebook_variants(check_params(params)))
    assert before - set(notebook_variants(changed(params, dropout=0.5))) == {"dropout"}
    assert before - set(notebook_variants(changed(params, l1=0.02))) == {"l1l2"}


def test_ranges_and_the_honest_protocol_change_nothing(params):
    assert notebook_variants(changed(params, "replicate", splits=10)) == notebook_variants(check_params(params))


# --- variants of the same settings


def with_variants(params: dict, variants: dict, **values):
    return changed(params | values, "replicate", variants=variants)


def test_as_committed_no_variant_repeats_another(params):
    assert repeated_variants(check_params(params)) == {}


def test_the_later_name_repeats_the_earlier(params):
    variants = {
        "a": {"l1": 0.5},
        "b": {"l1": 0.5, "l2": 0, "dropout": None},
        "plain": {"dropout": 0},
        "half": {"dropout": 0.5},
    }
    known = with_variants(params, variants, dropout=0.5)
    assert repeated_variants(known) == {"b": "a", "plain": "base", "half": "dropout"}
    assert list(trained_variants("variations", known)) == ["a", "plain", "half"]


def test_penalties_on_no_layer_are_none(params):
    known = with_variants(params, {"a": {"l1": 0.5}, "b": {"dropout": 0.1}}, regularized_layers=[])
    assert repeated_variants(known) == {"l1l2": "base", "a": "base"}


def test_base_that_stops_early_is_not_a_variation_without_anything(params):
    assert repeated_variants(with_variants(params, {"plain": {}}, patience=9)) == {}
    assert repeated_variants(with_variants(params, {"early": {"patience": 9}}, patience=9)) == {"early": "base"}
    assert "base" not in notebook_variants(changed(params, patience=9))


# --- the figures


@pytest.fixture(scope="module")
def known() -> tuple[pd.DataFrame, pd.DataFrame]:
    return with_known_answer()


def replicates(trainings, blocks, headline=HEADLINE) -> Replicates:
    return checked_replicates(trainings, blocks, headline=headline)


def test_lottery_by_hand(known):
    trainings, blocks = known[0].copy(), known[1]
    notebook = trainings["protocol"] == "notebook"
    trainings.loc[notebook, "test_accuracy"] = np.where(trainings[notebook]["variant"] == "l1l2", 0.75, 0.70)
    half = notebook & (trainings["variant"] == "dropout") & (trainings["seed"] < 4)
    trainings.loc[half, "test_accuracy"] = 0.7500000119  # float32's 0.75 is a tie
    found = notebook_lottery(replicates(trainings, blocks)).set_index("variant")
    assert found["wins"].to_dict() == pytest.approx({"base": 0, "l1l2": 0.75, "dropout": 0.25, "copy": 0})
    assert 0 < found["lower"]["dropout"] < 0.25 < found["upper"]["dropout"] < 0.5
    again = notebook_lottery(replicates(trainings, blocks), random_state=1).set_index("variant")
    assert (again["wins"] == found["wins"]).all()


def test_reported_figures_are_counts_of_320_test_rows():
    accuracies = [figure for *_, column, figure in NOTEBOOK_REPORTED if column == "test_accuracy"]
    assert len(accuracies) == 12
    assert len(NOTEBOOK_REPORTED) == 18
    np.testing.assert_allclose(np.array(accuracies) * 320, np.round(np.array(accuracies) * 320), atol=1e-5)


def test_reported_figures_fall_where_they_should():
    trainings, blocks = simulated(ELEVEN)
    found = notebook_reported(replicates(trainings, blocks), of_notebook=ELEVEN)
    assert len(found) == 18
    values = trainings.query("variant == 'dropout' and protocol == 'notebook'")["test_loss"]
    dropout = row_of(found, variant="dropout", score="test_loss")
    assert dropout["reported"] == 0.489147812128067
    assert dropout["percentile"] == pytest.approx(100 * (values < 0.489147812128067).mean())
    three = notebook_reported(replicates(*simulated()), of_notebook=ELEVEN)
    assert set(three["variant"]) == set(HEADLINE)
