import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, roc_auc_score

from regularization.errors import InputError
from regularization.metrics import score_classes, score_rows
from regularization.networks.evaluation import (
    calibration_sums,
    calibration_table,
    describe_kernels,
    expected_calibration_error,
    headline_metrics,
    score_predictions,
)
from regularization.networks.models import build_base_model, build_model, build_regularized_model
from regularization.table import Arrays

pytestmark = pytest.mark.training

RANDOM = np.random.default_rng(0)
Y, PROBABILITY = RANDOM.integers(0, 2, 400), RANDOM.uniform(size=400).astype(np.float32)


def test_accuracy_and_crossentropy_are_those_of_keras():
    model = build_base_model(seed=1, n_features=3)
    X = 10 * RANDOM.normal(size=(400, 3))
    found = score_predictions(Y, model(X).numpy().ravel())
    expected = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(expected["accuracy"], abs=1e-6)
    assert found["binary_crossentropy"] == pytest.approx(expected["binary_crossentropy"], rel=1e-4)


def test_certainty_in_the_wrong_class_costs_what_it_costs_in_keras():
    y, probability = np.array([0, 1]), np.array([1.0, 1.0], np.float32)
    expected = float(keras.losses.BinaryCrossentropy()(y[:, None], probability[:, None]))
    assert score_predictions(y, probability)["binary_crossentropy"] == pytest.approx(expected, rel=0.02)


def test_brier_is_the_mean_squared_distance():
    assert score_predictions(np.array([1, 0]), np.array([0.8, 0.4]))["brier"] == pytest.approx((0.04 + 0.16) / 2)


def test_calibration_error_by_hand():
    y, probability = np.array([1, 1, 0, 0]), np.array([0.95, 0.95, 0.95, 0.15])
    assert expected_calibration_error(y, probability) == pytest.approx(3 / 4 * abs(2 / 3 - 0.95) + 1 / 4 * 0.15)


def test_calibration_error_agrees_with_scikit_learns_bins():
    true_share, mean_probability = calibration_curve(Y, PROBABILITY, n_bins=10)
    rows = np.histogram(PROBABILITY, bins=np.linspace(0, 1, 11))[0]
    expected = np.average(np.abs(true_share - mean_probability), weights=rows)
    assert expected_calibration_error(Y, PROBABILITY) == pytest.approx(expected, rel=1e-5)


def test_the_reliability_diagram_is_scikit_learns():
    parts = [calibration_sums(Y[part], PROBABILITY[part]) for part in (slice(0, 150), slice(150, 400))]
    found = calibration_table("mine", np.array(parts))
    true_share, mean_probability = calibration_curve(Y, PROBABILITY, n_bins=10)
    assert found["share_of_class_1"].to_numpy() == pytest.approx(true_share)
    assert found["mean_probability"].to_numpy() == pytest.approx(mean_probability, rel=1e-6)
    assert found["rows"].to_list() == np.histogram(PROBABILITY, bins=np.linspace(0, 1, 11))[0].tolist()
    assert found["bin"].to_list() == list(range(1, 11))
    assert set(found["variant"]) == {"mine"}


def test_a_bin_without_rows_has_no_figures():
    found = calibration_table("mine", calibration_sums(np.array([1, 0]), np.array([1.0, 0.95]))[None])
    assert found["rows"].to_list() == [0] * 9 + [2]
    assert found.loc[found["rows"] == 0, ["mean_probability", "share_of_class_1"]].isna().all(axis=None)
    assert found.iloc[-1][["mean_probability", "share_of_class_1"]].to_list() == [0.975, 0.5]


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1))
def test_scores_stay_in_their_ranges(rows):
    y, probability = (np.array(column) for column in zip(*rows, strict=True))
    scores = score_predictions(y, probability)
    assert all(0 <= scores[name] <= 1 for name in ("accuracy", "brier", "ece"))
    assert scores["binary_crossentropy"] >= 0


def test_kernels_are_described_together():
    found = describe_kernels([np.array([[0.0, 3.0]]), np.array([[0.0005], [-4.0]])])
    assert found == {"near_zero_weights": 0.5, "weight_norm": pytest.approx(5)}


def some_arrays(n_features: int = 4) -> Arrays:
    X = RANDOM.normal(size=(90, n_features))
    y = (X[:, 0] + RANDOM.normal(size=90) > 0).astype(int)
    return Arrays(X[:50], y[:50], X[50:70], y[50:70], X[70:], y[70:])


@pytest.mark.parametrize("settings", [{"l1": 0.01, "l2": 0.01, "activity_l2": 0.1}, {"dropout": 0.5}])
def test_a_network_is_measured_as_keras_evaluates_it(settings):
    model, arrays = build_model(**settings, n_features=4, hidden_units=(5, 5), seed=1), some_arrays()
    headline = headline_metrics(model, arrays)
    for part, suffix in (("train", "train"), ("validation", "val"), ("test", "test")):
        X, y = getattr(arrays, f"X_{suffix}"), getattr(arrays, f"y_{suffix}")
        for metric, value in model.evaluate(X, y, verbose=0, return_dict=True).items():
            assert headline[part][metric] == pytest.approx(value, rel=1e-4)


def test_scores_of_rows_have_the_means_of_keras_and_scikit_learn():
    logits = np.array([[-30.0, -2.0, 0.5, 3.0, 90.0]], np.float32)
    y, probability = np.array([0, 1, 1, 0, 1]), 1 / (1 + np.exp(-logits[0].astype(float)))
    found = {name: values[0].mean() for name, values in score_rows(y, logits).items()}
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(y[None], logits)
    assert found["binary_crossentropy"] == pytest.approx(float(expected), rel=1e-6)
    assert found["accuracy"] == accuracy_score(y, probability > 0.5)
    assert found["brier"] == pytest.approx(brier_score_loss(y, probability))


def test_the_gap_is_that_of_the_accuracies():
    found = headline_metrics(build_regularized_model(n_features=4, seed=1), some_arrays())
    assert found["generalization_gap"] == found["train"]["accuracy"] - found["test"]["accuracy"]


def test_class_scores_are_scikit_learns_ties_included():
    logits = RANDOM.integers(-3, 4, size=(4, 400)).astype(np.float32)
    found = score_classes(Y, logits)
    for number, its_logits in enumerate(logits):
        assert found["roc_auc"][number] == pytest.approx(roc_auc_score(Y, its_logits))
        assert found["balanced_accuracy"][number] == pytest.approx(balanced_accuracy_score(Y, its_logits > 0))
    assert score_predictions(Y, PROBABILITY)["roc_auc"] == pytest.approx(roc_auc_score(Y, PROBABILITY))


def test_rows_of_one_class_have_no_class_scores():
    assert all(np.isnan(values).all() for values in score_classes(np.ones(3), np.zeros((2, 3))).values())
    assert not {"roc_auc", "balanced_accuracy"} & set(score_predictions(np.ones(3), np.array([0.2, 0.5, 0.9])))


def test_a_prediction_that_is_no_number_is_no_score():
    X, y = RANDOM.normal(size=(30, 3)), np.arange(30) % 2
    spoilt = X.copy()
    spoilt[4] = np.inf
    with pytest.raises(InputError, match="predictions for 1 of 30 test rows are not finite numbers"):
        headline_metrics(build_base_model(seed=1, n_features=3), Arrays(X, y, X, y, spoilt, y))
