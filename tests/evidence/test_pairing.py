"""The checks of the replicates, and their columns as pairs."""

import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.evidence import evidence_tables
from regularization.evidence.pairing import checked_replicates
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.words.evidence import sentences
from tests.evidence.simulated import HEADLINE, row_of, simulated, with_known_answer


@pytest.fixture(scope="module")
def known() -> tuple[pd.DataFrame, pd.DataFrame]:
    return with_known_answer()


def test_a_diverged_training_is_left_out_and_counted():
    trainings, blocks = simulated()
    spoilt = trainings.copy()
    run = (spoilt["variant"] == "dropout") & (spoilt["protocol"] == "honest") & (spoilt["split"] == 2)
    spoilt.loc[run, "test_loss"] = np.nan
    spoilt.loc[run, "test_accuracy"] = 0.0  # what is left of it counts no more
    found = evidence_tables(spoilt, blocks, headline=HEADLINE)
    summary = row_of(found["summaries"], metric="accuracy", variant="dropout")
    assert summary["diverged"] == 1
    kept = trainings.query("variant == 'dropout' and protocol == 'honest' and split != 2")["test_accuracy"]
    assert summary["sd"] == pytest.approx(kept.std())
    told = sentences(found, headline=HEADLINE)[-1]
    assert told.startswith("1 of 40 trainings of dropout diverged and are excluded")


def without(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    return table.query(f"not ({condition})")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table.drop(columns="test_loss"), r"expected \['test_loss'\] too"),
        (lambda table: table.assign(test_loss="low"), "received text in .*test_loss"),
        (lambda table: without(table, "protocol == 'notebook'"), r"expected \['notebook'\] too"),
        (lambda table: without(table, "variant == 'dropout'"), r"expected \['dropout'\] too"),
        (lambda table: pd.concat([table, table.iloc[[3]]]), "twice; expected one row per training"),
        (lambda table: without(table, "variant == 'copy' and split == 1"), "received copy .* the first"),
        (lambda table: without(table, "protocol == 'honest' and split == 1"), "leaky twins .* of no honest split"),
        (lambda table: without(table, "protocol == 'notebook' and seed > 0"), "raise replicate.seeds"),
    ],
)
def test_bad_input_says_what_is_wrong(known, spoil, message):
    trainings, blocks = known
    with pytest.raises(InputError, match=message):
        evidence_tables(spoil(trainings), blocks, headline=HEADLINE)


def test_a_variant_without_block_scores(known):
    trainings, blocks = known
    with pytest.raises(InputError, match=r"variants with block scores .*expected \['copy'\] too"):
        evidence_tables(trainings, without(blocks, "variant == 'copy'"), headline=HEADLINE)


def test_wide_has_a_column_for_each_variant(known):
    found = checked_replicates(*known, headline=HEADLINE).wide("honest", "test_accuracy")
    assert found.shape == (200, 4)
    assert found["copy"].equals(found["base"].rename("copy"))


def test_blocks_count_where_both_variants_are_scored(known):
    """A variant that has used its validation rows is scored on fewer blocks; so is its difference to another."""
    trainings, blocks = (table[table["variant"] != "copy"].copy() for table in known)
    row = (blocks["variant"] == "dropout") & (blocks["block"] == 0)
    lists = blocks.loc[row, "right"].item().split(" ")
    first = next(place for place, value in enumerate(lists) if value != "-")
    lists[first] = "-"
    blocks.loc[row, "right"] = " ".join(lists)
    fewer = checked_replicates(trainings, blocks, headline=HEADLINE)
    whole = checked_replicates(*known, headline=HEADLINE)
    pair = ("dropout", "base", METRICS["accuracy"])
    assert fewer.difference(*pair).mean != whole.difference(*pair).mean
    pair = ("l1l2", "base", METRICS["accuracy"])
    assert fewer.difference(*pair).mean == whole.difference(*pair).mean
