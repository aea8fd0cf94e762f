"""Two revisions of the project compared by their replicates: who is compared, what is said, what the check says."""

import numpy as np
import pytest

from regularization.errors import InputError
from regularization.evidence.jackknife import BlockScores, block_jackknife
from regularization.evidence.revisions import Revision, compare_revisions, conclusion
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.table.blocks import N_BLOCKS, VALIDATION, divide_blocks
from regularization.words.revisions import LABEL, conclusion_in_words, headline, verdict_text
from tests.evidence.simulated import row_of, simulated

DATA = {
    "rows": {"all": 800, "train": 520},
    "share_of_class_1": {"all": 0.53},
    "duplicate_rows": 30,
    "origin": "published",
    "settings": {"data.sha256": "4a40", "data.threshold": 6},
}


def revision(*, rng=0, gains=None, splits=40, **changed) -> Revision:
    return Revision(
        *simulated(rng=rng, gains=gains, splits=splits, seed_sd=0.002, block_sd=0.004, loss=9.0), DATA | changed
    )


BASE = revision()


def changed(name: str, *, by: float, seed_sd=0.0, base: Revision = BASE) -> Revision:
    """A branch in which one variant alone has another accuracy and, ten times as much, other losses."""
    rng = np.random.default_rng(1)
    noise = rng.normal(scale=seed_sd, size=1000)

    def moved(text: str, factor: float, rows: int) -> str:
        values = text.split(" ")
        added = [rows * factor * (by + noise[split]) for split in range(len(values))]
        return " ".join(
            value if value == "-" else f"{float(value) + more:.6g}" for value, more in zip(values, added, strict=True)
        )

    blocks = base.blocks.copy()
    for number in blocks.index[blocks["variant"] == name]:
        for metric in METRICS.values():
            factor = 1 if metric.higher_is_better else -10
            cell = (number, metric.block_column)
            blocks.loc[cell] = moved(blocks.loc[cell], factor, blocks.loc[number, "rows"])
    trainings = base.trainings.assign(test_loss=base.trainings["test_loss"].where(base.trainings["variant"] != name, 9))
    return base._replace(blocks=blocks, trainings=trainings)


def states(branch: Revision, base: Revision = BASE) -> dict[str, str]:
    table = compare_revisions(base, branch).variants
    return dict(zip(table["variant"], table["state"], strict=True))


def test_the_same_figures_are_not_retrained_and_the_check_succeeds():
    comparison = compare_revisions(BASE, BASE)
    assert set(comparison.variants["state"]) == {"not retrained"}
    assert comparison.differences.empty
    assert headline(comparison) == "no variant was retrained."
    assert conclusion(comparison) == "success"


def test_other_columns_with_the_same_block_scores_are_the_same_scores():
    branch = BASE._replace(trainings=BASE.trainings.assign(weight_norm=1.0))
    assert set(states(branch).values()) == {"the same scores"}
    assert conclusion(compare_revisions(BASE, branch)) == "success"


def test_a_difference_is_that_of_the_jackknife_over_the_pairs():
    branch = changed("dropout", by=0.02, seed_sd=0.005)
    found = row_of(compare_revisions(BASE, branch).differences, variant="dropout", metric="accuracy")
    sums = [
        np.array(
            [
                [np.nan if value == "-" else float(value) for value in text.split(" ")]
                for text in its.blocks.loc[its.blocks["variant"] == "dropout", "right"]
            ]
        ).T
        for its in (BASE, branch)
    ]
    rows = BASE.blocks.loc[BASE.blocks["variant"] == "dropout", "rows"].to_numpy()
    expected = block_jackknife(BlockScores(sums[1] - sums[0], rows))
    assert found["difference"] == pytest.approx(expected.mean)
    assert (found["lower"], found["upper"]) == pytest.approx(expected.interval())
    assert found["joint_upper"] - found["difference"] >= found["upper"] - found["difference"]
    assert found["branch"] - found["base"] == pytest.approx(found["difference"])


@pytest.mark.parametrize(
    ("by", "verdicts", "result"),
    [
        (0.05, {"better"}, "success"),
        (-0.05, {"worse"}, "failure"),
        (0.00005, {"equivalent"}, "success"),
    ],
)
def test_what_happened_to_one_variant_decides_the_check(by, verdicts, result):
    comparison = compare_revisions(BASE, changed("dropout", by=by, seed_sd=0.0001))
    assert set(comparison.differences["verdict"]) == verdicts
    assert set(comparison.differences["variant"]) == {"dropout"}
    assert conclusion(comparison) == result


def test_worse_but_perhaps_too_little_to_matter_is_neutral():
    comparison = compare_revisions(BASE, changed("dropout", by=-0.006, seed_sd=0.004))
    worse = comparison.differences.query("verdict == 'worse'")
    assert len(worse)
    assert not worse["beyond"].any()
    assert conclusion(comparison) == "neutral"
    assert "perhaps by less than" in verdict_text(comparison)


def test_noise_alone_is_undecided_and_neutral():
    comparison = compare_revisions(BASE, changed("dropout", by=0.0, seed_sd=0.1))
    assert set(comparison.differences["verdict"]) == {"undecided"}
    assert headline(comparison) == "dropout: undecided in every score; base, l1l2: not retrained."
    assert conclusion(comparison) == "neutral"


def test_the_headline_is_one_line_with_worse_before_better_and_every_worse_is_named_below():
    branch = changed("l1l2", by=-0.05, base=changed("dropout", by=0.05))
    text = verdict_text(compare_revisions(BASE, branch))
    first = text.splitlines()[0]
    assert first.index("l1l2: worse in test accuracy -0.050 (") < first.index("dropout: better in ")
    assert first.endswith("base: not retrained.**")
    assert [line.split(" in ")[0] for line in text.splitlines() if line.startswith("- ")] == ["- **l1l2**"] * len(
        METRICS
    )


def test_a_label_accepts_a_failure():
    comparison = compare_revisions(BASE, changed("dropout", by=-0.05))
    assert conclusion_in_words(comparison)[0] == "failure"
    assert LABEL in conclusion_in_words(comparison)[1]
    assert conclusion_in_words(comparison, is_accepted=True)[0] == "neutral"


def other_seeds(base: Revision) -> Revision:
    honest = base.trainings["protocol"] == "honest"
    return base._replace(trainings=base.trainings.assign(seed=base.trainings["seed"].where(~honest, 1000)))


def test_other_seeds_are_paired_by_split_and_said_to_be_other():
    branch = other_seeds(changed("dropout", by=0.05))
    comparison = compare_revisions(BASE, branch)
    told = comparison.variants.set_index("variant")
    assert told["state"].to_dict() == {"dropout": "compared", "base": "the same scores", "l1l2": "the same scores"}
    assert not told["same_seeds"].any()
    assert "the rows pair them" in verdict_text(comparison) or "seeds differ" in verdict_text(comparison)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"rows": {"all": 801}}, "rows 801, base has 800"),
        ({"share_of_class_1": {"all": 0.2}}, "share of class 1 0.2, base has 0.53"),
        ({"origin": "<img src=x>@all"}, "origin of the table ?img src?x??all, base has published"),
        ({"settings": {"data.sha256": "4a40", "data.threshold": 7}}, "data.threshold 7, base has 6"),
        ({"rows": None}, "rows none, base has 800"),
    ],
)
def test_other_data_are_not_compared(data, why):
    comparison = compare_revisions(BASE, changed("dropout", by=-0.05)._replace(data=DATA | data))
    told = comparison.variants.set_index("variant").loc["dropout"]
    assert (told["state"], told["reason"]) == ("not comparable", f"other data: {why}")
    assert why in headline(comparison)
    declared = why.startswith("data.")  # by the branch's params; what its results alone say is no reason
    assert conclusion(comparison) == ("neutral" if declared else "failure")
    assert conclusion(comparison._replace(stale=("prepare",))) == "failure"
    if not declared:
        assert "cannot be compared with the base's" in conclusion_in_words(comparison)[1]


def cut_to(splits: int) -> Revision:
    return revision(splits=splits)


def of_other_blocks() -> Revision:
    shuffled = BASE.blocks.assign(block=(BASE.blocks["block"] + 1) % N_BLOCKS)
    return BASE._replace(blocks=shuffled)


def of_other_sizes() -> Revision:
    return BASE._replace(trainings=BASE.trainings.assign(n_train=1))


@pytest.mark.parametrize(
    ("branch", "why"),
    [
        (of_other_blocks(), "they train on other blocks"),
        (of_other_sizes(), "their rows to train and test on have other numbers"),
        (BASE._replace(blocks=BASE.blocks.assign(rows=41)), "the blocks have other rows"),
        (BASE._replace(blocks=BASE.blocks.assign(class_1=11)), "the blocks have other rows"),
        (BASE._replace(blocks=BASE.blocks[:0], trainings=BASE.trainings.assign(new=1)), "has no block scores"),
    ],
)
def test_other_splits_are_not_compared(branch, why):
    told = compare_revisions(BASE, branch).variants
    assert set(told["state"]) == {"not comparable"}
    assert told["reason"].str.endswith(why).all()


def test_a_branch_with_fewer_splits_is_compared_on_those_that_both_have():
    branch = cut_to(35)
    comparison = compare_revisions(BASE, branch)
    assert set(comparison.variants["state"]) == {"compared"}
    assert comparison.variants["same_seeds"].all()  # on those
    found = row_of(comparison.differences, variant="dropout", metric="accuracy")
    assert found["difference"] == pytest.approx(found["branch"] - found["base"])


def test_a_branch_that_brings_a_new_score_is_compared_in_the_others():
    older = BASE._replace(blocks=BASE.blocks.drop(columns=["class_1", "auc"]))
    comparison = compare_revisions(older, changed("dropout", by=0.05))
    assert set(comparison.differences["metric"]) == {"accuracy", "binary_crossentropy", "brier"}


def test_a_branch_that_stops_early_is_compared_on_the_blocks_that_both_are_scored_on():
    branch, validated = changed("dropout", by=0.05), divide_blocks(40, random_state=0) == VALIDATION
    blocks = branch.blocks.copy()
    for number, row in blocks[blocks["variant"] == "dropout"].iterrows():
        for column in [metric.block_column for metric in METRICS.values()]:
            values = row[column].split(" ")
            seen = validated[:, row["block"]]
            blocks.at[number, column] = " ".join("-" if its else value for its, value in zip(seen, values, strict=True))
    differences = compare_revisions(BASE, branch._replace(blocks=blocks)).differences
    assert row_of(differences, metric="accuracy")["difference"] == pytest.approx(0.05, abs=1e-4)


def test_variants_of_one_revision_alone_are_new_or_removed():
    renamed = Revision(*(table.replace({"variant": {"dropout": "dropout2"}}) for table in BASE[:2]), DATA)
    assert states(renamed) == {
        "base": "not retrained",
        "l1l2": "not retrained",
        "dropout2": "new",
        "dropout": "removed",
    }
    assert conclusion(compare_revisions(BASE, renamed)) == "failure"  # a new name hides no worse result
    assert conclusion_in_words(compare_revisions(BASE, renamed), is_accepted=True)[0] == "neutral"


def test_scores_of_fewer_blocks_are_part_of_the_family():
    """A score of classes has none where a block holds one class: the intervals of all hold together all the same."""
    class_1 = np.where(BASE.blocks["block"] < 5, 0, BASE.blocks["class_1"])

    def of_rare_class(its: Revision) -> Revision:
        blocks = its.blocks.assign(class_1=class_1)
        for column in ("balanced", "auc"):
            none = blocks[column].str.replace(r"[^ ]+", "-", regex=True)
            blocks[column] = blocks[column].where(blocks["class_1"] > 0, none)
        return its._replace(blocks=blocks)

    comparison = compare_revisions(of_rare_class(BASE), of_rare_class(changed("dropout", by=0.02, seed_sd=0.005)))
    found = comparison.differences.set_index("metric")
    assert set(found.index) == set(METRICS)
    assert (found["joint_upper"] - found["joint_lower"] > found["upper"] - found["lower"]).all()


@pytest.mark.parametrize(
    ("column", "text"), [("right", "41"), ("right", "-1"), ("loss", "-0.5"), ("auc", "41"), ("squared_error", "-1")]
)
def test_impossible_block_scores_are_refused(column, text):
    blocks = changed("dropout", by=0.01).blocks
    blocks[column] = blocks[column].str.replace(r"^[\d.]+", text, regex=True)
    with pytest.raises(InputError, match=f"block scores: received an impossible {column} of"):
        compare_revisions(BASE, BASE._replace(blocks=blocks))


def test_nothing_is_concluded_from_a_standin():
    standin = DATA | {"origin": "standin"}
    comparison = compare_revisions(BASE._replace(data=standin), changed("dropout", by=-0.05)._replace(data=standin))
    assert comparison.standin == ("base", "branch")
    assert conclusion(comparison) == "neutral"
    assert "says nothing about wine" in headline(comparison)


def test_trainings_that_diverge_are_counted_and_more_of_them_are_no_success():
    branch = changed("dropout", by=0.05)
    diverged = branch.blocks.copy()
    for column in [metric.block_column for metric in METRICS.values()]:
        of_dropout = diverged["variant"] == "dropout"
        diverged.loc[of_dropout, column] = [
            " ".join(["-"] * 3 + text.split(" ")[3:]) for text in diverged.loc[of_dropout, column]
        ]
    comparison = compare_revisions(BASE, branch._replace(blocks=diverged))
    assert comparison.variants.set_index("variant").loc["dropout", "diverged_branch"] == 3
    assert conclusion(comparison) == "neutral"
    assert "dropout: 3 trainings diverged, 0 in the base" in verdict_text(comparison)


def test_results_older_than_their_settings_are_no_success():
    comparison = compare_revisions(BASE, BASE)._replace(stale=("replicate_dropout",))
    assert conclusion(comparison) == "neutral"
    assert "run `dvc repro`" in verdict_text(comparison)


@pytest.mark.parametrize("text", ["1e999", "two"])
def test_scores_that_are_no_numbers_are_refused(text):
    blocks = BASE.blocks.assign(right=BASE.blocks["right"].str.replace(r"^[\d.-]+", text, regex=True))
    with pytest.raises(InputError, match="block scores"):
        compare_revisions(BASE, BASE._replace(blocks=blocks))
