"""The networks: the only place that defines a layer."""

import itertools
from collections.abc import Sequence

import keras
import numpy as np


def build_model(
    *,
    l1: float | None = None,
    l2: float | None = None,
    dropout: float | None = None,
    regularized_layers: Sequence[int] = (2,),
    bias_l1: float | None = None,
    bias_l2: float | None = None,
    activity_l1: float | None = None,
    activity_l2: float | None = None,
    n_features: int = 11,
    hidden_units: Sequence[int] = (20, 20),
    learning_rate: float = 0.001,
    seed: int | None = None,
    name: str | None = None,
) -> keras.Sequential:
    """A compiled binary classifier: ReLU layers of `hidden_units`, one sigmoid unit, Adam, binary cross-entropy.

    Input `(rows, n_features)`, output `(rows, 1)`: the probability of class 1.

    `l1` and `l2` penalise the kernel of the hidden layers named in `regularized_layers` (1 is the first), `bias_l1` and
    `bias_l2` their bias, `activity_l1` and `activity_l2` their output: `l1 * sum(|w|) + l2 * sum(w**2)`, added to the
    loss. `dropout` is the share of units set to 0 after every hidden layer while training; `None` means no such layer.

    One `seed` fixes the initial weights and, separately, the dropout masks: models that differ in their regularization
    alone begin with the same weights, so that they can be compared in pairs.
    """
    kernel_seeds, dropout_seeds = _layer_seeds(seed, len(hidden_units) + 1)
    layers = [keras.Input((n_features,))]
    for number, units in enumerate(hidden_units, start=1):
        penalised = number in regularized_layers
        layers.append(
            keras.layers.Dense(
                units,
                activation="relu",
                kernel_initializer=keras.initializers.GlorotUniform(kernel_seeds[number - 1]),
                kernel_regularizer=_penalty(l1, l2) if penalised else None,
                bias_regularizer=_penalty(bias_l1, bias_l2) if penalised else None,
                activity_regularizer=_penalty(activity_l1, activity_l2) if penalised else None,
            )
        )
        if dropout is not None:
            layers.append(keras.layers.Dropout(dropout, seed=dropout_seeds[number - 1]))
    output_initializer = keras.initializers.GlorotUniform(kernel_seeds[-1])
    layers.append(keras.layers.Dense(1, activation="sigmoid", kernel_initializer=output_initializer))
    model = keras.Sequential(layers, name=name)  # all at once: `add` would build the network again each time
    # `loss` holds the penalties, this metric does not. As a loss object it takes labels of shape (rows,), unlike Keras'
    # metric of that name; without a reduction of its own every row counts the same, in a smaller last batch too.
    penalty_free = keras.losses.BinaryCrossentropy(reduction=None, name="binary_crossentropy")
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=["accuracy", penalty_free],
    )
    return model


def build_base_model(**settings) -> keras.Sequential:
    """The network without regularization; `settings` as in `build_model`."""
    return build_model(**settings)


def build_regularized_model(l1: float | None = 0.01, l2: float | None = 0.01, **settings) -> keras.Sequential:
    """The network with L1 and L2 penalties, on the second hidden layer unless `regularized_layers` says otherwise."""
    return build_model(l1=l1, l2=l2, **settings)


def build_dropout_model(dropout: float = 0.2, **settings) -> keras.Sequential:
    """The network with dropout after each hidden layer; `settings` as in `build_model`."""
    return build_model(dropout=dropout, **settings)


def initial_weights(seed: int, units: Sequence[int]) -> np.ndarray:
    """What `build_model` of that `seed` begins with, without building it: kernels and biases in turn, `(parameters,)`.

    `units` are the features, the units of each hidden layer, and 1.
    """
    kernel_seeds, _ = _layer_seeds(seed, len(units) - 1)
    parts = []
    for number, shape in enumerate(itertools.pairwise(units)):
        parts += [np.ravel(keras.initializers.GlorotUniform(kernel_seeds[number])(shape)), np.zeros(shape[1])]
    return np.concatenate(parts).astype(np.float32)


def _penalty(l1: float | None, l2: float | None) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None


def _layer_seeds(seed: int | None, n_layers: int) -> tuple[list[int], list[int]]:
    """A seed per layer for the kernels and one for the dropout masks: equal seeds would give correlated layers."""
    kernels, masks = np.random.SeedSequence(seed).spawn(2)
    return kernels.generate_state(n_layers).tolist(), masks.generate_state(n_layers).tolist()
