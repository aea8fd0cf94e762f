"""A change of nothing but the seed, in studies of whole learners: how often is one called better or worse?"""

import numpy as np
import pytest

from benchmarks import interval_studies
from regularization.evidence.jackknife import BlockScores, block_jackknife, joint_error
from regularization.table.blocks import TRAIN, deal_blocks, divide_blocks


def claims_about_nothing(studies: int, *, learners, n_rows: int, splits: int) -> float:
    """The share of studies in which any learner is called better or worse than itself with other seeds."""
    return float(np.mean([_claims_something(study, learners, n_rows, splits) for study in range(studies)]))


def _claims_something(study: int, learners, n_rows: int, splits: int) -> bool:
    table = interval_studies.draw_table(n_rows, np.random.default_rng([study, 1]))
    blocks = deal_blocks(table.groups, table.y, random_state=study)
    divisions = divide_blocks(splits, random_state=study)
    train = (divisions == TRAIN)[:, blocks].astype(float)
    rows = np.bincount(blocks)
    found = []
    for fit in learners:
        of_seed = []
        for seed in (study, study + 10**6):
            split = interval_studies.Split(table.X, table.y, blocks, train, 1 - train, seed)
            of_seed.append(interval_studies.scores(fit(split, table.X), table.y))
        for metric in interval_studies.METRICS:
            sums = ((of_seed[1][metric] - of_seed[0][metric]) * (1 - train)) @ np.eye(len(rows))[blocks]
            found.append(block_jackknife(BlockScores(np.where(divisions == TRAIN, np.nan, sums), rows)))
    error = joint_error(found, draws=4000)
    return any(abs(estimate.mean) > estimate.spread.half_width(error) for estimate in found)


LEARNERS = [interval_studies.ridge(0.1), interval_studies.naive_bayes(4), interval_studies.logistic(8)]


def test_another_seed_is_hardly_ever_called_better_or_worse():
    assert claims_about_nothing(8, learners=LEARNERS[:2], n_rows=200, splits=60) <= 1 / 8


@pytest.mark.slow
def test_another_seed_is_called_better_or_worse_in_one_of_twenty_studies_at_most():
    assert claims_about_nothing(200, learners=LEARNERS, n_rows=400, splits=130) <= 0.05
