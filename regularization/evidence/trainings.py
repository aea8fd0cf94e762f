"""Questions that single trainings of this very table answer: calibration, what leaking is worth, spread, selection."""

import math
from collections.abc import Mapping

import pandas as pd

from regularization.evidence import statistics
from regularization.evidence.pairing import Replicates
from regularization.heads.metrics import Metric


def calibration(replicates: Replicates) -> pd.DataFrame:
    """Each model's difference to the baseline in the calibration error (ECE) of the test rows, below 0 where better.

    A paired interval for new seeds and new splits of the same blocks. There is none for new tables: the error is no
    mean over rows, so the blocks have no part of it, and few rows alone make it larger.
    """
    ece, columns = replicates.wide("honest", "test_ece"), ["variant", "reference", "ece", "ece_of_reference"]
    rows, (reference, *_) = [], replicates.headline
    for variant in replicates.models:
        both = ece[[variant, reference]].dropna()
        if variant == reference or len(both) < 2:
            continue
        change = statistics.mean_interval(both[variant] - both[reference])
        rows.append((variant, reference, both[variant].mean(), both[reference].mean(), *change))
    return pd.DataFrame(rows, columns=[*columns, "difference", "table_lower", "table_upper"])


def leakage(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """What shuffling this table's duplicates into both parts does to a test score: leaky minus honest twin.

    Same split sizes and seed; the leaky twin has more distinct rows to train on, and its test rows stand among them. A
    paired interval for this very table, over its twins. `excess_of_base` is the baseline's change minus the variant's.
    Variants without twins have no row; with fewer than two that did not diverge, neither.
    """
    columns = ["metric", "variant", "change", "lower", "upper", "excess_of_base", "excess_lower", "excess_upper"]
    rows = []
    if "leaky" not in set(replicates.trainings["protocol"]):
        return pd.DataFrame(rows, columns=columns)
    for metric in metrics.values():
        change = replicates.wide("leaky", metric.column) - replicates.wide("honest", metric.column)
        for variant in replicates.variants:
            twins, pairs = change[variant].dropna(), (change[replicates.headline[0]] - change[variant]).dropna()
            if min(len(twins), len(pairs)) < 2:
                continue
            mean_change, excess = statistics.mean_interval(twins), statistics.mean_interval(pairs)
            rows.append(dict(zip(columns, (metric.name, variant, *mean_change, *excess), strict=True)))
    return pd.DataFrame(rows, columns=columns)


def spread(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """How much one training's score varies, and how much of that the seed alone does.

    `sd` is over honest splits, each with a seed of its own; `sd_of_seed` over seeds on the notebook's one split;
    `seed_share` the ratio of the two variances, with its interval.
    """
    rows = []
    for metric in metrics.values():
        of_seeds, of_splits = (replicates.wide(name, metric.column) for name in ("notebook", "honest"))
        for variant in replicates.variants:
            one, whole = of_seeds[variant].dropna(), of_splits[variant].dropna()
            if len(one) < 2 or len(whole) < 2 or not whole.var():
                continue
            share = statistics.share_interval(one, whole)
            row = {"metric": metric.name, "variant": variant, "sd": whole.std(), "sd_of_seed": one.std()}
            rows.append(row | {"seed_share": share.mean, "share_lower": share.lower, "share_upper": share.upper})
    return pd.DataFrame(rows)


def selection(replicates: Replicates, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """The configuration chosen on the validation rows of each honest split, and what its test rows then say.

    Over the splits that all variants were trained on.
    In every split the best of one training of each variant is chosen, as a person would; ties share the choice, and
    `tied` other variants are chosen as often as `chosen`. The test rows of a split took no part in its choice.
    `optimism` is how much better the chosen looked on validation than it was on test (above 0 for every metric); `gain`
    its test score minus the baseline's. Intervals are for new seeds and new splits of the same blocks.
    """
    rows, shared = [], min(map(replicates.n_splits, replicates.variants))
    for metric in metrics.values():
        names = list(replicates.variants)  # networks alone
        test = replicates.wide("honest", metric.column)[names].head(shared)
        validation = replicates.wide("honest", metric.validation_column)[names].head(shared)
        if (test.notna().any(axis=1) & validation.notna().any(axis=1)).sum() < 2:
            continue
        is_best = validation.eq((metric.sign * validation).max(axis=1) * metric.sign, axis=0)
        chosen = is_best.div(is_best.sum(axis=1), axis=0)
        # rounded, or shares of a tie would leave differences of 1e-17
        decimals = max(12, 12 - math.floor(math.log10(test.abs().max().max() or 1.0)))
        looked, was = ((chosen * scores).sum(axis=1, min_count=1).round(decimals) for scores in (validation, test))
        shares = chosen.mean()
        row = {"metric": metric.name, "chosen": shares.idxmax(), "share": shares.max()}
        row.update(tied=int((shares >= shares.max() - 1e-9).sum()) - 1)
        row.update(validation=looked.mean(), test=was.mean())
        parts = {"optimism": metric.sign * (looked - was), "gain": was - test[replicates.headline[0]].round(decimals)}
        for name, values in parts.items():
            interval = statistics.mean_interval(values.dropna())
            row.update({name: interval.mean, f"{name}_lower": interval.lower, f"{name}_upper": interval.upper})
        rows.append(row)
    return pd.DataFrame(rows)
