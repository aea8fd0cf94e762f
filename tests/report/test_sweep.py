"""The section of the sweep, out of its two files."""

import pandas as pd
import pytest

from regularization.report.sweep import sweep_section
from tests.report.examples import sweep


def test_the_sentences_say_what_the_files_do():
    table, found = sweep()
    told = sweep_section(table, found).sentences
    assert told[0].startswith("4 configurations in 20 trainings")
    assert "the best has dropout 0.3 and epochs 500; 2 of them" in told[0]
    assert "The simplest of those within one standard error of the best has no regularization." in told[0]
    assert "on 256 test rows" in told[1]
    assert "accuracy 0.510 (0.500 to 0.600)" in told[1]
    assert "the best looks better than it is on the validation rows: by +0.0200 (+0.0100 to +0.0300)" in told[3]
    assert told[4] == "Try it: dvc exp run -S dropout=0.3"


def test_no_clear_optimism():
    table, found = sweep()
    found["optimism"] |= {"lower": -0.01}
    assert "does not clearly look better than it is" in sweep_section(table, found).sentences[3]


def test_the_table_is_the_set_that_cannot_be_told_from_the_best():
    table, found = sweep(in_set=3)
    (shown,) = sweep_section(table, found).tables
    assert [row[0] for row in shown.rows] == table["configuration"].iloc[:3].astype(str).to_list()
    assert list(shown.heads[:4]) == ["configuration", "l1", "dropout", "epochs"]
    assert shown.rows[0][1:3] == ["none", "0.3"]


def test_a_long_set_is_cut_with_a_word():
    table, found = sweep()
    long = pd.concat([table] * 20, ignore_index=True).assign(cannot_be_told_from_best=True)
    (shown,) = sweep_section(long, found).tables
    assert len(shown.rows) == 20
    assert "the best 20 of 80" in shown.caption


def test_one_chart_shows_every_value_beside_the_best():
    table, found = sweep()
    (chart,) = sweep_section(table, found).charts
    assert chart.title.startswith("Difference to the best configuration in validation loss without penalty, with 95%")
    shown = {name: x for trace in chart.figure["data"] for name, x in zip(trace["text"], trace["x"], strict=True)}
    assert shown == {"l1 none": 0, "l1 0.001": 0.001, "dropout 0.3": 0}
    assert [its["text"] for its in chart.figure["layout"]["annotations"]] == ["▼ +0.200 →"]
    assert "dropout 0.1 has no configuration that may be the best, and each other has one" in " ".join(
        sweep_section(table, found).sentences
    )


def test_values_that_may_all_be_the_best():
    table, found = sweep()
    found["values"] = [row | {"verdict": "undecided"} for row in found["values"]]
    told = sweep_section(table, found).sentences[2]
    assert told == (
        "Of the 4 values of its settings, each has a configuration that may be the best: no single one is shown to be "
        "needed."
    )


@pytest.mark.parametrize("flag", ["True", "true", True, 1])
def test_flags_as_a_csv_may_give_them(flag):
    table, found = sweep()
    table["cannot_be_told_from_best"] = [flag, *["False"] * 3]
    (shown,) = sweep_section(table, found).tables
    assert len(shown.rows) == 1
