"""Keras' own values are the oracle of the loss, and correctly rounded float32 arithmetic is that of its gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from regularization.networks.fit import epoch_trainer
from regularization.networks.losses import ExactGradientCrossentropy, exact_gradient
from regularization.networks.models import build_base_model, build_dropout_model, build_regularized_model

pytestmark = pytest.mark.training

N = 4096
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, size=(N, 1)).astype(np.float32)
LOGITS = RANDOM.normal(scale=4, size=(N, 1)).astype(np.float32)
PROBABILITIES = RANDOM.uniform(0.001, 0.999, size=(N, 1)).astype(np.float32)
# They start from the processor's own approximation.
INEXACT = {"Reciprocal", "Inv", "ReciprocalGrad", "InvGrad", "Rsqrt", "RsqrtGrad"}


def unchanged(x: tf.Tensor) -> tf.Tensor:
    return x


WAYS = {
    "Keras' sigmoid": (LOGITS, keras.activations.sigmoid, {}),
    "TensorFlow's sigmoid": (LOGITS, tf.sigmoid, {}),
    "logits": (LOGITS, unchanged, {"from_logits": True}),
    "probabilities": (PROBABILITIES, unchanged, {}),
    "smoothed labels": (LOGITS, keras.activations.sigmoid, {"label_smoothing": 0.2}),
    "smoothed labels and probabilities": (PROBABILITIES, unchanged, {"label_smoothing": 0.2}),
}


def value_and_gradient(loss: keras.losses.Loss, x: np.ndarray, output) -> tuple[np.ndarray, np.ndarray]:
    @tf.function
    def work_out(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(LABELS, output(x))
        return value, tape.gradient(value, x)

    value, gradient = work_out(tf.constant(x))
    return value.numpy(), gradient.numpy()


@pytest.mark.parametrize("way", WAYS)
def test_values_are_those_of_keras_and_gradients_nearly(way):
    x, output, settings = WAYS[way]
    value, gradient = value_and_gradient(ExactGradientCrossentropy(**settings), x, output)
    expected_value, expected_gradient = value_and_gradient(keras.losses.BinaryCrossentropy(**settings), x, output)
    np.testing.assert_array_equal(value, expected_value)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-9)


def test_the_gradient_of_probabilities_is_the_correctly_rounded_one():
    _, gradient = value_and_gradient(ExactGradientCrossentropy(), PROBABILITIES, unchanged)
    p, y = PROBABILITIES, LABELS
    np.testing.assert_array_equal(gradient, np.float32(1 / N) * ((p - y) / (p * (1 - p))))


@pytest.mark.parametrize("output", [keras.activations.sigmoid, tf.sigmoid])
def test_the_gradient_of_logits_is_the_correctly_rounded_one(output):
    _, gradient = value_and_gradient(ExactGradientCrossentropy(), LOGITS, output)
    np.testing.assert_array_equal(gradient, np.float32(1 / N) * (tf.sigmoid(LOGITS).numpy() - LABELS))


def test_beyond_keras_clip_the_gradient_is_zero():
    certain = np.tile(np.float32([[0], [1]]), (N // 2, 1))
    _, gradient = value_and_gradient(ExactGradientCrossentropy(), certain, unchanged)
    assert not gradient.any()


@pytest.mark.parametrize(
    "loss",
    [
        "binary_crossentropy",
        "BinaryCrossentropy",
        "bce",
        keras.losses.binary_crossentropy,
        keras.losses.BinaryCrossentropy(),
        keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    ],
)
def test_the_binary_crossentropy_is_found_however_it_is_named(loss):
    found = exact_gradient(loss)
    assert type(found) is ExactGradientCrossentropy
    if isinstance(loss, keras.losses.Loss):
        assert found.get_config() == loss.get_config()
    assert type(exact_gradient([loss])[0]) is ExactGradientCrossentropy


@pytest.mark.parametrize("loss", ["mse", keras.losses.Hinge(), keras.losses.BinaryFocalCrossentropy(), None])
def test_other_losses_stay(loss):
    assert exact_gradient(loss) is loss


def operations(graph) -> set[str]:
    """The types of all operations of `graph`, those of its loops and branches too."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    return {node.op for node in nodes}


@pytest.mark.parametrize(
    "model",
    [
        build_base_model(seed=0),
        build_regularized_model(0.01, 0.01, bias_l1=0.01, bias_l2=0.01, activity_l1=0.01, activity_l2=0.01, seed=0),
        build_dropout_model(seed=0),
    ],
    ids=["base", "l1l2", "dropout"],
)
def test_no_step_of_training_starts_from_the_processors_own_approximation(model):
    X, y = np.zeros((96, 11)), np.zeros(96)
    trainer = epoch_trainer(model, X, y, X, y, batch_size=32)
    epoch = tf.function(trainer.train_step).get_concrete_function(tf.range(96))
    found = operations(epoch.graph)
    assert {"MatMul", "Sqrt"} <= found  # the loop over the steps was looked into
    assert not found & INEXACT
