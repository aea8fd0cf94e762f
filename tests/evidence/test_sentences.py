"""What is told of the evidence: few figures with stable keys, and sentences with the tables' numbers."""

import json

import pandas as pd
import pytest

from regularization.evidence import answer, evidence_tables, main_figures, sentences
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return evidence_tables(*with_known_answer(), headline=HEADLINE)


def test_figures_are_a_dozen_with_stable_keys_and_plain_json():
    first, second = (main_figures(evidence_tables(*simulated(ELEVEN, rng=seed), headline=HEADLINE)) for seed in (0, 1))
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert pd.json_normalize(first).shape[1] == 12
    assert pd.json_normalize(first).columns.tolist() == pd.json_normalize(second).columns.tolist()


def test_figures_are_the_tables(tables):
    told = main_figures(tables)["accuracy"]
    row = row_of(tables["comparisons"], metric="accuracy", variant="dropout", reference="l1l2")
    assert told["verdict"]["dropout_vs_l1l2"] == row["verdict"] == "worse"
    assert told["difference"]["dropout_vs_l1l2"] == row["difference"]


def test_sentences_say_the_verdicts_with_their_numbers(tables):
    told = sentences(tables, headline=HEADLINE)
    row = row_of(tables["comparisons"], metric="accuracy", variant="l1l2", reference="base")
    assert told[0].startswith("l1l2 is better than base in test accuracy: ")
    assert f"difference {row['difference']:+.3f} ({row['lower']:+.3f} to {row['upper']:+.3f} for new tables" in told[0]
    assert any(sentence.startswith("dropout is worse than l1l2 in test loss without penalty: ") for sentence in told)
    assert any(sentence.startswith("No training of copy differed from its pair of base") for sentence in told)
    assert all(sentence.endswith(".") for sentence in told)


def test_the_answer_is_the_headline_pairs_and_the_best(tables):
    told = answer(tables)
    assert [sentence.split(":")[0] for sentence in told[:3]] == [
        "l1l2 against base",
        "dropout against base",
        "dropout against l1l2",
    ]
    assert told[3] == "In test accuracy, l1l2 is the best, and every other variant can be told from it."


def test_nothing_is_said_of_duplicates_where_there_are_none():
    trainings, blocks = simulated()
    without = evidence_tables(trainings.query("protocol != 'leaky'"), blocks, headline=HEADLINE)
    told = sentences(without, headline=HEADLINE)
    assert "The table has no identical rows, so none can leak into the test." in told
    assert not any(sentence.startswith("Shuffling") for sentence in told)
