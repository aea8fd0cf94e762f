"""From the replicates to tables of what is known: one function a question.

`difference` always means variant minus reference in the metric's own unit: above 0 is better for accuracy, worse for
the losses. Every interval is a 95% interval. Intervals are of two kinds, docs/method.md explains them: for new tables
of the same kind (`lower`, `upper`), and for new seeds and new splits of the same blocks (`table_lower`, `table_upper`).
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.evidence import statistics
from regularization.evidence.epochs import epochs
from regularization.evidence.facts import count_techniques, described, facts, marked, without_repeated
from regularization.evidence.jackknife import Jackknife, joint_error, joint_errors
from regularization.evidence.majority import MAJORITY, has_majority, learned, majority, with_majority
from regularization.evidence.notebook import NOTEBOOK_REPORTED, notebook_lottery, notebook_reported
from regularization.evidence.pairing import Replicates, checked_replicates
from regularization.evidence.recommendation import recommendation
from regularization.evidence.trainings import calibration, leakage, selection, spread
from regularization.heads import Head, head_of
from regularization.heads.metrics import Metric
from regularization.variants import REFERENCES, SECOND_BASELINE

# Of a variant whose trainings each predict one class, not always the same, the accuracy jumps with its training rows: a
# jackknife cannot see how often (docs/method.md), so that nothing is claimed as proven.
DOUBTED = {"better": "likely better", "worse": "likely worse", "equivalent": "undecided"}
MOST_DIVERGED = 0.1  # of a variant's trainings: what the others say is no longer about the variant
PLANNED = (1 / 2, 1, 2, 4, 8, np.inf)  # times the splits at hand


def evidence_tables(
    trainings: pd.DataFrame,
    blocks: pd.DataFrame,
    *,
    headline: Sequence[str],
    curves: pd.DataFrame | None = None,
    head: Head | None = None,
    metrics: Mapping[str, Metric] | None = None,
    power: float = 0.8,
    random_state: int = 0,
    same_settings: Mapping[str, str] | None = None,
    settings: Mapping[str, Mapping] | None = None,
    of_notebook: Collection[str] = (),
    origin: str = "published",
) -> dict[str, pd.DataFrame]:
    """All of the evidence as tables, by the names of the functions below; `headline[0]` is the baseline.

    `trainings`, `blocks` and `curves` are the tables of `replicates.tables.Replicates`.
    `same_settings` names variants that have the settings of another, and that one: they are left out. `settings` are
    those of each variant that have an effect (`variants.techniques_of`). `of_notebook` are the variants beside which
    the notebook's figures may stand, `origin` is that of the table. `head` is that of its networks, for binary labels
    unless said, and `metrics` are its own unless said. Metrics that need both classes are left out where
    fewer than two blocks have rows of both.
    Raises `InputError` where the replicates cannot carry the comparison.
    """
    same_settings, settings = same_settings or {}, settings or {}
    trainings, blocks = (without_repeated(table, same_settings) for table in (trainings, blocks))
    headline = [name for name in headline if name not in same_settings]
    references = [name for name in REFERENCES if name in set(trainings["variant"])]
    head = head or head_of(2)
    replicates = with_majority(
        checked_replicates(trainings, blocks, headline=headline, references=references, head=head)
    )
    if len(replicates.variants) < 2:
        raise InputError(f"every variant has the settings of {headline[0]}; expected another: set l1, l2 or dropout")
    metrics = {
        name: metric for name, metric in (metrics or head.metrics).items() if replicates.blocks_of(metric).sum() >= 2
    }
    is_notebook = set(of_notebook) >= {variant for _, variant, *_ in NOTEBOOK_REPORTED}
    against_majority, compared_pairs = majority(replicates, metrics), comparisons(replicates, metrics)
    techniques = {name: count_techniques(settings.get(name, {})) for name in replicates.variants}
    tables = {
        "table": facts(replicates, origin=origin, is_notebook=is_notebook),
        "variants": described(replicates, settings, same_settings),
        "summaries": summaries(replicates, metrics, learned(replicates, against_majority)),
        "majority": against_majority,
        "comparisons": compared_pairs,
        "best": best(replicates, metrics, compared_pairs),
        "recommendation": recommendation(replicates, techniques, metrics, random_state=random_state),
        "epochs": epochs(curves, headline, head),
        "plan": plan(replicates, metrics, power=power),
        "calibration": calibration(replicates),
        "leakage": leakage(replicates, metrics),
        "notebook_lottery": notebook_lottery(
            replicates, variants=[name for name in of_notebook if is_notebook], random_state=random_state
        ),
        "notebook_reported": notebook_reported(replicates, of_notebook=of_notebook),
        "spread": spread(replicates, metrics),
        "selection": selection(replicates, metrics),
    }
    return {name: marked(table, origin) for name, table in tables.items()}


def summaries(replicates: Replicates, metrics: Mapping[str, Metric], learned: Mapping[str, str]) -> pd.DataFrame:
    """Per metric and model, under the honest protocol: trainings, diverged ones, mean, sd of one training, intervals.

    And the mean calibration error of the test rows (see `calibration`), and what the networks have `learned`: shown to
    have learned anything (see `learned`). Each metric ends with a row for the majority class, where it has the score.
    """
    ece, rows = replicates.wide("honest", "test_ece"), []
    for metric in metrics.values():
        scores = replicates.wide("honest", metric.column)
        for variant in replicates.models:
            mean, n_splits = replicates.mean(variant, metric), replicates.n_splits(variant)
            row = {"metric": metric.name, "variant": variant, "trainings": n_splits}
            row.update(diverged=replicates.diverged(variant), mean=mean.mean, sd=scores[variant].std())
            row.update(ece=ece[variant].mean(), learned=learned[variant])
            rows.append(row | _bounds(mean.interval()) | _bounds(mean.interval_of_splits(), "table_"))
        if not has_majority(replicates, metric):
            continue
        mean = replicates.mean(MAJORITY, metric)
        row = {"metric": metric.name, "variant": MAJORITY, "trainings": 0, "diverged": 0, "mean": mean.mean}
        rows.append(row | _bounds(mean.interval()))
    return pd.DataFrame(rows)


def families(replicates: Replicates) -> dict[str, list[tuple[str, str]]]:
    """Which pairs are compared, fixed in advance, each family with joint intervals of its own.

    headline: the headline variants among themselves. exploratory: the others with the baseline. second_baseline: every
    variant with `variants.SECOND_BASELINE`. references: every variant with every reference model, so that the intervals
    hold for whichever variant is recommended.
    """
    variants, headline, baseline = replicates.variants, replicates.headline, replicates.headline[0]
    second = [SECOND_BASELINE] if SECOND_BASELINE in variants else []
    pairs = {
        "headline": [(later, earlier) for earlier, later in combinations(headline, 2)],
        "exploratory": [(variant, baseline) for variant in variants if variant not in headline],
        "second_baseline": [(variant, baseline) for baseline in second for variant in variants if variant != baseline],
        "references": [(variant, reference) for reference in replicates.references for variant in variants],
    }
    return {family: some for family, some in pairs.items() if some}


def comparisons(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Each pair of each family: difference, intervals, verdict. Each family of one metric has 5% false claims at most.

    `joint_lower` and `joint_upper` hold for all pairs of the family together; verdicts are read off them.
    """
    asked = list(product(metrics.values(), families(replicates).items()))
    differences = [[replicates.difference(*pair, metric) for pair in pairs] for metric, (_, pairs) in asked]
    rows = []
    for (metric, (family, pairs)), estimates, error in zip(asked, differences, joint_errors(differences), strict=True):
        scores = replicates.wide("honest", metric.column)
        for pair, estimate in zip(pairs, estimates, strict=True):
            key = {"metric": metric.name, "family": family, "variant": pair[0], "reference": pair[1]}
            rows.append(key | _compared(replicates, pair, metric, estimate, error, scores))
    return pd.DataFrame(rows)


def _compared(
    replicates: Replicates, pair, metric: Metric, estimate: Jackknife, error: float, scores: pd.DataFrame
) -> dict:
    differences = (scores[pair[0]] - scores[pair[1]]).dropna()
    row = compared(replicates, pair, metric, estimate, error)
    if _is_doubted(replicates, pair, metric):
        row["verdict"] = DOUBTED.get(row["verdict"], row["verdict"])
    if _mostly_diverged(replicates, pair):
        row["verdict"] = "undecided"
    return row | {"better_in": float(np.heaviside(metric.sign * differences, 0.5).mean())}


def _is_doubted(replicates: Replicates, pair: Sequence[str], metric: Metric) -> bool:
    return metric.is_counted and any(map(replicates.jumps, pair))


def _mostly_diverged(replicates: Replicates, pair: Sequence[str]) -> bool:
    return any(replicates.diverged(variant) > MOST_DIVERGED * replicates.n_splits(variant) for variant in pair)


def compared(replicates: Replicates, pair: tuple[str, str], metric: Metric, estimate: Jackknife, error: float) -> dict:
    """Return a difference with its intervals, of which the joint one misses with a chance of `error`, and its verdict.

    Ties alone are no proof: an interval of no width would claim what nobody saw.
    """
    of_blocks = np.nan_to_num(replicates.differences(*pair, metric))
    single, joint = (
        replicates.widen_to_resolution(interval, of_blocks, metric)
        for interval in (estimate.interval(), estimate.interval(error))
    )
    differing, verdict = float((of_blocks != 0).any(axis=1).mean()), "undecided"
    if differing:
        verdict = statistics.verdict(
            single, joint, equivalence=metric.equivalence, higher_is_better=metric.higher_is_better
        )
    return {
        "difference": estimate.mean,
        **_bounds(single),
        **_bounds(joint, "joint_"),
        **_bounds(estimate.interval_of_splits(), "table_"),
        "differing": differing,
        "equivalence": metric.equivalence,
        "verdict": verdict,
    }


def best(replicates: Replicates, metrics: Mapping[str, Metric], compared_pairs: pd.DataFrame) -> pd.DataFrame:
    """Per metric, which variants may be the best: those that are not proven worse than any other.

    The best mean is picked after looking, so that intervals against it, and proofs, hold for all pairs of variants
    together; what another family of `compared_pairs` proves counts as well. `worse_than` names the variant with the
    best mean among those that are proven better; it is missing where the variant is `included`.
    """
    ranked = [_ranking(replicates, metric) for metric in metrics.values()]
    all_pairs = [list(combinations(means, 2)) for means in ranked]
    errors = joint_errors(
        [replicates.difference(*pair, metric) for pair in pairs]
        for metric, pairs in zip(metrics.values(), all_pairs, strict=True)
    )
    rows = []
    for metric, means, pairs, error in zip(metrics.values(), ranked, all_pairs, errors, strict=True):
        leader, beaten = next(iter(means)), {}
        proven = set(_proven(compared_pairs[compared_pairs["metric"] == metric.name]))
        for better, worse in pairs:
            if worse not in beaten and (
                (better, worse) in proven or _is_proven(replicates, better, worse, metric, error)
            ):
                beaten[worse] = better
        for variant in replicates.variants:
            row = {"metric": metric.name, "variant": variant, "best": leader, "mean": means[variant]}
            lower = upper = 0.0
            if variant != leader:
                lower, upper = _all_pairs(replicates, variant, leader, metric, error)
            row.update(lower=lower, upper=upper, included=variant not in beaten, worse_than=beaten.get(variant))
            rows.append(row)
    return pd.DataFrame(rows)


def _ranking(replicates: Replicates, metric: Metric) -> dict[str, float]:
    """Return the mean score of each variant, the best first."""
    means = {variant: replicates.mean(variant, metric).mean for variant in replicates.variants}
    return dict(sorted(means.items(), key=lambda item: -metric.sign * item[1]))


def _proven(compared_pairs: pd.DataFrame) -> list[tuple[str, str]]:
    """The pairs of which the first is proven better than the second."""
    columns = {"better": ["variant", "reference"], "worse": ["reference", "variant"]}
    return [
        tuple(pair)
        for verdict, names in columns.items()
        for pair in compared_pairs.loc[compared_pairs["verdict"] == verdict, names].to_numpy()
    ]


def _is_proven(replicates: Replicates, better: str, worse: str, metric: Metric, error: float) -> bool:
    """Whether the interval among all pairs says so; few come so far that it has to be worked out."""
    estimate = replicates.difference(better, worse, metric)
    too_near = estimate.spread.p_value(abs(estimate.mean)) > error
    if too_near or _is_doubted(replicates, (better, worse), metric) or _mostly_diverged(replicates, (better, worse)):
        return False
    lower, upper = _all_pairs(replicates, better, worse, metric, error)
    return lower > 0 or upper < 0


def _all_pairs(
    replicates: Replicates, variant: str, reference: str, metric: Metric, error: float
) -> tuple[float, float]:
    interval = replicates.difference(variant, reference, metric).interval(error)
    return replicates.widen_to_resolution(interval, replicates.differences(variant, reference, metric), metric)


def plan(replicates: Replicates, metrics: Mapping[str, Metric], *, power: float) -> pd.DataFrame:
    """Return the true difference that other numbers of splits would detect with that power, per headline pair.

    From the spread of the differences alone, never from their means; see `Spread.with_splits`. `splits` are those of
    the pair's variant with fewer, `factor` how many times as many both have. The last row of a pair, with a factor of
    infinity, is the limit that the rows set.
    """
    columns = ["metric", "variant", "reference", "factor", "splits", "standard_error", "detectable", "power"]
    rows = []
    for metric, pairs in product(metrics.values(), [families(replicates).get("headline", [])]):
        estimates = [replicates.difference(*pair, metric) for pair in pairs]
        error = joint_error(estimates)
        for pair, estimate in zip(pairs, estimates, strict=True):
            differences = replicates.differences(*pair, metric)
            if not np.nan_to_num(differences).any():
                continue  # ties have no spread to plan with
            for factor in PLANNED:
                spread = estimate.spread.with_splits(factor)
                limit = statistics.detectable_difference(spread.half_width(error), spread.standard_error, power=power)
                _, limit = replicates.widen_to_resolution((-limit, limit), differences, metric)
                splits = factor * min(map(replicates.n_splits, pair))
                rows.append((metric.name, *pair, factor, splits, spread.standard_error, limit, power))
    return pd.DataFrame(rows, columns=columns)


def _bounds(interval: tuple[float, float], prefix: str = "") -> dict[str, float]:
    return {f"{prefix}lower": interval[0], f"{prefix}upper": interval[1]}
