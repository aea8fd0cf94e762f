"""The recommended network: the rule, and whether its correction takes away what the choosing flatters."""

import numpy as np
import pytest

from regularization.evidence.pairing import checked_replicates
from regularization.evidence.recommendation import choose, recommendation
from regularization.heads.metrics import OF_BINARY as METRICS
from tests.evidence.simulated import HEADLINE, simulated

LOSS = {"binary_crossentropy": METRICS["binary_crossentropy"]}


def replicates(**study):
    return checked_replicates(*simulated(**study), headline=HEADLINE)


def test_a_clear_winner_is_recommended_whatever_its_techniques():
    found = choose(replicates(gains={"l1l2": 0.2}), {"base": 0, "l1l2": 9, "dropout": 1})
    assert (found.chosen, found.leader, found.close) == ("l1l2", "l1l2", ("l1l2",))


@pytest.mark.parametrize(("rng", "is_close"), [(0, False), (2, True)])
def test_of_those_within_one_standard_error_the_fewest_techniques_win(rng, is_close):
    study = replicates(gains={"l1l2": 0.2, "dropout": 0.2}, splits=60, block_sd=0.001, seed_sd=0.05, rng=rng)
    leader = choose(study, {"base": 0, "l1l2": 2, "dropout": 2}).leader
    other = {"l1l2": "dropout", "dropout": "l1l2"}[leader]
    difference = study.difference(other, leader, METRICS["binary_crossentropy"])
    assert (difference.mean <= difference.spread.standard_error) == is_close
    found = choose(study, {"base": 0, "l1l2": 2, "dropout": 2} | {other: 1})
    assert set(found.close) == ({leader, other} if is_close else {leader})
    assert found.chosen == (other if is_close else leader)


def test_each_metric_has_a_row_and_the_correction_of_a_clear_choice_is_none():
    found = recommendation(replicates(gains={"l1l2": 0.2}), {"base": 0, "l1l2": 2, "dropout": 1}, METRICS)
    assert found["metric"].tolist() == list(METRICS)
    assert found["corrected"].tolist() == pytest.approx(found["mean"].tolist())


def test_with_too_few_splits_to_leave_any_out_there_is_no_correction(monkeypatch):
    study, every = replicates(), {"base": 0, "l1l2": 2, "dropout": 1}
    few = study.part(np.ones(20, bool), np.arange(40) < 2)
    monkeypatch.setattr(type(study), "part", lambda *_: few)
    found = recommendation(study, every, LOSS)
    assert found["mean"].notna().all()
    assert found["corrected"].isna().all()


@pytest.mark.slow
def test_the_corrected_score_of_the_best_of_many_equals_is_right_on_average():
    """Ten variants that are equal: the best looks better than it is, and the corrected score does not."""
    names = (*HEADLINE, *(f"equal_{number}" for number in range(7)))
    errors = []
    for seed in range(40):
        trainings, blocks = simulated(names, splits=60, twins=2, notebook_seeds=2, block_sd=0.04, rng=seed)
        study = checked_replicates(trainings, blocks, headline=HEADLINE)
        row = recommendation(study, dict.fromkeys(names, 1), LOSS).iloc[0]
        everyone = np.mean([study.mean(name, METRICS["binary_crossentropy"]).mean for name in names])
        errors.append((row["mean"] - everyone, row["corrected"] - everyone))
    plain, corrected = np.array(errors).T
    standard_error = corrected.std(ddof=1) / np.sqrt(len(corrected))
    assert plain.mean() < -4 * plain.std(ddof=1) / np.sqrt(len(plain))
    assert abs(corrected.mean()) < max(3 * standard_error, -plain.mean() / 3)
