"""The binary cross-entropy with a gradient that is the same bits on every processor.

TensorFlow derives it from the logarithm in the loss, by a reciprocal that starts from the processor's own
approximation, which differs between makers. Here it is worked out by hand, and only subtracts, multiplies and divides.
"""

import keras
import tensorflow as tf


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


def _logits_behind(y_pred: tf.Tensor) -> tf.Tensor | None:
    """What a sigmoid made `y_pred` of, found as Keras finds it to spare the logarithm; None after anything else."""
    if hasattr(y_pred, "_keras_logits"):
        return y_pred._keras_logits
    if not tf.executing_eagerly() and y_pred.op.type == "Sigmoid":
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
    """`loss`, as `compile` takes it, with the exact gradient where it is the binary cross-entropy.

    It may be named, the function, or an object, and stand in a list or a dict by output.
    """
    return keras.tree.map_structure(_with_exact_gradient, loss)


def _with_exact_gradient(loss: object) -> object:
    found = keras.losses.get(loss)
    if found is keras.losses.binary_crossentropy:
        return ExactGradientCrossentropy()
    return ExactGradientCrossentropy(**found.get_config()) if type(found) is keras.losses.BinaryCrossentropy else loss
