"""The discussion and the conclusion that the notebook asks for, in sentences that follow the figures.

A claim that one figure is larger or smaller than another rests on its 95% interval, which stands beside it. The
intervals of what was measured on the networks are for new seeds and splits of the same blocks.
"""

from collections.abc import Sequence

import pandas as pd

from regularization.heads import Head
from regularization.variants import BASELINE
from regularization.words.phrases import difference, figure, listed, rows_of

MIXED_PAIRS = 3  # of classes, that are named
FEWEST_ROWS = 100  # of a bin of the reliability diagram, over all trainings: fewer say nothing
MEASURED = {  # of `why.measured`: how it is said, its format, and the words for less and more
    "gap": ("the gap between its test and training {loss}", "", "smaller", "larger"),
    "weight_norm": ("the norm of its weights", ".1f", "smaller", "larger"),
    "near_zero": ("the share of its weights near zero", ".1%", "smaller", "larger"),
    "ece": ("its calibration error", ".3f", "smaller", "larger"),
    "best_epoch": ("the epoch of its lowest validation loss", ".0f", "earlier", "later"),
}


def discussion(
    measures: pd.DataFrame,
    calibration: pd.DataFrame,
    *,
    headline: Sequence[str],
    head: Head,
    labels: Sequence[str] = (),
) -> list[str]:
    """What went on in the baseline, then what each technique changed.

    `measures` is `why.measured`; `calibration` the replicates' picture of predictions; `labels` name the classes.
    """
    base, loss = measures.loc[BASELINE], head.loss.in_words.removeprefix("test ")
    rows_of_base = calibration[calibration["variant"] == BASELINE]
    describe = {"binary": _surest, "classes": lambda rows: _recognized(rows, labels), "number": _extremes}[head.task]
    return [
        f"Intervals here are for new seeds and splits of the same blocks; each training of a variant is compared with "
        f"that of {BASELINE} on the same split.",
        f"The {loss} of {BASELINE} is {figure(base['train_loss'])} on the rows it was trained on and "
        f"{figure(base['test_loss'])} on test rows: a gap of {figure(base['gap'])}.",
        *describe(rows_of_base),
        *(_technique(name, measures.loc[name], base, loss) for name in headline if name != BASELINE),
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


def confused(rows: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame]:
    """Of one variant's confusion matrix: the recall of each class, and the pairs of classes by how often it errs.

    The pairs have the columns true, predicted and share, of the rows of the true class; the most frequent stands first.
    """
    shares = rows["rows"] / rows.groupby("true")["rows"].transform("sum")
    table = rows.assign(share=shares)
    same = table["true"] == table["predicted"]
    pairs = table[~same & (table["share"] > 0)].sort_values("share", ascending=False, kind="stable")
    return table[same].set_index("true")["share"], pairs[["true", "predicted", "share"]]


def _recognized(rows: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    if rows.empty:
        return []
    recall, pairs = confused(rows)
    order = recall.sort_values(kind="stable").index
    hardest, easiest = ((labels[int(order[place])], recall[order[place]]) for place in (0, -1))
    sentence = (
        f"Of the test rows of a class, {BASELINE} recognizes from {hardest[1]:.0%} ({hardest[0]}) to {easiest[1]:.0%} "
        f"({easiest[0]})"
    )
    mixed = [
        f"{labels[int(row['true'])]} for {labels[int(row['predicted'])]} ({row['share']:.0%} of its rows)"
        for row in rows_of(pairs.head(MIXED_PAIRS))
    ]
    return [f"{sentence}; most often it takes {listed(mixed)}." if mixed else f"{sentence}."]


def _extremes(bins: pd.DataFrame) -> list[str]:
    filled = bins[bins["rows"] >= FEWEST_ROWS]
    if len(filled) < 2:
        return []
    ends = [
        f"{which} it predicts {figure(row['mean_predicted'])} on average, and {figure(row['mean_true'])} is true"
        for which, row in (("lowest", filled.iloc[0]), ("highest", filled.iloc[-1]))
    ]
    return [f"In the tenths of the target where {BASELINE} predicts most extremely: {'; '.join(ends)}."]


def _technique(variant: str, row: pd.Series, base: pd.Series, loss: str) -> str:
    measures = [name for name in MEASURED if pd.notna(row[name])]
    return f"With {variant}, {'; '.join(_compared(row, base, measure, loss) for measure in measures)}."


def _compared(row: pd.Series, base: pd.Series, measure: str, loss: str) -> str:
    said, digits, less, more = MEASURED[measure]
    lower, upper = row[f"{measure}_lower"], row[f"{measure}_upper"]
    word = less if upper < 0 else more if lower > 0 else "not clearly different"
    figures = [row[measure], base[measure]]
    changes = [row[f"{measure}_change"], lower, upper]
    if digits:
        figures, changes = [f"{value:{digits}}" for value in figures], [f"{value:+{digits}}" for value in changes]
    else:
        figures, changes = list(map(figure, figures)), [figure(value, *changes, sign="+") for value in changes]
    change = f"{changes[0]}, {changes[1]} to {changes[2]}"
    return f"{said.format(loss=loss)} is {word}, {figures[0]} against {figures[1]} ({change})"


def conclusion(measures: pd.DataFrame, comparisons: pd.DataFrame, *, headline: Sequence[str], head: Head) -> str:
    """Which technique has the lowest mean test loss, with its verdicts against the other headline models."""
    loss = head.loss.in_words
    techniques = [name for name in headline if name != BASELINE]
    leader = measures.loc[techniques, "test_loss"].astype(float).idxmin()
    rows = comparisons[(comparisons["metric"] == head.loss.name) & (comparisons["family"] == "headline")]
    pairs = [
        f"{row['variant']} against {row['reference']} {row['verdict']}, {difference(row)}"
        for row in rows_of(rows)
        if leader in (row["variant"], row["reference"])
    ]
    of_many = f"of {listed(techniques)}, {leader} has the lowest mean {loss}" if techniques[1:] else f"in {loss}"
    return f"Conclusion: {of_many}: {'; '.join(pairs)}."
