"""The discussion says what was measured, and claims no more than its intervals bear."""

import pandas as pd
import pytest

from regularization.heads import head_of
from regularization.words.discussion import FEWEST_ROWS, conclusion, discussion
from tests.report.examples import BASE, STRONG, WEAK, compared, measures, reliability

LOSS = "binary_crossentropy"
SMALLER = {"train_loss": 0.3, "test_loss": 0.5, "gap": 0.2, "weight_norm": 6.0, "near_zero": 0.5, "ece": 0.05}


def text(found: pd.DataFrame | None = None, calibration: pd.DataFrame | None = None) -> str:
    found = measures(l1l2=dict(SMALLER)) if found is None else found
    calibration = reliability() if calibration is None else calibration
    return " ".join(discussion(found, calibration, headline=(BASE, STRONG), head=head_of(2)))


def test_the_losses_of_the_baseline_are_told_and_nothing_is_claimed_of_them():
    assert "The loss of base is 0.100 on the rows it was trained on and 1.100 on test rows: a gap of 1.000." in text()
    reverse = measures(base={"train_loss": 0.6, "test_loss": 0.1, "gap": -0.5}, l1l2=dict(SMALLER))
    assert "a gap of -0.500." in text(reverse)
    assert "overfit" not in text(reverse)


def test_where_the_baseline_is_surest():
    said = "Where base is surest of class 1, it calls it 95% probable on average, and it is true in 80% of those rows."
    assert said in text(calibration=reliability(0.95, 0.8))


def test_a_bin_of_few_rows_says_nothing():
    few = reliability(0.95, 0.0).assign(rows=FEWEST_ROWS - 1)
    assert "surest" not in text(calibration=few)
    one_more = pd.concat([reliability(0.9, 0.7), few.tail(1)])
    assert "90% probable" in text(calibration=one_more)


@pytest.mark.parametrize(
    ("its", "word"),
    [
        ({"gap": 0.2}, "smaller, 0.200 against 1.000 (-0.800, -1.200 to -0.400)"),
        ({"gap": 1.2}, "larger, 1.200 against 1.000"),
        ({"gap": 0.2, "unclear": ["gap"]}, "not clearly different, 0.200 against 1.000"),
    ],
)
def test_a_comparison_stands_on_its_interval(its, word):
    assert f"the gap between its test and training loss is {word}" in text(measures(l1l2=its))


def concluded(*rows: dict, found: pd.DataFrame | None = None) -> str:
    found = measures(l1l2=dict(SMALLER), dropout=SMALLER | {"test_loss": 0.6}) if found is None else found
    return conclusion(found, pd.DataFrame(rows), headline=(BASE, STRONG, WEAK), head=head_of(2))


def pair(verdict: str, difference: float, variant: str, reference: str) -> dict:
    return compared(verdict, difference, variant=variant, reference=reference, metric=LOSS)


def test_the_conclusion_names_the_lowest_loss_with_its_verdicts():
    said = concluded(
        pair("better", -0.6, STRONG, BASE), pair("better", -0.5, WEAK, BASE), pair("likely worse", 0.1, WEAK, STRONG)
    )
    assert said == (
        "Conclusion: of l1l2 and dropout, l1l2 has the lowest mean test loss: l1l2 against base better, -0.600 (-0.610 "
        "to -0.590); dropout against l1l2 likely worse, +0.100 (+0.090 to +0.110)."
    )


def test_a_technique_that_is_only_likely_better_may_have_the_lowest_loss():
    found = measures(l1l2=dict(SMALLER), dropout=SMALLER | {"test_loss": 0.4})
    rows = pair("better", -0.6, STRONG, BASE), pair("likely better", -0.7, WEAK, BASE)
    said = concluded(*rows, pair("likely better", -0.1, WEAK, STRONG), found=found)
    assert said.startswith(
        "Conclusion: of l1l2 and dropout, dropout has the lowest mean test loss: dropout against base likely"
    )
