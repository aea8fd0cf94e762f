"""Do the intervals of many comparisons hold together, and are verdicts right? Simulated studies with known truth.

    python -m benchmarks.family_studies

As in interval_studies.py, with 25 learners on each table, no two of the same true score.
"""

import argparse
from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from benchmarks.interval_studies import (
    METRICS,
    PARTS,
    SPLITS,
    TRUE_TABLES,
    UNEQUAL,
    Case,
    block_scores,
    counted,
    print_row,
    true_scores,
)
from benchmarks.studied_learners import naive_bayes, ridge
from regularization.evidence.jackknife import BlockScores, Jackknife, adjusted, block_jackknife, joint_error
from regularization.evidence.statistics import verdict

N_ROWS = 500
FAMILIES = {
    "3 headline pairs": list(combinations(range(3), 2)),
    "8 others with the baseline": [(0, other) for other in range(3, 11)],
    "22 others with the baseline": [(0, other) for other in range(3, 25)],
    "22 others with 3 models": [(model, other) for model in range(3) for other in range(3, 25)],
    "all pairs of 11": list(combinations(range(11), 2)),
}
LEARNERS = {
    "ridge without seeds": [ridge(1.0, stream=-number) for number in range(1, 26)],
    "ridge with seeds": [ridge(penalty, stream=number) for number, penalty in enumerate(np.geomspace(0.1, 1000, 25))],
    "naive Bayes without seeds": [naive_bayes(2 + number % 5, stream=-number - 1) for number in range(1, 26)],
}


def family_study(
    kind: str, seed: int, *, splits: int, names: Sequence[str] = tuple(FAMILIES)
) -> dict[tuple[str, str, str], list[Jackknife]]:
    """Per design, family and metric, the estimates of table number `seed`.

    In one design all learners have all splits, in the other (`UNEQUAL`) all but the first have a quarter of them.
    """
    scores, studies = block_scores(_learners(kind, names), _case(kind), seed, splits=splits), {}
    for metric in METRICS:
        deep = [block_jackknife(learner[metric]) for learner in scores]
        quarter = splits // PARTS[-1]
        cut = [
            block_jackknife(BlockScores(of_variant[metric].sums[:quarter], of_variant[metric].rows))
            for of_variant in scores
        ]
        shallow = [deep[0], *(adjusted(estimate, cut[0], deep[0]) for estimate in cut[1:])]
        for design, means in ((str(splits), deep), (UNEQUAL, shallow)):
            for name in names:
                studies[design, name, metric] = [means[first] - means[second] for first, second in FAMILIES[name]]
    return studies


def families(
    kind: str,
    *,
    studies: int,
    names: Sequence[str] = tuple(FAMILIES),
    splits: int = SPLITS,
    tables: int = TRUE_TABLES,
) -> dict[tuple[str, str, str], dict[str, float]]:
    """Per design, family and metric, the shares of so many studies in which

    - `all_hold`: every joint interval covers its true difference, so that no verdict is false;
    - `falsely_equivalent`: a claim of equivalence is false, where each region just leaves out the true difference;
    - `best_kept`: the truly best is not distinguished from the learner with the best mean (for all pairs).
    """
    scores = true_scores(_learners(kind, names), _case(kind), tables=tables)
    means, judged = {metric: values.mean(axis=1) for metric, values in scores.items()}, {}
    for seed in counted(studies, kind):
        for key, estimates in family_study(kind, seed, splits=splits, names=names).items():
            _, family, metric = key
            judged.setdefault(key, []).append(_judged(FAMILIES[family], estimates, means[metric], metric))
    return {
        key: {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} for key, rows in judged.items()
    }


def _learners(kind: str, names: Sequence[str]) -> list[Callable]:
    return LEARNERS[kind][: max(learner for name in names for pair in FAMILIES[name] for learner in pair) + 1]


def _case(kind: str) -> Case:
    return Case(kind, *LEARNERS[kind][:2], N_ROWS)


def _judged(
    pairs: Sequence[tuple[int, int]], estimates: Sequence[Jackknife], means: np.ndarray, metric: str
) -> dict[str, bool]:
    """Which of what `families` counts is so in one study."""
    true = np.array([means[first] - means[second] for first, second in pairs])
    error = joint_error(estimates, draws=1000)
    joint = [estimate.interval(error) for estimate in estimates]
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
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--kinds", nargs="+", default=list(LEARNERS), choices=list(LEARNERS))
    asked = parser.parse_args()
    print_row("learners", "splits", "family", "metric", "all hold", "falsely equivalent", "the best is kept")
    print_row(*["---"] * 7)
    for kind in asked.kinds:
        for (design, family, metric), row in families(kind, studies=asked.studies).items():
            keys = ("all_hold", "falsely_equivalent", "best_kept")
            print_row(kind, design, family, metric, *(f"{row[key]:.1%}" if key in row else "" for key in keys))


if __name__ == "__main__":
    main()
