"""One step of the optimizer for `LANES` models: clipping, weight decay, Adam, averaging, constraints, in Keras' order.

Weights, their gradients and what the optimizer keeps of them are `(..., LANES)`. What an architecture does not use is
not in its program.
"""

import keras
import tensorflow as tf

from regularization.population.layers import sum_all, sum_over_first
from regularization.population.reader import Architecture


def apply_gradients(architecture: Architecture, state: dict, gradients: list, settings: dict, step) -> dict:
    """The `state` after batch number `step`, from 0; `gradients` are those of `architecture.trainable`.

    The `learning_rate` among the `settings` is that of this step.
    """
    weights, momentum, velocity = (list(state[name]) for name in ("weights", "momentum", "velocity"))
    trainable = architecture.trainable
    gradients = _clip(architecture.clip, gradients, settings)
    if architecture.decays:
        for place in trainable:
            weights[place] -= weights[place] * settings["weight_decay"] * settings["learning_rate"]
    t = tf.cast(step + 1, tf.float32)
    updated = _adam(
        architecture.adam,
        *([parts[place] for place in trainable] for parts in (weights, momentum, velocity)),
        gradients,
        settings["learning_rate"],
        t,
    )
    for place, w, m, v in zip(trainable, *updated, strict=True):
        weights[place], momentum[place], velocity[place] = w, m, v
    next_state = {"momentum": momentum, "velocity": velocity}
    if architecture.averages:
        next_state["average"] = _average(state["average"], weights, trainable, settings, step)
    for layer, constrained in enumerate(architecture.constrains):
        if constrained:
            place = architecture.place("kernel", layer)
            weights[place] = _constrain(weights[place], settings, layer)
    return next_state | {"weights": weights}


def _adam(adam, weights, momentum, velocity, gradients, rate, t):
    """Update number `t`, from 1, as Keras' Adam: Kingma and Ba (2015), the formula before their section 2.1."""
    beta_1, beta_2, epsilon = adam
    correction = tf.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    momentum = [m + (g - m) * (1 - beta_1) for m, g in zip(momentum, gradients, strict=True)]
    velocity = [v + (g**2 - v) * (1 - beta_2) for v, g in zip(velocity, gradients, strict=True)]
    updated = [
        w - m * (rate * correction) / (tf.sqrt(v) + epsilon)
        for w, m, v in zip(weights, momentum, velocity, strict=True)
    ]
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
    norm = tf.sqrt(sum(sum_all(part**2, one) for part in within) / one)
    return gradient * (settings["clip"] / tf.maximum(norm, settings["clip"]))


def _average(average: list, weights: list, trainable: list[int], settings: dict, step) -> list:
    """Keras' exponential moving average of the weights, `ema_momentum`; moving statistics stand as they are."""
    momentum = tf.where(step > 0, settings["ema_momentum"], 0.0)
    updated = list(weights)
    for place in trainable:
        updated[place] = momentum * average[place] + (1 - momentum) * weights[place]
    return updated


def _constrain(kernel, settings: dict, layer: int):
    """Keras' MaxNorm: the weights into each unit shrunk to a norm of at most `max_value`."""
    norms = tf.sqrt(sum_over_first(kernel**2, settings["opaque_one"]))
    return kernel * (tf.minimum(norms, settings["max_norm"][layer]) / (keras.config.epsilon() + norms))
