"""The discussion and the conclusion that the notebook asks for, in sentences that follow the figures.

A claim that one figure is larger or smaller than another rests on its 95% interval, which stands beside it. The
intervals of what was measured on the networks are for new seeds and splits of the same blocks.
"""

from collections.abc import Sequence

import pandas as pd

from regularization.metrics import BINARY_CROSSENTROPY
from regularization.variants import BASELINE
from regularization.words.phrases import difference, listed, rows_of

FEWEST_ROWS = 100  # of a bin of the reliability diagram, over all trainings: fewer say nothing
MEASURED = {  # of `why.measured`: how it is said, its format, and the words for less and more
    "gap": ("the gap between its test and training loss", ".3f", "smaller", "larger"),
    "weight_norm": ("the norm of its weights", ".1f", "smaller", "larger"),
    "near_zero": ("the share of its weights near zero", ".1%", "smaller", "larger"),
    "ece": ("its calibration error", ".3f", "smaller", "larger"),
    "best_epoch": ("the epoch of its lowest validation loss", ".0f", "earlier", "later"),
}


def discussion(measures: pd.DataFrame, calibration: pd.DataFrame, *, headline: Sequence[str]) -> list[str]:
    """What went on in the baseline, then what each technique changed.

    `measures` is `why.measured`; `calibration` the replicates' reliability diagram.
    """
    base = measures.loc[BASELINE]
    return [
        f"Intervals here are for new seeds and splits of the same blocks; each training of a variant is compared with "
        f"that of {BASELINE} on the same split.",
        f"The loss of {BASELINE} is {base['train_loss']:.3f} on the rows it was trained on and "
        f"{base['test_loss']:.3f} on test rows: a gap of {base['gap']:.3f}.",
        *_surest(calibration[calibration["variant"] == BASELINE]),
        *(_technique(name, measures.loc[name], base) for name in headline if name != BASELINE),
    ]


def _surest(bins: pd.DataFrame) -> list[str]:
    filled = bins[bins["rows"] >= FEWEST_ROWS]
    if filled.empty:
        return []
    called, true = filled.iloc[-1][["mean_probability", "share_of_class_1"]]
    return [
        f"Where {BASELINE} is surest of class 1, it calls it {called:.0%} probable on average, and it is true in "
        f"{true:.0%} of those rows."
    ]


def _technique(variant: str, row: pd.Series, base: pd.Series) -> str:
    return f"With {variant}, {'; '.join(_compared(row, base, measure) for measure in MEASURED)}."


def _compared(row: pd.Series, base: pd.Series, measure: str) -> str:
    said, digits, less, more = MEASURED[measure]
    lower, upper = row[f"{measure}_lower"], row[f"{measure}_upper"]
    word = less if upper < 0 else more if lower > 0 else "not clearly different"
    change = f"{row[f'{measure}_change']:+{digits}}, {lower:+{digits}} to {upper:+{digits}}"
    return f"{said} is {word}, {row[measure]:{digits}} against {base[measure]:{digits}} ({change})"


def conclusion(measures: pd.DataFrame, comparisons: pd.DataFrame, *, headline: Sequence[str]) -> str:
    """Which technique has the lowest mean test loss, with its verdicts against the other headline models."""
    techniques = [name for name in headline if name != BASELINE]
    leader = measures.loc[techniques, "test_loss"].astype(float).idxmin()
    rows = comparisons[(comparisons["metric"] == BINARY_CROSSENTROPY.name) & (comparisons["family"] == "headline")]
    pairs = [
        f"{row['variant']} against {row['reference']} {row['verdict']}, {difference(row)}"
        for row in rows_of(rows)
        if leader in (row["variant"], row["reference"])
    ]
    of_many = f"of {listed(techniques)}, {leader} has the lowest mean test loss" if techniques[1:] else "in test loss"
    return f"Conclusion: {of_many}: {'; '.join(pairs)}."
