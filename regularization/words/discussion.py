"""The discussion and the conclusion that the notebook asks for, in sentences that follow the figures.

A claim that one figure is larger or smaller than another rests on its 95% interval, which stands beside it. The
intervals of what was measured on the networks are for new seeds and splits of the same blocks.
"""

from collections.abc import Sequence

import pandas as pd

from regularization.metrics import BINARY_CROSSENTROPY
from regularization.variants import BASELINE
from regularization.words.phrases import interval, listed

SMALL_LOSS = BINARY_CROSSENTROPY.equivalence  # a curve that moves by less stays where it is
WELL_CALIBRATED = 0.05  # a calibration error that makes no network too sure of itself
MUCH_ACCURACY = 0.02
A_CONNECTION = 0.01  # share of all weights from which on it is worth a word that they are practically zero
CLEAR_RANK_CORRELATION = 0.7


def discussion(
    measures: pd.DataFrame, curves: pd.DataFrame, calibration: pd.DataFrame, *, headline: Sequence[str]
) -> list[str]:
    """What went on in the baseline, then in each technique.

    `measures` is `why.measured`; `curves` the replicates' mean curves; `calibration` their reliability diagram.
    """
    return [
        f"Intervals here are for new seeds and splits of the same blocks; each training of a variant is compared with "
        f"that of {BASELINE} on the same split.",
        _overfitting(measures.loc[BASELINE]),
        _validation_loss(curves[curves["variant"] == BASELINE], measures.loc[BASELINE]),
        *_surest(calibration[calibration["variant"] == BASELINE]),
        *(
            _technique(variant, measures.loc[variant], measures.loc[BASELINE])
            for variant in headline
            if variant != BASELINE
        ),
        *_orders(measures),
    ]


def _overfitting(base: pd.Series) -> str:
    both = f"{base['train_loss']:.3f} on the rows it was trained on and {base['test_loss']:.3f} on new ones"
    if base["gap"] > SMALL_LOSS:
        return f"{BASELINE} overfits: its loss is {both}, a gap of {base['gap']:.3f}."
    return f"{BASELINE} does not overfit: its loss is {both}, a gap of {base['gap']:.3f}, within {SMALL_LOSS:g}."


def _validation_loss(curve: pd.DataFrame, base: pd.Series) -> str:
    """The notebook's question: what is going on with that validation loss?"""
    loss, accuracy = curve["val_binary_crossentropy"].to_numpy(), curve["val_accuracy"].to_numpy()
    lowest = int(loss.argmin())
    epoch, last = curve["epoch"].iloc[lowest], curve["epoch"].iloc[-1]
    moved = f"from {loss[lowest]:.3f} at epoch {epoch} to {loss[-1]:.3f} at epoch {last}"
    if loss[-1] - loss[lowest] <= SMALL_LOSS:
        return f"The validation loss of {BASELINE} does not climb after its lowest point: it goes {moved}."
    change = accuracy[-1] - accuracy[lowest]
    told = f"The validation loss of {BASELINE} climbs, {moved}, while its accuracy changes by {change:+.3f}"
    off = f"its probabilities are off by {base['ece']:.3f} on average (calibration error)"
    if base["ece"] <= WELL_CALIBRATED:
        return f"{told}; it is not too sure of itself, for {off}."
    if change < -MUCH_ACCURACY:
        return f"{told}: it errs more often, and it is too sure of itself, for {off}."
    return f"{told}: it errs hardly more often than before, but it grows too sure of itself, for {off}."


def _surest(bins: pd.DataFrame) -> list[str]:
    filled = bins.dropna(subset=["mean_probability", "share_of_class_1"])
    if filled.empty:
        return []
    surest = filled.iloc[-1]
    called, true = surest["mean_probability"], surest["share_of_class_1"]
    over = called - true
    verdict = "too sure" if over > 0.01 else "not sure enough" if over < -0.01 else "as sure as it should be"
    return [
        f"Where {BASELINE} is surest of class 1, it calls it {called:.0%} probable, and it is true in {true:.0%} of "
        f"those rows: {verdict}."
    ]


def _technique(variant: str, row: pd.Series, base: pd.Series) -> str:
    """What a technique did to the gap, the weights and the certainty, each beside the baseline's."""
    gap = f"With {variant}, the gap between training and test loss is {_compared(row, base, 'gap', '.3f')}"
    weights = f"its weights are {_compared(row, base, 'weight_norm', '.1f', 'smaller', 'larger')} in norm"
    sure = f"its calibration error is {_compared(row, base, 'ece', '.3f')}"
    when = (
        f"its lowest validation loss comes {_compared(row, base, 'best_epoch', '.0f', 'earlier', 'later')} (mean epoch)"
    )
    return f"{gap}; {weights}; {sure}; {when}. {_how(variant, row)}"


def _compared(row: pd.Series, base: pd.Series, measure: str, digits: str, less="smaller", more="larger") -> str:
    lower, upper = row[f"{measure}_lower"], row[f"{measure}_upper"]
    word = less if upper < 0 else more if lower > 0 else "not clearly different"
    change = f"{row[f'{measure}_change']:+{digits}}, {lower:+{digits}} to {upper:+{digits}}"
    return f"{word}, {row[measure]:{digits}} against {base[measure]:{digits}} ({change})"


def _how(variant: str, row: pd.Series) -> str:
    less_gap, less_weight = row["gap_upper"] < 0, row["weight_norm_upper"] < 0
    zero = f"{row['near_zero']:.1%} of its weights are practically zero"
    fewer = row["near_zero_lower"] > 0 and row["near_zero_change"] > A_CONNECTION
    if not less_gap:
        return f"So {variant} does not keep the network from learning its rows by heart."
    how = "with smaller weights" if less_weight else "but not with smaller weights"
    connections = f"and fewer connections: {zero}" if fewer else f"and hardly fewer connections: {zero}"
    return f"So {variant} keeps the network from learning its rows by heart, {how} {connections}."


def _orders(measures: pd.DataFrame) -> list[str]:
    """Whether variants with a lower test loss also have a smaller gap, a better calibration, smaller weights."""
    if len(measures) < 4:
        return []
    names = {"gap": "the gap", "ece": "the calibration error", "weight_norm": "the norm of the weights"}
    ranks = measures[["test_loss", *names]].astype(float).rank()
    found = {said: ranks["test_loss"].corr(ranks[measure]) for measure, said in names.items()}
    each = {f"{said} ({rho:+.2f})": rho >= CLEAR_RANK_CORRELATION for said, rho in found.items() if pd.notna(rho)}
    yes, no = ([said for said, is_clear in each.items() if is_clear == wanted] for wanted in (True, False))
    follows = f"follows that by {listed(yes)}" if yes else ""
    lacks = f"does not follow that by {listed(no)}" if no else ""
    told = ", but ".join(part for part in (follows, lacks) if part)
    if not told:
        return []
    return [f"Over the {len(measures)} variants, the order by test loss {told}; in brackets the rank correlations."]


def conclusion(
    measures: pd.DataFrame, comparisons: pd.DataFrame, best: pd.DataFrame, *, headline: Sequence[str]
) -> list[str]:
    """Which technique was most effective, and why, by the loss without penalty; or that none can be called so."""
    rows = comparisons[(comparisons["metric"] == BINARY_CROSSENTROPY.name) & (comparisons["family"] == "headline")]
    proven = rows[(rows["reference"] == BASELINE) & (rows["verdict"] == "better")]
    if proven.empty:
        against = rows[rows["reference"] == BASELINE].itertuples()
        each = [f"{row.variant} {row.verdict} at {interval(row.difference, row.lower, row.upper)}" for row in against]
        return [f"Conclusion: no technique is proven to lower the test loss of {BASELINE}: {'; '.join(each)}."]
    leader = measures.loc[list(proven["variant"]), "test_loss"].astype(float).idxmin()
    against_base = proven.set_index("variant").loc[leader]
    gain = interval(against_base["difference"], against_base["lower"], against_base["upper"])
    rivals = [_rival(rows, leader, name) for name in headline if name not in (leader, BASELINE)]
    beaten = [said for is_beaten, said in rivals if is_beaten]
    others = [said for is_beaten, said in rivals if not is_beaten]
    said = (
        f"Conclusion: {leader} has the lowest test loss of the headline techniques, {gain} against {BASELINE} for new "
        "tables of the same kind"
    )
    if not rivals:
        verdict = f"{said}."
    elif not others:
        verdict = f"{said}, and is the most effective of them: {'; '.join(beaten)}."
    else:
        verdict = f"{said}, but cannot be called the most effective of them: {'; '.join(others + beaten)}."
    return [verdict, _because(leader, measures.loc[leader], measures.loc[BASELINE]), _of_all(best)]


def _rival(rows: pd.DataFrame, leader: str, rival: str) -> tuple[bool, str]:
    """Whether the leader is proven better than the rival, and the figures, always as leader minus rival."""
    pair = rows[(rows["variant"] == leader) & (rows["reference"] == rival)]
    sign = 1
    if pair.empty:
        pair, sign = rows[(rows["variant"] == rival) & (rows["reference"] == leader)], -1
    its = pair.iloc[0]
    lower, upper = sorted((sign * its["lower"], sign * its["upper"]))
    is_beaten = its["verdict"] == ("better" if sign == 1 else "worse")
    word = "equivalent to" if its["verdict"] == "equivalent" else "not proven better than"
    word = "better than" if is_beaten else word
    return is_beaten, f"{word} {rival} at {interval(sign * its['difference'], lower, upper)}"


def _because(leader: str, row: pd.Series, base: pd.Series) -> str:
    parts = []
    for measure, said in (("gap", "learns less of its rows by heart"), ("ece", "is less sure where it is wrong")):
        if row[f"{measure}_upper"] < 0:
            name = "gap" if measure == "gap" else "calibration error"
            parts.append(f"it {said} ({name} {row[measure]:.3f} instead of {base[measure]:.3f})")
    if not parts:
        figures = f"the gap ({row['gap']:.3f}) or the calibration error ({row['ece']:.3f})"
        return f"Why: it cannot be read off {figures} of {leader}, which are not smaller than those of {BASELINE}."
    return f"Why: with {leader}, the network does better on new rows because {listed(parts)}."


def _of_all(best: pd.DataFrame) -> str:
    rows = best[best["metric"] == BINARY_CROSSENTROPY.name]
    leader = rows["best"].iloc[0]
    others = rows.loc[rows["cannot_be_told"] & (rows["variant"] != leader), "variant"].tolist()
    ends = f"{listed(others)} cannot be told from it" if others else "every other can be told from it"
    return f"Of all {len(rows)} variants, {leader} has the lowest mean test loss; {ends}."
