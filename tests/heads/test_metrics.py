"""Regions of equivalence that fit the table: smaller where there is less to gain."""

import pytest
from sklearn.metrics import brier_score_loss, log_loss

from regularization.heads import head_of
from regularization.heads.metrics import OF_BINARY as METRICS


def equivalence(share: float, **fixed) -> dict[str, float]:
    metrics = head_of(2).with_equivalence(fixed, {"share_of_class_1": {"all": share}})
    return {name: metric.equivalence for name, metric in metrics.items()}


def test_two_equal_classes_have_the_limits_of_the_metrics():
    assert equivalence(0.5) == {name: metric.equivalence for name, metric in METRICS.items()}


@pytest.mark.parametrize("share", [0.05, 0.3, 0.95])
def test_limits_of_losses_follow_the_constant_predictors_score(share):
    y = [1] * round(1000 * share) + [0] * round(1000 * (1 - share))
    half = [0, 1] * 500
    found = equivalence(share)
    for name, score in (("binary_crossentropy", log_loss), ("brier", brier_score_loss)):
        ratio = score(y, [share] * 1000) / score(half, [0.5] * 1000)
        assert found[name] == pytest.approx(METRICS[name].equivalence * ratio, rel=0.05)


def test_limits_of_accuracy_shrink_with_a_small_minority_alone():
    found = [equivalence(share)["accuracy"] for share in (0.5, 0.2, 0.1, 0.05, 0.95)]
    assert found == [0.01, 0.01, 0.005, 0.0025, 0.0025]
    assert equivalence(0.05)["roc_auc"] == METRICS["roc_auc"].equivalence


def test_what_params_fix_stays():
    assert equivalence(0.05, accuracy=0.02)["accuracy"] == 0.02
    assert equivalence(0.05, accuracy=None)["accuracy"] == 0.0025
