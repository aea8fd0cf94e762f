"""Keras' `fit` with a whole epoch in one graph call: the same steps, without the time between them.

The gradient of a cross-entropy is the one of losses.py, so that every processor takes the same steps.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from regularization.errors import InputError
from regularization.networks.losses import exact_gradient
from regularization.networks.row_order import batch_order


def fit_epochs(
    model: keras.Sequential,
    X_train: np.ndarray,
    y_train: np.ndarray,
    X_val: np.ndarray,
    y_val: np.ndarray,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    patience: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Train the compiled `model` in place, on `X_train` `(rows, features)` and `y_train` `(rows,)`.

    A model of several units takes the labels as the number of a class; it is trained on them one-hot.

    Each epoch takes the rows in a new order, drawn from `seed` (see `batch_order`), in batches of `batch_size` with a
    smaller last one, and ends with the validation rows. The history and what callbacks receive are those of
    `model.fit(..., validation_data=(X_val, y_val))`; of the batches themselves callbacks see one an epoch.

    With `patience` the training ends once the validation loss has not fallen for so many epochs, and the model gets the
    weights of its best epoch.

    Raises `InputError` once a loss, that of the validation rows too, is not finite.
    """
    trainer = epoch_trainer(model, X_train, y_train, X_val, y_val, batch_size=batch_size)
    early = []
    if patience is not None:
        early = [keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)]
    orders = batch_order(seed, epochs, len(X_train))
    return trainer.fit(
        tf.data.Dataset.from_tensor_slices(orders),
        epochs=epochs,
        steps_per_epoch=1,
        shuffle=False,  # the orders are, and in their turn
        callbacks=[StopAtDivergence(), *callbacks, *early],
        verbose=0,
    )


def epoch_trainer(model: keras.Sequential, X_train, y_train, X_val, y_val, *, batch_size: int) -> "EpochSequential":
    """The `model`'s own layers and optimizer, compiled to take an epoch at a time; see `fit_epochs` for the rest."""
    trainer = EpochSequential(model.layers)
    compiled = keras.saving.deserialize_keras_object(model.get_compile_config())
    trainer.compile(**compiled | {"optimizer": model.optimizer, "loss": exact_gradient(compiled["loss"])})
    trainer.hold_rows(X_train, y_train, X_val, y_val, batch_size=batch_size)
    trainer.create_variables()
    return trainer


class EpochSequential(keras.Sequential):
    """A `Sequential` whose `train_step` is an epoch: its input is the order of the rows, `(rows,)` integers."""

    def hold_rows(self, X_train, y_train, X_val, y_val, *, batch_size: int) -> None:
        """Take the rows that the orders index and those to validate on; they become constants of the graph."""
        n_units = self.layers[-1].units
        self._train = _constants(X_train, y_train, n_units)
        self._validation = _constants(X_val, y_val, n_units)
        self._batch_size = batch_size

    def create_variables(self) -> None:
        """Those of the optimizer and the metrics: TensorFlow traces twice what creates variables."""
        self.optimizer.build(self.trainable_variables)
        super().test_step(tuple(part[:1] for part in self._validation))
        self.reset_metrics()

    def train_step(self, order: tf.Tensor) -> dict[str, tf.Tensor]:
        full_batches, remainder = divmod(order.shape[0], self._batch_size)
        batches = tf.reshape(order[: full_batches * self._batch_size], (full_batches, self._batch_size))

        def step(number):
            self._keras_step(batches[number])
            return number + 1

        tf.while_loop(lambda number: number < full_batches, step, [tf.constant(0)])
        if remainder:
            self._keras_step(order[-remainder:])
        logs = self._metrics_then_reset()
        super().test_step(self._validation)
        return logs | {f"val_{name}": value for name, value in self._metrics_then_reset().items()}

    def _keras_step(self, rows: tf.Tensor) -> None:
        X_train, y_train = self._train
        super().train_step((tf.gather(X_train, rows), tf.gather(y_train, rows)))

    def _metrics_then_reset(self) -> dict[str, tf.Tensor]:
        results = {name: tf.identity(value) for name, value in self.get_metrics_result().items()}
        self.reset_metrics()
        return results


def _constants(X, y, n_units: int) -> tuple[tf.Tensor, tf.Tensor]:
    labels = np.reshape(y, (-1, 1)) if n_units == 1 else np.eye(n_units)[np.asarray(y, int)]
    return tf.constant(X, tf.float32), tf.constant(labels, tf.float32)


class StopAtDivergence(keras.callbacks.Callback):
    """Raises `InputError` at the first epoch with a score that is not finite, on training or validation rows."""

    def on_epoch_end(self, epoch, logs=None):
        model, scores = self.model, logs or {}
        lost = next((name for name, score in scores.items() if not np.isfinite(score)), None)
        if model is not None and lost is not None:
            raise InputError(
                f"the training diverged: {lost} is {scores[lost]} in epoch {epoch + 1}; expected a finite number. "
                f"Lower learning_rate (now {float(model.optimizer.learning_rate):g}) or the penalties"
            )
