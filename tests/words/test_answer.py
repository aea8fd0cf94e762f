"""The answer to the reader's three questions follows the verdicts."""

import pandas as pd
import pytest

from regularization.evidence import evidence_tables
from regularization.words.answer import answer, does_it_help, how_chosen, lead, splits_to_decide, undecided
from tests.evidence.simulated import HEADLINE, row_of, simulated, with_known_answer

pytestmark = pytest.mark.training


def with_references(gain: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A clear winner, l1l2, and logistic regression, which is so much better or worse than it; it has no seeds."""
    trainings, blocks = simulated((*HEADLINE, "logistic_regression"), gains={"l1l2": 0.1, "logistic_regression": gain})
    no_network = (trainings["variant"] == "logistic_regression") & (trainings["protocol"] != "honest")
    return trainings[~no_network], blocks


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (0.2, "No network is needed: in test loss, scikit-learn's logistic_regression is better than l1l2."),
        (
            0.1,
            "Nothing shows that a network is worth it: in test loss, l1l2 is not proven better than scikit-learn's "
            "logistic_regression; the difference to the best of them, logistic_regression, is ",
        ),
        (0.0, "A network is worth it: in test loss, l1l2 is better than scikit-learn's logistic_regression."),
    ],
)
def test_whether_a_network_is_worth_it_follows_the_verdict(gain, said):
    tables = evidence_tables(*with_references(gain), headline=HEADLINE, settings={"l1l2": {"l1": 0.01}})
    first, second, third = lead(tables)
    assert first.startswith("Use l1l2 (l1 0.01): mean test accuracy 0.")
    assert "Against base, the network without regularization: test accuracy better, +0." in first
    assert second == "How sure that is: the 2 other networks can be excluded as the best in test loss."
    assert third.startswith(said)
    assert how_chosen(tables)[0].startswith("l1l2 has the lowest mean test loss of 3 variants. The best of 3 tends ")
    assert "logistic_regression" not in set(tables["best"]["variant"])


def test_a_loss_above_the_constant_predictors_is_named_in_the_lead():
    tables = evidence_tables(*simulated(gains={"base": -0.1}), headline=HEADLINE)
    (told,) = [text for text in answer(tables) if text.startswith("Worse in the test loss than always predicting")]
    assert "always predicting the majority class: base, by 0." in told


def test_trainings_that_diverged_are_counted_in_the_lead():
    tables = evidence_tables(*simulated(), headline=HEADLINE)
    lost = tables["summaries"].assign(
        diverged=[3 if name == "dropout" else 0 for name in tables["summaries"]["variant"]]
    )
    assert any("3 of 40 trainings of dropout diverged" in text for text in answer(tables | {"summaries": lost}))


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return evidence_tables(*with_known_answer(), headline=HEADLINE)


def test_the_verdicts_stand_with_their_numbers_and_what_is_undecided_after_them(tables):
    row = row_of(tables["comparisons"], metric="accuracy", variant="l1l2", reference="base")
    sentences = does_it_help(tables)
    first = f"l1l2 against base: test accuracy better, {row['difference']:+.3f} ({row['lower']:+.3f} to "
    assert sentences[0].startswith(first)
    pairs = ["l1l2 against base", "dropout against base", "dropout against l1l2"]
    assert [sentence.split(":")[0] for sentence in sentences[:3]] == pairs
    assert sentences[3 : 3 + len(undecided(tables))] == undecided(tables)
    assert how_chosen(tables)[1] == "In test accuracy, l1l2 is the best of all 4 variants."
    assert answer(tables)[: len(lead(tables))] == lead(tables)


def test_of_variants_that_may_be_the_best_the_lead_counts_how_many(tables):
    best = tables["best"].assign(included=True)
    assert "none of the 3 other networks can be excluded as the best in test loss." in lead(tables | {"best": best})[1]
    some = best.assign(included=best["variant"] != "base")
    said = "of the 3 other networks, 1 can be excluded as the best in test loss, and 2 cannot."
    assert said in lead(tables | {"best": some})[1]


def test_an_undecided_pair_comes_with_the_splits_that_would_settle_it():
    """From the spread alone: twice the mean difference asks for the same splits."""
    found = []
    for gain in (0.0, 0.004):
        tables = evidence_tables(*simulated(gains={"l1l2": 0.2, "dropout": gain}, splits=40), headline=HEADLINE)
        found.append([text for text in undecided(tables) if text.startswith("dropout against base in test accuracy")])
    ((first,), (second,)) = found
    assert first.split(":")[1] == second.split(":")[1]
    plan = tables["plan"].query("metric == 'accuracy' and variant == 'dropout' and reference == 'base'")
    enough = plan[(plan["detectable"] <= 0.01) & (plan["factor"] > 1)]
    said = f"{enough['splits'].iloc[0]:.0f} splits would find a difference of 0.01" if len(enough) else "no number of"
    assert said in first


def test_an_undecided_pair_whose_splits_are_enough_is_told_so():
    tables = evidence_tables(*simulated(splits=200, seed_sd=0.001, block_sd=0.001), headline=HEADLINE)
    plan = tables["plan"].assign(detectable=0.002)
    rows = tables["comparisons"].assign(verdict="undecided")
    told = undecided(tables | {"plan": plan, "comparisons": rows})
    assert all("Its 200 splits already find a difference of" in text for text in told)
    assert splits_to_decide(tables | {"plan": plan, "comparisons": rows}) == 0
