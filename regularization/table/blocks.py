"""Blocks: the table in 20 parts that keep duplicates together, and how each split divides them.

A split trains on 13 blocks, validates on 3 and tests on 4: 65%, 15% and 20% of the rows, as the notebook's split does.
What is scored is summed per block, for the interval of evidence/jackknife.py.
"""

import numpy as np

from regularization.errors import InputError

N_BLOCKS = 20
N_VALIDATION = 3
N_TEST = 4
TRAIN, VALIDATION, TEST = range(3)  # the parts of a division


def deal_blocks(groups: np.ndarray, y: np.ndarray, *, random_state: int) -> np.ndarray:
    """The block of each row, `(rows,)`, from 0: rows of one group share it, and each block has its share of each `y`.

    `groups` and labels `y` are `(rows,)`. Groups are shuffled, laid out by the class of their first row, and dealt one
    after another, like cards. Raises `InputError` where there are fewer groups than blocks.
    """
    numbers, first_rows, of_row = np.unique(groups, return_index=True, return_inverse=True)
    if len(numbers) < N_BLOCKS:
        raise InputError(
            f"received {len(numbers)} distinct rows; expected {N_BLOCKS} or more, to deal them into blocks"
        )
    shuffled = np.random.RandomState(random_state).permutation(len(numbers))
    dealt = shuffled[np.argsort(y[first_rows][shuffled], kind="stable")]
    block_of_group = np.empty(len(numbers), int)
    block_of_group[dealt] = np.arange(len(numbers)) % N_BLOCKS
    return block_of_group[of_row]


def divide_blocks(splits: int, *, random_state: int) -> np.ndarray:
    """The part of each block in each split, `(splits, N_BLOCKS)`: `TRAIN`, `VALIDATION` or `TEST`.

    Five splits after another are tested on disjoint blocks, so that all blocks are tested equally often. The first
    splits do not depend on how many there are.
    """
    random = np.random.RandomState(random_state)
    divisions = np.full((splits, N_BLOCKS), TRAIN)
    for split in range(splits):
        fold = split % (N_BLOCKS // N_TEST)
        if fold == 0:
            order = random.permutation(N_BLOCKS)
        tested = slice(fold * N_TEST, (fold + 1) * N_TEST)
        divisions[split, order[tested]] = TEST
        divisions[split, random.permutation(np.delete(order, tested))[:N_VALIDATION]] = VALIDATION
    return divisions
