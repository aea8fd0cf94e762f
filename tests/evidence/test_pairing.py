"""The checks of the table of replicates, and its columns as pairs."""

import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.evidence import evidence_tables, main_figures, sentences
from regularization.evidence.pairing import wide
from tests.evidence.simulated import HEADLINE, row_of, with_known_answer


@pytest.fixture(scope="module")
def replicates() -> pd.DataFrame:
    return with_known_answer()


@pytest.fixture(scope="module")
def tables(replicates) -> dict[str, pd.DataFrame]:
    return evidence_tables(replicates)


def test_a_diverged_training_is_left_out_and_counted(replicates, tables):
    spoilt = replicates.copy()
    run = (spoilt["variant"] == "dropout") & (spoilt["protocol"] == "honest") & (spoilt["split"] == 2)
    spoilt.loc[run & (spoilt["seed"] == 1), "test_loss"] = np.nan
    spoilt.loc[run & (spoilt["seed"] == 1), "test_accuracy"] = 0.0  # what is left of it counts no more
    found = evidence_tables(spoilt)
    assert row_of(found["summaries"], protocol="honest", metric="accuracy", variant="dropout")["diverged"] == 1
    key = {"protocol": "honest", "metric": "accuracy", "reference": "base"}
    base, dropout = (
        replicates.query(f"protocol == 'honest' and variant == '{name}' and (split != 2 or seed != 1)")
        .groupby("split")["test_accuracy"]
        .mean()
        for name in ("base", "dropout")
    )
    assert row_of(found["comparisons"], variant="dropout", **key)["difference"] == pytest.approx(
        (dropout - base).mean()
    )
    others, before = (row_of(told["comparisons"], variant="l1l2", **key) for told in (found, tables))
    assert (others["difference"], others["upper"]) == (before["difference"], before["upper"])
    assert "Left out: 1 of 12 trainings of dropout (honest" in sentences(found, headline=HEADLINE)[-1]
    assert main_figures(found, headline=HEADLINE)["diverged"] == 1


def without(replicates: pd.DataFrame, condition: str) -> pd.DataFrame:
    return replicates.query(f"not ({condition})")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table.drop(columns="test_loss"), "test_loss.* missing"),
        (lambda table: table.assign(test_loss="low"), "Expected numbers in .*test_loss"),
        (lambda table: without(table, "protocol == 'leaky'"), "leaky.* missing"),
        (lambda table: without(table, "variant == 'dropout'"), "dropout.* missing"),
        (lambda table: pd.concat([table, table.iloc[[3]]]), "more than once"),
        (lambda table: without(table, "variant == 'copy' and split == 1"), "copy .* without a pair, the first"),
        (lambda table: without(table, "protocol == 'leaky' and split == 1"), "leaky protocol.* without a pair"),
        (lambda table: without(table, "split > 0"), "2 or more honest splits, received 1"),
        (lambda table: without(table, "protocol != 'notebook' and seed > 0"), "2 or more seeds for each honest split"),
        (lambda table: without(table, "protocol == 'notebook' and seed > 0"), "2 or more seeds on the notebook"),
        (
            lambda table: table.assign(val_accuracy=table["val_accuracy"].mask(table["variant"] == "dropout")),
            "dropout .*diverged",
        ),
    ],
)
def test_bad_input_says_what_is_wrong(replicates, spoil, message):
    with pytest.raises(InputError, match=message):
        evidence_tables(spoil(replicates))


def test_wide_has_a_column_for_each_variant(replicates):
    found = wide(replicates, "honest", "test_accuracy")
    assert found.shape == (12, 4)
    assert found["copy"].equals(found["base"].rename("copy"))
