"""The networks: the only place that defines a layer."""

import itertools
from collections.abc import Sequence

import keras
import numpy as np

from regularization.errors import InputError
from regularization.heads import Head, head_of
from regularization.rounding import fix_keras

fix_keras()
LOSSES = {  # of the heads
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "mean_squared_error": keras.losses.MeanSquaredError,
}


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
    input_stddev: float | None = None,
    hidden_stddev: float | None = None,
    batch_normalization: bool = False,
    max_norm: float | None = None,
    weight_decay: float | None = None,
    clipnorm: float | None = None,
    global_clipnorm: float | None = None,
    clipvalue: float | None = None,
    use_ema: bool = False,
    ema_momentum: float = 0.99,
    label_smoothing: float | None = None,
    decay_steps: int | None = None,
    decay_rate: float | None = None,
    n_features: int = 11,
    n_classes: int = 2,
    hidden_units: Sequence[int] = (20, 20),
    learning_rate: float = 0.001,
    seed: int | None = None,
    name: str | None = None,
) -> keras.Sequential:
    """A compiled network: ReLU layers of `hidden_units`, the head of `n_classes`, Adam, the head's loss.

    Input `(rows, n_features)`. With two classes the output `(rows, 1)` is the probability of class 1, with several
    `(rows, n_classes)` that of each, whose labels are one-hot; with 0 the output `(rows, 1)` is a number, standardized.

    `l1` and `l2` penalise the kernel of the hidden layers named in `regularized_layers` (1 is the first), `bias_l1` and
    `bias_l2` their bias, `activity_l1` and `activity_l2` their output: `l1 * sum(|w|) + l2 * sum(w**2)`, added to the
    loss. `dropout` is the share of units set to 0 after every hidden layer while training; `None` means no such layer.

    `input_stddev` and `hidden_stddev` are the standard deviations of the Gaussian noise that training adds to the
    features and to what hidden layers give; with `batch_normalization` that is normalized first, and noise comes before
    dropout. `max_norm` limits the Euclidean norm of the weights into each hidden unit. `weight_decay` shrinks all
    weights in each step, beside the loss. `clipnorm`, `global_clipnorm` or `clipvalue` limit the gradients, one of them
    at a time. With `use_ema` the model ends with the moving average of its weights, by `ema_momentum` a step.
    `label_smoothing` trains towards labels so much nearer to an equal share of each class; the metrics keep the labels
    as they are. Raises `InputError` where a number is to be smoothed. With
    `decay_steps` the learning rate falls: along a cosine to 0 in so many steps, or with `decay_rate` exponentially, by
    that factor every so many steps.

    One `seed` fixes the initial weights and, separately, the dropout masks and the noise: models that differ in their
    regularization alone begin with the same weights, so that they can be compared in pairs.
    """
    head = head_of(n_classes)
    kernel_seeds, dropout_seeds, noise_seeds = _layer_seeds(seed, len(hidden_units) + 1)
    layers = [keras.Input((n_features,))]
    if input_stddev:
        layers.append(keras.layers.GaussianNoise(input_stddev, seed=noise_seeds[-1]))
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
                kernel_constraint=keras.constraints.MaxNorm(max_norm) if max_norm else None,
            )
        )
        if batch_normalization:
            layers.append(keras.layers.BatchNormalization())
        if hidden_stddev:
            layers.append(keras.layers.GaussianNoise(hidden_stddev, seed=noise_seeds[number - 1]))
        if dropout is not None:
            layers.append(keras.layers.Dropout(dropout, seed=dropout_seeds[number - 1]))
    output_initializer = keras.initializers.GlorotUniform(kernel_seeds[-1])
    layers.append(keras.layers.Dense(head.units, activation=head.activation, kernel_initializer=output_initializer))
    model = keras.Sequential(layers, name=name)  # all at once: `add` would build the network again each time
    clipping = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm, "clipvalue": clipvalue}
    optimizer = keras.optimizers.Adam(
        _schedule(learning_rate, decay_steps, decay_rate),
        weight_decay=weight_decay,
        use_ema=use_ema,
        ema_momentum=ema_momentum,
        **clipping,
    )
    # `loss` holds the penalties, this metric does not. As a loss object it takes labels of shape (rows,), unlike Keras'
    # metric of that name; without a reduction of its own every row counts the same, in a smaller last batch too.
    penalty_free = LOSSES[head.keras_loss](reduction=None, name=head.keras_loss)
    model.compile(optimizer, loss=_loss(head, label_smoothing), metrics=[head.curve_score, penalty_free])
    return model


def _loss(head: Head, label_smoothing: float | None) -> str | keras.losses.Loss:
    if not label_smoothing:
        return head.keras_loss
    if not head.n_classes:
        raise InputError(f"label_smoothing: received {label_smoothing}; expected null, as a number has no labels")
    return LOSSES[head.keras_loss](label_smoothing=label_smoothing)


def build_base_model(**settings) -> keras.Sequential:
    """The network without regularization; `settings` as in `build_model`."""
    return build_model(**settings)


def build_regularized_model(l1: float | None = 0.01, l2: float | None = 0.01, **settings) -> keras.Sequential:
    """The network with L1 and L2 penalties, on the second hidden layer unless `regularized_layers` says otherwise."""
    return build_model(l1=l1, l2=l2, **settings)


def build_dropout_model(dropout: float = 0.2, **settings) -> keras.Sequential:
    """The network with dropout after each hidden layer; `settings` as in `build_model`."""
    return build_model(dropout=dropout, **settings)


def initial_weights(seed: int, units: Sequence[int], *, batch_normalization: bool = False) -> np.ndarray:
    """What `build_model` of that `seed` begins with, without building it, as `get_weights` has it: `(parameters,)`.

    `units` are the features, the units of each hidden layer, and those of the head.
    """
    kernel_seeds, *_ = _layer_seeds(seed, len(units) - 1)
    parts = []
    for number, shape in enumerate(itertools.pairwise(units)):
        if batch_normalization and number:
            parts += [np.ones(shape[0]), np.zeros(2 * shape[0]), np.ones(shape[0])]  # gamma, beta and mean, variance
        parts += [np.ravel(keras.initializers.GlorotUniform(kernel_seeds[number])(shape)), np.zeros(shape[1])]
    return np.concatenate(parts).astype(np.float32)


def _schedule(learning_rate: float, decay_steps: int | None, decay_rate: float | None):
    """The learning rate as Keras' Adam takes it: a number, or what says it for each step."""
    if not decay_steps:
        return learning_rate
    if decay_rate is None:
        return keras.optimizers.schedules.CosineDecay(learning_rate, decay_steps)
    return keras.optimizers.schedules.ExponentialDecay(learning_rate, decay_steps, decay_rate)


def _penalty(l1: float | None, l2: float | None) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L1L2(l1=l1, l2=l2) if l1 or l2 else None


def _layer_seeds(seed: int | None, n_layers: int) -> list[list[int]]:
    """A seed per layer for kernels, dropout masks and noise each: equal seeds would give correlated layers."""
    return [child.generate_state(n_layers).tolist() for child in np.random.SeedSequence(seed).spawn(3)]
