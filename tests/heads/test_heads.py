"""Scores, constant predictors and pictures of every head; scikit-learn is the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve
from sklearn.dummy import DummyClassifier, DummyRegressor

from regularization.heads import head_of, head_of_data, head_of_task
from regularization.heads.head import expected_calibration_error
from regularization.heads.metrics import METRICS

RANDOM = np.random.default_rng(0)
Y, PROBABILITY = RANDOM.integers(0, 2, 400), RANDOM.uniform(size=400).astype(np.float32)
LOGITS = np.log(PROBABILITY.astype(float) / (1 - PROBABILITY.astype(float)))
SEVERAL = RANDOM.integers(0, 4, 300)
OF_SEVERAL = (RANDOM.normal(size=(2, 300, 4)) + np.eye(4)[SEVERAL]).astype(np.float32)
NUMBERS = 2000 + 10 * RANDOM.normal(size=300)


def softmax(logits: np.ndarray) -> np.ndarray:
    parts = np.exp(logits.astype(float))
    return parts / parts.sum(axis=-1, keepdims=True)


@pytest.mark.training
def test_scores_of_two_classes_are_those_of_keras_and_scikit_learn():
    import keras

    logits = np.array([[-30.0, -2.0, 0.5, 3.0, 90.0]], np.float32)
    y, probability = np.array([0, 1, 1, 0, 1]), 1 / (1 + np.exp(-logits[0].astype(float)))
    found = {name: values[0] for name, values in head_of(2).scores(y, logits).items()}
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(y[None], logits)
    assert found["binary_crossentropy"] == pytest.approx(float(expected), rel=1e-6)
    assert found["accuracy"] == oracle.accuracy_score(y, probability > 0.5)
    assert found["brier"] == pytest.approx(oracle.brier_score_loss(y, probability))


def test_class_scores_are_scikit_learns_ties_included():
    logits = RANDOM.integers(-3, 4, size=(4, 400)).astype(np.float32)
    found = head_of(2).scores_of_classes(Y, logits)
    for number, its_logits in enumerate(logits):
        assert found["roc_auc"][number] == pytest.approx(oracle.roc_auc_score(Y, its_logits))
        expected = oracle.balanced_accuracy_score(Y, its_logits > 0)
        assert found["balanced_accuracy"][number] == pytest.approx(expected)
    one_class = head_of(2).scores_of_classes(np.ones(3), np.zeros((2, 3)))
    assert all(np.isnan(values).all() for values in one_class.values())


@pytest.mark.parametrize("number", [0, 1])
def test_scores_of_several_classes_are_scikit_learns(number):
    found = {name: values[number] for name, values in head_of(4).scores(SEVERAL, OF_SEVERAL).items()}
    probability = softmax(OF_SEVERAL[number])
    predicted = probability.argmax(axis=1)
    assert found == pytest.approx(
        {
            "accuracy": oracle.accuracy_score(SEVERAL, predicted),
            "categorical_crossentropy": oracle.log_loss(SEVERAL, probability),
            "brier": oracle.brier_score_loss(SEVERAL, probability, scale_by_half=False),
            "balanced_accuracy": oracle.balanced_accuracy_score(SEVERAL, predicted),
            "macro_f1": oracle.f1_score(SEVERAL, predicted, average="macro"),
        }
    )


def test_scores_of_a_number_are_scikit_learns():
    predicted = NUMBERS + RANDOM.normal(size=300)
    found = {name: values[0] for name, values in head_of(0).scores(NUMBERS, predicted[None]).items()}
    assert found == pytest.approx(
        {
            "rmse": oracle.root_mean_squared_error(NUMBERS, predicted),
            "mae": oracle.mean_absolute_error(NUMBERS, predicted),
            "r2": oracle.r2_score(NUMBERS, predicted),
        }
    )


@given(st.lists(st.floats(-60, 60), min_size=4, max_size=4), st.integers(0, 3))
def test_a_row_of_several_classes_never_overflows(logits, label):
    scores = head_of(4).score_rows(np.array([label]), np.array([[logits]], np.float32))
    assert all(np.isfinite(values).all() for values in scores.values())
    assert 0 <= scores["squared_error"][0, 0] <= 2 + 1e-9


@pytest.mark.parametrize("n_classes", [2, 4, 0])
def test_the_constant_predictor_is_scikit_learns_dummy(n_classes):
    y = {2: Y[:300], 4: SEVERAL, 0: NUMBERS}[n_classes]
    head, X = head_of(n_classes), np.zeros((300, 1))
    found = head.constant_scores(y[:200], y[200:])
    if not n_classes:
        predicted = DummyRegressor().fit(X[:200], y[:200]).predict(X[200:])
        assert found["rmse"] == pytest.approx(oracle.root_mean_squared_error(y[200:], predicted))
        assert found["r2"] == pytest.approx(oracle.r2_score(y[200:], predicted))
        return
    dummy = DummyClassifier(strategy="prior").fit(X[:200], y[:200])
    assert found["accuracy"] == pytest.approx(dummy.score(X[200:], y[200:]))
    assert found[head.loss.name] == pytest.approx(oracle.log_loss(y[200:], dummy.predict_proba(X[200:])))


@pytest.mark.parametrize("n_classes", [4, 0])
def test_sums_of_the_constant_predictor_are_those_of_its_rows(n_classes):
    """By block and split, beside what the rows themselves add up to."""
    head, y = head_of(n_classes), NUMBERS if n_classes == 0 else SEVERAL
    blocks, seen = np.arange(300) % 5, np.array([[True, True, False, True, False]])
    facts = {name: np.bincount(blocks, values) for name, values in head.facts(y).items()}
    sums = head.constant_sums(facts, np.bincount(blocks), seen)
    train = y[np.isin(blocks, [0, 1, 3])]
    if n_classes:
        outputs = np.broadcast_to(np.log(np.bincount(train) / len(train)), (1, 300, n_classes))
    else:
        outputs = np.full((1, 300), train.mean())
    for name, values in head.score_rows(y, outputs).items():
        if name in sums:
            expected = np.bincount(blocks, values[0])
            assert sums[name][0, [2, 4]] == pytest.approx(expected[[2, 4]], rel=1e-6), name
    assert head.loss.block_column in sums


def test_derivatives_of_scores_are_those_of_small_differences():
    for n_classes in (3, 0):
        for metric in head_of(n_classes).metrics.values():
            means = np.linspace(0.2, 0.5, len(metric.columns))
            steps = 1e-6 * np.eye(len(means))
            expected = [(metric.value(means + step) - metric.value(means - step)) / 2e-6 for step in steps]
            assert metric.gradient(means) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("unit", [1e-20, 1e20])
def test_derivatives_hold_in_any_unit(unit):
    rmse = head_of(0).metrics["rmse"]
    assert rmse.gradient([unit**2]) == pytest.approx([0.5 / unit])
    assert head_of(0).metrics["r2"].gradient([0.5 * unit**2, unit**2]) == pytest.approx([-1 / unit**2, 0.5 / unit**2])


def test_scores_that_are_not_defined_are_nan():
    """R² of a constant, which is no 0 after rounding; macro F1 where a class is missing, predicted or not."""
    constant = np.full(7, 0.1)
    found = head_of(0).scores(constant, constant[None] + 0.5)
    assert found["rmse"] == pytest.approx(0.5)
    assert np.isnan(found["r2"]).all()
    labels, logits = np.array([0, 1, 1]), np.eye(3)[[[0, 1, 2], [0, 1, 1]]]
    found = head_of(3).scores(labels, logits)
    assert np.isnan([*found["macro_f1"], *found["balanced_accuracy"]]).all()
    assert found["accuracy"] == pytest.approx([2 / 3, 1])


def test_calibration_error_by_hand():
    y, probability = np.array([1, 1, 0, 0]), np.array([0.95, 0.95, 0.95, 0.15])
    assert expected_calibration_error(y, probability) == pytest.approx(3 / 4 * abs(2 / 3 - 0.95) + 1 / 4 * 0.15)


def test_calibration_error_agrees_with_scikit_learns_bins():
    true_share, mean_probability = calibration_curve(Y, PROBABILITY, n_bins=10)
    rows = np.histogram(PROBABILITY, bins=np.linspace(0, 1, 11))[0]
    expected = np.average(np.abs(true_share - mean_probability), weights=rows)
    assert expected_calibration_error(Y, PROBABILITY) == pytest.approx(expected, rel=1e-5)


def test_of_several_classes_it_is_that_of_the_predicted_one():
    probability = softmax(OF_SEVERAL[0])
    right = (probability.argmax(axis=1) == SEVERAL).astype(float)
    expected = expected_calibration_error(right, probability.max(axis=1))
    assert head_of(4).calibration_error(SEVERAL, OF_SEVERAL[0]) == pytest.approx(expected)


def test_the_reliability_diagram_is_scikit_learns():
    head = head_of(2)
    parts = [head.picture_sums(Y[part], LOGITS[part], Y) for part in (slice(0, 150), slice(150, 400))]
    found = head.picture_table(np.sum(parts, axis=0))
    true_share, mean_probability = calibration_curve(Y, PROBABILITY, n_bins=10)
    assert found["share_of_class_1"].to_numpy() == pytest.approx(true_share)
    assert found["mean_probability"].to_numpy() == pytest.approx(mean_probability, rel=1e-6)
    assert found["rows"].to_list() == np.histogram(PROBABILITY, bins=np.linspace(0, 1, 11))[0].tolist()
    assert found["bin"].to_list() == list(range(1, 11))


def test_a_bin_without_rows_has_no_figures():
    sums = head_of(2).picture_sums(np.array([1, 0]), np.array([9.0, 9.0]), Y)
    found = head_of(2).picture_table(sums)
    assert found["rows"].to_list() == [0] * 9 + [2]
    assert found.loc[found["rows"] == 0, ["mean_probability", "share_of_class_1"]].isna().all(axis=None)


def test_the_confusion_matrix_is_scikit_learns():
    found = head_of(4).picture_table(head_of(4).picture_sums(SEVERAL, OF_SEVERAL[0], SEVERAL))
    expected = oracle.confusion_matrix(SEVERAL, OF_SEVERAL[0].argmax(axis=1))
    assert found["rows"].to_numpy().reshape(4, 4).tolist() == expected.tolist()


def test_predicted_numbers_stand_in_tenths_of_the_true_ones():
    found = head_of(0).picture_table(head_of(0).picture_sums(NUMBERS, NUMBERS + 1, NUMBERS))
    assert found["rows"].sum() == 300
    assert (found["mean_predicted"] - found["mean_true"]).to_numpy() == pytest.approx(1)


def test_who_predicts_one_class_alone():
    import pandas as pd

    one, other = np.full(5, -1.0), np.array([1.0, -1, 1, 1, 1])
    binary = head_of(2)
    alone = binary.only_class(pd.Series([binary.predicted(one), binary.predicted(-one), binary.predicted(other)]))
    assert alone.tolist() == pytest.approx([0, 1, np.nan], nan_ok=True)
    several = head_of(3)
    logits = np.eye(3)[[2, 2, 2]], np.eye(3)[[0, 1, 2]]
    alone = several.only_class(pd.Series([several.predicted(its) for its in logits]))
    assert alone.tolist() == pytest.approx([2, np.nan], nan_ok=True)


def test_a_head_is_known_by_its_task_and_by_what_describes_the_table():
    for task, n_classes in (("binary", 2), ("classes", 3), ("number", 0)):
        head, y = head_of(n_classes), np.array([0, 1, 1, 0, max(n_classes - 1, 0)])
        data = head.describe(y, {"all": np.arange(5)}, [str(label) for label in range(n_classes)])
        assert head_of_data(data) is head_of_task(task) is head
        assert head.task == task
        assert set(head.with_equivalence({}, data)) == set(head.metrics)
        assert {*head.leading(head.minority(data)), head.rate} <= set(head.metrics)
        assert all(METRICS[name].label == metric.label for name, metric in head.metrics.items())


def test_a_small_class_leads_to_scores_in_which_it_counts():
    assert head_of(3).leading(0.3) == ("accuracy", "categorical_crossentropy")
    assert head_of(7).leading(0.13) == ("accuracy", "categorical_crossentropy")
    assert head_of(7).leading(0.03) == ("balanced_accuracy", "macro_f1", "categorical_crossentropy")


def test_limits_of_equivalence_are_a_share_of_what_there_is_to_gain():
    shares = {"shares_of_classes": {"all": {"a": 0.5, "b": 0.25, "c": 0.25}}}
    found = head_of(3).with_equivalence({"accuracy": 0.5}, shares)
    entropy = -(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25))
    assert found["categorical_crossentropy"].equivalence == pytest.approx(0.02 * entropy / np.log(2), rel=0.05)
    assert found["brier"].equivalence == pytest.approx(0.01 * (1 - 0.375) / 0.5, rel=0.05)
    assert found["balanced_accuracy"].equivalence == pytest.approx(0.013)
    assert found["accuracy"].equivalence == 0.5
    number = head_of(0).with_equivalence({}, {"target": {"sd": {"all": 7.0}, "mean_deviation": {"all": 5.0}}})
    assert [number[name].equivalence for name in ("rmse", "mae", "r2")] == [0.14, 0.1, 0.02]
