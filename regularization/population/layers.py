"""What the layers of `LANES` models make of a batch: activations are `(rows, units, LANES)`.

One vector instruction serves a row of models. Which steps there are, the architecture decides: what a model does not
use is not in its program.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from regularization.networks.row_order import LANES
from regularization.population.dropout_masks import dropout_mask
from regularization.population.gaussian_noise import gaussian_noise
from regularization.population.reader import MOVING_MOMENTUM, NORMALIZATION_EPSILON, Architecture

WRITTEN_OUT = 64  # terms of a sum that the program writes out


class Output(NamedTuple):
    """What `forward` makes of some rows."""

    logits: tf.Tensor  # (rows, units, LANES)
    penalty: Any  # (LANES,)
    weights: list  # as they came, with the moving statistics of this batch in them where one trains


def forward(architecture: Architecture, weights: list, settings: dict, X, share, *, step=None) -> Output:
    """The rows `X` `(rows, features, LANES)` through every layer; in training where `step` numbers the batch.

    In the penalty on outputs, and in batch normalization, each row counts by its `share`, `(rows, LANES)`: Keras takes
    the mean over the rows.
    """
    weights, n_layers = list(weights), len(architecture.activations)
    dense = [weights[architecture.place(part, layer)] for layer in range(n_layers) for part in ("kernel", "bias")]
    ones = tf.ones((LANES,)), settings["opaque_one"]
    penalty = sum(penalise(part, settings["penalty"][number], *ones) for number, part in enumerate(dense))
    output: Any = X
    for layer, (kernel, bias) in enumerate(zip(dense[::2], dense[1::2], strict=True)):
        if architecture.normalizes[layer]:
            places = [architecture.place(name, layer) for name in ("gamma", "beta", "mean", "variance")]
            output = _normalize(output, weights, places, settings, share, step)
        if step is not None:
            output = _disturb(output, architecture, layer, settings, step)
        logits = multiply(output, kernel, bias, settings["opaque_one"])
        name = architecture.activations[layer]
        output = softmax(logits, settings["opaque_one"]) if name == "softmax" else keras.activations.get(name)(logits)
        if architecture.penalises_output[layer]:
            penalty += penalise(output, settings["activity"][layer], share[:, None], settings["opaque_one"])
    return Output(logits, penalty, weights)


def softmax(logits, opaque_one) -> tf.Tensor:
    """The share of each class: `(rows, classes, LANES)`, as are the logits; its gradient is `penalise`'s alone."""
    parts = tf.exp(logits - tf.stop_gradient(tf.reduce_max(logits, axis=1, keepdims=True)))
    return parts / _sum_over_units(parts, opaque_one)[:, None]


@tf.custom_gradient
def categorical_crossentropy(target: tf.Tensor, logits: tf.Tensor, opaque_one: tf.Tensor):
    """In nats, `(rows, LANES)`, of what each class is to have, `target`, and logits: `(rows, classes, LANES)` each.

    The shares of `target` add up to 1. The gradient is worked out by hand, as in networks/losses.py.
    """
    shifted = logits - tf.reduce_max(logits, axis=1, keepdims=True)
    parts = tf.exp(shifted)
    total = _sum_over_units(parts, opaque_one)

    def gradient(upstream: tf.Tensor):
        return None, upstream[:, None] * (parts / total[:, None] - target), None

    return tf.math.log(total) - _sum_over_units(target * shifted, opaque_one), gradient


def _sum_over_units(values, opaque_one) -> Any:
    """`(rows, LANES)` of `(rows, units, LANES)`, written out as in `multiply`."""
    return sum(tf.unstack(values, axis=1)) / opaque_one


def _disturb(output, architecture: Architecture, layer: int, settings: dict, step):
    """Noise, then dropout, on the input of a Dense layer: of a full batch, however few rows there are."""
    rows, units, _ = output.shape
    shape = min(max(rows, architecture.full_batch), 2 * rows), units  # of twice as many rows and more, half is the same
    if architecture.noisy[layer]:
        output += gaussian_noise(settings["key"], step, layer, shape, settings["stddev"][layer])[:rows]
    if architecture.drops[layer]:
        output *= dropout_mask(settings["key"], step, layer, shape, settings["dropout"][layer])[:rows]
    return output


def _normalize(x, weights: list, places: list[int], settings: dict, share, step):
    """Batch normalization as Keras does it: Ioffe and Szegedy (2015), "Batch normalization", algorithms 1 and 2.

    In training by the mean and variance of the batch, which move those in `weights`; else by those.
    """
    gamma, beta, mean, variance = (weights[place] for place in places)
    one = settings["opaque_one"]
    if step is None:
        return (x - mean) / _root(variance, one) * gamma + beta
    normalized: Any = _normalize_batch(x, gamma, beta, share[:, None], one)
    output, *batch = normalized
    for place, moving, new in zip(places[2:], (mean, variance), batch, strict=True):
        weights[place] = moving * MOVING_MOMENTUM + new * (1 - MOVING_MOMENTUM)
    return output


@tf.custom_gradient
def _normalize_batch(x, gamma, beta, share, opaque_one):
    """The batch normalized, its mean and its variance; the divisions by `opaque_one` are explained in `multiply`."""
    mean = _sum_over_rows(share * x) / opaque_one
    variance = _sum_over_rows(share * (x - mean) ** 2) / opaque_one
    inverse = 1 / _root(variance, opaque_one)
    normal = (x - mean) * inverse

    def gradient(upstream: tf.Tensor, *_):
        upstream = upstream / opaque_one
        to_beta = _sum_over_rows(upstream) / opaque_one
        to_gamma = _sum_over_rows(upstream * normal) / opaque_one
        to_x = gamma * (upstream - share * (to_beta + normal * to_gamma)) * inverse
        return to_x, to_gamma, to_beta, None, None

    return ((normal * gamma + beta) / opaque_one, mean, variance), gradient


def _root(variance, opaque_one):
    """XLA would divide by a square root through the processor's own approximation of `1 / sqrt`, but not by this."""
    return tf.sqrt(variance + NORMALIZATION_EPSILON) * opaque_one


def _sum_over_rows(values) -> Any:
    """`(units, LANES)` of `(rows, units, LANES)`, up to `WRITTEN_OUT` terms written out as in `multiply`."""
    if values.shape[0] <= WRITTEN_OUT:
        return sum(tf.unstack(values))
    return sum_of_products(tf.ones((1, values.shape[0], LANES)), values, 0.0)[0]


@tf.custom_gradient
def penalise(values: tf.Tensor, l1_l2: tf.Tensor, share: tf.Tensor, opaque_one: tf.Tensor):
    """`l1 * sum(|v|) + l2 * sum(v**2)` over all axes but the lanes, as Keras' L1L2; `share` weighs the first axis."""
    l1, l2 = l1_l2[0], l1_l2[1]

    def gradient(upstream: tf.Tensor):
        return upstream * share * (l1 * tf.sign(values) + 2 * l2 * values), None, None, None

    return sum_all(share * (l1 * tf.abs(values) + l2 * values**2), opaque_one), gradient


def sum_all(values, opaque_one) -> Any:
    """`(LANES,)` of `(..., LANES)`: over one axis after the other, as `sum_over_first` does it."""
    total: Any = values
    while len(total.shape) > 1:
        total = sum_over_first(total, opaque_one)
    return total


@tf.custom_gradient
def sum_over_first(values, opaque_one) -> Any:
    """`values` without the first axis, up to `WRITTEN_OUT` terms at a time; `multiply` says why there are divisions.

    `tf.reduce_sum` would take lane after lane, in an order that differs from processor to processor.
    """

    def gradient(upstream: tf.Tensor):
        return tf.broadcast_to(upstream, values.shape), None

    kept = values / opaque_one
    if values.shape[0] <= WRITTEN_OUT:
        return sum(tf.unstack(kept)) / opaque_one, gradient
    total = _sum_over_rows(tf.reshape(kept, (values.shape[0], -1, LANES)))
    return tf.reshape(total, values.shape[1:]) / opaque_one, gradient


@tf.custom_gradient
def multiply(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, opaque_one: tf.Tensor):
    """`x @ kernel + bias` in every lane: `(rows, inputs, LANES)`, `(inputs, units, LANES)` and `(units, LANES)`.

    The terms of each sum are written out: XLA then makes one loop over the lanes of it, and keeps the sum in a
    register, at twice the speed of `tf.matmul` on matrices so small. Sums count as cheap to XLA, which would work each
    out anew wherever it is used; a division does not. `opaque_one` `(LANES,)` is 1, which XLA cannot know.
    """

    def gradient(upstream: tf.Tensor):
        to_x = sum_of_products(upstream, tf.transpose(kernel, (1, 0, 2)), 0.0)
        if int(x.shape[0]) <= WRITTEN_OUT:
            to_kernel: Any = sum(inputs * upstream[row, None] for row, inputs in enumerate(tf.unstack(x[:, :, None])))
        else:
            to_kernel = sum_of_products(tf.transpose(x, (1, 0, 2)), upstream, 0.0)
        return to_x, to_kernel, _sum_over_rows(upstream), None

    return sum_of_products(x, kernel, bias[None]) / opaque_one, gradient


def sum_of_products(x: tf.Tensor, kernel: tf.Tensor, start: tf.Tensor | float) -> tf.Tensor:
    """`start + x @ kernel` in every lane, term by term: `(rows, inputs, LANES)` and `(inputs, units, LANES)`.

    Up to `WRITTEN_OUT` terms stand in the program one by one. More of them would take XLA minutes to compile: those go
    through a loop over pieces of so many.
    """

    def add(total: Any, x, kernel) -> Any:
        for its_x, its_kernel in zip(tf.unstack(x[:, :, None], axis=1), tf.unstack(kernel[:, None]), strict=True):
            total = total + its_x * its_kernel
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
