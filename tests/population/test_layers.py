"""Sums as the program takes them; what whole layers give, test_training.py holds to Keras."""

import numpy as np
import pytest
import tensorflow as tf

from regularization.population.layers import WRITTEN_OUT, sum_all, sum_over_first
from regularization.population.reader import LANES

pytestmark = pytest.mark.training

ONE = tf.ones(LANES)


@pytest.mark.parametrize("rows", [1, WRITTEN_OUT, WRITTEN_OUT + 1, 3 * WRITTEN_OUT + 5])
def test_a_sum_over_few_rows_or_many_and_its_gradient(rows):
    values = tf.constant(np.random.default_rng(0).normal(size=(rows, 2, LANES)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = sum_over_first(values, ONE)
        scored = tf.reduce_sum(total**2)
    np.testing.assert_allclose(total, values.numpy().sum(axis=0), rtol=1e-4, atol=1e-5)
    expected = np.broadcast_to(2 * total.numpy(), values.shape)
    np.testing.assert_allclose(tape.gradient(scored, values), expected, rtol=1e-6)


def test_a_sum_over_all_axes_but_the_models():
    values = np.random.default_rng(0).normal(size=(70, 3, LANES)).astype(np.float32)
    np.testing.assert_allclose(sum_all(tf.constant(values), ONE), values.sum(axis=(0, 1)), rtol=1e-4, atol=1e-5)
