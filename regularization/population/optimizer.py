"""One step of the optimizer for `LANES` models: clipping, weight decay, Adam, averaging, constraints, in Keras' order.

Parts of the weights are flat, `(parameters * LANES,)`, where they are updated, gradients are `(..., LANES)`. What an
architecture does not use is not in its program.
"""

import math
from typing import Any

import keras
import tensorflow as tf

from regularization.population.layers import sum_of_products
from regularization.population.reader import LANES, Architecture


def tile_settings(architecture: Architecture, settings: dict) -> dict:
    """The `settings` with those that every weight needs laid out as flat as the weights, once for all steps."""
    sizes = [math.prod(shape) for shape in architecture.shapes]
    names = {"rates": "learning_rate"} | ({"decays": "weight_decay"} if architecture.decays else {})
    return settings | {tiled: [tf.tile(settings[name], [size]) for size in sizes] for tiled, name in names.items()}


def apply_gradients(architecture: Architecture, state: dict, gradients: list, settings: dict, step) -> dict:
    """The `state` after batch number `step`, from 0; `gradients` are those of `architecture.trainable`."""
    weights, momentum, velocity = (list(state[name]) for name in ("weights", "momentum", "velocity"))
    trainable = architecture.trainable
    gradients = _clip(architecture.clip, gradients, settings)
    if architecture.decays:
        for place in trainable:
            weights[place] -= weights[place] * settings["decays"][place] * settings["rates"][place]
    t = tf.cast(step + 1, tf.float32)
    updated = _adam(
        architecture.adam,
        *([parts[place] for place in trainable] for parts in (weights, momentum, velocity)),
        gradients,
        [settings["rates"][place] for place in trainable],
        t,
    )
    for place, w, m, v in zip(trainable, *updated, strict=True):
        weights[place], momentum[place], velocity[place] = w, m, v
    found = {"momentum": momentum, "velocity": velocity}
    if architecture.averages:
        found["average"] = _average(state["average"], weights, trainable, settings, step)
    for layer, constrained in enumerate(architecture.constrains):
        if constrained:
            place = architecture.place("kernel", layer)
            weights[place] = _constrain(weights[place], architecture.shapes[place], settings, layer)
    return found | {"weights": weights}


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


def _clip(how: str, gradients: list, settings: dict) -> list:
    """As Keras' `clipnorm` (each part by its own norm), `global_clipnorm` (all by that of all) or `clipvalue`."""
    if how == "clipvalue":
        limit = settings["clip"]
        return [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    if how == "clipnorm":
        return [_shrink(gradient, [gradient], settings) for gradient in gradients]
    return [_shrink(gradient, gradients, settings) for gradient in gradients] if how else gradients


def _shrink(gradient, within: list, settings: dict):
    """The `gradient` times `limit / norm` where the norm of all gradients `within` is above the limit."""
    one = settings["opaque_one"]
    norm = tf.sqrt(sum(_sum_of_squares(part / one, one) for part in within) / one)
    return gradient * (settings["clip"] / tf.maximum(norm, settings["clip"]))


def _sum_of_squares(values, opaque_one) -> Any:
    """`(LANES,)`, over one axis after the other and written out, so that the order is the same everywhere."""
    total = values**2
    while len(total.shape) > 1:
        shape = total.shape[1:-1]
        total = tf.reshape(_sum_over_first(tf.reshape(total, (total.shape[0], -1, LANES)), opaque_one), (*shape, LANES))
    return total


def _sum_over_first(values, opaque_one):
    """`(units, LANES)` of `(inputs, units, LANES)`; `multiply` says why there is a division."""
    return sum_of_products(tf.ones((1, values.shape[0], LANES)), values, 0.0)[0] / opaque_one


def _average(average: list, weights: list, trainable: list[int], settings: dict, step) -> list:
    """Keras' exponential moving average of the weights, `ema_momentum`; moving statistics stand as they are."""
    momentum = tf.where(step > 0, settings["ema_momentum"], 0.0)
    found = list(weights)
    for place in trainable:
        size = int(average[place].shape[0]) // LANES
        its = tf.tile(momentum, [size])
        found[place] = its * average[place] + (1 - its) * weights[place]
    return found


def _constrain(flat, shape: tuple[int, ...], settings: dict, layer: int):
    """Keras' MaxNorm: the weights into each unit shrunk to a norm of at most `max_value`."""
    kernel = tf.reshape(flat, (*shape, LANES))
    squares = tf.reshape(_sum_over_first(kernel**2, settings["opaque_one"]), [-1])  # flat as in `_adam`
    norms = tf.sqrt(squares)
    limit = tf.tile(settings["max_norm"][layer], [shape[1]])
    factor = tf.minimum(norms, limit) / (keras.config.epsilon() + norms)
    return tf.reshape(kernel * tf.reshape(factor, (1, shape[1], LANES)), [-1])
