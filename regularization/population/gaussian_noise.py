"""Gaussian noise that depends on a model's seed, the step and the place alone, whoever else is trained."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from regularization.population.dropout_masks import random_bits

FIRST_LAYER = 128  # dropout counts its layers from 0: the two never draw the same numbers
# The inverse of the error function: Giles (2010), "Approximating the erfinv function", single precision, the
# coefficients of the polynomials in w - 2.5 for w < 5 and in sqrt(w) - 3 above.
CENTRE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def gaussian_noise(key: tf.Tensor, step: tf.Tensor, layer: int, shape: Sequence[int], stddev: tf.Tensor) -> tf.Tensor:
    """What is added to the input of Dense layer `layer`: normal with mean 0 and `stddev`.

    `key` is `(2, models)`, `stddev` `(models,)`, `step` the number of batches before this one, `shape` the rows and
    units of the input; the noise is `(rows, units, models)`. It depends on these values alone.
    """
    bits = random_bits(key, step, FIRST_LAYER + layer, shape)
    whole = tf.cast(tf.bitwise.right_shift(bits, np.uint32(8)), tf.int32)
    uniform = tf.cast(2 * whole + 1 - 2**24, tf.float32) / 2**24  # the odd 24-bit fractions between -1 and 1
    return tf.convert_to_tensor(stddev, tf.float32) * (np.float32(np.sqrt(2)) * inverse_error_function(uniform))


def inverse_error_function(x: tf.Tensor) -> tf.Tensor:
    """`x` with `erf(result) == x`, for -1 < x < 1, to about 3e-7 of its size."""
    w = -tf.math.log((1 - x) * (1 + x))
    return x * tf.where(w < 5, _polynomial(CENTRE, w - 2.5), _polynomial(TAIL, tf.sqrt(tf.maximum(w, 5)) - 3))


def _polynomial(coefficients: Sequence[float], x: tf.Tensor) -> tf.Tensor:
    total = tf.fill(tf.shape(x), np.float32(coefficients[0]))
    for coefficient in coefficients[1:]:
        total = coefficient + total * x
    return total
