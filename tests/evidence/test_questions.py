"""Each question answered from simulated replicates whose answer is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from regularization.evidence import NOTEBOOK_REPORTED, evidence_tables, questions
from regularization.evidence.pairing import Replicates, checked_replicates
from regularization.metrics import METRICS
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer

OPPOSITE = {"better": "worse", "worse": "better", "likely better": "likely worse", "likely worse": "likely better"}


@pytest.fixture(scope="module")
def known() -> tuple[pd.DataFrame, pd.DataFrame]:
    return with_known_answer()


@pytest.fixture(scope="module")
def tables(known) -> dict[str, pd.DataFrame]:
    return evidence_tables(*known, headline=HEADLINE)


def replicates(trainings, blocks, headline=HEADLINE) -> Replicates:
    return checked_replicates(trainings, blocks, headline=headline)


# --- summaries and comparisons


def test_a_summary_is_the_mean_over_blocks_with_the_spread_of_one_training(known, tables):
    trainings, _ = known
    values = trainings.query("variant == 'l1l2' and protocol == 'honest'")["test_accuracy"]
    found = row_of(tables["summaries"], metric="accuracy", variant="l1l2")
    assert (found["trainings"], found["diverged"]) == (200, 0)
    assert found["sd"] == pytest.approx(values.std())
    assert found["mean"] == pytest.approx(0.95, abs=0.02)
    assert found["lower"] < found["table_lower"] < found["mean"] < found["table_upper"] < found["upper"]


def test_comparisons_are_the_families_that_were_fixed_in_advance(tables):
    for _, rows in tables["comparisons"].groupby("metric"):
        pairs = rows.groupby("family")[["variant", "reference"]].apply(lambda pair: set(map(tuple, pair.to_numpy())))
        assert pairs["headline"] == {("l1l2", "base"), ("dropout", "base"), ("dropout", "l1l2")}
        assert pairs["exploratory"] == {("copy", "base")}
    assert set(tables["comparisons"]["metric"]) == set(METRICS)


def test_verdicts_follow_the_truth_in_every_metric(tables):
    verdicts = tables["comparisons"].set_index(["variant", "reference"])["verdict"]
    assert set(verdicts["l1l2", "base"]) == {"better"}
    assert set(verdicts["dropout", "l1l2"]) == {"worse"}
    assert not set(verdicts["dropout", "base"]) & {"better", "worse"}


def test_the_joint_interval_is_wider_than_the_single_one_and_has_its_middle(tables):
    rows = tables["comparisons"].query("family == 'headline'")
    assert (rows["joint_lower"] < rows["lower"]).all()
    assert (rows["upper"] < rows["joint_upper"]).all()
    np.testing.assert_allclose((rows["joint_lower"] + rows["joint_upper"]) / 2, rows["difference"])


def test_ties_in_all_pairs_are_told_as_such_and_prove_nothing(tables):
    found = row_of(tables["comparisons"], metric="accuracy", variant="copy", reference="base")
    assert (found["differing"], found["verdict"]) == (0, "undecided")
    assert (found["lower"], found["upper"]) == pytest.approx((-3 / 800, 3 / 800))  # the rule of three, 800 rows


def test_ties_in_all_pairs_of_a_loss_have_no_interval_at_all(tables):
    found = row_of(tables["comparisons"], metric="binary_crossentropy", variant="copy", reference="base")
    assert (found["differing"], found["verdict"]) == (0, "undecided")
    assert np.isnan([found["lower"], found["upper"], found["joint_lower"], found["joint_upper"]]).all()
    assert (
        row_of(tables["best"], metric="binary_crossentropy", variant="copy")["cannot_be_told"]
        == (row_of(tables["best"], metric="binary_crossentropy", variant="base")["cannot_be_told"])
    )


def test_few_differing_pairs_prove_no_more_than_none():
    """One row of one block in one split: the spread says 0.000 to 0.000, the rule of three 3 of 800 rows either way."""
    trainings, blocks = with_known_answer()
    row = (blocks["variant"] == "copy") & (blocks["block"] == 4)
    values = blocks.loc[row, "right"].item().split(" ")
    place = next(number for number, value in enumerate(values) if value != "-")
    values[place] = str(float(values[place]) + 1)
    blocks.loc[row, "right"] = " ".join(values)
    found = row_of(
        questions.comparisons(
            replicates(trainings, blocks), {"accuracy": dataclasses.replace(METRICS["accuracy"], equivalence=0.003)}
        ),
        variant="copy",
    )
    assert 0 < found["differing"] < 0.01
    assert found["upper"] - found["lower"] == pytest.approx(2 * 3 / 800)
    assert found["verdict"] == "undecided"


def test_the_order_of_the_rows_changes_nothing(known, tables):
    shuffled = (table.sample(frac=1, random_state=1) for table in known)
    for name, table in evidence_tables(*shuffled, headline=HEADLINE).items():
        pd.testing.assert_frame_equal(table, tables[name], check_exact=True)


def test_swapping_two_variants_negates(known, tables):
    swapped = evidence_tables(*known, headline=("l1l2", "base", "dropout"))["comparisons"]
    for metric in METRICS:
        there = row_of(tables["comparisons"], metric=metric, variant="l1l2", reference="base")
        back = row_of(swapped, metric=metric, variant="base", reference="l1l2")
        assert (back["difference"], back["lower"]) == pytest.approx((-there["difference"], -there["upper"]))
        assert back["verdict"] == OPPOSITE[there["verdict"]]


def test_no_difference_is_claimed_more_often_than_stated():
    """The first family of one metric: at most 5% of studies with a false claim, 10 of 60 is beyond all chance."""
    claims = 0
    for seed in range(60):
        found = replicates(*simulated(rng=seed, twins=2, notebook_seeds=2))
        rows = questions.comparisons(found, {"accuracy": METRICS["accuracy"]})
        claims += bool(set(rows["verdict"]) & {"better", "worse"})
    assert claims < 10


# --- the set that cannot be told from the best


def test_the_best_and_who_cannot_be_told_from_it(tables):
    best = tables["best"].query("metric == 'accuracy'").set_index("variant")
    assert set(best["best"]) == {"l1l2"}
    assert best["cannot_be_told"].to_dict() == {"base": False, "l1l2": True, "dropout": False, "copy": False}
    equal = evidence_tables(*simulated(rng=3), headline=HEADLINE)["best"].query("metric == 'accuracy'")
    assert equal["cannot_be_told"].all()


# --- power


def test_power_does_not_look_at_the_mean_difference():
    studies = (simulated(gains=gains, splits=60) for gains in (None, {"l1l2": 0.1}))
    plain, shifted = (evidence_tables(*study, headline=HEADLINE)["plan"] for study in studies)
    accuracy = plain["metric"] == "accuracy"
    np.testing.assert_allclose(plain[accuracy]["detectable"], shifted[accuracy]["detectable"], rtol=1e-6)


def test_more_splits_detect_less_but_not_nothing(tables):
    rows = tables["plan"].query("metric == 'accuracy' and variant == 'dropout' and reference == 'base'")
    assert rows["detectable"].is_monotonic_decreasing
    assert rows["detectable"].iloc[-1] > 0


# --- the other questions


def test_leaking_is_worth_what_was_put_in(known):
    trainings, blocks = known
    leaky = trainings.query("protocol == 'honest' and split < 6").assign(protocol="leaky")
    leaky["test_accuracy"] += np.where(leaky["variant"] == "base", 0.05, 0.02)
    changed = pd.concat([trainings.query("protocol != 'leaky'"), leaky], ignore_index=True)
    found = questions.leakage(replicates(changed, blocks))
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
    assert questions.leakage(replicates(trainings.query("protocol != 'leaky'"), blocks)).empty


def test_lottery_by_hand(known):
    trainings, blocks = known[0].copy(), known[1]
    notebook = trainings["protocol"] == "notebook"
    trainings.loc[notebook, "test_accuracy"] = np.where(trainings[notebook]["variant"] == "l1l2", 0.75, 0.70)
    half = notebook & (trainings["variant"] == "dropout") & (trainings["seed"] < 4)
    trainings.loc[half, "test_accuracy"] = 0.7500000119  # float32's 0.75 is a tie
    found = questions.notebook_lottery(replicates(trainings, blocks)).set_index("variant")
    assert found["wins"].to_dict() == pytest.approx({"base": 0, "l1l2": 0.75, "dropout": 0.25, "copy": 0})
    assert 0 < found["lower"]["dropout"] < 0.25 < found["upper"]["dropout"] < 0.5
    again = questions.notebook_lottery(replicates(trainings, blocks), random_state=1).set_index("variant")
    assert (again["wins"] == found["wins"]).all()


def test_reported_figures_are_counts_of_320_test_rows():
    accuracies = [figure for *_, column, figure in NOTEBOOK_REPORTED if column == "test_accuracy"]
    assert len(accuracies) == 12
    assert len(NOTEBOOK_REPORTED) == 18
    np.testing.assert_allclose(np.array(accuracies) * 320, np.round(np.array(accuracies) * 320), atol=1e-5)


def test_reported_figures_fall_where_they_should():
    trainings, blocks = simulated(ELEVEN)
    found = questions.notebook_reported(replicates(trainings, blocks), of_notebook=ELEVEN)
    assert len(found) == 18
    values = trainings.query("variant == 'dropout' and protocol == 'notebook'")["test_loss"]
    dropout = row_of(found, variant="dropout", score="test_loss")
    assert dropout["reported"] == 0.489147812128067
    assert dropout["percentile"] == pytest.approx(100 * (values < 0.489147812128067).mean())
    three = questions.notebook_reported(replicates(*simulated()), of_notebook=ELEVEN)
    assert set(three["variant"]) == set(HEADLINE)


def test_the_share_of_the_seed_is_the_ratio_of_the_variances():
    trainings, blocks = simulated(splits=100, notebook_seeds=60)
    honest = trainings["protocol"] == "honest"
    trainings.loc[honest, "test_accuracy"] += np.random.default_rng(1).normal(scale=0.03, size=honest.sum())
    found = row_of(questions.spread(replicates(trainings, blocks)), metric="accuracy", variant="base")
    assert found["seed_share"] == pytest.approx((found["sd_of_seed"] / found["sd"]) ** 2)
    assert found["share_lower"] < 0.02**2 / (0.02**2 + 0.03**2) < found["share_upper"]


def test_winners_curse_is_the_expected_maximum_of_equal_variants():
    """Eleven equal variants whose validation scores are noise: the best of them looks 1.586 sd better than it is."""
    trainings, blocks = simulated(ELEVEN, splits=300, block_sd=0)
    random = np.random.default_rng(0)
    for column in ("test_accuracy", "val_accuracy"):
        trainings[column] = 0.75 + random.normal(scale=0.01, size=len(trainings))
    found = row_of(questions.selection(replicates(trainings, blocks)), metric="accuracy")
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
    assert set(questions.selection(pair)["share"]) == {0.5}
