import numpy as np
import pytest

from regularization.networks.row_order import BLOCK, BLOCK_BYTES, batch_order, epochs_per_block


def test_batch_orders_are_permutations_whatever_the_block():
    order = batch_order(7, 30, 75)
    assert order.shape == (30, 75)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.broadcast_to(np.arange(75), (30, 75)))
    assert len({tuple(epoch) for epoch in order}) == 30
    blocks = [batch_order(7, 4, 75, first_epoch=4 * number) for number in range(7)]
    np.testing.assert_array_equal(np.concatenate(blocks), order[:28])


@pytest.mark.parametrize(
    ("rows", "epochs", "expected"),
    [(1023, 500, BLOCK), (1023, 30, 15), (1023, 3, 3), (200_000, 500, 13), (10**7, 9, 1)],
)
def test_a_block_holds_as_many_epochs_as_memory_allows_and_all_have_one_length(rows, epochs, expected):
    assert epochs_per_block(rows, epochs=epochs, workers=2) == expected
    if expected > 1:
        assert 4 * 16 * rows * 3 * 2 * expected <= BLOCK_BYTES
