import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from regularization.errors import InputError
from regularization.heads import head_of
from regularization.networks.evaluation import describe_kernels, headline_metrics, predictions, score_predictions
from regularization.networks.models import build_base_model, build_model, build_regularized_model
from regularization.table import Arrays

pytestmark = pytest.mark.training
BINARY = head_of(2)

RANDOM = np.random.default_rng(0)
Y, PROBABILITY = RANDOM.integers(0, 2, 400), RANDOM.uniform(size=400).astype(np.float32)


def test_accuracy_and_crossentropy_are_those_of_keras():
    model = build_base_model(seed=1, n_features=3)
    X = 10 * RANDOM.normal(size=(400, 3))
    found = score_predictions(Y, model(X).numpy().ravel(), BINARY)
    expected = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert found["accuracy"] == pytest.approx(expected["accuracy"], abs=1e-6)
    assert found["binary_crossentropy"] == pytest.approx(expected["binary_crossentropy"], rel=1e-4)


def test_certainty_in_the_wrong_class_costs_what_it_costs_in_keras():
    y, probability = np.array([0, 1]), np.array([1.0, 1.0], np.float32)
    expected = float(keras.losses.BinaryCrossentropy()(y[:, None], probability[:, None]))
    assert score_predictions(y, probability, BINARY)["binary_crossentropy"] == pytest.approx(expected, rel=0.02)


def test_brier_is_the_mean_squared_distance():
    assert score_predictions(np.array([1, 0]), np.array([0.8, 0.4]), BINARY)["brier"] == pytest.approx(
        (0.04 + 0.16) / 2
    )


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1))
def test_scores_stay_in_their_ranges(rows):
    y, probability = (np.array(column) for column in zip(*rows, strict=True))
    scores = score_predictions(y, probability, BINARY)
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
    headline = headline_metrics(model, arrays, BINARY)
    for part, suffix in (("train", "train"), ("validation", "val"), ("test", "test")):
        X, y = getattr(arrays, f"X_{suffix}"), getattr(arrays, f"y_{suffix}")
        for metric, value in model.evaluate(X, y, verbose=0, return_dict=True).items():
            assert headline[part][metric] == pytest.approx(value, rel=1e-4)


def test_the_gap_is_that_of_the_accuracies():
    found = headline_metrics(build_regularized_model(n_features=4, seed=1), some_arrays(), BINARY)
    assert found["generalization_gap"] == found["train"]["accuracy"] - found["test"]["accuracy"]


def test_rows_of_one_class_have_no_class_scores():
    assert not {"roc_auc", "balanced_accuracy"} & set(score_predictions(np.ones(3), np.array([0.2, 0.5, 0.9]), BINARY))
    assert score_predictions(Y, PROBABILITY, BINARY)["roc_auc"] == pytest.approx(roc_auc_score(Y, PROBABILITY))


@pytest.mark.parametrize("n_classes", [3, 0])
def test_networks_of_other_heads_are_measured_as_keras_evaluates_them(n_classes):
    """A number is standardized for Keras, and its RMSE in its own units."""
    head, X = head_of(n_classes), RANDOM.normal(size=(90, 4))
    y = np.digitize(X[:, 0], [-0.5, 0.5]) if n_classes else X[:, 0] + X[:, 1]
    arrays = Arrays(X[:50], y[:50], X[50:70], y[50:70], X[70:], y[70:], None if n_classes else np.array([100.0, 10.0]))
    model = build_model(n_features=4, n_classes=n_classes, hidden_units=(5,), regularized_layers=(1,), l2=0.1, seed=1)
    headline = headline_metrics(model, arrays, head)
    expected = model.evaluate(X[70:], np.eye(3)[y[70:]] if n_classes else y[70:], verbose=0, return_dict=True)
    assert headline["test"]["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    if n_classes:
        assert headline["test"]["accuracy"] == pytest.approx(expected["accuracy"])
        assert headline["test"]["categorical_crossentropy"] == pytest.approx(expected["categorical_crossentropy"])
    else:
        assert headline["test"]["rmse"] == pytest.approx(10 * expected["mean_squared_error"] ** 0.5, rel=1e-5)
        assert headline["test"]["mae"] == pytest.approx(10 * expected["mean_absolute_error"], rel=1e-5)
    assert headline["generalization_gap"] == headline["train"][head.rate] - headline["test"][head.rate]


def test_predictions_of_several_classes_are_logits_and_leave_the_model_as_it_was():
    model, X = build_model(n_features=3, n_classes=4, hidden_units=(5,), seed=1), RANDOM.normal(size=(20, 3))
    logits = predictions(model, X)
    parts = np.exp(logits)
    np.testing.assert_allclose(parts / parts.sum(axis=1, keepdims=True), model.predict(X, verbose=0), rtol=1e-5)


def test_a_prediction_that_is_no_number_is_no_score():
    X, y = RANDOM.normal(size=(30, 3)), np.arange(30) % 2
    spoilt = X.copy()
    spoilt[4] = np.inf
    with pytest.raises(InputError, match="predictions for 1 of 30 test rows are not finite numbers"):
        headline_metrics(build_base_model(seed=1, n_features=3), Arrays(X, y, X, y, spoilt, y), BINARY)
