"""Each question answered from simulated replicates whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from regularization.evidence import evidence_tables, questions, sentences, statistics
from regularization.evidence.pairing import wide
from regularization.metrics import METRICS
from tests.evidence.simulated import ELEVEN, HEADLINE, SIZES, row_of, simulated, with_known_answer

ROPE = {"accuracy": 0.01, "binary_crossentropy": 0.02}
OPPOSITE = {"better": "worse", "worse": "better", "equivalent": "equivalent", "undecided": "undecided"}


@pytest.fixture(scope="module")
def replicates() -> pd.DataFrame:
    return with_known_answer()


@pytest.fixture(scope="module")
def tables(replicates) -> dict[str, pd.DataFrame]:
    return evidence_tables(replicates)


# --- summaries and comparisons


def test_summary_of_the_notebooks_split_is_scipys(replicates, tables):
    values = replicates.query("variant == 'l1l2' and protocol == 'notebook'")["test_accuracy"]
    found = row_of(tables["summaries"], protocol="notebook", metric="accuracy", variant="l1l2")
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (found["trainings"], found["diverged"]) == (8, 0)
    assert found["sd"] == pytest.approx(values.std())
    assert (found["lower"], found["upper"]) == pytest.approx((expected.low, expected.high))


def test_honest_comparison_by_hand(replicates, tables):
    rows = replicates.query("protocol == 'honest'").set_index(["variant", "split", "seed"])["test_binary_crossentropy"]
    splits = (rows["dropout"] - rows["base"]).groupby("split").mean()
    se = np.sqrt((1 / 6 + 320 / 1023) * splits.var())
    found = row_of(
        tables["comparisons"], protocol="honest", metric="binary_crossentropy", variant="dropout", reference="base"
    )
    assert found["difference"] == pytest.approx(splits.mean())
    assert found["upper"] == pytest.approx(splits.mean() + 2.570582 * se, rel=1e-6)  # t table, 5 degrees of freedom
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(abs(splits.mean()) / se, 5))


def test_comparisons_are_every_variant_with_base_and_the_headline_among_themselves(tables):
    for _, family in tables["comparisons"].groupby(["protocol", "metric"]):
        pairs = set(zip(family["variant"], family["reference"], strict=True))
        assert pairs == {("l1l2", "base"), ("dropout", "base"), ("copy", "base"), ("dropout", "l1l2")}
        np.testing.assert_allclose(family["p_holm"], multipletests(family["p_value"], method="holm")[1])
    assert set(tables["comparisons"]["protocol"]) == {"honest", "notebook"}


def test_verdicts_follow_the_truth_in_both_metrics(tables):
    verdicts = tables["comparisons"].set_index(["variant", "reference"])["verdict"]
    assert set(verdicts["l1l2", "base"]) == {"better"}
    assert set(verdicts["dropout", "l1l2"]) == {"worse"}
    assert set(verdicts["copy", "base"]) == {"equivalent"}
    assert not set(verdicts["dropout", "base"]) & {"better", "worse"}


def test_probability_of_improvement_follows_the_metrics_direction(tables):
    chances = tables["comparisons"].set_index(["variant", "reference"])["probability_of_improvement"]
    assert set(chances["l1l2", "base"]) == {1}
    assert set(chances["copy", "base"]) == {0.5}


def test_order_of_the_rows_changes_nothing(replicates, tables):
    shuffled = evidence_tables(replicates.sample(frac=1, random_state=1))
    for name, table in tables.items():
        pd.testing.assert_frame_equal(shuffled[name], table, check_exact=True)


def test_swapping_two_variants_negates(replicates, tables):
    swapped = evidence_tables(replicates, headline=("l1l2", "base", "dropout"))["comparisons"]
    for protocol in ("honest", "notebook"):
        for metric in ROPE:
            key = {"protocol": protocol, "metric": metric}
            there = row_of(tables["comparisons"], **key, variant="l1l2", reference="base")
            back = row_of(swapped, **key, variant="base", reference="l1l2")
            assert (back["difference"], back["lower"]) == pytest.approx((-there["difference"], -there["upper"]))
            assert back["verdict"] == OPPOSITE[there["verdict"]]


# --- power


def test_power_does_not_look_at_the_mean_difference(replicates, tables):
    better = replicates.assign(
        test_accuracy=replicates["test_accuracy"] + 0.05 * (replicates["variant"] == "dropout"),
    )
    found = evidence_tables(better)
    for name in ("comparisons", "plan"):
        np.testing.assert_allclose(found[name]["detectable"], tables[name]["detectable"], rtol=1e-6)


@pytest.mark.parametrize(("protocol", "n", "test_rows"), [("honest", 6, 320), ("notebook", 8, 0)])
def test_limit_is_that_of_the_splits_or_seeds_and_the_whole_family(replicates, tables, protocol, n, test_rows):
    scores = wide(replicates, protocol, "test_accuracy")
    differences = scores["dropout"] - scores["base"]
    values = differences.groupby("split").mean() if protocol == "honest" else differences
    design = {"n_train": 1023, "n_test": test_rows, "rope": 0.01, "comparisons": 4}
    found = row_of(tables["comparisons"], protocol=protocol, metric="accuracy", variant="dropout", reference="base")
    assert found["detectable"] == pytest.approx(statistics.detectable_difference(values.std(), n, **design))


def test_plan_agrees_with_the_comparisons_on_the_design_in_use(replicates):
    """Where the differences vary between splits: the mean square between them is that of the splits' means."""
    uneven = replicates.copy()
    uneven.loc[uneven["variant"] == "dropout", "test_accuracy"] += 0.03 * (uneven["split"] % 3)
    settings = SIZES | {"metrics": METRICS}
    planned = questions.plan(uneven, HEADLINE, **settings, comparisons=4, n_splits=[6, 60], n_seeds=[2, 20])
    own = questions.comparisons(uneven, [*HEADLINE, "copy"], HEADLINE, **settings)
    key = {"metric": "accuracy", "variant": "dropout", "reference": "l1l2"}
    detectable = row_of(own, protocol="honest", **key)["detectable"]
    assert row_of(planned, splits=6, seeds=2, **key)["detectable"] == pytest.approx(detectable)
    assert row_of(planned, splits=60, seeds=2, **key)["detectable"] < 0.9 * detectable
    assert row_of(planned, splits=6, seeds=20, **key)["detectable"] < detectable


def test_a_claim_under_the_limit_is_flagged(replicates, tables):
    key = {"protocol": "honest", "metric": "accuracy", "variant": "dropout", "reference": "base"}
    before = row_of(tables["comparisons"], **key)
    shift = 0.95 * before["detectable"] - before["difference"]
    honest = (replicates["variant"] == "dropout") & (replicates["protocol"] == "honest")
    found = evidence_tables(replicates.assign(test_accuracy=replicates["test_accuracy"] + shift * honest))
    row = row_of(found["comparisons"], **key)
    assert row["difference"] == pytest.approx(0.95 * row["detectable"])
    assert (row["verdict"], row["size_may_be_overstated"]) == ("better", True)
    told = sentences(found, headline=HEADLINE)[1]
    assert told.endswith(
        f"under the {row['detectable']:.3f} that is found reliably, trust its direction, not its size."
    )


# --- the other questions


def test_leakage_tax_is_what_was_put_in(replicates):
    leaky = replicates.query("protocol == 'honest'").assign(protocol="leaky")
    leaky["test_accuracy"] += np.where(leaky["variant"] == "base", 0.05, 0.02)
    found = questions.leakage_tax(
        pd.concat([replicates.query("protocol != 'leaky'"), leaky]), ["base", "l1l2", "dropout"], **SIZES
    )
    base, dropout = (row_of(found, metric="accuracy", variant=variant) for variant in ("base", "dropout"))
    assert (base["tax"], base["lower"], base["upper"]) == pytest.approx((0.05, 0.05, 0.05))
    assert (dropout["tax"], dropout["excess_of_base"]) == pytest.approx((0.02, 0.03))
    assert row_of(found, metric="binary_crossentropy", variant="base")["tax"] == 0


def test_lottery_by_hand(replicates):
    notebook = replicates.query("protocol == 'notebook'").copy()
    notebook["test_accuracy"] = np.where(notebook["variant"] == "l1l2", 0.75, 0.70)
    half = (notebook["variant"] == "dropout") & (notebook["seed"] < 4)
    notebook.loc[half, "test_accuracy"] = 0.7500000119  # float32's 0.75 is a tie
    found = questions.notebook_lottery(notebook, HEADLINE).set_index("variant")
    assert found["wins"].to_dict() == pytest.approx({"base": 0, "l1l2": 0.75, "dropout": 0.25})
    assert 0 < found["lower"]["dropout"] < 0.25 < found["upper"]["dropout"] < 0.5
    again = questions.notebook_lottery(notebook, HEADLINE, random_state=1).set_index("variant")
    assert (again["wins"] == found["wins"]).all()


def test_reported_figures_are_counts_of_320_test_rows():
    accuracies = [figure for *_, column, figure in questions.NOTEBOOK_REPORTED if column == "test_accuracy"]
    assert len(accuracies) == 12
    assert len(questions.NOTEBOOK_REPORTED) == 18
    np.testing.assert_allclose(np.array(accuracies) * 320, np.round(np.array(accuracies) * 320), atol=1e-5)


def test_reported_figures_fall_where_they_should():
    found = questions.notebook_reported(simulated(ELEVEN))
    assert len(found) == 18
    values = simulated(ELEVEN).query("variant == 'dropout' and protocol == 'notebook'")["test_loss"]
    dropout = row_of(found, variant="dropout", score="test_loss")
    assert dropout["reported"] == 0.489147812128067
    assert dropout["percentile"] == pytest.approx(100 * (values < 0.489147812128067).mean())
    assert set(questions.notebook_reported(simulated(("base",)))["variant"]) == {"base"}


def test_variance_ledger_recovers_the_spread_that_was_put_in():
    many = simulated(("base",), splits=400, split_sd=0.03, seed_sd=0.015)
    found = row_of(questions.variance_ledger(many, ["base"], n_test=320), metric="accuracy")
    assert found["seed"] == pytest.approx(0.2, abs=0.03)
    assert found["seed"] + found["split"] == pytest.approx(1)
    assert found["split_lower"] < 0.8 < found["split_upper"]
    assert found["test_set_at_most"] == pytest.approx(0.75 * 0.25 / 320 / (0.03**2 + 0.015**2), rel=0.1)


def test_winners_curse_is_the_expected_maximum_of_equal_variants():
    """Eleven equal variants whose scores are noise: the best of them looks 1.586 sd better than it is."""
    equal = simulated(ELEVEN, splits=300, split_sd=0, seed_sd=0.01)
    found = questions.selection(equal, ELEVEN, **SIZES)
    one = row_of(found, metric="accuracy", rule="one training")
    assert one["optimism"] == pytest.approx(1.586 * 0.01, rel=0.1)
    assert one["optimism_lower"] > 0
    assert one["test"] == pytest.approx(0.75, abs=0.002)
    assert row_of(found, metric="accuracy", rule="mean")["optimism"] < 0.2 * one["optimism"]
    assert row_of(found, metric="binary_crossentropy", rule="one training")["optimism"] > 0


def test_selection_takes_the_best_variant_and_shares_ties(tables):
    found = tables["selection"]
    assert set(found["chosen"]) == {"l1l2"}
    assert set(found["share"]) == {1}
    gain = row_of(found, metric="accuracy", rule="mean")["gain"]
    key = {"protocol": "honest", "metric": "accuracy", "variant": "l1l2", "reference": "base"}
    assert gain == pytest.approx(row_of(tables["comparisons"], **key)["difference"])
    twins = simulated(("base",))
    twins = pd.concat([twins, twins.assign(variant="copy")])
    assert set(questions.selection(twins, ["base", "copy"], **SIZES)["share"]) == {0.5}
