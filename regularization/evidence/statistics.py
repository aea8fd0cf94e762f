"""Verdicts, power, and what scipy does not have.

References
----------
Hanley, Lippman-Hand (1983), If nothing goes wrong, is everything all right?, JAMA 249(13).
Schuirmann (1987), A comparison of the two one-sided tests procedure, J. Pharmacokinetics and Biopharmaceutics 15(6).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from regularization.errors import InputError

VERDICTS = ("better", "worse", "equivalent", "likely better", "likely worse", "undecided")


class Interval(NamedTuple):
    """A mean with the ends of its interval."""

    mean: float
    lower: float
    upper: float


def mean_interval(values: Sequence[float], *, confidence: float = 0.95) -> Interval:
    """Student's interval for the mean of independent `values` `(n,)`, n >= 2. Raises `InputError` for fewer."""
    sample = np.asarray(values, float)
    if len(sample) < 2 or not np.isfinite(sample).all():
        raise InputError(f"received {len(sample)} values, or some not finite; expected 2 or more finite ones")
    half = float(stats.t.ppf((1 + confidence) / 2, len(sample) - 1) * stats.sem(sample))
    mean = float(sample.mean())
    return Interval(mean, mean - half, mean + half)


def verdict(
    single: tuple[float, float], joint: tuple[float, float], *, equivalence: float, higher_is_better: bool
) -> str:
    """One of `VERDICTS` on a difference, variant minus reference, from its two intervals.

    `joint` is the interval that holds together with those of the whole family of comparisons, `single` holds alone.

    1. "equivalent" where the joint interval lies wholly inside the region of equivalence, its ends included. This goes
       first: that a difference is too small to matter says more than that it is not 0 (Schuirmann 1987).
    2. "better" or "worse" where the joint interval leaves out 0.
    3. "likely better" or "likely worse" where the single interval alone does: likely, not proven.
    4. "undecided" otherwise. That there is no difference is never said.
    """
    if -equivalence <= joint[0] and joint[1] <= equivalence:
        return "equivalent"
    for interval, doubt in ((joint, ""), (single, "likely ")):
        if interval[0] > 0 or interval[1] < 0:
            return f"{doubt}better" if (interval[0] > 0) == higher_is_better else f"{doubt}worse"
    return "undecided"


def rule_of_three(n_rows: int) -> float:
    """How large the share of rows on which two variants differ may be, at 95%, where none of `n_rows` differed.

    The rule of three: `3 / n` (Hanley and Lippman-Hand 1983).
    """
    return 3 / n_rows


def detectable_difference(half_width: float, standard_error: float, *, power: float = 0.8) -> float:
    """Return the smallest true difference that an interval of that `half_width` excludes 0 for, with that `power`.

    `half_width + z_power * standard_error`, the usual approximation. It is worked out from the spread of the
    differences alone, never from their mean.
    """
    return float(half_width + stats.norm.ppf(power) * standard_error)


def share_interval(part: Sequence[float], whole: Sequence[float]) -> Interval:
    """The variance of `part` as a share of that of `whole`, at most 1, with its 95% interval by the F distribution."""
    ratio = float(np.var(part, ddof=1) / np.var(whole, ddof=1))
    upper, lower = (stats.f.ppf(tail, len(part) - 1, len(whole) - 1) for tail in (0.025, 0.975))
    return Interval(*(min(1.0, value) for value in (ratio, ratio / lower, ratio / upper)))


def win_probabilities(samples: Sequence[Sequence[float]]) -> np.ndarray:
    """Probability that one draw from each of k samples, independent of each other, has its highest value in sample i.

    Draws that tie for the first place share it. Exact: at the value v, with `a_j = P(X_j < v)` and `b_j = P(X_j = v)`,
    `E[1 / (1 + ties)]` is the integral over 0..1 of the product of `a_j + b_j * u` over all j but i, a polynomial
    that Gauss-Legendre integrates without error.
    """
    arrays = [np.asarray(sample, float) for sample in samples]
    values = np.unique(np.concatenate(arrays))
    at = np.array([(array == values[:, None]).mean(axis=1) for array in arrays])
    below = np.cumsum(at, axis=1) - at
    nodes, weights = np.polynomial.legendre.leggauss(len(arrays) // 2 + 1)
    at_or_shared = below[..., None] + at[..., None] * (nodes + 1) / 2
    others = [np.delete(at_or_shared, i, axis=0).prod(axis=0) @ weights / 2 for i in range(len(arrays))]
    return (at * np.array(others)).sum(axis=1)
