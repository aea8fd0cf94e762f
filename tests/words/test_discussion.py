"""Every sentence of the discussion follows its figures, in both directions."""

import pandas as pd
import pytest

from regularization.words.discussion import conclusion, discussion
from tests.report.examples import BASE, STRONG, WEAK, compared, curve, measures, reliability

LOSS = "binary_crossentropy"
SMALLER = {"test_loss": 0.5, "gap": 0.2, "weight_norm": 10.0, "near_zero": 0.5, "ece": 0.05, "best_epoch": 150.0}


def text(found=None, *, curves=None, bins=None) -> str:
    found = measures(l1l2=dict(SMALLER)) if found is None else found
    curves, bins = curve() if curves is None else curves, reliability() if bins is None else bins
    return " ".join(discussion(found, curves, bins, headline=(BASE, STRONG)))


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ({}, "base overfits: its loss is 0.100 on the rows it was trained on and 1.100 on new ones, a gap of 1.000."),
        ({"test_loss": 0.11, "gap": 0.01}, "base does not overfit: its loss is 0.100"),
    ],
)
def test_overfitting(base, expected):
    assert expected in text(measures(base=base, l1l2=dict(SMALLER)))


@pytest.mark.parametrize(
    ("loss", "accuracy", "ece", "expected"),
    [
        (
            (0.7, 0.5, 1.1),
            (0.7, 0.74, 0.735),
            0.2,
            "errs hardly more often than before, but it grows too sure of itself",
        ),
        ((0.7, 0.5, 1.1), (0.7, 0.74, 0.6), 0.2, "it errs more often, and it is too sure of itself"),
        ((0.7, 0.5, 1.1), (0.7, 0.74, 0.6), 0.01, "it is not too sure of itself"),
        (
            (0.7, 0.6, 0.5),
            (0.7, 0.7, 0.7),
            0.2,
            "does not climb after its lowest point: it goes from 0.500 at epoch 11",
        ),
    ],
)
def test_the_notebooks_question_about_its_validation_loss(loss, accuracy, ece, expected):
    found = measures(base={"ece": ece}, l1l2=dict(SMALLER))
    assert expected in text(found, curves=curve(loss, accuracy))


def test_a_climbing_loss_is_told_with_its_figures():
    assert "climbs, from 0.500 at epoch 6 to 1.100 at epoch 11, while its accuracy changes by +0.000" in text()


@pytest.mark.parametrize(
    ("called", "true", "verdict"),
    [(0.95, 0.8, "too sure"), (0.8, 0.95, "not sure enough"), (0.9, 0.9, "as sure as it should be")],
)
def test_where_the_baseline_is_surest(called, true, verdict):
    assert f"it calls it {called:.0%} probable, and it is true in {true:.0%} of those rows: {verdict}." in text(
        bins=reliability(called, true)
    )


def test_no_calibration_is_no_claim():
    assert "surest" not in text(bins=reliability().iloc[:0])


@pytest.mark.parametrize(
    ("its", "expected"),
    [
        (SMALLER, "with smaller weights and fewer connections: 50.0% of its weights are practically zero"),
        (SMALLER | {"near_zero": 0.002}, "with smaller weights and hardly fewer connections: 0.2%"),
        (SMALLER | {"weight_norm": 20.0}, "but not with smaller weights and fewer connections"),
        (SMALLER | {"unclear": ("weight_norm",)}, "but not with smaller weights"),
        (SMALLER | {"gap": 1.5}, "So l1l2 does not keep the network from learning its rows by heart."),
        (SMALLER | {"unclear": ("gap",)}, "So l1l2 does not keep the network from learning its rows by heart."),
    ],
)
def test_how_a_technique_works(its, expected):
    assert expected in text(measures(l1l2=dict(its)))


@pytest.mark.parametrize(
    ("its", "word"),
    [({"gap": 0.2}, "smaller"), ({"gap": 1.5}, "larger"), ({"gap": 0.9, "unclear": ("gap",)}, "not clearly different")],
)
def test_a_comparison_stands_on_its_interval(its, word):
    said = text(measures(l1l2=SMALLER | its))
    assert f"With l1l2, the gap between training and test loss is {word}, {its['gap']:.3f} against 1.000 (" in said


def test_the_order_of_the_variants():
    four = {
        name: SMALLER | {"test_loss": loss, "gap": loss, "ece": 1 - loss, "weight_norm": 10.0}
        for name, loss in (("l1l2", 0.5), ("dropout", 0.6), ("other", 0.7))
    }
    assert (
        "Over the 4 variants, the order by test loss follows that by the gap (+1.00) and the norm of the weights "
        "(+0.77), but does not follow that by the calibration error (-1.00)"
    ) in text(measures(**four))
    assert "the order by test loss" not in text()


def concluded(*rows: dict, found: pd.DataFrame | None = None) -> str:
    found = measures(l1l2=dict(SMALLER), dropout=SMALLER | {"test_loss": 0.6}) if found is None else found
    sets = [
        {"metric": LOSS, "variant": name, "best": STRONG, "cannot_be_told": name != BASE}
        for name in (BASE, STRONG, WEAK)
    ]
    comparisons = pd.DataFrame([{"metric": LOSS} | row for row in rows])
    return " ".join(conclusion(found, comparisons, pd.DataFrame(sets), headline=(BASE, STRONG, WEAK)))


def pair(verdict: str, difference: float, variant: str, reference: str) -> dict:
    return compared(verdict, difference, variant=variant, reference=reference, metric=LOSS)


def test_the_most_effective_technique():
    said = concluded(
        pair("better", -0.6, STRONG, BASE), pair("better", -0.5, WEAK, BASE), pair("worse", 0.1, WEAK, STRONG)
    )
    assert "l1l2 has the lowest test loss of the headline techniques, -0.600 (-0.610 to -0.590) against base" in said
    assert "and is the most effective of them: better than dropout at -0.100 (-0.110 to -0.090)." in said
    assert "it learns less of its rows by heart (gap 0.200 instead of 1.000)" in said
    assert "it is less sure where it is wrong (calibration error 0.050 instead of 0.200)" in said
    assert "Of all 3 variants, l1l2 has the lowest mean test loss; dropout cannot be told from it." in said


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("undecided", "cannot be called the most effective of them: not proven better than dropout at -0.100"),
        ("likely worse", "cannot be called the most effective of them: not proven better than dropout"),
        ("equivalent", "cannot be called the most effective of them: equivalent to dropout"),
    ],
)
def test_a_leader_that_does_not_beat_the_other_is_not_called_the_most_effective(verdict, expected):
    rows = pair("better", -0.6, STRONG, BASE), pair("better", -0.5, WEAK, BASE), pair(verdict, 0.1, WEAK, STRONG)
    assert expected in concluded(*rows)


def test_the_other_technique_may_lead():
    found = measures(l1l2=dict(SMALLER), dropout=SMALLER | {"test_loss": 0.4})
    rows = pair("better", -0.6, STRONG, BASE), pair("better", -0.7, WEAK, BASE), pair("better", -0.1, WEAK, STRONG)
    assert "dropout has the lowest test loss" in concluded(*rows, found=found)
    assert "most effective of them: better than l1l2 at -0.100" in concluded(*rows, found=found)


def test_no_technique_helps():
    rows = pair("undecided", -0.1, STRONG, BASE), pair("worse", 0.2, WEAK, BASE), pair("worse", 0.3, WEAK, STRONG)
    assert concluded(*rows) == (
        "Conclusion: no technique is proven to lower the test loss of base: l1l2 undecided at -0.100 (-0.110 to "
        "-0.090); dropout worse at +0.200 (+0.190 to +0.210)."
    )


def test_a_better_loss_that_the_measurements_do_not_explain():
    found = measures(l1l2=SMALLER | {"gap": 1.2, "ece": 0.3}, dropout=dict(SMALLER))
    found.loc[STRONG, "test_loss"] = 0.1
    rows = pair("better", -0.6, STRONG, BASE), pair("worse", 0.1, WEAK, BASE), pair("worse", 1, WEAK, STRONG)
    said = concluded(*rows, found=found)
    assert "Why: it cannot be read off the gap (1.200) or the calibration error (0.300) of l1l2" in said
