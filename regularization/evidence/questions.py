"""From the table of replicates, one row a training, to tables of what is known: one function a question.

`difference` always means variant minus reference in the metric's own unit: above 0 is better for accuracy, worse for
the loss. Every interval is a 95% interval. The order of the rows never matters.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import stats

from regularization.evidence import statistics
from regularization.evidence.pairing import (
    PROTOCOLS,
    SIZES,
    checked_replicates,
    interval,
    ordered_variants,
    split_values,
    wide,
)
from regularization.metrics import ACCURACY, METRICS, Metric

# What the notebook printed: its cell, the configuration, the column, the figure. Some cells ran out of order: l1_0.001
# was trained twice, cell 113 shows the one training and cell 118 the accuracy of the other.
NOTEBOOK_REPORTED = (
    (100, "base", "test_accuracy", 0.753125011920929),
    (100, "l1l2", "test_accuracy", 0.7406250238418579),
    (100, "dropout", "test_accuracy", 0.78125),
    (110, "l1l2_0.001", "test_accuracy", 0.746874988079071),
    (113, "l1_0.001", "test_accuracy", 0.768750011920929),
    (118, "l1_0.001", "test_accuracy", 0.753125011920929),
    (122, "l2_0.001", "test_accuracy", 0.768750011920929),
    (120, "l1_0.01_l2_0.001", "test_accuracy", 0.75),
    (95, "dropout_0.005", "test_accuracy", 0.7406250238418579),
    (95, "dropout_0.1", "test_accuracy", 0.75),
    (95, "dropout_0.5", "test_accuracy", 0.731249988079071),
    (95, "dropout_0.9", "test_accuracy", 0.7437499761581421),
    (99, "base", "test_loss", 0.7152780294418335),
    (99, "l1l2", "test_loss", 0.5390358567237854),
    (99, "dropout", "test_loss", 0.489147812128067),
    (110, "l1l2_0.001", "test_loss", 0.6721113324165344),
    (113, "l1_0.001", "test_loss", 0.604773998260498),
    (120, "l1_0.01_l2_0.001", "test_loss", 0.510881781578064),
)


def summaries(replicates: pd.DataFrame, variants: Sequence[str], *, n_train: float, n_test: float) -> pd.DataFrame:
    """Per protocol, metric and variant: trainings, diverged ones, mean, sd of one training, interval of the mean."""
    rows = []
    for protocol, metric in product(PROTOCOLS, METRICS.values()):
        scores = wide(replicates, protocol, metric.column)
        for variant in variants:
            estimate = interval(scores[variant], protocol, n_train, n_test)
            row = {"protocol": protocol, "metric": metric.name, "variant": variant, "trainings": len(scores)}
            row |= {"diverged": int(scores[variant].isna().sum()), "mean": estimate.mean, "sd": scores[variant].std()}
            rows.append(row | _bounds(estimate))
    return pd.DataFrame(rows)


def comparisons(
    replicates: pd.DataFrame,
    variants: Sequence[str],
    headline: Sequence[str],
    *,
    n_train: float,
    n_test: float,
    metrics: Mapping[str, Metric],
    power: float = 0.8,
) -> pd.DataFrame:
    """Every variant against the baseline and the headline variants among each other: difference, interval, verdict.

    The pairs of one protocol and metric are one Holm family, so that at most 5% false claims hold for each metric. The
    honest protocol is the one to believe; the notebook's holds for new seeds on its one split only. `detectable` is
    worked out from the spread of the differences, never from their mean. `metrics` hold the regions of equivalence.
    """
    others = list(reversed(headline[1:]))
    pairs = [(variant, headline[0]) for variant in variants[1:]] + list(combinations(others, 2))
    rows = []
    for protocol, metric in product(("honest", "notebook"), metrics.values()):
        differences = _differences(wide(replicates, protocol, metric.column), pairs)
        estimates = [interval(differences[pair], protocol, n_train, n_test) for pair in pairs]
        adjusted = statistics.holm([estimate.p_value for estimate in estimates])
        for pair, estimate, p_holm in zip(pairs, estimates, adjusted, strict=True):
            sd = split_values(differences[pair], protocol).std()
            test_rows = n_test if protocol == "honest" else 0
            design = {"n_train": n_train, "n_test": test_rows, "comparisons": len(pairs)}
            limit = statistics.detectable_difference(
                sd, estimate.df + 1, rope=metric.equivalence, power=power, **design
            )
            key = {"protocol": protocol, "metric": metric.name, "variant": pair[0], "reference": pair[1]}
            judging = {
                "p_holm": p_holm,
                "detectable": limit,
                "rope": metric.equivalence,
                "higher": metric.higher_is_better,
            }
            rows.append(key | _judged(differences[pair], estimate, **judging))
    return pd.DataFrame(rows)


def plan(
    replicates: pd.DataFrame,
    headline: Sequence[str],
    *,
    n_train: float,
    n_test: float,
    metrics: Mapping[str, Metric],
    power: float = 0.8,
    comparisons: int = 1,
    n_splits: Sequence[int] = (5, 10, 20, 50, 100),
    n_seeds: Sequence[int] = (1, 2, 5, 10),
) -> pd.DataFrame:
    """Power before results: the difference that each design would detect, per metric and headline pair.

    From the variance of the honest paired differences between splits and between the seeds of a split: with `m` seeds
    the variance of a split's difference is `between + within / m`. The differences' means play no part.
    """
    rows = []
    for metric, pair in product(metrics.values(), combinations(headline[::-1], 2)):
        difference = _differences(wide(replicates, "honest", metric.column), [pair])[pair].dropna()
        spread = statistics.variance_components(difference, difference.index.get_level_values("split"))
        for splits, seeds in product(n_splits, n_seeds):
            sd = np.sqrt(spread.between + spread.within / seeds)
            design = {"n_train": n_train, "n_test": n_test, "comparisons": comparisons}
            limit = statistics.detectable_difference(sd, splits, rope=metric.equivalence, power=power, **design)
            key = {"metric": metric.name, "variant": pair[0], "reference": pair[1]}
            rows.append(key | {"splits": splits, "seeds": seeds, "detectable": limit})
    return pd.DataFrame(rows)


def leakage_tax(replicates: pd.DataFrame, variants: Sequence[str], *, n_train: float, n_test: float) -> pd.DataFrame:
    """What shuffling rows without regard to duplicates adds to a score: leaky minus honest twin, same split and seed.

    `excess_of_base` is the baseline's tax minus the variant's: what leaking does to the comparison of the two.
    """
    rows = []
    for metric in METRICS.values():
        tax = wide(replicates, "leaky", metric.column) - wide(replicates, "honest", metric.column)
        for variant in variants:
            estimate = interval(tax[variant], "honest", n_train, n_test)
            row = {"metric": metric.name, "variant": variant, "tax": estimate.mean} | _bounds(estimate)
            excess = interval((tax[variants[0]] - tax[variant]).rename(variant), "honest", n_train, n_test)
            row |= {"excess_of_base": excess.mean, "excess_lower": excess.lower, "excess_upper": excess.upper}
            rows.append(row)
    return pd.DataFrame(rows)


def notebook_lottery(
    replicates: pd.DataFrame, variants: Sequence[str], *, n_bootstrap: int = 500, random_state: int = 0
) -> pd.DataFrame:
    """How often each variant has the highest test accuracy if each is trained once more on the notebook's split.

    One seed a variant, drawn independently; ties share. Exact over the seeds at hand; the interval says what another
    set of as many seeds could have given (percentile bootstrap).
    """
    scores = wide(replicates, "notebook", "test_accuracy").round(6)
    samples = [scores[variant].dropna().to_numpy() for variant in variants]
    rng = np.random.default_rng(random_state)
    redrawn = [
        statistics.win_probabilities([rng.choice(sample, len(sample)) for sample in samples])
        for _ in range(n_bootstrap)
    ]
    lower, upper = np.quantile(redrawn, [0.025, 0.975], axis=0)
    wins = statistics.win_probabilities(samples)
    return pd.DataFrame({"variant": list(variants), "wins": wins, "lower": lower, "upper": upper})


def notebook_reported(replicates: pd.DataFrame, reported: Sequence[tuple] = NOTEBOOK_REPORTED) -> pd.DataFrame:
    """Each figure that the notebook printed, and where it falls among our seeds on its split (ties count half).

    Variants that the replicates do not hold are left out. `test_loss` is Keras' loss, with the penalty, as printed.
    """
    rows = []
    for cell, variant, column, figure in reported:
        scores = wide(replicates, "notebook", column)
        if variant in scores:
            values = scores[variant].dropna().round(6)
            row = {"cell": cell, "variant": variant, "score": column, "reported": figure, "mean": values.mean()}
            percentile = stats.percentileofscore(values, round(figure, 6), kind="mean")
            rows.append(row | {"sd": values.std(), "percentile": float(percentile)})
    return pd.DataFrame(rows)


def variance_ledger(replicates: pd.DataFrame, variants: Sequence[str], *, n_test: float) -> pd.DataFrame:
    """Shares of the variance of one honest training's score: `score = mean + split + seed within the split`.

    `seed` is initial weights, batch order and dropout masks; `split` is which rows are trained on and which are tested
    (with the interval of `statistics.variance_components`). Of the latter, `test_set_at_most` is what `n_test` rows
    drawn at random account for, `p (1 - p) / n_test` for accuracy p: a bound, since where two seeds disagree on a row
    it counts in the seed's share, and never more than `split`. The loss of single rows is not in the replicates, so
    that for the loss the two stay together (NaN).
    """
    rows = []
    for metric, variant in product(METRICS.values(), variants):
        scores = wide(replicates, "honest", metric.column)[variant].dropna()
        parts = statistics.variance_components(scores, scores.index.get_level_values("split"))
        total, p = parts.between + parts.within, scores.mean()
        binomial = p * (1 - p) / n_test if metric is ACCURACY else np.nan
        share = min(binomial / total, parts.share_between) if total else 0.0
        row = {"metric": metric.name, "variant": variant, "sd": np.sqrt(total), "seed": 1 - parts.share_between}
        row |= {"split": parts.share_between, "split_lower": parts.lower, "split_upper": parts.upper}
        rows.append(row | {"test_set_at_most": share, "binomial_sd": np.sqrt(binomial)})
    return pd.DataFrame(rows)


def selection(replicates: pd.DataFrame, variants: Sequence[str], *, n_train: float, n_test: float) -> pd.DataFrame:
    """The configuration chosen on validation data under the honest protocol, and what its test score then says.

    `rule` "one training": in every split and seed the best of one training a variant, as a person would; "mean": the
    best mean over all of them. `optimism` is the winner's curse, how much better the chosen looked on validation than
    it was on test (above 0 for either metric); `gain` its test score minus the baseline's. Ties share the choice.
    """
    rows = []
    for metric, rule in product(METRICS.values(), ("one training", "mean")):
        test = wide(replicates, "honest", metric.column)[list(variants)]
        validation = wide(replicates, "honest", metric.validation_column)[list(variants)]
        chosen = _chosen(metric.sign * validation, rule)
        looked, was = ((chosen * scores).sum(axis=1, min_count=1) for scores in (validation, test))
        row = {"metric": metric.name, "rule": rule, "chosen": chosen.mean().idxmax(), "share": chosen.mean().max()}
        row |= {"validation": looked.mean(), "test": was.mean()}
        parts = {"optimism": metric.sign * (looked - was), "gain": was - test[variants[0]]}
        for name, values in parts.items():
            estimate = interval(values.rename(name), "honest", n_train, n_test)
            row |= {name: estimate.mean, f"{name}_lower": estimate.lower, f"{name}_upper": estimate.upper}
        rows.append(row)
    return pd.DataFrame(rows)


def evidence_tables(
    replicates: pd.DataFrame,
    *,
    metrics: Mapping[str, Metric] = METRICS,
    power: float = 0.8,
    headline: Sequence[str] = ("base", "l1l2", "dropout"),
    random_state: int = 0,
) -> dict[str, pd.DataFrame]:
    """All of the evidence as tables, by the names of the functions above; `headline[0]` is the baseline.

    The rows of a training and of a test set are the mean over the honest splits, as the replicates hold them. Raises
    `InputError` where a table cannot carry the comparison.
    """
    replicates = checked_replicates(replicates, headline=headline)
    variants = ordered_variants(replicates, headline)
    sizes = replicates.loc[replicates["protocol"] == "honest", SIZES].mean().to_dict()
    judging = {**sizes, "metrics": metrics, "power": power}
    n_pairs = len(variants) - 1 + (len(headline) - 1) * (len(headline) - 2) // 2
    return {
        "summaries": summaries(replicates, variants, **sizes),
        "comparisons": comparisons(replicates, variants, headline, **judging),
        "plan": plan(replicates, headline, **judging, comparisons=n_pairs),
        "leakage_tax": leakage_tax(replicates, variants, **sizes),
        "notebook_lottery": notebook_lottery(replicates, variants, random_state=random_state),
        "notebook_reported": notebook_reported(replicates),
        "variance_ledger": variance_ledger(replicates, variants, n_test=sizes["n_test"]),
        "selection": selection(replicates, variants, **sizes),
    }


def _differences(scores: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], pd.Series]:
    return {(a, b): (scores[a] - scores[b]).rename(f"{a} minus {b}") for a, b in pairs}


def _bounds(estimate: statistics.Estimate) -> dict[str, float]:
    return {"lower": estimate.lower, "upper": estimate.upper}


def _judged(
    difference: pd.Series, estimate: statistics.Estimate, *, p_holm: float, detectable: float, rope: float, higher: bool
) -> dict:
    """The columns of one comparison, from its estimate to its verdict."""
    better = statistics.probability_of_improvement(difference.dropna(), higher_is_better=higher)
    said = statistics.verdict(estimate, p_adjusted=p_holm, rope=rope, detectable=detectable, higher_is_better=higher)
    return {
        "difference": estimate.mean,
        **_bounds(estimate),
        "p_value": estimate.p_value,
        "p_holm": p_holm,
        "p_equivalence": statistics.equivalence_p_value(estimate, rope=rope),
        "probability_of_improvement": better,
        "rope": rope,
        "detectable": detectable,
        "verdict": said,
        "size_may_be_overstated": said in ("better", "worse") and abs(estimate.mean) < detectable,
    }


def _chosen(scores: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Weight of each variant in each training, `(split and seed, variant)`: 1 for the highest score, ties share it."""
    if rule == "mean":
        scores = pd.DataFrame(np.broadcast_to(scores.mean(), scores.shape), scores.index, scores.columns)
    best = scores.eq(scores.max(axis=1), axis=0)
    return best.div(best.sum(axis=1), axis=0)
