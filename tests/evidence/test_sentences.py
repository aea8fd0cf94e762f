"""What is told of the evidence: few figures with stable keys, and sentences with the tables' numbers."""

import json

import pandas as pd
import pytest

from regularization.evidence import evidence_tables, main_figures, sentences
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return evidence_tables(with_known_answer())


def leaves(tree: dict) -> list:
    return [leaf for value in tree.values() for leaf in (leaves(value) if isinstance(value, dict) else [value])]


def test_figures_are_few_with_stable_keys_and_plain_json():
    first, second = (evidence_tables(simulated(ELEVEN, rng=seed)) for seed in (0, 1))
    told, other = (main_figures(found, headline=HEADLINE) for found in (first, second))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert len(leaves(told)) <= 80
    assert pd.json_normalize(told).columns.tolist() == pd.json_normalize(other).columns.tolist()
    assert set(told["verdict"]["accuracy"]) == {*ELEVEN[1:], "dropout_vs_l1l2"}
    assert sum(told["notebook_lottery"].values()) == pytest.approx(1, abs=1e-5)


def test_figures_are_the_tables(tables):
    told = main_figures(tables, headline=HEADLINE)
    honest = tables["comparisons"].query("protocol == 'honest' and metric == 'accuracy'")
    row = row_of(honest, variant="dropout", reference="l1l2")
    assert told["verdict"]["accuracy"]["dropout_vs_l1l2"] == row["verdict"] == "worse"
    expected = {"mean": row["difference"], "lower": row["lower"], "upper": row["upper"]}
    assert told["difference"]["accuracy"]["dropout_vs_l1l2"] == pytest.approx(expected, abs=1e-6)
    assert told["detectable"]["accuracy"] == pytest.approx(honest["detectable"].max(), abs=1e-6)
    tax = row_of(tables["leakage_tax"], metric="accuracy", variant="dropout")["tax"]
    assert told["leakage_tax"]["accuracy"]["dropout"] == pytest.approx(tax, abs=1e-6)
    assert told["selection"]["accuracy"]["chosen"] == "l1l2"


def test_sentences_say_the_verdicts_with_their_numbers(tables):
    told = sentences(tables, headline=HEADLINE)
    key = {"protocol": "honest", "metric": "accuracy", "variant": "l1l2", "reference": "base"}
    row = row_of(tables["comparisons"], **key)
    assert told[0].startswith("l1l2 is better than base in test accuracy over new splits and seeds: ")
    assert f"difference {row['difference']:+.3f} (95% interval {row['lower']:+.3f} to {row['upper']:+.3f})" in told[0]
    assert any(sentence.startswith("copy is equivalent, within 0.01, to base in test accuracy") for sentence in told)
    assert any(sentence.startswith("dropout is worse than l1l2 in penalty-free test loss") for sentence in told)
    assert all(sentence.endswith(".") for sentence in told)
