import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from regularization.models import build_base_model
from regularization.scoring import describe_kernels, expected_calibration_error, score_predictions

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


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1))
def test_scores_stay_in_their_ranges(rows):
    y, probability = (np.array(column) for column in zip(*rows, strict=True))
    scores = score_predictions(y, probability)
    assert all(0 <= scores[name] <= 1 for name in ("accuracy", "brier", "ece"))
    assert scores["binary_crossentropy"] >= 0


def test_kernels_are_described_together():
    found = describe_kernels([np.array([[0.0, 3.0]]), np.array([[0.0005], [-4.0]])])
    assert found == {"near_zero_weights": 0.5, "weight_norm": pytest.approx(5)}
