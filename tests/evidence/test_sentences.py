"""What is told of the evidence: few figures with stable keys, and sentences with the tables' numbers."""

import json

import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.evidence import answer, evidence_tables, main_figures, sentences
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return evidence_tables(*with_known_answer(), headline=HEADLINE)


def test_figures_are_a_dozen_with_stable_keys_and_plain_json():
    studies = simulated((*HEADLINE, "mine"), rng=0), simulated(HEADLINE, rng=1)
    first, second = (main_figures(evidence_tables(*study, headline=HEADLINE)) for study in studies)
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
    first = next(sentence for sentence in told if sentence.startswith("l1l2 is better than base in test accuracy: "))
    assert f"difference {row['difference']:+.3f} ({row['lower']:+.3f} to {row['upper']:+.3f} for new tables" in first
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


def test_a_stand_in_is_marked_in_every_table_in_the_figures_and_in_what_is_told():
    marked = evidence_tables(*simulated(), headline=HEADLINE, origin="standin")
    assert all(set(table["origin"]) <= {"standin"} and "origin" in table for table in marked.values())
    assert main_figures(marked)["origin"] == "standin"
    assert "synthetic stand-in" in answer(marked)[0]
    assert "synthetic stand-in" in sentences(marked, headline=HEADLINE)[0]


def test_no_mark_without_a_stand_in(tables):
    assert not any("origin" in table for name, table in tables.items() if name != "table")
    assert "stand-in" not in " ".join([*sentences(tables, headline=HEADLINE), *answer(tables)])


@pytest.mark.parametrize("of_notebook", [("base", "dropout"), ()])
def test_the_notebook_is_not_named_where_some_of_its_configurations_are_not_there(of_notebook):
    tables = evidence_tables(*simulated(), headline=HEADLINE, of_notebook=of_notebook)
    assert set(tables["notebook_reported"]["variant"]) == set(of_notebook)
    told = " ".join(sentences(tables, headline=HEADLINE))
    assert "notebook" not in told
    assert "On one and the same split, with another seed each, " in told


def test_the_notebook_is_named_beside_all_of_its_configurations_and_means_them_alone():
    tables = evidence_tables(*simulated((*ELEVEN, "mine")), headline=HEADLINE, of_notebook=ELEVEN)
    assert set(tables["notebook_lottery"]["variant"]) == set(ELEVEN)
    told = " ".join(sentences(tables, headline=HEADLINE))
    assert "If the notebook were run again, " in told
    assert "of the 11 configurations" in told


def test_a_variant_with_the_settings_of_another_is_told_once(tables):
    once = evidence_tables(*with_known_answer(), headline=HEADLINE, same_settings={"copy": "base"})
    for name in ("summaries", "comparisons", "best", "notebook_lottery", "spread", "majority"):
        assert "copy" in set(tables[name]["variant"])
        assert "copy" not in set(once[name]["variant"])
    told = sentences(once, headline=HEADLINE)
    assert [sentence for sentence in told if "copy" in sentence] == [
        "copy has the settings of base and is told under that name alone."
    ]


def test_a_headline_model_with_the_settings_of_base_leaves_the_families():
    once = evidence_tables(*simulated(), headline=HEADLINE, same_settings={"dropout": "base"})
    assert set(once["comparisons"]["variant"]) == {"l1l2"}
    assert list(main_figures(once)["accuracy"]["verdict"]) == ["l1l2_vs_base"]
    with pytest.raises(InputError, match="every variant has the settings of base; expected another"):
        evidence_tables(*simulated(), headline=HEADLINE, same_settings={"dropout": "base", "l1l2": "base"})


def test_without_headline_pairs_there_is_still_something_to_tell():
    same = {"l1l2": "base", "dropout": "base"}
    once = evidence_tables(*simulated((*HEADLINE, "mine")), headline=HEADLINE, same_settings=same)
    assert set(once["comparisons"]["family"]) == {"exploratory"}
    assert main_figures(once)["accuracy"] == {"verdict": {}, "difference": {}}
    assert any(sentence.startswith("mine ") for sentence in sentences(once, headline=HEADLINE))
    assert answer(once)


def test_variants_that_tie_are_told_as_such():
    """Every network is the same: no spread, no winner, no difference that could be found."""
    pairs = [table.query("variant == 'base'") for table in simulated()]
    twins = (pd.concat([table.assign(variant=name) for name in HEADLINE], ignore_index=True) for table in pairs)
    tables = evidence_tables(*twins, headline=HEADLINE)
    told = " ".join(sentences(tables, headline=HEADLINE))
    assert "In test accuracy, base, l1l2 and dropout have the same mean." in told
    assert "splits, a true difference" not in told
    assert "base, l1l2 and dropout would have the highest test accuracy of the 3 configurations equally" in told
    assert "base as often as 2 others (33% of the choices each)" in told
    assert "Its difference to base on the test rows is +0.000 (the same every time)." in told
    assert "+0.000 to +0.000" not in told
    assert all("undecided (no training differed from its pair)" in sentence for sentence in answer(tables)[:3])


def test_a_choice_that_did_not_clearly_look_better_is_told_as_open(tables):
    told = [
        sentence for sentence in sentences(tables, headline=HEADLINE) if sentence.startswith("Chosen in each split")
    ]
    for sentence, (_, row) in zip(told, tables["selection"].iterrows(), strict=False):
        assert ("it looked better than it was by" in sentence) == (row["optimism_lower"] > 0)
        assert ("whether it looked better is open" in sentence) == (row["optimism_lower"] <= 0)
        assert "for new seeds and splits of the same blocks" in sentence


def test_power_is_told_of_the_splits_at_hand(tables):
    limits = tables["plan"].query("metric == 'accuracy' and splits == 200")["detectable"]
    expected = f"With 200 splits, a true difference in test accuracy of {limits.min():.3f} to {limits.max():.3f}, "
    (told,) = [sentence for sentence in sentences(tables, headline=HEADLINE) if sentence.startswith(expected)]
    assert told.endswith("would be found in 80% of such studies.")


def test_of_many_that_cannot_be_told_from_the_best_the_shorter_list_is_told():
    gains = {"l1l2": -0.2, "dropout": -0.2}
    tables = evidence_tables(*simulated(ELEVEN, gains=gains, splits=60, block_sd=0.002), headline=HEADLINE)
    best = tables["best"].query("metric == 'accuracy'")
    assert set(best.loc[~best["cannot_be_told"], "variant"]) == {"l1l2", "dropout"}
    told = (
        f"In test accuracy, {best['best'].iloc[0]} has the best mean; all but l1l2 and dropout cannot be told from it."
    )
    assert told in answer(tables)
