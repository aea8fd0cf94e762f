import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regularization.errors import InputError
from regularization.table.blocks import N_BLOCKS, N_TEST, N_VALIDATION, TEST, VALIDATION, deal_blocks, divide_blocks


@settings(deadline=None, max_examples=30)
@given(st.integers(20, 200), st.integers(0, 100), st.integers(0, 2**31))
def test_duplicates_stay_together_and_blocks_are_even(n_groups, n_repeated, random_state):
    random = np.random.default_rng(random_state)
    groups = np.concatenate([np.arange(n_groups), random.integers(n_groups, size=n_repeated)])
    y = random.integers(0, 2, n_groups)[groups]
    blocks = deal_blocks(groups, y, random_state=random_state)
    of_group = {group: set(blocks[groups == group]) for group in np.unique(groups)}
    assert all(len(found) == 1 for found in of_group.values())
    sizes = np.bincount([found.pop() for found in of_group.values()], minlength=N_BLOCKS)
    assert sizes.max() - sizes.min() <= 1
    ones = np.bincount(blocks[:n_groups], weights=y[:n_groups], minlength=N_BLOCKS)
    assert ones.max() - ones.min() <= 1


def test_too_few_distinct_rows():
    with pytest.raises(InputError, match="received 19 distinct rows; expected 20 or more"):
        deal_blocks(np.arange(40) % 19, np.arange(40) % 2, random_state=0)


def test_every_split_has_its_parts_and_five_in_a_row_test_every_block_once():
    divisions = divide_blocks(40, random_state=3)
    assert ((divisions == TEST).sum(axis=1) == N_TEST).all()
    assert ((divisions == VALIDATION).sum(axis=1) == N_VALIDATION).all()
    for first in range(0, 40, 5):
        assert ((divisions[first : first + 5] == TEST).sum(axis=0) == 1).all()
    assert len({division.tobytes() for division in divisions}) == 40


def test_more_splits_leave_the_first_ones_as_they_were():
    np.testing.assert_array_equal(divide_blocks(12, random_state=1), divide_blocks(40, random_state=1)[:12])
