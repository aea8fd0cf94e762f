"""Do the intervals of many comparisons hold together, and are verdicts right? Simulated studies with known truth.

    python -m benchmarks.family_studies

As in interval_studies.py, with 23 learners on each table, no two of the same true score.
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from benchmarks.interval_studies import (
    METRICS,
    SPLITS,
    TRUE_TABLES,
    Case,
    counted,
    differences,
    print_row,
    true_scores,
)
from benchmarks.studied_learners import naive_bayes, ridge
from regularization.evidence.jackknife import Jackknife, simultaneous_quantile
from regularization.evidence.statistics import verdict

N_ROWS = 500
FAMILIES = {
    "3 headline pairs": list(combinations(range(3), 2)),
    "8 others with the baseline": [(0, other) for other in range(3, 11)],
    "20 others with the baseline": [(0, other) for other in range(3, 23)],
    "all pairs of 11": list(combinations(range(11), 2)),
}
LEARNERS = {
    "ridge without seeds": [ridge(1.0, stream=-number) for number in range(1, 24)],
    "ridge with seeds": [ridge(penalty, stream=number) for number, penalty in enumerate(np.geomspace(0.1, 1000, 23))],
    "naive Bayes without seeds": [naive_bayes(2 + number % 5, stream=-number - 1) for number in range(1, 24)],
}


def family_study(
    kind: str, seed: int, *, splits: int, names: Sequence[str] = tuple(FAMILIES)
) -> dict[tuple[str, str], list[Jackknife]]:
    """Per family and metric, the estimates of table number `seed`."""
    pairs = sorted({pair for name in names for pair in FAMILIES[name]})
    estimates = differences(_learners(kind, names), pairs, _case(kind), seed, splits=splits)
    return {
        (name, metric): [estimates[pair][metric] for pair in FAMILIES[name]] for name in names for metric in METRICS
    }


def families(
    kind: str,
    *,
    studies: int,
    names: Sequence[str] = tuple(FAMILIES),
    splits: int = SPLITS,
    tables: int = TRUE_TABLES,
) -> dict[tuple[str, str], dict[str, float]]:
    """Per family and metric, the shares of so many studies in which

    - `all_hold`: every joint interval covers its true difference, so that no verdict is false;
    - `falsely_equivalent`: a claim of equivalence is false, where each region just leaves out the true difference;
    - `best_kept`: the truly best cannot be told from the learner with the best mean (where all pairs are compared).
    """
    found = [family_study(kind, seed, splits=splits, names=names) for seed in counted(studies, kind)]
    scores = true_scores(_learners(kind, names), _case(kind), tables=tables)
    means = {metric: values.mean(axis=1) for metric, values in scores.items()}
    summaries = {}
    for family, metric in found[0]:
        rows = [_judged(FAMILIES[family], study[family, metric], means[metric], metric) for study in found]
        summaries[family, metric] = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    return summaries


def _learners(kind: str, names: Sequence[str]) -> list[Callable]:
    return LEARNERS[kind][: max(learner for name in names for pair in FAMILIES[name] for learner in pair) + 1]


def _case(kind: str) -> Case:
    return Case(kind, *LEARNERS[kind][:2], N_ROWS)


def _judged(
    pairs: Sequence[tuple[int, int]], estimates: Sequence[Jackknife], means: np.ndarray, metric: str
) -> dict[str, bool]:
    """Which of what `families` counts is so in one study."""
    true = np.array([means[first] - means[second] for first, second in pairs])
    quantile = simultaneous_quantile(estimates)
    joint = [estimate.reaching(quantile) for estimate in estimates]
    said = [
        verdict(interval, interval, equivalence=0.999 * abs(difference), higher_is_better=True)
        for interval, difference in zip(joint, true, strict=True)
    ]
    judged = {
        "all_hold": all(lower <= value <= upper for (lower, upper), value in zip(joint, true, strict=True)),
        "falsely_equivalent": "equivalent" in said,
    }
    compared = sorted({learner for pair in pairs for learner in pair})
    if len(pairs) == len(compared) * (len(compared) - 1) / 2:
        sign = 1 if metric == "accuracy" else -1
        below_first = {
            pair[1]: sign * estimate.mean for pair, estimate in zip(pairs, estimates, strict=True) if not pair[0]
        }
        leader = min(compared, key=lambda learner: below_first.get(learner, 0.0))
        best = max(compared, key=lambda learner: sign * means[learner])
        lower, upper = dict(zip(pairs, joint, strict=True)).get(tuple(sorted((leader, best))), (0.0, 0.0))
        judged["best_kept"] = lower <= 0 <= upper
    return judged


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.family_studies", description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    print_row("learners", "family", "metric", "all intervals hold", "falsely equivalent", "the best is kept")
    print_row(*["---"] * 6)
    for kind in LEARNERS:
        for (family, metric), row in families(kind, studies=studies).items():
            shares = [
                f"{row[key]:.1%}" if key in row else "" for key in ("all_hold", "falsely_equivalent", "best_kept")
            ]
            print_row(kind, family, metric, *shares)


if __name__ == "__main__":
    main()
