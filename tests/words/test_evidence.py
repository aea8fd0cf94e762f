"""The evidence in words: few figures with stable keys, and sentences with the tables' numbers."""

import json

import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.evidence import evidence_tables
from regularization.words.answer import answer, does_it_help
from regularization.words.evidence import main_figures, sentences
from tests.evidence.simulated import ELEVEN, HEADLINE, row_of, simulated, with_known_answer

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return evidence_tables(*with_known_answer(), headline=HEADLINE)


def test_figures_are_a_dozen_with_stable_keys_and_plain_json():
    studies = simulated((*HEADLINE, "mine"), rng=0), simulated(HEADLINE, rng=1)
    first, second = (main_figures(evidence_tables(*study, headline=HEADLINE)) for study in studies)
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert pd.json_normalize(first).shape[1] == 13
    assert pd.json_normalize(first).columns.tolist() == pd.json_normalize(second).columns.tolist()


def test_figures_are_the_tables(tables):
    told = main_figures(tables)["accuracy"]
    row = row_of(tables["comparisons"], metric="accuracy", variant="dropout", reference="l1l2")
    assert told["verdict"]["dropout_vs_l1l2"] == row["verdict"] == "worse"
    assert told["difference"]["dropout_vs_l1l2"] == row["difference"]


def test_the_sentences_are_whole(tables):
    assert all(sentence.endswith(".") for sentence in [*answer(tables), *sentences(tables, headline=HEADLINE)])


def test_the_sentences_are_about_a_dozen(tables):
    assert len(sentences(tables, headline=HEADLINE)) <= 15


def test_nothing_is_said_of_duplicates_where_there_are_none():
    trainings, blocks = simulated()
    without = evidence_tables(trainings.query("protocol != 'leaky'"), blocks, headline=HEADLINE)
    told = sentences(without, headline=HEADLINE)
    assert "No two rows of the table have the same inputs, so none can leak into the test." in told
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
        "copy has the settings of base and is reported only under that name."
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
    assert answer(once)
    assert any("mine" in sentence for sentence in [*answer(once), *sentences(once, headline=HEADLINE)])


def test_variants_that_tie_are_told_as_such():
    """Every network is the same: no spread, no winner, no difference that could be found."""
    pairs = [table.query("variant == 'base'") for table in simulated()]
    twins = (pd.concat([table.assign(variant=name) for name in HEADLINE], ignore_index=True) for table in pairs)
    tables = evidence_tables(*twins, headline=HEADLINE)
    told = " ".join(sentences(tables, headline=HEADLINE))
    assert "In test accuracy, base, l1l2 and dropout have the same mean." in answer(tables)
    assert "true differences of" not in told
    assert "base, l1l2 and dropout would have the highest test accuracy of the 3 configurations equally" in told
    assert "base is chosen as often as 2 others (33% of the choices each)" in told
    assert "Its difference to base on the test rows is +0.000 (the same every time)." in told
    assert "+0.000 to +0.000" not in told
    assert all("undecided, no training differed from its pair" in sentence for sentence in does_it_help(tables)[:3])


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [
        (0.001, 0.02, "it looked better than it was by"),
        (-0.02, -0.001, "it looked worse than it was, by"),
        (-0.02, 0.02, "whether it looked better than it was is open"),
    ],
)
def test_how_the_chosen_looked_follows_its_interval(tables, lower, upper, words):
    selection = tables["selection"].assign(optimism_lower=lower, optimism_upper=upper)
    told = [text for text in sentences(tables | {"selection": selection}, headline=HEADLINE) if "is chosen" in text]
    assert [words in text for text in told] == [True]
    assert "for new seeds and splits of the same blocks" in told[0]


def test_power_is_that_of_the_splits_at_hand(tables):
    limits = tables["plan"].query("metric == 'accuracy' and factor == 1")["detectable"]
    expected = f"true differences of {limits.min():.3f} to {limits.max():.3f} in test accuracy and "
    (told,) = [sentence for sentence in sentences(tables, headline=HEADLINE) if expected in sentence]
    assert told.endswith("would be found in 80% of such studies.")


def test_of_many_that_cannot_be_told_from_the_best_the_shorter_list_is_told():
    gains = {"l1l2": -0.2, "dropout": -0.2}
    tables = evidence_tables(*simulated(ELEVEN, gains=gains, splits=60, block_sd=0.002), headline=HEADLINE)
    best = tables["best"].query("metric == 'accuracy'")
    assert set(best.loc[~best["included"], "variant"]) == {"l1l2", "dropout"}
    leader = best["best"].iloc[0]
    all_others = "every other variant may be the best too, except l1l2 and dropout"
    assert f"Of the networks, {leader} has the best mean test accuracy; {all_others}." in answer(tables)
