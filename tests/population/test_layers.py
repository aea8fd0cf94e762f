"""Sums as the program takes them; what whole layers give, test_training.py holds to Keras."""

import numpy as np
import pytest
import tensorflow as tf

from regularization.networks.row_order import LANES
from regularization.population.layers import WRITTEN_OUT, multiply, sum_all, sum_over_first

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


def test_the_product_of_a_large_batch_has_the_gradient_of_matmul():
    random = np.random.default_rng(0)
    x, kernel = random.normal(size=(2 * WRITTEN_OUT + 3, 4, LANES)), random.normal(size=(4, 3, LANES))
    tensors = [tf.constant(part, tf.float32) for part in (x, kernel, random.normal(size=(3, LANES)))]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        ours = tf.reduce_sum(multiply(*tensors, ONE) ** 2)
        theirs = tf.reduce_sum((tf.einsum("ril,iul->rul", *tensors[:2]) + tensors[2]) ** 2)
    for our_part, their_part in zip(tape.gradient(ours, tensors), tape.gradient(theirs, tensors), strict=True):
        np.testing.assert_allclose(our_part, their_part, rtol=1e-4, atol=1e-3)
