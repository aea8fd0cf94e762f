import numpy as np

from regularization.networks.row_order import batch_order


def test_batch_orders_are_permutations_whatever_the_block():
    order = batch_order(7, 30, 75)
    assert order.shape == (30, 75)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.broadcast_to(np.arange(75), (30, 75)))
    assert len({tuple(epoch) for epoch in order}) == 30
    blocks = [batch_order(7, 4, 75, first_epoch=4 * number) for number in range(7)]
    np.testing.assert_array_equal(np.concatenate(blocks), order[:28])
