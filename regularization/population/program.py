"""The compiled program: a block of epochs of up to `LANES` models, which stand side by side as the last axis.

Kernels are `(inputs, units, LANES)`, activations `(rows, units, LANES)`: one vector instruction serves a row of models.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from regularization.networks.row_order import LANES
from regularization.population.layers import categorical_crossentropy, forward, sum_over_first
from regularization.population.optimizer import apply_gradients
from regularization.population.reader import LOSSES, Architecture

BEST = ("best_weights", "best_loss", "best_epoch")  # of the state: what early stopping keeps


def unflatten(flat, shapes: Sequence[tuple[int, ...]], reshape: Callable) -> list:
    """The first axis of `flat` cut into arrays of `shapes`; the axes after it stay."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes]).tolist()
    starts = [0, *ends[:-1]]
    return [reshape(flat[a:b], (*shape, *flat.shape[1:])) for a, b, shape in zip(starts, ends, shapes, strict=True)]


@functools.lru_cache(maxsize=32)
def compile_block(architecture: Architecture) -> Callable:
    """The program for a block of epochs, each with its validation, of `LANES` models of one architecture.

    It takes `state` and the `settings` of the models (of those with a schedule, also the learning rate in each step,
    `rates`, `(epochs, steps, LANES)`), the `table` that holds their rows `(rows, columns)`, label last,
    which `rows` of it each training step takes `(epochs, steps, batch_size, LANES)`, which each step of the validation
    takes `val_rows`, the same without epochs, and how far to go: it returns the state after `n_epochs` epochs of
    `n_steps` steps, and the history `(epochs, 6, LANES)`.
    """

    @tf.function(jit_compile=True, autograph=False)
    def train_block(state, settings, table, rows, val_rows, first_epoch, n_epochs, n_steps):
        val_batches = _gather(table, val_rows)

        def train_epoch(number, now, best, history):
            epoch, batches = first_epoch + number, _gather(table, rows[number])

            def train_step(step, now, total):
                batch = _batch(batches[step], step, settings["n_train"])
                rate = {"learning_rate": settings["rates"][number, step]} if architecture.schedules else {}
                now, scores = _train_step(architecture, now, settings | rate, batch, epoch * n_steps + step)
                return now, total + scores

            now, total = _repeat(train_step, n_steps, now, tf.zeros((3, LANES)))
            val_scores = _validate(architecture, now["weights"], settings, val_batches)
            better = (val_scores[0] < best[1]) & (epoch <= best[2] + settings["patience"])
            candidate = _join(now["weights"]), val_scores[0], epoch
            best = tuple(tf.where(better, new, old) for new, old in zip(candidate, best, strict=True))
            scores = tf.concat([total / _float(settings["n_train"]), val_scores], 0)
            return now, best, history.write(number, scores)

        now = {name: unflatten(state[name], architecture.shapes, tf.reshape) for name in architecture.state}
        best = tuple(state[name] for name in BEST)
        history = tf.TensorArray(tf.float32, rows.shape[0])
        now, best, history = _repeat(train_epoch, n_epochs, now, best, history)
        ended = {name: _join(parts) for name, parts in now.items()}
        return ended | dict(zip(BEST, best, strict=True)), history.stack()

    return train_block


@functools.lru_cache(maxsize=32)
def compile_prediction(architecture: Architecture) -> Callable:
    """The program for what `LANES` trained models make of some rows, dropout off.

    It takes the weights `(parameters, LANES)`, the `settings` of the models, rows `X` `(rows, features, LANES)` and the
    `shares` `(parts, rows, LANES)` by which each row counts in each part; it returns what comes before the last
    activation `(rows, units, LANES)` and the penalties `(parts, LANES)`.
    """

    @tf.function(jit_compile=True, autograph=False)
    def predict(weights, settings, X, shares):
        shaped = unflatten(weights, architecture.shapes, tf.reshape)
        alike = not any(architecture.penalises_output)  # then the penalty is one for all parts
        parts = [
            forward(architecture, shaped, settings, X, share) for share in tf.unstack(shares)[: 1 if alike else None]
        ]
        penalties = tf.stack([part.penalty for part in parts])
        return parts[0].logits, tf.broadcast_to(penalties, (shares.shape[0], LANES))

    return predict


def _train_step(architecture, state, settings, batch, step):
    """One batch: weights and optimizer's state after it, and the batch's scores times its rows, `(3, LANES)`."""
    weights = list(state["weights"])
    with tf.GradientTape() as tape:
        trained = [weights[place] for place in architecture.trainable]
        tape.watch(trained)
        scores, moved = _scores(architecture, weights, settings, batch, step=step)
    gradients = [gradient / settings["opaque_one"] for gradient in tape.gradient(scores[0], trained)]
    for place in architecture.moving:
        weights[place] = moved[place]
    after = apply_gradients(architecture, state | {"weights": weights}, gradients, settings, step)
    return after, batch.n_rows * tf.stack(scores)


def _validate(architecture, weights, settings, batches):
    """Scores over all validation rows, `(3, LANES)`; batch by batch, as Keras' `evaluate` takes the mean."""

    def add(step, total):
        batch = _batch(batches[step], step, settings["n_val"])
        return [total + batch.n_rows * tf.stack(_scores(architecture, weights, settings, batch)[0])]

    (total,) = _repeat(add, batches.shape[0], tf.zeros((3, LANES)))
    return total / _float(settings["n_val"])


def _repeat(body: Callable, times, *state) -> list:
    """The `state` after `state = body(number, *state)` for every number below `times`.

    A loop over `tf.range(times)` would do the same, and XLA would compile it anew for other `times`.
    """
    _, *state = tf.while_loop(
        lambda number, *_: number < times,
        lambda number, *state: (number + 1, *body(number, *state)),
        (tf.constant(0), *state),
    )
    return state


def _gather(table: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """The rows of the `table` that `(..., batch_size, LANES)` names: `(..., batch_size, columns, LANES)`."""
    return tf.experimental.numpy.swapaxes(tf.gather(table, rows), -1, -2)


def _join(parts: list) -> tf.Tensor:
    """What `unflatten` has cut: `(parameters, LANES)`."""
    return tf.concat([tf.reshape(part, (-1, LANES)) for part in parts], 0)


def _float(integers: tf.Tensor) -> tf.Tensor:
    return tf.cast(integers, tf.float32)


class _Batch(NamedTuple):
    X: tf.Tensor  # (rows, features, LANES)
    y: tf.Tensor  # (rows, LANES)
    share: tf.Tensor  # (rows, LANES): 1 / n_rows, and 0 where the batch has ended
    n_rows: tf.Tensor  # (LANES,)


def _batch(values: tf.Tensor, step: tf.Tensor, n_rows: tf.Tensor) -> _Batch:
    """Step number `step` of an epoch through `n_rows` rows, from its `values` `(batch_size, columns, LANES)`."""
    batch_size = int(values.shape[0])
    left = tf.clip_by_value(n_rows - step * batch_size, 0, batch_size)
    within = tf.range(batch_size)[:, None] < left
    share = tf.where(within, 1 / _float(tf.maximum(left, 1)), 0)
    return _Batch(values[:, :-1], values[:, -1], share, _float(left))


def _scores(architecture: Architecture, weights: list, settings: dict, batch: _Batch, *, step=None):
    """Loss, loss without penalty, and score of a batch, `(LANES,)` each, and the weights as `forward` returns them.

    The score is the accuracy, of a number the absolute error. Without a `step` nothing is disturbed: dropout is off.
    """
    logits, penalty, weights = forward(architecture, weights, settings, batch.X, batch.share, step=step)
    one = settings["opaque_one"]
    of_rows, smoothed, score = _ROWS[LOSSES[architecture.loss][2]](architecture, settings, batch.y, logits)
    data_loss, score = (sum_over_first(batch.share * value, one) for value in (of_rows, score))
    loss = data_loss if smoothed is None else sum_over_first(batch.share * smoothed, one)
    return [loss + penalty, data_loss, score], weights


def _rows_of_sigmoid(architecture: Architecture, settings: dict, y, logits):
    """Per row, the loss, the loss of smoothed labels where there are any, and the score: `(rows, LANES)` each."""
    logits, smoothed = logits[:, 0], None
    if architecture.smooths:
        smoothing = settings["label_smoothing"]
        smoothed = tf.nn.sigmoid_cross_entropy_with_logits(y * (1 - smoothing) + 0.5 * smoothing, logits)
    right = tf.cast((logits > 0) == (y > 0.5), tf.float32)
    return tf.nn.sigmoid_cross_entropy_with_logits(y, logits), smoothed, right


def _rows_of_softmax(architecture: Architecture, settings: dict, y, logits):
    """The same for several classes; of equal logits the first counts as the predicted class, as in Keras."""
    n_classes, one, smoothed = architecture.units[-1], settings["opaque_one"], None
    target = tf.cast(y[:, None] == tf.range(n_classes, dtype=tf.float32)[:, None], tf.float32)
    if architecture.smooths:
        smoothing = settings["label_smoothing"]
        smoothed = categorical_crossentropy(target * (1 - smoothing) + smoothing / n_classes, logits, one)
    highest, predicted = logits[:, 0], tf.zeros_like(y)
    for label in range(1, n_classes):
        predicted = tf.where(logits[:, label] > highest, float(label), predicted)
        highest = tf.maximum(highest, logits[:, label])
    return categorical_crossentropy(target, logits, one), smoothed, tf.cast(predicted == y, tf.float32)


def _rows_of_number(architecture: Architecture, settings: dict, y, logits):  # noqa: ARG001
    """The same for a number."""
    error = logits[:, 0] - y
    size = tf.abs(error)
    if architecture.loss == "mean_squared_error":
        return error**2, None, size
    if architecture.loss == "mean_absolute_error":
        return size, None, size
    return tf.where(size <= 1, 0.5 * error**2, size - 0.5), None, size


_ROWS = {"sigmoid": _rows_of_sigmoid, "softmax": _rows_of_softmax, "linear": _rows_of_number}
