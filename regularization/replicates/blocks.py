"""The scores of each training on the blocks of rows that it has not seen: verdicts are made of these sums."""

from collections.abc import Sequence

import numpy as np

from regularization.metrics import METRICS, score_classes
from regularization.table import PlannedSplit
from regularization.table.blocks import N_BLOCKS


def sum_blocks(
    splits: Sequence[PlannedSplit],
    scores: dict,
    diverged: np.ndarray,
    logits: np.ndarray,
    y: np.ndarray,
    *,
    validated: bool,
) -> np.ndarray:
    """Each score of the honest trainings summed over the rows of every block that the training has not seen.

    A training that was stopped on its validation rows (`validated`) has seen those too. By metric,
    `(metrics, honest trainings, blocks)`, NaN for a block that it has seen. A metric that needs both classes is NaN
    for a block of one class, and elsewhere the block's own value times its rows.
    """
    honest = [number for number, split in enumerate(splits) if split.blocks is not None]
    if not honest:
        return np.empty((len(METRICS), 0, N_BLOCKS))
    blocks = np.asarray(splits[honest[0]].blocks)
    rows = np.bincount(blocks)
    unseen = np.ones((len(honest), len(rows)), bool)
    for place, number in enumerate(honest):
        rows_of = splits[number].rows
        unseen[place, np.unique(blocks[rows_of.train])] = False
        if validated:
            unseen[place, np.unique(blocks[rows_of.val])] = False
        unseen[place] &= not diverged[number]
    of_honest, sums = logits[honest], []
    by_classes = [score_classes(y[blocks == block], of_honest[:, blocks == block]) for block in range(len(rows))]
    for name, metric in METRICS.items():
        if metric.needs_both_classes:
            values = np.stack([of_block[name] for of_block in by_classes], axis=1) * rows
        else:
            values = [np.bincount(blocks, scores[name][number], minlength=len(rows)) for number in honest]
        sums.append(np.where(unseen, values, np.nan))
    return np.stack(sums)
