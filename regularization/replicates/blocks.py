"""What a training scores on every block of rows that it has not seen: the verdicts are made of these sums."""

from collections.abc import Sequence

import numpy as np

from regularization.evaluation import score_classes
from regularization.metrics import METRICS
from regularization.table import PlannedSplit


def sum_blocks(
    splits: Sequence[PlannedSplit],
    scores: dict,
    diverged: np.ndarray,
    logits: np.ndarray,
    y: np.ndarray,
    *,
    validated: bool,
) -> dict[str, np.ndarray]:
    """Each score of the honest trainings summed over the rows of every block that the training has not seen.

    A training that was stopped on its validation rows (`validated`) has seen those too. By column,
    `(honest trainings, blocks)`, NaN for a block that it has seen; nothing where no split is honest. What needs both
    classes is NaN for a block of one class, and elsewhere the block's own value times its rows.
    """
    honest = [number for number, split in enumerate(splits) if split.blocks is not None]
    if not honest:
        return {}
    blocks = np.asarray(splits[honest[0]].blocks)
    rows = np.bincount(blocks)
    unseen = np.ones((len(honest), len(rows)), bool)
    for place, number in enumerate(honest):
        rows_of = splits[number].rows
        unseen[place, np.unique(blocks[rows_of.train])] = False
        if validated:
            unseen[place, np.unique(blocks[rows_of.val])] = False
        unseen[place] &= not diverged[number]
    sums = {}
    of_honest = logits[honest]
    by_classes = [score_classes(y[blocks == block], of_honest[:, blocks == block]) for block in range(len(rows))]
    for name, metric in METRICS.items():
        if metric.needs_both_classes:
            values = np.stack([of_block[name] for of_block in by_classes], axis=1)
            sums[metric.block_column] = np.where(unseen, values * rows, np.nan)
            continue
        of_block = [np.bincount(blocks, scores[name][number], minlength=len(rows)) for number in honest]
        sums[metric.block_column] = np.where(unseen, of_block, np.nan)
    return sums
