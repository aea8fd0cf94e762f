"""The binary cross-entropy with a gradient that is the same bits on every processor."""

import keras
import tensorflow as tf


class ExactGradientCrossentropy(keras.losses.BinaryCrossentropy):
    """Keras' `BinaryCrossentropy`, value for value; its gradient in the logits is worked out as `sigmoid(x) - y`.

    TensorFlow would derive it from the logarithm in the loss, by a reciprocal that starts from the processor's own
    approximation, which differs between makers. Where the model does not end in Keras' sigmoid, there are no logits to
    work with, and the gradient is TensorFlow's.
    """

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """The loss of each row, `(rows,)`, of labels and probabilities `(rows, 1)`."""
        logits = getattr(y_pred, "_keras_logits", None)  # where Keras itself looks for them
        if logits is None:
            return super().call(y_true, y_pred)
        labels = tf.cast(y_true, y_pred.dtype) * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        return tf.reduce_mean(_crossentropy(logits, labels), axis=self.axis)


@tf.custom_gradient
def _crossentropy(logits: tf.Tensor, labels: tf.Tensor):
    def gradient(upstream: tf.Tensor):
        return upstream * (tf.sigmoid(logits) - labels), None

    return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits), gradient


def exact_gradient(loss: object) -> object:
    """`loss`, as `compile` takes it, with the exact gradient where it is a binary cross-entropy of probabilities."""
    if loss == "binary_crossentropy":
        return ExactGradientCrossentropy()
    if type(loss) is keras.losses.BinaryCrossentropy and not loss.from_logits:
        return ExactGradientCrossentropy(**loss.get_config())
    return loss
