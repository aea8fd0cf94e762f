"""The compiled program: a block of epochs of up to `LANES` models, which stand side by side as the last axis.

Kernels are `(inputs, units, LANES)`, activations `(rows, units, LANES)`: one vector instruction serves a row of models.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from regularization.population.dropout_masks import dropout_mask
from regularization.population.reader import Architecture

LANES = 16  # float32 that fill the widest vector register of an x86 processor
WRITTEN_OUT = 64  # terms of a sum that the program writes out


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
        weights, momentum, velocity = (
            unflatten(state[name], architecture.shapes, tf.reshape) for name in ("weights", "momentum", "velocity")
        )
        weights = [tf.reshape(part, [-1]) for part in weights]  # for `_adam`
        rates = [tf.tile(settings["learning_rate"], [int(np.prod(shape))]) for shape in architecture.shapes]
        settings = settings | {"rates": rates}
        best = state["best_weights"], state["best_loss"], state["best_epoch"]
        history = tf.TensorArray(tf.float32, batches.shape[0])
        for number in tf.range(n_epochs):
            epoch = first_epoch + number
            train_scores = tf.zeros((3, LANES))
            for step in tf.range(n_steps):
                batch = _batch(batches[number, step], step, settings["n_train"])
                weights, momentum, velocity, scores = _train_step(
                    architecture, weights, momentum, velocity, settings, batch, epoch * n_steps + step
                )
                train_scores += scores
            val_scores = _validate(architecture, weights, settings, val_batches)
            history = history.write(number, tf.concat([train_scores / _float(settings["n_train"]), val_scores], 0))
            better = (val_scores[0] < best[1]) & (epoch <= best[2] + settings["patience"])
            now = _join(weights), val_scores[0], epoch
            best = tuple(tf.where(better, new, old) for new, old in zip(now, best, strict=True))
        names = ("weights", "momentum", "velocity", "best_weights", "best_loss", "best_epoch")
        arrays = (_join(weights), _join(momentum), _join(velocity), *best)
        return dict(zip(names, arrays, strict=True)), history.stack()

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
        parts = [_forward(architecture, shaped, settings, X, share) for share in tf.unstack(shares)]
        return parts[0][0], tf.stack([penalty for _, penalty in parts])

    return predict


def _train_step(architecture, weights, momentum, velocity, settings, batch, step):
    """One batch: weights and Adam's state after it, and the batch's scores times its rows, `(3, LANES)`."""
    with tf.GradientTape() as tape:
        shaped = _shape(architecture, weights)
        tape.watch(shaped)
        scores = _scores(architecture, shaped, settings, batch, dropout_step=step)
    gradients = tape.gradient(scores[0], shaped)
    weights, momentum, velocity = _adam(
        architecture.adam, weights, momentum, velocity, gradients, settings["rates"], _float(step + 1)
    )
    return weights, momentum, velocity, batch.n_rows * tf.stack(scores)


def _validate(architecture, weights, settings, batches):
    """Scores over all validation rows, `(3, LANES)`; batch by batch, as Keras' `evaluate` takes the mean."""
    total, shaped = tf.zeros((3, LANES)), _shape(architecture, weights)
    for step in tf.range(batches.shape[0]):
        batch = _batch(batches[step], step, settings["n_val"])
        total += batch.n_rows * tf.stack(_scores(architecture, shaped, settings, batch))
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


def _scores(architecture: Architecture, weights: list, settings: dict, batch: _Batch, dropout_step=None) -> list:
    """Loss, binary cross-entropy and accuracy of a batch, `(LANES,)` each; dropout is off without a `dropout_step`."""
    logits, penalty = _forward(architecture, weights, settings, batch.X, batch.share, dropout_step)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(batch.y, logits)
    right = tf.cast((logits > 0) == (batch.y > 0.5), tf.float32)
    binary_crossentropy, accuracy = (tf.reduce_sum(batch.share * value, 0) for value in (cross_entropy, right))
    return [binary_crossentropy + penalty, binary_crossentropy, accuracy]


def _forward(architecture: Architecture, weights: list, settings: dict, X, share, dropout_step=None):
    """Logits `(rows, LANES)` of the rows `X`, and the penalties `(LANES,)`.

    In the penalty on outputs each row counts by its `share`, `(rows, LANES)`: Keras takes the mean over the rows.
    """
    penalty = sum(_penalty(part, settings["penalty"][number], tf.ones(())) for number, part in enumerate(weights))
    output: Any = X
    for layer, (kernel, bias) in enumerate(zip(weights[::2], weights[1::2], strict=True)):
        if architecture.drops[layer] and dropout_step is not None:
            output *= dropout_mask(settings["key"], dropout_step, layer, output.shape[:2], settings["dropout"][layer])
        logits = _dense(output, kernel, bias, settings["opaque_one"])
        output = keras.activations.get(architecture.activations[layer])(logits)
        if architecture.penalises_output[layer]:
            penalty += _penalty(output, settings["activity"][layer], share[:, None])
    return logits[:, 0], penalty


@tf.custom_gradient
def _penalty(values: tf.Tensor, l1_l2: tf.Tensor, share: tf.Tensor):
    """`l1 * sum(|v|) + l2 * sum(v**2)` over all axes but the lanes, as Keras' L1L2; `share` weighs the first axis."""
    l1, l2 = l1_l2[0], l1_l2[1]

    def gradient(upstream: tf.Tensor):
        return upstream * share * (l1 * tf.sign(values) + 2 * l2 * values), None, None

    terms = share * (l1 * tf.abs(values) + l2 * values**2)
    terms = tf.reshape(terms, (-1, LANES))
    return tf.matmul(tf.ones((1, terms.shape[0])), terms)[0], gradient  # `reduce_sum` would take lane after lane


@tf.custom_gradient
def _dense(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, opaque_one: tf.Tensor):
    """`x @ kernel + bias` in every lane: `(rows, inputs, LANES)`, `(inputs, units, LANES)` and `(units, LANES)`.

    The terms of each sum are written out: XLA then makes one loop over the lanes of it, and keeps the sum in a
    register, at twice the speed of `tf.matmul` on matrices so small. Sums count as cheap to XLA, which would work each
    out anew wherever it is used; a division does not. `opaque_one` `(LANES,)` is 1, which XLA cannot know.
    """
    rows = x.shape[0]

    def gradient(upstream: tf.Tensor):
        to_x = _sum_of_products(upstream, tf.transpose(kernel, (1, 0, 2)), 0.0)
        to_kernel = sum(x[row, :, None] * upstream[row, None] for row in range(rows))
        return to_x, to_kernel / opaque_one, sum(upstream[row] for row in range(rows)) / opaque_one, None

    return _sum_of_products(x, kernel, bias[None]) / opaque_one, gradient


def _sum_of_products(x: tf.Tensor, kernel: tf.Tensor, start: tf.Tensor | float) -> tf.Tensor:
    """`start + x @ kernel` in every lane, term by term: `(rows, inputs, LANES)` and `(inputs, units, LANES)`.

    Up to `WRITTEN_OUT` terms stand in the program one by one. More of them would take XLA minutes to compile: those go
    through a loop over pieces of so many.
    """

    def add(total: Any, x, kernel) -> Any:
        for i in range(x.shape[1]):
            total = total + x[:, i, None] * kernel[None, i]
        return total

    pieces, rest = divmod(x.shape[1], WRITTEN_OUT)
    if pieces == 0 or (pieces, rest) == (1, 0):
        return add(start, x, kernel)
    total = start + tf.zeros((x.shape[0], *kernel.shape[1:]))
    number = tf.constant(0)
    _, total = tf.while_loop(
        lambda number, _: number < pieces,
        lambda number, total: (
            number + 1,
            add(
                total,
                tf.slice(x, (0, number * WRITTEN_OUT, 0), (x.shape[0], WRITTEN_OUT, LANES)),
                tf.slice(kernel, (number * WRITTEN_OUT, 0, 0), (WRITTEN_OUT, *kernel.shape[1:])),
            ),
        ),
        (number, total),
    )
    return add(total, x[:, -rest:], kernel[-rest:]) if rest else total


def _adam(adam, weights, momentum, velocity, gradients, rates, t):
    """Update number `t`, from 1, by Adam as Keras does it: Kingma and Ba (2015), the formula before their section 2.1.

    Weights and rates are flat because LLVM vectorises the division in one dimension alone.
    """
    beta_1, beta_2, epsilon = adam
    correction = tf.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    momentum = [m + (g - m) * (1 - beta_1) for m, g in zip(momentum, gradients, strict=True)]
    velocity = [v + (g**2 - v) * (1 - beta_2) for v, g in zip(velocity, gradients, strict=True)]
    updated = []
    for w, m, v, rate in zip(weights, momentum, velocity, rates, strict=True):
        m, v = tf.reshape(m, [-1]), tf.reshape(v, [-1])
        updated.append(w - m * (rate * correction) / (tf.sqrt(v) + epsilon))
    return updated, momentum, velocity
