"""Beside which results the notebook's figures may stand."""

import pytest

from regularization.evidence import NOTEBOOK_REPORTED, notebook_variants
from regularization.evidence.notebook import TABLE
from regularization.params import check_params
from regularization.variants import repeated_variants, trained_variants
from stages.download import RED_WINE_SHA256


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
