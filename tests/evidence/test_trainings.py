"""What single trainings answer, from simulated replicates whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regularization.evidence import evidence_tables
from regularization.evidence.pairing import Replicates, checked_replicates
from regularization.evidence.trainings import leakage, selection, spread
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.words.answer import answer
from regularization.words.evidence import sentences
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def known() -> tuple[pd.DataFrame, pd.DataFrame]:
    return with_known_answer()


@pytest.fixture(scope="module")
def tables(known) -> dict[str, pd.DataFrame]:
    return evidence_tables(*known, headline=HEADLINE)


def replicates(trainings, blocks, headline=HEADLINE) -> Replicates:
    return checked_replicates(trainings, blocks, headline=headline)


def test_calibration_is_the_paired_t_test_of_the_calibration_errors(known):
    trainings, blocks = known[0].copy(), known[1]
    trainings["test_ece"] = np.random.default_rng(0).uniform(0.02, 0.1, len(trainings))
    trainings.loc[trainings["variant"] == "base", "test_ece"] += 0.05
    found = row_of(
        evidence_tables(trainings, blocks, headline=HEADLINE)["calibration"], variant="l1l2", reference="base"
    )
    ece = trainings.query("protocol == 'honest'").pivot_table(index="split", columns="variant", values="test_ece")
    expected = stats.ttest_rel(ece["l1l2"], ece["base"]).confidence_interval()
    assert (found["table_lower"], found["table_upper"]) == pytest.approx((expected.low, expected.high))
    assert (found["ece"], found["ece_of_reference"]) == pytest.approx((ece["l1l2"].mean(), ece["base"].mean()))


def test_leaking_is_worth_what_was_put_in(known):
    trainings, blocks = known
    leaky = trainings.query("protocol == 'honest' and split < 6").assign(protocol="leaky")
    leaky["test_accuracy"] += np.where(leaky["variant"] == "base", 0.05, 0.02)
    changed = pd.concat([trainings.query("protocol != 'leaky'"), leaky], ignore_index=True)
    found = leakage(replicates(changed, blocks), METRICS)
    base, dropout = (row_of(found, metric="accuracy", variant=variant) for variant in ("base", "dropout"))
    assert (base["change"], base["lower"], base["upper"]) == pytest.approx((0.05, 0.05, 0.05))
    assert (dropout["change"], dropout["excess_of_base"]) == pytest.approx((0.02, 0.03))
    assert row_of(found, metric="binary_crossentropy", variant="base")["change"] == 0


def test_the_interval_of_leaking_is_the_paired_t_test(known, tables):
    twins = known[0].query("variant == 'dropout' and split < 6 and protocol != 'notebook'")
    pairs = twins.pivot_table(index="split", columns="protocol", values="test_accuracy")
    expected = stats.ttest_rel(pairs["leaky"], pairs["honest"]).confidence_interval()
    found = row_of(tables["leakage"], metric="accuracy", variant="dropout")
    assert (found["lower"], found["upper"]) == pytest.approx((expected.low, expected.high))


def test_a_table_without_duplicates_has_no_leakage_to_tell(known):
    trainings, blocks = known
    assert leakage(replicates(trainings.query("protocol != 'leaky'"), blocks), METRICS).empty


def test_the_share_of_the_seed_is_the_ratio_of_the_variances():
    trainings, blocks = simulated(splits=100, notebook_seeds=60)
    honest = trainings["protocol"] == "honest"
    trainings.loc[honest, "test_accuracy"] += np.random.default_rng(1).normal(scale=0.03, size=honest.sum())
    found = row_of(spread(replicates(trainings, blocks), METRICS), metric="accuracy", variant="base")
    assert found["seed_share"] == pytest.approx((found["sd_of_seed"] / found["sd"]) ** 2)
    assert found["share_lower"] < 0.02**2 / (0.02**2 + 0.03**2) < found["share_upper"]


def test_winners_curse_is_the_expected_maximum_of_equal_variants():
    """Eleven equal variants whose validation scores are noise: the best of them looks 1.586 sd better than it is."""
    trainings, blocks = simulated(ELEVEN, splits=300, block_sd=0)
    random = np.random.default_rng(0)
    for column in ("test_accuracy", "val_accuracy"):
        trainings[column] = 0.75 + random.normal(scale=0.01, size=len(trainings))
    found = row_of(selection(replicates(trainings, blocks), METRICS), metric="accuracy")
    assert found["optimism"] == pytest.approx(1.586 * 0.01, rel=0.1)
    assert found["optimism_lower"] > 0
    assert found["test"] == pytest.approx(0.75, abs=0.002)


def test_selection_takes_the_best_variant_and_shares_ties(tables):
    found = tables["selection"]
    assert set(found["chosen"]) == {"l1l2"}
    assert set(found["share"]) == {1}
    assert row_of(found, metric="accuracy")["gain"] == pytest.approx(0.2, abs=0.02)
    twins = [table.assign(variant=name) for table in simulated(("base",)) for name in ("base", "copy")]
    pair = replicates(pd.concat(twins[:2]), pd.concat(twins[2:]), headline=("base",))
    assert set(selection(pair, METRICS)["share"]) == {0.5}


@pytest.mark.parametrize("variant", ["base", "l1l2"])
@pytest.mark.parametrize("protocols", [["leaky"], ["notebook"], ["leaky", "notebook"]])
def test_where_all_of_a_kind_diverged_the_rest_is_told(variant, protocols):
    trainings, blocks = simulated()
    scores = [column for column in trainings if column.startswith(("test_", "val_"))]
    trainings.loc[trainings["variant"].eq(variant) & trainings["protocol"].isin(protocols), scores] = np.nan
    found = evidence_tables(trainings, blocks, headline=HEADLINE)
    told = " ".join([*sentences(found, headline=HEADLINE), *answer(found)])
    assert "nan" not in told
    assert ("changes the" in told) == (variant != "base" or "leaky" not in protocols)
    assert variant not in set(found["notebook_lottery"]["variant"]) or "notebook" not in protocols


def test_a_reference_model_is_no_choice_among_networks():
    trainings, blocks = simulated(("base", "l1l2", "random_forest"), gains={"random_forest": 0.2})
    its = checked_replicates(trainings, blocks, headline=("base", "l1l2"), references=["random_forest"])
    assert set(selection(its, METRICS)["chosen"]) <= {"base", "l1l2"}
