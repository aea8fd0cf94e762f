"""What a change to the project did to each variant: the replicates of two revisions compared, without any training.

A variant is compared with itself, branch minus base, in pairs of trainings on the same split: the same rows to train on
and the same rows to be scored on. Where only settings changed, the two trainings of a pair share their seed too. Where
the seed itself changed, they share the rows alone, and what both seeds do is noise in the difference. The interval is
the block jackknife of the evidence, which takes the spread over splits as it finds it: with other seeds it is wider.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.block_scores import unpack_blocks
from regularization.errors import InputError
from regularization.evidence import statistics
from regularization.evidence.jackknife import BlockScores, Jackknife, block_jackknife, simultaneous_quantile
from regularization.metrics import METRICS, Metric

COMPARED, SAME, SAME_SCORES, NOT_COMPARABLE, NEW, REMOVED = (
    "compared", "not retrained", "the same scores", "not comparable", "new", "removed"
)  # fmt: skip
DATA_FACTS = {  # of metrics/data.json: what two tables that are the same table have in common
    "rows.all": "rows",
    "share_of_class_1.all": "share of class 1",
    "duplicate_rows": "duplicate rows",
    "origin": "origin of the table",
}


class Revision(NamedTuple):
    """What one revision of the project says of its variants."""

    trainings: pd.DataFrame  # metrics/replicates_*.csv, one row per training
    blocks: pd.DataFrame  # metrics/blocks_*.csv, one row per variant and block
    data: Mapping  # metrics/data.json

    @property
    def is_standin(self) -> bool:
        return self.data.get("origin") == "standin"


class Comparison(NamedTuple):
    """Of every variant, what became of it; of every compared one and metric, the difference."""

    variants: pd.DataFrame  # variant, state, reason, same_seeds, diverged_base, diverged_branch
    differences: pd.DataFrame  # see `_compared`
    standin: tuple[str, ...]  # which of "base" and "branch" hold results of the stand-in table
    stale: tuple[str, ...] = ()  # the stages whose results in the branch are older than its settings or code


def compare_revisions(base: Revision, branch: Revision, *, metrics: Mapping[str, Metric] = METRICS) -> Comparison:
    """All variants of both revisions; the intervals of all differences, over variants and metrics, hold together.

    Raises `InputError` for block scores or keys that cannot be read.
    """
    other_table = _other_table(base.data, branch.data)
    names = list(dict.fromkeys([*_names(branch), *_names(base)]))
    told, estimates = [], {}
    for name in names:
        state, reason, same_seeds = _state(base, branch, name, other_table)
        row = {"variant": name, "state": state, "reason": reason, "same_seeds": same_seeds}
        row |= {"diverged_base": 0, "diverged_branch": 0}
        if state == COMPARED:
            try:
                scores = {metric: _estimates(base, branch, name, metrics[metric]) for metric in metrics}
                estimates |= {(name, metric): found for metric, found in scores.items()}
                row |= {f"diverged_{side}": _diverged(its, name) for side, its in _sides(base, branch)}
            except InputError as error:
                row |= {"state": NOT_COMPARABLE, "reason": str(error)}
        told.append(row)
    quantile = simultaneous_quantile([found.difference for found in estimates.values()]) if estimates else np.nan
    differences = [
        {"variant": name, "metric": metric} | _compared(found, metrics[metric], quantile)
        for (name, metric), found in estimates.items()
    ]
    standin = tuple(side for side, its in _sides(base, branch) if its.is_standin)
    return Comparison(pd.DataFrame(told), pd.DataFrame(differences), standin)


def conclusion(comparison: Comparison) -> str:
    """`failure`, `neutral` or `success`, for the check of a pull request.

    failure: something became worse by more than its region of equivalence, the whole joint interval beyond it.
    neutral: a stand-in table; or something is worse or likely worse without reaching so far, undecided, not comparable,
    removed, stale, or diverges more often. success: anything else.
    """
    variants, differences = comparison.variants, comparison.differences
    if comparison.standin:
        return "neutral"
    if len(differences) and differences["beyond"].any():
        return "failure"
    doubtful = len(differences) and differences["verdict"].isin(["worse", "likely worse", "undecided"]).any()
    unknown = variants["state"].isin([NOT_COMPARABLE, REMOVED]).any() if len(variants) else True
    diverging = len(variants) and (variants["diverged_branch"] > variants["diverged_base"]).any()
    return "neutral" if doubtful or unknown or diverging or comparison.stale else "success"


class _Estimates(NamedTuple):
    base: float
    branch: float
    difference: Jackknife
    n_rows: int
    differing: bool


def _state(base: Revision, branch: Revision, name: str, other_table: str) -> tuple[str, str, bool]:
    """State, reason and whether the pairs share their seeds."""
    if name not in set(_names(base)):
        return NEW, "base has no such variant", False
    if name not in set(_names(branch)):
        return REMOVED, "this branch has no such variant", False
    trainings, blocks = (
        [_of(getattr(its, table), name) for its in (base, branch)] for table in ("trainings", "blocks")
    )
    same_seeds = _keys(trainings[0], ["split", "seed"]) == _keys(trainings[1], ["split", "seed"])
    if _equal(*trainings) and _equal(*blocks):
        return SAME, "", same_seeds
    if reason := other_table or _other_splits(trainings, blocks):
        return NOT_COMPARABLE, reason, same_seeds
    return (SAME_SCORES if _equal(*blocks) else COMPARED), "", same_seeds


def _other_table(base: Mapping, branch: Mapping) -> str:
    """Why the two revisions' tables are not the same; empty where they are."""
    for key, label in DATA_FACTS.items():
        was, now = (value_at(data, key) for data in (base, branch))
        if was != now:
            return f"other data: {label} {_plain(now)}, base has {_plain(was)}"
    if (was := base.get("settings")) != (now := branch.get("settings")):
        return f"other data: {_first_difference(was or {}, now or {})}"
    return ""


def _first_difference(was: Mapping, now: Mapping) -> str:
    key = next(key for key in [*now, *was] if was.get(key) != now.get(key))
    return f"{key} {_plain(now.get(key))}, base has {_plain(was.get(key))}"


def value_at(content: Mapping, key: str) -> object:
    """The value behind a dotted key, None where there is none."""
    found: object = content
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _plain(value: object) -> str:
    """A value of a file that nobody may have reviewed, short and without anything that Markdown would take as more."""
    return "none" if value is None else re.sub(r"[^A-Za-z0-9 _.+-]", "?", str(value)[:40])


def _other_splits(trainings: list[pd.DataFrame], blocks: list[pd.DataFrame]) -> str:
    """Why the trainings of two revisions are not on the same splits; empty where they are."""
    if blocks[0].empty or blocks[1].empty:
        return f"{'base' if blocks[0].empty else 'this branch'} has no block scores"
    honest = [_of(table, "honest", "protocol") for table in trainings]
    was, now = (len(table) for table in honest)
    if was != now:
        return f"other splits: {now} of them, base has {was}"
    sizes = ["split", "n_train", "n_distinct_train", "n_test"]
    if _keys(honest[0], sizes) != _keys(honest[1], sizes):
        return "other splits: their rows to train and test on have other numbers"
    if _keys(blocks[0], ["block", "rows"]) != _keys(blocks[1], ["block", "rows"]):
        return "other splits: the blocks have other rows"
    scored = [~np.isnan(_sums(table, next(iter(METRICS.values())))) for table in blocks]
    if scored[0].shape != scored[1].shape:
        return "other splits: the block scores have another number of them"
    both = scored[0].any(axis=1) & scored[1].any(axis=1)  # a training that diverged has no scores
    if (scored[0][both] != scored[1][both]).any():
        return "other splits: they train on other blocks"
    return ""


def _estimates(base: Revision, branch: Revision, name: str, metric: Metric) -> _Estimates:
    sums = [_sums(_of(its.blocks, name), metric) for its in (base, branch)]
    rows = _of(base.blocks, name).sort_values("block")["rows"].to_numpy()
    differences = sums[1] - sums[0]
    difference, *means = (block_jackknife(BlockScores(scores, rows)) for scores in (differences, *sums))
    return _Estimates(means[0].mean, means[1].mean, difference, int(rows.sum()), bool(np.nan_to_num(differences).any()))


def _compared(found: _Estimates, metric: Metric, quantile: float) -> dict:
    """The difference of one variant in one metric, branch minus base, with its intervals and verdict.

    `beyond`: worse, and the whole joint interval lies outside the region of equivalence.
    """
    estimate = found.difference
    half = quantile * estimate.standard_error
    single, joint = estimate.interval(), (estimate.mean - half, estimate.mean + half)
    said = statistics.verdict(single, joint, equivalence=metric.equivalence, higher_is_better=metric.higher_is_better)
    if not found.differing:  # ties alone are no proof, as in the evidence
        limit = statistics.limit_of_none(found.n_rows)
        single = joint = (-limit, limit)
        said = "undecided"
    best_case = max(metric.sign * bound for bound in joint)
    return {
        "base": found.base,
        "branch": found.branch,
        "difference": estimate.mean,
        "lower": single[0],
        "upper": single[1],
        "joint_lower": joint[0],
        "joint_upper": joint[1],
        "equivalence": metric.equivalence,
        "verdict": said,
        "beyond": said == "worse" and best_case < -metric.equivalence,
    }


def _sums(blocks: pd.DataFrame, metric: Metric) -> np.ndarray:
    """`(splits, blocks)`; raises `InputError` for what is not a finite number."""
    sums = unpack_blocks(blocks)[1][metric.block_column]
    if np.isinf(sums).any():
        raise InputError(f"block scores: received a {metric.block_column} that is infinite; make the replicates again")
    return sums


def _diverged(revision: Revision, name: str) -> int:
    """How many honest trainings have no scores."""
    scores = _sums(_of(revision.blocks, name), next(iter(METRICS.values())))
    return int(np.isnan(scores).all(axis=1).sum())


def _sides(base: Revision, branch: Revision) -> list[tuple[str, Revision]]:
    return [("base", base), ("branch", branch)]


def _names(revision: Revision) -> list[str]:
    return list(dict.fromkeys(revision.trainings["variant"])) if len(revision.trainings) else []


def _of(table: pd.DataFrame, value: str, column: str = "variant") -> pd.DataFrame:
    return table[table[column] == value].reset_index(drop=True) if len(table) else table


def _equal(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    return first.equals(second)


def _keys(table: pd.DataFrame, columns: list[str]) -> set[tuple]:
    return set(table[columns].itertuples(index=False, name=None))
