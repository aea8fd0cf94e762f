"""The compiled program: a block of epochs of up to `LANES` models, which stand side by side as the last axis.

Kernels are `(inputs, units, LANES)`, activations `(rows, units, LANES)`: one vector instruction serves a row of models.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from regularization.population.layers import forward
from regularization.population.optimizer import apply_gradients, tile_settings
from regularization.population.reader import LANES, Architecture

FLAT = ("weights", "average")  # what the optimizer takes flat


def unflatten(flat, shapes: Sequence[tuple[int, ...]], reshape: Callable) -> list:
    """The first axis of `flat` cut into arrays of `shapes`; the axes after it stay."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes]).tolist()
    starts = [0, *ends[:-1]]
    return [reshape(flat[a:b], (*shape, *flat.shape[1:])) for a, b, shape in zip(starts, ends, shapes, strict=True)]


@tf.function(jit_compile=True)
def gather(table: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
    """The rows of the `table` that `(..., batch_size, LANES)` names: `(..., batch_size, columns, LANES)`.

    For a whole block of epochs, and by itself: in the loop over the steps it would cost twice as much.
    """
    return tf.experimental.numpy.swapaxes(tf.gather(table, rows), -1, -2)


@functools.lru_cache(maxsize=32)
def compile_block(architecture: Architecture) -> Callable:
    """The program for a block of epochs, each with its validation, of `LANES` models of one architecture.

    It takes `state` and the `settings` of the models, their `batches` `(epochs, steps, batch_size, columns,
    LANES)` and `val_batches`, the same without epochs (see `gather`), and how far to go: it returns the state after
    `n_epochs` epochs of `n_steps` steps, and the history `(epochs, 6, LANES)`.
    """

    @tf.function(jit_compile=True)
    def train_block(state, settings, batches, val_batches, first_epoch, n_epochs, n_steps):
        now = {name: unflatten(state[name], architecture.shapes, tf.reshape) for name in architecture.state}
        now |= {name: [tf.reshape(part, [-1]) for part in now[name]] for name in FLAT if name in now}
        settings = tile_settings(architecture, settings)
        best = state["best_weights"], state["best_loss"], state["best_epoch"]
        history = tf.TensorArray(tf.float32, batches.shape[0])
        for number in tf.range(n_epochs):
            epoch = first_epoch + number
            train_scores = tf.zeros((3, LANES))
            for step in tf.range(n_steps):
                batch = _batch(batches[number, step], step, settings["n_train"])
                now, scores = _train_step(architecture, now, settings, batch, epoch * n_steps + step)
                train_scores += scores
            val_scores = _validate(architecture, now["weights"], settings, val_batches)
            history = history.write(number, tf.concat([train_scores / _float(settings["n_train"]), val_scores], 0))
            better = (val_scores[0] < best[1]) & (epoch <= best[2] + settings["patience"])
            candidate = _join(now["weights"]), val_scores[0], epoch
            best = tuple(tf.where(better, new, old) for new, old in zip(candidate, best, strict=True))
        ended = {name: _join(parts) for name, parts in now.items()}
        return ended | dict(zip(("best_weights", "best_loss", "best_epoch"), best, strict=True)), history.stack()

    return train_block


@functools.lru_cache(maxsize=32)
def compile_prediction(architecture: Architecture) -> Callable:
    """The program for what `LANES` trained models make of some rows, dropout off.

    It takes the weights `(parameters, LANES)`, the `settings` of the models, rows `X` `(rows, features, LANES)` and the
    `shares` `(parts, rows, LANES)` by which each row counts in each part; it returns the logits `(rows, LANES)` and the
    penalties `(parts, LANES)`.
    """

    @tf.function(jit_compile=True)
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
    shaped = _shape(architecture, state["weights"])
    with tf.GradientTape() as tape:
        trained = [shaped[place] for place in architecture.trainable]
        tape.watch(trained)
        scores, moved = _scores(architecture, shaped, settings, batch, step=step)
    gradients = tape.gradient(scores[0], trained)
    weights = list(state["weights"])
    for place in architecture.moving:
        weights[place] = tf.reshape(moved[place], [-1])
    after = apply_gradients(architecture, state | {"weights": weights}, gradients, settings, step)
    return after, batch.n_rows * tf.stack(scores)


def _validate(architecture, weights, settings, batches):
    """Scores over all validation rows, `(3, LANES)`; batch by batch, as Keras' `evaluate` takes the mean."""
    total, shaped = tf.zeros((3, LANES)), _shape(architecture, weights)
    for step in tf.range(batches.shape[0]):
        batch = _batch(batches[step], step, settings["n_val"])
        total += batch.n_rows * tf.stack(_scores(architecture, shaped, settings, batch)[0])
    return total / _float(settings["n_val"])


def _shape(architecture: Architecture, flat: list) -> list:
    return [tf.reshape(part, (*shape, LANES)) for part, shape in zip(flat, architecture.shapes, strict=True)]


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
    """Loss, binary cross-entropy and accuracy of a batch, `(LANES,)` each, and the weights as `forward` returns them.

    Without a `step` nothing is disturbed: dropout is off.
    """
    logits, penalty, weights = forward(architecture, weights, settings, batch.X, batch.share, step=step)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(batch.y, logits)
    right = tf.cast((logits > 0) == (batch.y > 0.5), tf.float32)
    binary_crossentropy, accuracy = (tf.reduce_sum(batch.share * value, 0) for value in (cross_entropy, right))
    loss = binary_crossentropy
    if architecture.smooths:
        smoothing = settings["label_smoothing"]
        smoothed = tf.nn.sigmoid_cross_entropy_with_logits(batch.y * (1 - smoothing) + 0.5 * smoothing, logits)
        loss = tf.reduce_sum(batch.share * smoothed, 0)
    return [loss + penalty, binary_crossentropy, accuracy], weights
