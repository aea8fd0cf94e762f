"""The reference models' scores, computed once more with scikit-learn alone on the same rows."""

import os

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from regularization.replicates import references
from regularization.replicates.references import OF_CLASSES, train_references
from regularization.table import Table, plan_splits
from regularization.table.block_scores import unpack_blocks

pytestmark = pytest.mark.training

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 4))
Y = (X[:, 0] + RANDOM.normal(size=200) > 0).astype(int)
TABLE = Table(X, Y, np.arange(200))
PLAN = {"test_size": 0.2, "validation_split": 0.2, "random_state": 1, "seed": 3, "seeds": 2, "leaky_twins": 0}
SPLITS = [split for split in plan_splits(TABLE, splits=12, **PLAN) if split.protocol == "honest"]


@pytest.fixture(scope="module")
def trained():
    return train_references(SPLITS, TABLE)


@pytest.mark.parametrize("number", [0, 11])
def test_scores_are_those_of_scikit_learn(trained, number):
    split = SPLITS[number]
    alone = {
        "logistic_regression": LogisticRegression(max_iter=1000),
        "random_forest": RandomForestClassifier(min_samples_leaf=3, random_state=split.seeds[0]),
    }
    for name, model in alone.items():
        fitted = make_pipeline(StandardScaler(), model).fit(X[split.rows.train], Y[split.rows.train])
        probability = fitted.predict_proba(X[split.rows.test])[:, 1]
        row = trained.trainings.set_index(["variant", "split"]).loc[(name, number)]
        y = Y[split.rows.test]
        assert row["test_accuracy"] == pytest.approx(accuracy_score(y, probability > 0.5), abs=0.03)
        assert row["test_binary_crossentropy"] == pytest.approx(log_loss(y, probability), rel=0.02)
        assert row["test_roc_auc"] == pytest.approx(roc_auc_score(y, probability), abs=0.02)


def test_the_boosting_is_scikit_learns_stopped_by_the_validation_rows(trained):
    split = SPLITS[0]
    scaler = StandardScaler().fit(X[split.rows.train])
    train, val, test = (scaler.transform(X[rows]).astype(np.float32) for rows in split.rows)
    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=500, max_leaf_nodes=15, early_stopping=True, n_iter_no_change=20
    ).fit(train, Y[split.rows.train], X_val=val, y_val=Y[split.rows.val])
    row = trained.trainings.set_index(["variant", "split"]).loc[("gradient_boosting", 0)]
    expected = log_loss(Y[split.rows.test], model.predict_proba(test)[:, 1])
    assert row["test_binary_crossentropy"] == pytest.approx(expected, rel=1e-4)
    assert model.n_iter_ < 500


def test_they_learn(trained):
    means = trained.trainings.groupby("variant")["test_accuracy"].mean()
    assert set(means.index) == set(OF_CLASSES)
    assert (means > 0.6).all()


def test_blocks_are_those_that_a_model_has_not_seen(trained):
    """The boosting has stopped by the validation rows: its scores are those of the test rows alone."""
    of_row = SPLITS[0].blocks
    for name, rows in trained.blocks.groupby("variant"):
        sums = unpack_blocks(rows, ["loss"])[1]["loss"]
        for split, scored in zip(SPLITS, ~np.isnan(sums), strict=True):
            parts = [split.rows.test] if OF_CLASSES[name].is_validated else [split.rows.test, split.rows.val]
            expected = np.unique(of_row[np.concatenate(parts)])
            assert np.flatnonzero(scored).tolist() == expected.tolist()


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing(trained, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(references, "threadpool_limits", lambda _, api: threadpool_limits(3, api))
    again = train_references(SPLITS, TABLE)
    pd.testing.assert_frame_equal(again.trainings, trained.trainings, check_exact=True)
    pd.testing.assert_frame_equal(again.blocks, trained.blocks, check_exact=True)


def test_training_rows_of_one_class_give_their_share():
    y = np.ones(200, int)
    y[SPLITS[0].rows.test[:5]] = 0
    row = train_references(SPLITS[:1], TABLE._replace(y=y)).trainings.set_index("variant").loc["random_forest"]
    assert row["test_predicted_1"] == 1


def test_of_many_rows_they_see_a_sample_of_their_own_seed(trained, monkeypatch):
    monkeypatch.setattr(references, "MOST_ROWS", 60)
    fewer, again = (train_references(SPLITS[:3], TABLE).trainings for _ in range(2))
    pd.testing.assert_frame_equal(fewer, again, check_exact=True)
    all_rows = trained.trainings[trained.trainings["split"] < 3]
    assert (fewer["test_loss"].to_numpy() != all_rows["test_loss"].to_numpy()).all()


def test_no_tree_of_a_forest_draws_more_than_its_limit():
    forest = OF_CLASSES["random_forest"].make(1, 10 * references.ROWS_OF_A_TREE)
    assert forest.max_samples == references.ROWS_OF_A_TREE
    assert OF_CLASSES["random_forest"].make(1, 1000).max_samples is None
