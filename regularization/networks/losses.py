"""The cross-entropies with a gradient that is the same bits on every processor.

TensorFlow derives it from the logarithm in the loss, by a reciprocal that starts from the processor's own
approximation, which differs between makers. Here it is worked out by hand, and only subtracts, multiplies and divides.
"""

from typing import Any

import keras
import tensorflow as tf


class ExactCategoricalCrossentropy(keras.losses.CategoricalCrossentropy):
    """Keras' `CategoricalCrossentropy`, value for value, with the exact gradient."""

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        self.fn = categorical_crossentropy


def categorical_crossentropy(
    y_true: tf.Tensor, y_pred: tf.Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """`keras.losses.categorical_crossentropy` with the exact gradient: `(rows, classes)` of one-hot labels and shares.

    Anything but a softmax's output is left to Keras.
    """
    logits = y_pred if from_logits else _logits_behind(y_pred, "Softmax")
    if logits is None:
        return keras.losses.categorical_crossentropy(y_true, y_pred, False, label_smoothing, axis)
    labels = tf.cast(y_true, y_pred.dtype)
    if label_smoothing:
        labels = labels * (1 - label_smoothing) + label_smoothing / int(labels.shape[-1])
    return _of_softmax(labels, logits)


@tf.custom_gradient
def _of_softmax(labels: tf.Tensor, logits: tf.Tensor) -> Any:
    def gradient(upstream: tf.Tensor):
        parts = tf.exp(logits - tf.reduce_max(logits, axis=-1, keepdims=True))
        shares = parts / tf.reduce_sum(parts, axis=-1, keepdims=True)
        return None, upstream[:, None] * (shares - labels)

    return keras.ops.categorical_crossentropy(labels, logits, from_logits=True), gradient


class ExactGradientCrossentropy(keras.losses.BinaryCrossentropy):
    """Keras' `BinaryCrossentropy`, value for value, with the exact gradient."""

    def __init__(self, **settings) -> None:
        super().__init__(**settings)
        self.fn = binary_crossentropy


def binary_crossentropy(
    y_true: tf.Tensor, y_pred: tf.Tensor, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> tf.Tensor:
    """`keras.losses.binary_crossentropy` with the exact gradient: `(rows,)` of labels and probabilities `(rows, 1)`."""
    labels = tf.cast(y_true, y_pred.dtype)
    if label_smoothing:
        labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
    logits = y_pred if from_logits else _logits_behind(y_pred)
    terms = _of_probabilities(labels, y_pred) if logits is None else _of_logits(labels, logits)
    return tf.reduce_mean(terms, axis=axis)


def _logits_behind(y_pred: tf.Tensor, activation: str = "Sigmoid") -> tf.Tensor | None:
    """What a sigmoid, or a softmax, made `y_pred` of, found as Keras finds it to spare the logarithm; else None."""
    if hasattr(y_pred, "_keras_logits"):
        return y_pred._keras_logits
    if not tf.executing_eagerly() and y_pred.op.type == activation:
        return y_pred.op.inputs[0]
    return None


@tf.custom_gradient
def _of_logits(labels: tf.Tensor, logits: tf.Tensor):
    def gradient(upstream: tf.Tensor):
        return None, upstream * (tf.sigmoid(logits) - labels)

    return keras.ops.binary_crossentropy(labels, logits, from_logits=True), gradient


@tf.custom_gradient
def _of_probabilities(labels: tf.Tensor, probabilities: tf.Tensor):
    epsilon = keras.config.epsilon()

    def gradient(upstream: tf.Tensor):
        p = tf.clip_by_value(probabilities, epsilon, 1 - epsilon)
        # Beyond the clip the loss is flat.
        return None, tf.where(p == probabilities, upstream * ((p - labels) / (p * (1 - p))), 0)

    return keras.ops.binary_crossentropy(labels, probabilities), gradient


def exact_gradient(loss: object) -> object:
    """`loss`, as `compile` takes it, with the exact gradient where it is a cross-entropy.

    It may be named, the function, or an object, and stand in a list or a dict by output.
    """
    return keras.tree.map_structure(_with_exact_gradient, loss)


def _with_exact_gradient(loss: object) -> object:
    known: Any = keras.losses.get(loss)
    for function, kind, exact in (
        (keras.losses.binary_crossentropy, keras.losses.BinaryCrossentropy, ExactGradientCrossentropy),
        (keras.losses.categorical_crossentropy, keras.losses.CategoricalCrossentropy, ExactCategoricalCrossentropy),
    ):
        if known is function or type(known) is kind:
            return exact() if known is function else exact(**known.get_config())
    return loss
