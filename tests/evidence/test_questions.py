"""Each question answered from simulated replicates whose answer is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from regularization.evidence import evidence_tables, questions
from regularization.evidence.pairing import Replicates, checked_replicates
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.table.blocks import TEST, divide_blocks
from tests.evidence.simulated import HEADLINE, row_of, simulated, with_known_answer

pytestmark = pytest.mark.training

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
        row_of(tables["best"], metric="binary_crossentropy", variant="copy")["included"]
        == (row_of(tables["best"], metric="binary_crossentropy", variant="base")["included"])
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
    """The first family of one metric: at most 5% of studies with a false claim, 7 of 30 is beyond all chance."""
    claims = 0
    for seed in range(30):
        found = replicates(*simulated(rng=seed, twins=2, notebook_seeds=2))
        rows = questions.comparisons(found, {"accuracy": METRICS["accuracy"]})
        claims += bool(set(rows["verdict"]) & {"better", "worse"})
    assert claims < 7


# --- the set not distinguishable from the best


def test_the_best_and_who_may_be_the_best_as_well(tables):
    best = tables["best"].query("metric == 'accuracy'").set_index("variant")
    assert set(best["best"]) == {"l1l2"}
    assert best["included"].to_dict() == {"base": False, "l1l2": True, "dropout": False, "copy": False}
    assert best["worse_than"].fillna("").to_dict() == {"base": "l1l2", "l1l2": "", "dropout": "l1l2", "copy": "l1l2"}
    equal = evidence_tables(*simulated(rng=3), headline=HEADLINE)["best"].query("metric == 'accuracy'")
    assert equal["included"].all()


def test_the_set_and_the_verdicts_agree(tables):
    """Whatever any family proves worse than another variant is no candidate."""
    for metric, rows in tables["comparisons"].groupby("metric"):
        best = tables["best"][tables["best"]["metric"] == metric].set_index("variant")["included"]
        worse = {*rows.query("verdict == 'worse'")["variant"], *rows.query("verdict == 'better'")["reference"]}
        assert worse
        assert not best[sorted(worse)].any()


# --- diverged trainings


def test_of_a_variant_that_mostly_diverged_nothing_is_concluded():
    trainings, blocks = simulated(gains={"l1l2": 0.2}, splits=60)
    lost = (trainings["variant"] == "l1l2") & (trainings["split"] % 5 == 0) & (trainings["protocol"] == "honest")
    scores = [column for column in trainings if column.startswith(("test_", "val_"))]
    trainings.loc[lost, scores] = np.nan
    for column in [metric.block_column for metric in METRICS.values()]:
        texts = [
            " ".join("-" if number % 5 == 0 else value for number, value in enumerate(text.split(" ")))
            for text in blocks[column]
        ]
        blocks[column] = blocks[column].mask(blocks["variant"] == "l1l2", pd.Series(texts, index=blocks.index))
    found = evidence_tables(trainings, blocks, headline=HEADLINE)
    pairs = found["comparisons"].query("variant == 'l1l2' or reference == 'l1l2'")
    assert set(pairs["verdict"]) == {"undecided"}
    assert found["best"]["included"].all()


# --- power


def test_power_does_not_look_at_the_mean_difference():
    studies = (simulated(gains=gains, splits=60) for gains in (None, {"l1l2": 0.1}))
    plain, shifted = (evidence_tables(*study, headline=HEADLINE)["plan"] for study in studies)
    accuracy = plain["metric"] == "accuracy"
    np.testing.assert_allclose(plain[accuracy]["detectable"], shifted[accuracy]["detectable"], rtol=1e-6)


def test_more_splits_detect_less_but_not_nothing(tables):
    rows = tables["plan"].query("metric == 'accuracy' and variant == 'dropout' and reference == 'base'")
    assert rows["splits"].tolist() == [100, 200, 400, 800, 1600, np.inf]
    assert rows["detectable"].is_monotonic_decreasing
    assert rows["detectable"].iloc[-2] > 0


def test_a_few_splits_foretell_others_too():
    found = evidence_tables(*simulated(splits=11), headline=HEADLINE)["plan"]
    assert set(found["factor"]) == {0.5, 1, 2, 4, 8, np.inf}
    assert found["detectable"].notna().all()


# --- a baseline with more splits than the others


def shallow(trainings: pd.DataFrame, blocks: pd.DataFrame, variants, splits: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The replicates as if the variants had been trained on the first splits alone, and had no leaky twins."""
    late = trainings["variant"].isin(variants) & (
        (trainings["protocol"] == "honest") & (trainings["split"] >= splits) | (trainings["protocol"] == "leaky")
    )
    cut = blocks.copy()
    for column in [metric.block_column for metric in METRICS.values()]:
        first = [" ".join(text.split(" ")[:splits]) for text in cut[column]]
        cut[column] = cut[column].mask(cut["variant"].isin(variants), pd.Series(first, index=cut.index))
    return trainings[~late], cut


def test_a_variant_with_fewer_splits_is_corrected_by_the_baselines_further_ones():
    trainings, blocks = simulated(splits=200, gains={"l1l2": 0.05}, seed_sd=0.1)
    found, whole = (
        replicates(*tables).difference("l1l2", "base", METRICS["accuracy"])
        for tables in (shallow(trainings, blocks, ["l1l2"], 50), (trainings, blocks))
    )
    alone = replicates(*shallow(trainings, blocks, HEADLINE, 50)).difference("l1l2", "base", METRICS["accuracy"])
    assert found.spread.noise_of_mean < alone.spread.noise_of_mean
    assert found.mean != alone.mean
    assert abs(found.mean - whole.mean) < 4 * found.spread.noise_of_mean**0.5


def test_all_questions_are_answered_where_variants_have_fewer_splits():
    tables = shallow(*simulated((*HEADLINE, "mine"), splits=60, gains={"l1l2": 0.2}), ["mine", "dropout"], 20)
    found = evidence_tables(*tables, headline=HEADLINE)
    assert row_of(found["comparisons"], metric="accuracy", variant="l1l2", reference="base")["verdict"] == "better"
    assert row_of(found["summaries"], metric="accuracy", variant="mine")[["trainings", "diverged"]].tolist() == [20, 0]
    assert set(found["leakage"]["variant"]) == {"base", "l1l2"}
    assert found["table"][["splits", "fewest_splits"]].iloc[0].tolist() == [60, 20]
    for name in ("comparisons", "best", "majority", "spread", "selection"):
        assert found[name].select_dtypes("number").notna().all(axis=None)


# --- a variant that stops early: it has used its validation rows, and is scored on the test rows alone


def stopping_early(blocks: pd.DataFrame, variant: str, splits: int) -> pd.DataFrame:
    """The blocks with those of validation left out for the variant."""
    tested = divide_blocks(splits, random_state=0) == TEST
    columns = [metric.block_column for metric in METRICS.values()]
    changed = blocks.copy()
    for row in changed.index[changed["variant"] == variant]:
        keep = tested[:, changed.loc[row, "block"]]
        for column in columns:
            values = np.array(changed.loc[row, column].split(" "))
            changed.loc[row, column] = " ".join(np.where(keep, values, "-"))
    return changed


def test_pairs_with_a_variant_that_stops_early_count_the_blocks_of_both():
    splits = 23
    trainings, blocks = simulated(splits=splits)
    fewer = stopping_early(blocks, "dropout", splits)
    found, whole = (evidence_tables(trainings, table, headline=HEADLINE) for table in (fewer, blocks))
    pair, other = (
        [
            row_of(tables["comparisons"], metric="accuracy", variant=variant, reference="base")
            for tables in (found, whole)
        ]
        for variant in ("dropout", "l1l2")
    )
    assert pair[0]["difference"] != pair[1]["difference"]
    assert other[0][["difference", "lower", "upper"]].tolist() == other[1][["difference", "lower", "upper"]].tolist()
    of_both = [replicates(trainings, stopping_early(table, "base", splits)) for table in (fewer, blocks)]
    estimates = [each.difference("dropout", "base", METRICS["accuracy"]) for each in of_both]
    assert estimates[0].mean == estimates[1].mean == pair[0]["difference"]
    for name in ("best", "plan", "comparisons"):
        assert found[name].select_dtypes("number").notna().all(axis=None)
    assert set(found["plan"]["splits"]) == set(whole["plan"]["splits"])


# --- the other questions
