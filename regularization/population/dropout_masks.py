"""Dropout masks that depend on a model's seed, the step and the place alone, whoever else is trained."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def dropout_key(seed: int) -> np.ndarray:
    """The two words, uint32, from which the dropout masks of a model with that seed are drawn."""
    return np.random.SeedSequence(seed, spawn_key=(1,)).generate_state(2)


def dropout_mask(key: tf.Tensor, step: tf.Tensor, layer: int, shape: Sequence[int], rate: tf.Tensor) -> tf.Tensor:
    """What the input of Dense layer `layer` is multiplied by: 0 with probability `rate`, else `1 / (1 - rate)`.

    `key` is `(2, models)`, `rate` `(models,)`, `step` the number of batches before this one, `shape` the rows and
    units of the input; the mask is `(rows, units, models)`. It depends on these values alone.
    """
    rate, bits = tf.convert_to_tensor(rate, tf.float32), random_bits(key, step, layer, shape)
    uniform = tf.cast(tf.cast(tf.bitwise.right_shift(bits, np.uint32(8)), tf.int32), tf.float32) / 2**24
    return tf.where(uniform >= rate, 1 / (1 - rate), 0.0)


def random_bits(key: tf.Tensor, step: tf.Tensor, layer: int, shape: Sequence[int]) -> tf.Tensor:
    """32 random bits for every row, unit and model, uint32 `(rows, units, models)`; see `dropout_mask`.

    A draw gives two words: the first of each serve the first half of the rows, the second the other half.
    """
    rows, units = shape
    half = -(-rows // 2)
    place = tf.cast(tf.reshape(tf.range(half * units), (half, units, 1)), tf.uint32) + np.uint32(layer << 24)
    return tf.concat(_threefry(key, tf.cast(step, tf.uint32) + tf.zeros_like(place), place), 0)[:rows]


def _threefry(key: tf.Tensor, first: tf.Tensor, second: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The two words of Threefry-2x32 for the counter `(first, second)`, all uint32.

    Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011), in the variant of 13 rounds.
    """
    xor, rotations = tf.bitwise.bitwise_xor, (13, 15, 26, 6, 17, 29, 16, 24)
    keys = [key[0], key[1], xor(xor(key[0], key[1]), np.uint32(0x1BD11BDA))]
    first, second = first + keys[0], second + keys[1]
    for number in range(13):
        first += second
        left, right = np.uint32(rotations[number % 8]), np.uint32(32 - rotations[number % 8])
        rotated = tf.bitwise.bitwise_or(tf.bitwise.left_shift(second, left), tf.bitwise.right_shift(second, right))
        second = xor(rotated, first)
        if number % 4 == 3:
            turn = number // 4 + 1
            first += keys[turn % 3]
            second += keys[(turn + 1) % 3] + np.uint32(turn)
    return first, second
