"""What the majority class is worth, who has been shown to beat it, and tables with a small minority."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from regularization.evidence import evidence_tables
from regularization.evidence.majority import majority_sums
from regularization.evidence.pairing import checked_replicates
from regularization.table.blocks import N_BLOCKS, TRAIN, divide_blocks
from regularization.words.answer import answer
from regularization.words.evidence import leading, main_figures, sentences
from tests.evidence.simulated import HEADLINE, ROWS_PER_BLOCK, row_of, simulated

pytestmark = pytest.mark.training


def with_class_1(blocks: pd.DataFrame, of_block) -> pd.DataFrame:
    """The blocks with other counts of class 1, `(blocks,)`; where one has one class, its class scores are gone."""
    counts = np.broadcast_to(of_block, N_BLOCKS)
    changed = blocks.assign(class_1=counts[blocks["block"]])
    one_class = (changed["class_1"] == 0) | (changed["class_1"] == changed["rows"])
    gone = " ".join(["-"] * len(blocks["right"].iloc[0].split(" ")))
    for column in ("balanced", "auc"):
        changed[column] = changed[column].mask(one_class, gone)
    return changed


def test_the_majority_class_is_scikit_learns_dummy_fitted_on_the_training_rows():
    """Score by score, on the rows of one block that one split has not been trained on."""
    trainings, blocks = simulated()
    class_1 = np.arange(N_BLOCKS) + 13
    sums = majority_sums(checked_replicates(trainings, with_class_1(blocks, class_1), headline=HEADLINE))
    y = [np.r_[np.ones(ones), np.zeros(ROWS_PER_BLOCK - ones)] for ones in class_1]
    for split in (0, 3):
        train = divide_blocks(40, random_state=0)[split] == TRAIN
        y_train = np.concatenate([y[block] for block in np.flatnonzero(train)])
        block = int(np.flatnonzero(~train)[2])
        likeliest, prior = (
            DummyClassifier(strategy=strategy).fit(np.zeros((len(y_train), 1)), y_train)
            for strategy in ("most_frequent", "prior")
        )
        X, labels = np.zeros((ROWS_PER_BLOCK, 1)), y[block]
        probability = prior.predict_proba(X)[:, 1]
        found = {column: values[split, block] / ROWS_PER_BLOCK for column, values in sums.items()}
        assert found["right"] == pytest.approx(accuracy_score(labels, likeliest.predict(X)))
        assert found["loss"] == pytest.approx(log_loss(labels, probability))
        assert found["squared_error"] == pytest.approx(brier_score_loss(labels, probability))
        assert (found["balanced"], found["auc"]) == (0.5, 0.5)
        assert np.isnan(sums["right"][split, train]).all()


def test_every_metric_of_the_summaries_ends_with_the_majority_class():
    found = evidence_tables(*simulated(), headline=HEADLINE)["summaries"]
    assert set(found.groupby("metric")["variant"].last()) == {"majority class"}
    assert row_of(found, metric="accuracy", variant="majority class")["mean"] == pytest.approx(0.5)


def test_networks_that_name_one_class_alone_are_flagged():
    trainings, blocks = simulated()
    trainings.loc[trainings["variant"] == "dropout", "test_predicted_1"] = 0.0
    tables = evidence_tables(trainings, blocks, headline=HEADLINE)
    learned = tables["summaries"].set_index("variant")["learned"]
    assert (set(learned["dropout"]), set(learned["base"])) == ({"one class"}, {"yes"})
    flag = "dropout predicted the same class for every test row in every split."
    assert flag in answer(tables)
    assert flag in sentences(tables, headline=HEADLINE)


def test_of_networks_that_predict_now_one_class_now_the_other_nothing_is_proven():
    """Their accuracy jumps with the training rows, which the simulated studies show to be too much for the interval."""
    trainings, blocks = simulated(gains={"dropout": -0.2}, splits=60)
    verdicts = []
    for predicted in (0.5, 0.0, trainings["split"] % 2):
        table = trainings.copy()
        of_dropout = table["variant"] == "dropout"
        table["test_predicted_1"] = table["test_predicted_1"].mask(of_dropout, predicted)
        found = evidence_tables(table, blocks, headline=HEADLINE)["comparisons"]
        verdicts.append(row_of(found, metric="accuracy", variant="dropout", reference="base")["verdict"])
        loss = row_of(found, metric="binary_crossentropy", variant="dropout", reference="base")
        assert loss["verdict"] == "worse"
    assert verdicts == ["worse", "worse", "likely worse"]


def at_chance(text: str) -> str:
    """A list of block scores with those of someone who guesses, half of the rows, one more or one less."""
    half = ROWS_PER_BLOCK // 2
    return " ".join(
        value if value == "-" else str(half + number % 3 - 1) for number, value in enumerate(text.split(" "))
    )


@pytest.mark.parametrize(
    ("guessed", "how", "said"),
    [
        (["balanced"], "ranks", "is not shown to be more accurate than the majority class, but its ROC AUC is above"),
        (["balanced", "auc"], "not shown", "is not shown to be more accurate than the majority class, nor to have a"),
        ([], "yes", None),
    ],
)
def test_networks_no_better_than_the_majority_class_are_flagged(guessed, how, said):
    """75% right, where the larger class has 75%; the other scores are far from chance, or are not."""
    trainings, blocks = simulated()
    blocks = with_class_1(blocks, 10)
    blocks = blocks.assign(**{column: blocks[column].map(at_chance) for column in guessed})
    tables = evidence_tables(trainings, blocks, headline=HEADLINE)
    assert set(tables["summaries"].query("variant == 'base'")["learned"]) == {how}
    flags = [sentence for sentence in answer(tables) if "more accurate than the majority" in sentence]
    assert len(flags) == (said is not None)
    assert all(flag.startswith(f"Each of base, l1l2 and dropout {said}") for flag in flags)


def test_a_small_minority_is_told_of_by_balanced_accuracy_and_auc():
    trainings, blocks = simulated(gains={"l1l2": 0.2}, splits=60)
    tables = evidence_tables(trainings, with_class_1(blocks, 4), headline=HEADLINE)
    assert leading(tables) == ["balanced_accuracy", "roc_auc", "binary_crossentropy"]
    assert answer(tables)[0].startswith("Use l1l2: mean test balanced accuracy 0.")
    assert list(main_figures(tables)) == ["recommended", *leading(tables)]
    told = sentences(tables, headline=HEADLINE)
    assert told[0].startswith("The minority class has 10.0% of the 800 rows. Always predicting the majority class")
    assert any(sentence.startswith("In test ROC AUC, l1l2 is the best") for sentence in answer(tables))
    assert not any(" in test accuracy" in sentence.lower() for sentence in told)
    balanced = evidence_tables(trainings, blocks, headline=HEADLINE)
    assert leading(balanced) == ["accuracy", "binary_crossentropy"]


def test_blocks_of_one_class_are_counted_and_do_not_count():
    trainings, blocks = simulated()
    tables = evidence_tables(trainings, with_class_1(blocks, [2] * 12 + [0] * 8), headline=HEADLINE)
    assert tables["table"]["blocks_of_both_classes"].item() == 12
    assert any(
        sentence.startswith("Only 12 of 20 blocks of rows have both classes")
        for sentence in sentences(tables, headline=HEADLINE)
    )
    lower, mean, upper = row_of(tables["summaries"], metric="roc_auc", variant="base")[["lower", "mean", "upper"]]
    assert lower < mean < upper


def test_a_class_in_one_block_alone_leaves_no_class_scores():
    trainings, blocks = simulated()
    tables = evidence_tables(trainings, with_class_1(blocks, [3] + [0] * 19), headline=HEADLINE)
    assert set(tables["comparisons"]["metric"]) == {"accuracy", "binary_crossentropy", "brier"}
    assert leading(tables) == ["accuracy", "binary_crossentropy"]
    told = sentences(tables, headline=HEADLINE)
    seen = (divide_blocks(40, random_state=0) == TRAIN)[:, 0]
    assert any(
        sentence.startswith(f"In {int((~seen).sum())} of 40 splits the training rows are of") for sentence in told
    )


def test_test_parts_of_one_class_are_no_divergence():
    trainings, blocks = simulated()
    of_one = trainings["split"] == 3
    trainings.loc[of_one, ["test_roc_auc", "test_balanced_accuracy", "val_roc_auc"]] = np.nan
    assert set(evidence_tables(trainings, blocks, headline=HEADLINE)["summaries"]["diverged"]) == {0}
