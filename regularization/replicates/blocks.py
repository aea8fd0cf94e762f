"""The scores of each training on the blocks of rows that it has not seen: verdicts are made of these sums."""

from collections.abc import Sequence

import numpy as np

from regularization.heads import Head
from regularization.table import PlannedSplit
from regularization.table.blocks import N_BLOCKS


def sum_blocks(
    splits: Sequence[PlannedSplit],
    scores: dict,
    diverged: np.ndarray,
    outputs: np.ndarray,
    y: np.ndarray,
    *,
    head: Head,
    validated: bool,
) -> np.ndarray:
    """What scores are made of, summed over the rows of every block that a training of the honest ones has not seen.

    A training that was stopped on its validation rows (`validated`) has seen those too. By `head.columns`,
    `(columns, honest trainings, blocks)`, NaN for a block that it has seen. A metric that needs both classes is NaN
    for a block of one class, and elsewhere the block's own value times its rows.
    """
    honest = [number for number, split in enumerate(splits) if split.blocks is not None]
    if not honest:
        return np.empty((len(head.columns), 0, N_BLOCKS))
    blocks = np.asarray(splits[honest[0]].blocks)
    rows = np.bincount(blocks)
    unseen = np.ones((len(honest), len(rows)), bool)
    for place, number in enumerate(honest):
        rows_of = splits[number].rows
        unseen[place, np.unique(blocks[rows_of.train])] = False
        if validated:
            unseen[place, np.unique(blocks[rows_of.val])] = False
        unseen[place] &= not diverged[number]
    whole = {metric.block_column: name for name, metric in head.metrics.items() if metric.needs_both_classes}
    of_honest, by_block, sums = outputs[honest], [], []
    if whole:
        by_block = [
            head.scores_of_classes(y[blocks == block], of_honest[:, blocks == block]) for block in range(len(rows))
        ]
    for column in head.columns:
        if column in whole:
            values = np.stack([of_block[whole[column]] for of_block in by_block], axis=1) * rows
        else:
            values = [np.bincount(blocks, scores[column][number], minlength=len(rows)) for number in honest]
        sums.append(np.where(unseen, values, np.nan))
    return np.stack(sums)
