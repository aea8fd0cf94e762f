"""Intervals, paired comparisons, power and verdicts: scipy and statsmodels, and with its source what neither has.

References
----------
Benavoli, Corani, Demsar, Zaffalon (2017), Time for a change, JMLR 18(77).
Bouthillier et al. (2021), Accounting for variance in machine learning benchmarks, MLSys 3.
Gelman, Carlin (2014), Beyond power calculations, Perspectives on Psychological Science 9(6).
Nadeau, Bengio (2003), Inference for the generalization error, Machine Learning 52.
Schuirmann (1987), A comparison of the two one-sided tests procedure, J. Pharmacokinetics and Biopharmaceutics 15(6).
Searle, Casella, McCulloch (1992), Variance components, Wiley.
Shrout, Fleiss (1979), Intraclass correlations, Psychological Bulletin 86(2).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests

from regularization.errors import InputError

VERDICTS = ("better", "worse", "equivalent", "undecided")


class Estimate(NamedTuple):
    """A mean with its standard error, degrees of freedom, interval, and the two-sided p of "the mean is 0"."""

    mean: float
    standard_error: float
    df: int
    lower: float
    upper: float
    p_value: float


class VarianceComponents(NamedTuple):
    """Variance between and within groups, and the share of the former, with its 95% interval."""

    between: float
    within: float
    share_between: float
    lower: float
    upper: float


def mean_interval(values: Sequence[float], *, confidence: float = 0.95) -> Estimate:
    """Student's interval for the mean of independent `values`, shape `(n,)`, n >= 2. Exact where they are normal."""
    return corrected_interval(values, n_train=1, n_test=0, confidence=confidence)


def corrected_interval(values: Sequence[float], *, n_train: float, n_test: float, confidence: float = 0.95) -> Estimate:
    """Interval for the mean of one value a split, `(n_splits,)`, where random splits of one table share training rows.

    `variance of the mean = (1 / n_splits + n_test / n_train) * s**2`, Student's t with `n_splits - 1` degrees of
    freedom (Nadeau and Bengio 2003, section 3, "corrected resampled t"). Several seeds of one split are averaged first.

    Exact where the splits' values are normal with correlation `n_test / (n_train + n_test)`. With real random splits of
    one table it is conservative: in 1,000 simulated studies each (tests/test_statistics_simulated.py) the 95% interval
    of a difference covered the true one in 95.5% to 100%, the uncorrected interval in 61% to 95%. The more alike two
    learners are, the less their difference depends on the rows and the more the correction overstates its variance:
    1.1 to 2 times for learners that use other columns, 2 to 5 times for one learner with two strengths of penalty.
    """
    values = _checked(values)
    n = len(values)
    standard_error = float(np.sqrt(variance_factor(n, n_train=n_train, n_test=n_test)) * values.std(ddof=1))
    return _estimate(float(values.mean()), standard_error, n - 1, confidence)


def variance_factor(n_splits: int, *, n_train: float, n_test: float) -> float:
    """What the variance of one split's value is multiplied by to get the variance of the mean over `n_splits`."""
    if n_train < 1 or n_test < 0:
        raise InputError(
            f"Expected n_train of at least 1 and n_test of at least 0, received {n_train} and {n_test}. "
            "Pass the rows of one training set and of one test set."
        )
    return 1 / n_splits + n_test / n_train


def probability_of_improvement(differences: Sequence[float], *, higher_is_better: bool = True) -> float:
    """Share of the pairs, `(n_pairs,)`, in which the variant beats the reference, ties half.

    It is `P(A > B)` of Bouthillier et al. (2021): how often one training of the one beats one of the other. The
    posterior probability that the mean difference is positive (Benavoli et al. 2017) is not used: with a flat prior it
    is `1 - p / 2` of the corrected test and would say nothing that p does not.
    """
    differences = _checked(differences)
    return float(np.heaviside(differences if higher_is_better else -differences, 0.5).mean())


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's step-down adjustment of one family of p-values, in their order (statsmodels' `multipletests`)."""
    return multipletests(np.asarray(p_values, float), method="holm")[1]


def equivalence_p_value(estimate: Estimate, *, rope: float) -> float:
    """p of two one-sided tests of "the mean is not within `-rope .. rope`" (Schuirmann 1987).

    It is under 0.025 exactly where the 95% interval lies inside the region, which is what `verdict` asks for.
    """
    margins = (rope - estimate.mean, rope + estimate.mean)
    return max(_upper_tail(margin, estimate.standard_error, estimate.df) for margin in margins)


def verdict(
    estimate: Estimate,
    *,
    p_adjusted: float,
    rope: float,
    detectable: float = 0.0,
    higher_is_better: bool = True,
    alpha: float = 0.05,
) -> str:
    """One of `VERDICTS` on a paired difference (variant minus reference), with a rule that is fixed before the results:

    1. "equivalent" where the interval lies wholly inside `-rope .. rope`, its ends included. This goes first: such a
       difference may well be significant, but the stronger statement is that it is too small to matter.
    2. "better" or "worse" where `p_adjusted < alpha` (so the interval leaves out 0) and the interval reaches
       `detectable`, the smallest difference that the design finds with the power asked for.
    3. "undecided" otherwise. That there is no difference is never said; only "equivalent" comes near it.

    By 2 no claim rests on differences that lie wholly under the limit. The stricter reading, to refuse every observed
    difference under the limit, cannot be had together with the power: an unbiased estimate of a difference that equals
    the limit falls under it in half of all studies, so the power would be 50% whatever the limit (0.50 in the
    simulated studies of the tests, against 0.80 with this rule). What that reading guards against, a size exaggerated
    by selection (Gelman and Carlin 2014, type M), is for a flag beside the verdict: a claim on an observed difference
    under the limit holds for its direction, not for its size.
    """
    if -rope <= estimate.lower and estimate.upper <= rope:
        return "equivalent"
    reach = estimate.upper if estimate.mean > 0 else -estimate.lower
    if p_adjusted >= alpha or reach < detectable:
        return "undecided"
    return "better" if (estimate.mean > 0) == higher_is_better else "worse"


def claim_probability(
    difference: float,
    *,
    standard_error: float,
    df: int,
    rope: float = 0.0,
    detectable: float = 0.0,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> float:
    """Probability that `verdict` finds a true `difference` > 0, with its sign, at a true `standard_error` > 0.

    It is the noncentral t power where `rope` and `detectable` do not bind. `comparisons` is the size of Holm's family:
    the strictest step, `alpha / comparisons`, is assumed, so that the power holds whatever the others show.
    Given the ratio of observed to true standard error (chi over the root of df) the observed difference is normal: the
    normal tail is averaged over quantiles of that ratio.
    """
    observed_error = standard_error * _error_ratios(df)
    significant = stats.t.isf(alpha / comparisons / 2, df) * observed_error
    far_enough = max(rope, detectable) - stats.t.isf(alpha / 2, df) * observed_error
    threshold = np.maximum(significant, far_enough)
    return float(stats.norm.cdf((difference - threshold) / standard_error).mean())


def detectable_difference(
    sd: float,
    n: int,
    *,
    n_train: float = 1,
    n_test: float = 0,
    rope: float = 0.0,
    power: float = 0.8,
    alpha: float = 0.05,
    comparisons: int = 1,
) -> float:
    """The smallest true difference that `verdict` finds with probability `power`, known before any difference is.

    `sd` is the standard deviation of the paired differences over `n` splits (or over `n` seeds of one split, with
    `n_test=0`), from a pilot or from the spread of the replicates themselves, never from their mean. With random splits
    the limit does not go to 0 with `n`: `n_test / n_train` of the variance stays. Where `sd` is the replicates' own,
    the limit is itself an estimate, with the error of a standard deviation of `n` values.
    """
    if not 0.05 < power < 0.97:
        raise InputError(f"Expected a power between 0.05 and 0.97, received {power}. Use 0.8 if in doubt.")
    standard_error = float(np.sqrt(variance_factor(n, n_train=n_train, n_test=n_test)) * sd)
    if standard_error == 0:
        return rope

    def shortfall(difference: float) -> float:
        settings = {"rope": rope, "detectable": difference, "alpha": alpha, "comparisons": comparisons}
        return claim_probability(difference, standard_error=standard_error, df=n - 1, **settings) - power

    farthest = rope + 10 * stats.t.isf(alpha / comparisons / 2, n - 1) * standard_error
    return float(optimize.brentq(shortfall, 0, farthest))


def variance_components(values: Sequence[float], groups: Sequence) -> VarianceComponents:
    """One-way random effects: `value = mean + group + residual`, by the moments of the analysis of variance.

    `within = MS_within`, `between = (MS_between - MS_within) / n0`, not under 0 (Searle et al. 1992, section 3.6, with
    their `n0` for unequal groups). The interval of the share is the F interval of the intraclass correlation
    ICC(1,1) (Shrout and Fleiss 1979), exact for normal effects and equal groups. Shapes `(n,)`.
    """
    values, codes = _checked(values), np.unique(np.asarray(groups), return_inverse=True)[1]
    sizes = np.bincount(codes)
    n, k = len(values), len(sizes)
    if k < 2 or n == k:
        raise InputError(f"Expected 2 or more groups, some with 2 or more values; received {k} groups of {n} values.")
    means = np.bincount(codes, values) / sizes
    ms_within = float(((values - means[codes]) ** 2).sum() / (n - k))
    ms_between = float((sizes * (means - values.mean()) ** 2).sum() / (k - 1))
    n0 = (n - (sizes**2).sum() / n) / (k - 1)
    quantiles = (1.0, stats.f.ppf(0.975, k - 1, n - k), stats.f.ppf(0.025, k - 1, n - k))
    shares = [_share_between(ms_between, ms_within * quantile, n0) for quantile in quantiles]
    return VarianceComponents(max(0.0, float(ms_between - ms_within) / n0), ms_within, *shares)


def win_probabilities(samples: Sequence[Sequence[float]]) -> np.ndarray:
    """Probability that one draw from each of k samples, independent of each other, has its highest value in sample i.

    Draws that tie for the first place share it. Exact: at the value v, with `a_j = P(X_j < v)` and `b_j = P(X_j = v)`,
    `E[1 / (1 + ties)]` is the integral over 0..1 of the product of `a_j + b_j * u` over all j but i, a polynomial
    that Gauss-Legendre integrates without error.
    """
    values = np.unique(np.concatenate(samples))
    at = np.array([[np.mean(np.asarray(sample) == value) for value in values] for sample in samples])
    below = np.cumsum(at, axis=1) - at
    nodes, weights = np.polynomial.legendre.leggauss(len(samples) // 2 + 1)
    at_or_shared = below[..., None] + at[..., None] * (nodes + 1) / 2
    others = [np.delete(at_or_shared, i, axis=0).prod(axis=0) @ weights / 2 for i in range(len(samples))]
    return (at * np.array(others)).sum(axis=1)


def _checked(values: Sequence[float]) -> np.ndarray:
    values = np.asarray(values, float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise InputError(
            f"Expected 2 or more finite values in one dimension, received shape {values.shape} with "
            f"{int((~np.isfinite(values)).sum())} not finite. Use more splits or seeds; leave diverged trainings out."
        )
    return values


def _estimate(mean: float, standard_error: float, df: int, confidence: float) -> Estimate:
    half_width = float(stats.t.isf((1 - confidence) / 2, df)) * standard_error
    p_value = 2 * _upper_tail(abs(mean), standard_error, df)
    return Estimate(mean, standard_error, df, mean - half_width, mean + half_width, p_value)


def _upper_tail(distance: float, standard_error: float, df: int) -> float:
    """`P(T > distance / standard_error)`; without any spread the sign of the distance decides."""
    if standard_error == 0:
        return float(np.heaviside(-distance, 0.5))
    return float(stats.t.sf(distance / standard_error, df))


def _share_between(ms_between: float, ms_within: float, n0: float) -> float:
    total = ms_between + (n0 - 1) * ms_within
    return float(np.clip((ms_between - ms_within) / total, 0, 1)) if total > 0 else 0.0


@lru_cache
def _error_ratios(df: int) -> np.ndarray:
    """Observed over true standard error at 500 evenly spread probabilities."""
    return np.sqrt(stats.chi2.ppf((np.arange(500) + 0.5) / 500, df) / df)
