"""From the replicates to tables of what is known: one function a question.

`difference` always means variant minus reference in the metric's own unit: above 0 is better for accuracy, worse for
the losses. Every interval is a 95% interval. Intervals are of two kinds, docs/method.md explains them: for new tables
of the same kind (`lower`, `upper`), and for new splits and seeds of this very table (`table_lower`, `table_upper`).
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import stats

from regularization.errors import InputError
from regularization.evidence import statistics
from regularization.evidence.facts import facts, marked, repeated, without_repeated
from regularization.evidence.jackknife import BlockScores, Jackknife, block_jackknife, simultaneous_quantile
from regularization.evidence.majority import MAJORITY, learned, majority, majority_mean
from regularization.evidence.pairing import Replicates, checked_replicates
from regularization.evidence.trainings import leakage, selection, spread
from regularization.metrics import METRICS, Metric

# What the notebook printed: its cell, the configuration, the column, the figure. Some cells ran out of order: l1_0001
# was trained twice, cell 113 shows the one training and cell 118 the accuracy of the other.
NOTEBOOK_REPORTED = (
    (100, "base", "test_accuracy", 0.753125011920929),
    (100, "l1l2", "test_accuracy", 0.7406250238418579),
    (100, "dropout", "test_accuracy", 0.78125),
    (110, "l1l2_0001", "test_accuracy", 0.746874988079071),
    (113, "l1_0001", "test_accuracy", 0.768750011920929),
    (118, "l1_0001", "test_accuracy", 0.753125011920929),
    (122, "l2_0001", "test_accuracy", 0.768750011920929),
    (120, "l1_001_l2_0001", "test_accuracy", 0.75),
    (95, "dropout_0005", "test_accuracy", 0.7406250238418579),
    (95, "dropout_01", "test_accuracy", 0.75),
    (95, "dropout_05", "test_accuracy", 0.731249988079071),
    (95, "dropout_09", "test_accuracy", 0.7437499761581421),
    (99, "base", "test_loss", 0.7152780294418335),
    (99, "l1l2", "test_loss", 0.5390358567237854),
    (99, "dropout", "test_loss", 0.489147812128067),
    (110, "l1l2_0001", "test_loss", 0.6721113324165344),
    (113, "l1_0001", "test_loss", 0.604773998260498),
    (120, "l1_001_l2_0001", "test_loss", 0.510881781578064),
)


PLANNED_SPLITS = (130, 260, 520, 1040, 2080)


def evidence_tables(
    trainings: pd.DataFrame,
    blocks: pd.DataFrame,
    *,
    headline: Sequence[str],
    metrics: Mapping[str, Metric] = METRICS,
    power: float = 0.8,
    random_state: int = 0,
    same_settings: Mapping[str, str] | None = None,
    of_notebook: Collection[str] = (),
    origin: str = "published",
) -> dict[str, pd.DataFrame]:
    """All of the evidence as tables, by the names of the functions below; `headline[0]` is the baseline.

    `same_settings` names variants that have the settings of another, and that one: they are left out. `of_notebook` are
    the variants beside which the notebook's figures may stand, `origin` is that of the table. Metrics that need both
    classes are left out where fewer than two blocks have rows of both.
    Raises `InputError` where the replicates cannot carry the comparison.
    """
    same_settings = same_settings or {}
    trainings, blocks = (without_repeated(table, same_settings) for table in (trainings, blocks))
    headline = [name for name in headline if name not in same_settings]
    replicates = checked_replicates(trainings, blocks, headline=headline)
    if len(replicates.variants) < 2:
        raise InputError(f"every variant has the settings of {headline[0]}; expected another: set l1, l2 or dropout")
    metrics = {name: metric for name, metric in metrics.items() if replicates.blocks_of(metric).sum() >= 2}
    is_notebook = set(of_notebook) >= {variant for _, variant, *_ in NOTEBOOK_REPORTED}
    against_majority = majority(replicates, metrics)
    tables = {
        "table": facts(replicates, origin=origin, is_notebook=is_notebook),
        "same_settings": repeated(same_settings),
        "summaries": summaries(replicates, metrics, learned(replicates, against_majority)),
        "majority": against_majority,
        "comparisons": comparisons(replicates, metrics),
        "best": best(replicates, metrics),
        "plan": plan(replicates, metrics, power=power),
        "leakage": leakage(replicates, metrics),
        "notebook_lottery": notebook_lottery(
            replicates, variants=[name for name in of_notebook if is_notebook], random_state=random_state
        ),
        "notebook_reported": notebook_reported(replicates, of_notebook=of_notebook),
        "spread": spread(replicates, metrics),
        "selection": selection(replicates, metrics),
    }
    return {name: marked(table, origin) for name, table in tables.items()}


def summaries(replicates: Replicates, metrics: Mapping[str, Metric], shown: Mapping[str, str]) -> pd.DataFrame:
    """Per metric and variant, under the honest protocol: trainings, diverged ones, mean, sd of one training, intervals.

    And the mean calibration error of the test rows, which has no interval for new tables: it is no mean over rows; and
    whether the networks have been `shown` to have learned anything (see `learned`). Each metric ends with a row for the
    majority class.
    """
    ece = replicates.wide("honest", "test_ece")
    rows = []
    for metric in metrics.values():
        scores = replicates.wide("honest", metric.column)
        for variant in replicates.variants:
            mean = replicates.mean(variant, metric)
            row = {"metric": metric.name, "variant": variant, "trainings": len(scores)}
            row.update(diverged=int(ece[variant].isna().sum()), mean=mean.mean, sd=scores[variant].std())
            row.update(ece=ece[variant].mean(), learned=shown[variant])
            rows.append(row | _bounds(mean.interval()) | _bounds(mean.interval_of_splits(), "table_"))
        mean = majority_mean(replicates, metric)
        row = {"metric": metric.name, "variant": MAJORITY, "trainings": 0, "diverged": 0, "mean": mean.mean}
        rows.append(row | _bounds(mean.interval()))
    return pd.DataFrame(rows)


def families(replicates: Replicates) -> dict[str, list[tuple[str, str]]]:
    """Which pairs are compared, fixed in advance: the headline variants among themselves, then the others with base."""
    headline, baseline = replicates.headline, replicates.headline[0]
    pairs = [(later, earlier) for earlier, later in combinations(headline, 2)]
    others = [(variant, baseline) for variant in replicates.variants if variant not in headline]
    return {"headline": pairs, "exploratory": others}


def comparisons(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Each pair of each family: difference, intervals, verdict. Each family of one metric has 5% false claims at most.

    `joint_lower` and `joint_upper` hold for all pairs of the family together; verdicts are read off them.
    """
    rows = []
    for metric, (family, pairs) in product(metrics.values(), families(replicates).items()):
        estimates = [replicates.difference(*pair, metric) for pair in pairs]
        quantile = simultaneous_quantile(estimates) if estimates else np.nan
        scores = replicates.wide("honest", metric.column)
        for pair, estimate in zip(pairs, estimates, strict=True):
            key = {"metric": metric.name, "family": family, "variant": pair[0], "reference": pair[1]}
            rows.append(key | _compared(replicates, pair, metric, estimate, quantile, scores))
    return pd.DataFrame(rows)


def _compared(
    replicates: Replicates, pair, metric: Metric, estimate: Jackknife, quantile: float, scores: pd.DataFrame
) -> dict:
    differences = (scores[pair[0]] - scores[pair[1]]).dropna()
    of_blocks = np.nan_to_num(replicates.differences(*pair, metric).sums)
    single, joint = (  # ties alone are no proof: an interval of no width would claim what nobody saw
        replicates.no_narrower_than_seen(interval, of_blocks, metric)
        for interval in (estimate.interval(), _reaching(estimate, quantile))
    )
    differing = float((of_blocks != 0).any(axis=1).mean())
    said = "undecided"
    if differing:
        said = statistics.verdict(
            single, joint, equivalence=metric.equivalence, higher_is_better=metric.higher_is_better
        )
    return {
        "difference": estimate.mean,
        **_bounds(single),
        **_bounds(joint, "joint_"),
        **_bounds(estimate.interval_of_splits(), "table_"),
        "differing": differing,
        "better_in": float(np.heaviside(metric.sign * differences, 0.5).mean()),
        "equivalence": metric.equivalence,
        "verdict": said,
    }


def best(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Per metric, every variant against the one with the best mean: which cannot be told from it.

    The best is picked after looking, so the intervals hold for all pairs of variants together.
    """
    rows = []
    for metric in metrics.values():
        means = {variant: replicates.mean(variant, metric).mean for variant in replicates.variants}
        leader = max(means, key=lambda variant: metric.sign * means[variant])
        pairs = {pair: replicates.difference(*pair, metric) for pair in combinations(replicates.variants, 2)}
        quantile = simultaneous_quantile(list(pairs.values()))
        for variant in replicates.variants:
            row = {"metric": metric.name, "variant": variant, "best": leader, "mean": means[variant]}
            lower = upper = 0.0
            if variant != leader:
                differences = replicates.differences(variant, leader, metric)
                lower, upper = replicates.no_narrower_than_seen(
                    _reaching(block_jackknife(differences), quantile), differences.sums, metric
                )
            row.update(lower=lower, upper=upper, cannot_be_told=not (lower > 0 or upper < 0))
            rows.append(row)
    return pd.DataFrame(rows)


def plan(replicates: Replicates, metrics: Mapping[str, Metric], *, power: float) -> pd.DataFrame:
    """The difference that other numbers of splits would detect with that power, per metric and headline pair.

    The variance for new tables has a part that more splits cannot lower, and one that falls as they grow: half of the
    splits show the latter twice. The means of the differences play no part.
    """
    pairs, rows = families(replicates)["headline"], []
    if not pairs:
        return pd.DataFrame(columns=["metric", "variant", "reference", "splits", "standard_error", "detectable"])
    for metric in metrics.values():
        estimates = [replicates.difference(*pair, metric) for pair in pairs]
        quantile = simultaneous_quantile(estimates)
        for pair, estimate in zip(pairs, estimates, strict=True):
            n_splits, variance = len(replicates.blocks[pair[0]][1]["right"]), estimate.standard_error**2
            differences = np.nan_to_num(replicates.differences(*pair, metric).sums)
            noise = max(0.0, _variance_of_half(replicates, pair, metric) - variance)
            for splits in PLANNED_SPLITS:
                error = np.sqrt(max(variance - noise, 0) + noise * n_splits / splits)
                limit = statistics.detectable_difference(error, df=estimate.df, quantile=quantile, power=power)
                _, limit = replicates.no_narrower_than_seen((-limit, limit), differences, metric)
                limit = limit if np.any(differences) else np.nan  # ties have no spread to plan with
                key = {"metric": metric.name, "variant": pair[0], "reference": pair[1]}
                rows.append(key | {"splits": splits, "standard_error": error, "detectable": limit})
    return pd.DataFrame(rows)


def _variance_of_half(replicates: Replicates, pair: tuple[str, str], metric: Metric) -> float:
    differences, rows = replicates.differences(*pair, metric)
    half = len(differences) // 2
    if half < 10:
        return 0.0
    halves = (block_jackknife(BlockScores(part, rows)) for part in (differences[:half], differences[half:]))
    return float(np.mean([estimate.standard_error**2 for estimate in halves]))


def notebook_lottery(
    replicates: Replicates, *, variants: Sequence[str] = (), n_bootstrap: int = 500, random_state: int = 0
) -> pd.DataFrame:
    """How often each of the `variants` (all) has the highest test accuracy if each is trained again on the one split.

    One seed a variant, drawn independently; ties share. Exact over the seeds at hand; the interval says what another
    set of as many seeds could have given (percentile bootstrap).
    """
    scores = replicates.wide("notebook", "test_accuracy").round(6)
    variants = [variant for variant in replicates.variants if variant in (variants or replicates.variants)]
    samples = [scores[variant].dropna().to_numpy() for variant in variants]
    rng = np.random.default_rng(random_state)
    redrawn = [
        statistics.win_probabilities([rng.choice(sample, len(sample)) for sample in samples])
        for _ in range(n_bootstrap)
    ]
    lower, upper = np.quantile(redrawn, [0.025, 0.975], axis=0)
    wins = statistics.win_probabilities(samples)
    return pd.DataFrame({"variant": variants, "wins": wins, "lower": lower, "upper": upper})


def notebook_reported(replicates: Replicates, *, of_notebook: Collection[str]) -> pd.DataFrame:
    """Each figure that the notebook printed, and where it falls among our seeds on its split (ties count half).

    Only of the variants `of_notebook`, which are trained as the notebook did. `test_loss` is Keras' loss, with the
    penalty, as printed.
    """
    columns = ["cell", "variant", "score", "reported", "mean", "sd", "percentile"]
    rows = []
    for cell, variant, column, figure in NOTEBOOK_REPORTED:
        scores = replicates.wide("notebook", column)
        if variant in of_notebook and variant in scores:
            values = scores[variant].dropna().round(6)
            row = {"cell": cell, "variant": variant, "score": column, "reported": figure, "mean": values.mean()}
            percentile = stats.percentileofscore(values, round(figure, 6), kind="mean")
            rows.append(row | {"sd": values.std(), "percentile": float(percentile)})
    return pd.DataFrame(rows, columns=columns)


def _reaching(estimate: Jackknife, quantile: float) -> tuple[float, float]:
    half_width = quantile * estimate.standard_error
    return estimate.mean - half_width, estimate.mean + half_width


def _bounds(interval: tuple[float, float], prefix: str = "") -> dict[str, float]:
    return {f"{prefix}lower": interval[0], f"{prefix}upper": interval[1]}
