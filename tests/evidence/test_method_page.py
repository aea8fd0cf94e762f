"""docs/method.md and README.md use the words and the numbers of the code."""

import pytest

from regularization.evidence.statistics import VERDICTS
from regularization.heads.metrics import ACCURACY, BINARY_CROSSENTROPY, BRIER
from regularization.table.blocks import N_BLOCKS, N_TEST, N_VALIDATION
from regularization.words.phrases import NEW_TABLES, SAME_BLOCKS
from tests.conftest import ROOT

METHOD, README = (
    " ".join((ROOT / page).read_text(encoding="utf-8").split()) for page in ("docs/method.md", "README.md")
)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_explained(verdict):
    assert f"**{verdict}**" in METHOD
    assert f"**{verdict.split()[0]}**".lower() in README.lower()


@pytest.mark.parametrize("estimand", [NEW_TABLES, SAME_BLOCKS])
def test_both_estimands_are_named(estimand):
    assert f"**{estimand.capitalize()}**" in METHOD


def test_the_first_page_says_what_its_intervals_are_for():
    assert f"95% intervals {NEW_TABLES}" in README


def test_the_numbers_are_those_of_the_code_and_of_params_yaml(params):
    assert set(params["evidence"]["equivalence"].values()) == {None}  # fitted to the table
    assert ACCURACY.equivalence == 0.01
    loss, brier = BINARY_CROSSENTROPY.equivalence, BRIER.equivalence
    assert f"one point of accuracy, {loss} of the loss, {brier} of the Brier score" in METHOD
    assert f"one point of accuracy, or {loss} of the loss" in README
    n_train = N_BLOCKS - N_VALIDATION - N_TEST
    assert f"dealt into {N_BLOCKS} *blocks*" in METHOD
    assert f"trains on {n_train} blocks (65% of the rows), validates on {N_VALIDATION} and tests on {N_TEST}" in METHOD
    replicate = params["replicate"]
    assert f"`base` has {replicate['splits']} splits" in METHOD
    assert f"models have the first {replicate['headline_splits']} of them" in METHOD
    assert f"all other variants the first {replicate['variant_splits']}" in METHOD
    assert f"find in {100 * params['evidence']['power']:.0f} of 100 studies" in METHOD
