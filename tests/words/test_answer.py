"""The answer to the reader's three questions follows the verdicts."""

import pandas as pd
import pytest

from regularization.evidence import evidence_tables
from regularization.words.answer import answer, questions
from tests.evidence.simulated import HEADLINE, simulated

pytestmark = pytest.mark.training


def with_references(gain: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A clear winner, l1l2, and logistic regression, which is so much better or worse than it; it has no seeds."""
    trainings, blocks = simulated((*HEADLINE, "logistic_regression"), gains={"l1l2": 0.1, "logistic_regression": gain})
    no_network = (trainings["variant"] == "logistic_regression") & (trainings["protocol"] != "honest")
    return trainings[~no_network], blocks


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (0.2, "By the test loss, logistic_regression is better than l1l2 (l1 0.01): no network is needed."),
        (0.1, "By the test loss, l1l2 is not proven better than logistic_regression."),
        (0.0, "By the test loss, l1l2 is better than every reference model."),
    ],
)
def test_whether_a_network_is_worth_it_follows_the_verdict(gain, said):
    tables = evidence_tables(*with_references(gain), headline=HEADLINE, settings={"l1l2": {"l1": 0.01}})
    told = questions(tables)
    assert told["Is a network worth it?"][-1] == said.replace(" (l1 0.01)", "")
    assert told["Which network should I use?"][0].startswith("Recommended is l1l2 (l1 0.01): it has the lowest mean")
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
