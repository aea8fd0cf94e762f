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

from regularization.errors import InputError
from regularization.evidence.jackknife import Jackknife, joint_error
from regularization.evidence.pairing import Replicates
from regularization.evidence.questions import compared
from regularization.heads import Head, head_of
from regularization.heads.metrics import Metric
from regularization.table.block_scores import unpack_blocks

COMPARED, SAME, SAME_SCORES, NOT_COMPARABLE, NEW, REMOVED = (
    "compared", "not retrained", "the same scores", "not comparable", "new", "removed"
)  # fmt: skip
DATA_FACTS = {  # of metrics/data.json: what two tables that are the same table have in common
    "rows.all": "rows",
    "share_of_class_1.all": "share of class 1",
    "shares_of_classes.all": "shares of the classes",
    "target.mean.all": "mean of the target",
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
    declared: bool = False  # the branch's params themselves say that table or splits are others
    stale: tuple[str, ...] = ()  # the stages whose results in the branch are older than its settings or code


def compare_revisions(
    base: Revision, branch: Revision, *, head: Head | None = None, metrics: Mapping[str, Metric] | None = None
) -> Comparison:
    """All variants of both revisions; the intervals of all differences, over variants and metrics, hold together.

    `head` is that of the base's networks, for binary labels unless said; `metrics` are its own unless said. Raises
    `InputError` for block scores or keys that cannot be read.
    """
    head = head or head_of(2)
    other_table, metrics = _other_table(base.data, branch.data), metrics or head.metrics
    names = list(dict.fromkeys([*_names(branch), *_names(base)]))
    rows, estimates = [], {}
    for name in names:
        state, reason, same_seeds = _state(base, branch, name, other_table, head)
        row = {"variant": name, "state": state, "reason": reason, "same_seeds": same_seeds}
        row |= {"diverged_base": 0, "diverged_branch": 0}
        if state == COMPARED:
            pair = _pair(base, branch, name, metrics, head)
            row |= {f"diverged_{side}": _diverged(pair, side) for side in ("base", "branch")}
            try:
                of_pair = {key: pair.difference("branch", "base", metrics[key]) for key in _countable(pair, metrics)}
            except InputError as error:  # too few splits that both have scores of
                row |= {"state": NOT_COMPARABLE, "reason": str(error)}
            else:
                estimates |= {(name, metric): (pair, difference) for metric, difference in of_pair.items()}
        rows.append(row)
    errors = _joint_errors([estimate for _, estimate in estimates.values()])
    differences = [
        {"variant": name, "metric": metric} | _compared(pair, estimate, metrics[metric], errors[len(estimate.changes)])
        for (name, metric), (pair, estimate) in estimates.items()
    ]
    standin = tuple(side for side, revision in (("base", base), ("branch", branch)) if revision.is_standin)
    declared = any(base.data.get(name) != branch.data.get(name) for name in ("settings", "splits"))
    return Comparison(pd.DataFrame(rows), pd.DataFrame(differences), standin, declared)


def _joint_errors(family: list[Jackknife]) -> dict[int, float]:
    """The `joint_error` of all comparisons over so many blocks: a score of classes has fewer where some have one class.

    Those over another number of blocks are another part of the family, and each part has its share of the error.
    """
    parts: dict[int, list[Jackknife]] = {}
    for estimate in family:
        parts.setdefault(len(estimate.changes), []).append(estimate)
    return {size: joint_error(part, error=0.05 / len(parts)) for size, part in parts.items()}


def conclusion(comparison: Comparison) -> str:
    """`failure`, `neutral` or `success`, for the check of a pull request.

    failure: something became worse by more than its region of equivalence, the whole joint interval beyond it; or
    results that the base has are gone, of another table or of other splits, though its params do not say so.
    neutral: a stand-in table in the base; or something is worse or likely worse without reaching so far, undecided, of
    another table as its params say, stale, or diverges more often. success: anything else.
    """
    variants, differences = comparison.variants, comparison.differences
    if "base" in comparison.standin:
        return "neutral"
    if (len(differences) and differences["beyond"].any()) or unexplained(comparison):
        return "failure"
    if comparison.standin:
        return "neutral"
    doubtful = len(differences) and differences["verdict"].isin(["worse", "likely worse", "undecided"]).any()
    unknown = variants["state"].isin([NOT_COMPARABLE, REMOVED]).any() if len(variants) else True
    diverging = len(variants) and (variants["diverged_branch"] > variants["diverged_base"]).any()
    return "neutral" if doubtful or unknown or diverging or comparison.stale else "success"


def unexplained(comparison: Comparison) -> list[str]:
    """The variants whose results could be compared if the branch had left them as its params say they are."""
    if comparison.variants.empty:
        return []
    states = [REMOVED] if comparison.declared and not comparison.stale else [REMOVED, NOT_COMPARABLE]
    return comparison.variants.loc[comparison.variants["state"].isin(states), "variant"].tolist()


def _state(base: Revision, branch: Revision, name: str, other_table: str, head: Head) -> tuple[str, str, bool]:
    """State, reason and whether the pairs share their seeds."""
    if name not in set(_names(base)):
        return NEW, "base has no such variant", False
    if name not in set(_names(branch)):
        return REMOVED, "this branch has no such variant", False
    trainings, blocks = (
        [_of(getattr(revision, table), name) for revision in (base, branch)] for table in ("trainings", "blocks")
    )
    was, now = (dict(_keys(_of(table, "honest", "protocol"), ["split", "seed"])) for table in trainings)
    same_seeds = all(was[split] == now[split] for split in was.keys() & now.keys())
    if _equal(*trainings) and _equal(*blocks):
        return SAME, "", same_seeds
    if reason := other_table or _other_splits(trainings, blocks, head):
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
    value: object = content
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _plain(value: object) -> str:
    """A value of a file that nobody may have reviewed, short and without anything that Markdown would take as more."""
    return "none" if value is None else re.sub(r"[^A-Za-z0-9 _.+-]", "?", str(value)[:40])


def _other_splits(trainings: list[pd.DataFrame], blocks: list[pd.DataFrame], head: Head) -> str:
    """Why the trainings of two revisions are not on the same splits; empty where they are."""
    if blocks[0].empty or blocks[1].empty:
        return f"{'base' if blocks[0].empty else 'this branch'} has no block scores"
    honest = [_of(table, "honest", "protocol").sort_values("split") for table in trainings]
    shared = min(map(len, honest))
    sizes = ["split", "n_train", "n_distinct_train", "n_test"]
    if _keys(honest[0].head(shared), sizes) != _keys(honest[1].head(shared), sizes):
        return "other splits: their rows to train and test on have other numbers"
    facts = [
        column for column in ("block", "rows", *head.facts(np.zeros(1))) if all(column in table for table in blocks)
    ]
    if _keys(blocks[0], facts) != _keys(blocks[1], facts):
        return "other splits or labels: the blocks have other rows"
    names = [column for column in head.columns if all(column in table for table in blocks)]
    if not names:
        return "no score in common"
    scored = [~np.isnan(next(iter(unpack_blocks(table, names[:1])[1].values()))) for table in blocks]
    if [len(part) for part in scored] != [len(table) for table in honest]:
        return "other splits: the block scores have another number of them"
    scored = [part[:shared] for part in scored]
    both = scored[0].any(axis=1) & scored[1].any(axis=1)  # a training that diverged has no scores
    on_both = scored[0] & scored[1]  # a training that stops early is not scored on its validation blocks
    alike = (on_both == scored[0]).all(axis=1) | (on_both == scored[1]).all(axis=1)
    if not alike[both].all():
        return "other splits: they train on other blocks"
    return ""


def _shared(metrics: Mapping[str, Metric], *revisions: Revision) -> list[str]:
    """The metrics of which every revision holds block scores: a branch may bring new ones."""
    return [
        key for key, metric in metrics.items() if all(set(metric.columns) <= set(side.blocks) for side in revisions)
    ]


def _pair(base: Revision, branch: Revision, name: str, metrics: Mapping[str, Metric], head: Head) -> Replicates:
    """One variant of both revisions as two variants, `base` and `branch`, of one set of replicates."""
    shared, blocks = _shared(metrics, base, branch), {}
    columns = [column for column in head.columns if any(column in metrics[metric].columns for metric in shared)]
    for side, revision in (("base", base), ("branch", branch)):
        rows, sums = blocks[side] = unpack_blocks(_of(revision.blocks, name), columns)
        _check_possible(name, metrics, rows, sums)
    n_splits = min(len(next(iter(sums.values()))) for _, sums in blocks.values())  # those that both have
    blocks = {
        side: (rows, {key: scores[:n_splits] for key, scores in sums.items()}) for side, (rows, sums) in blocks.items()
    }
    table = _of(base.blocks, name).sort_values("block")
    unknown = np.full(len(table), -1)
    facts = {fact: np.asarray(table.get(fact, unknown)) for fact in head.facts(np.zeros(1))}
    return Replicates(base.trainings, blocks, ("base",), facts, head=head)


def _check_possible(name: str, metrics: Mapping[str, Metric], rows: np.ndarray, sums: Mapping[str, np.ndarray]) -> None:
    """Raise `InputError` for block scores that no training has."""
    for metric in metrics.values():
        if metric.block_column not in sums:
            continue
        values, most = sums[metric.block_column], rows if metric.is_counted else np.inf
        if np.isinf(values).any() or (values < 0).any() or (values > most * (1 + 1e-4) + 0.01).any():
            raise InputError(
                f"block scores: received an impossible {metric.block_column} of {name}; make the replicates again"
            )


def _countable(pair: Replicates, metrics: Mapping[str, Metric]) -> list[str]:
    """The metrics of which both have sums, over two or more blocks that count for it."""
    columns = pair.blocks["base"][1]
    return [
        name
        for name, metric in metrics.items()
        if set(metric.columns) <= {*columns, *pair.facts} and pair.blocks_of(metric).sum() > 1
    ]


def _compared(pair: Replicates, estimate: Jackknife, metric: Metric, error: float) -> dict:
    """Return the difference of one variant in one metric, branch minus base, with its intervals and verdict.

    `beyond`: worse, and the whole joint interval lies outside the region of equivalence.
    """
    row = compared(pair, ("branch", "base"), metric, estimate, error)
    best_case = max(metric.sign * row[bound] for bound in ("joint_lower", "joint_upper"))
    means = {side: pair.mean(side, metric).mean for side in ("base", "branch")}
    return means | row | {"beyond": row["verdict"] == "worse" and best_case < -metric.equivalence}


def _diverged(pair: Replicates, side: str) -> int:
    """How many honest trainings have no scores."""
    return int(np.isnan(next(iter(pair.blocks[side][1].values()))).all(axis=1).sum())


def _names(revision: Revision) -> list[str]:
    return list(dict.fromkeys(revision.trainings["variant"])) if len(revision.trainings) else []


def _of(table: pd.DataFrame, value: str, column: str = "variant") -> pd.DataFrame:
    return table[table[column] == value].reset_index(drop=True) if len(table) else table


def _equal(first: pd.DataFrame, second: pd.DataFrame) -> bool:
    return first.equals(second)


def _keys(table: pd.DataFrame, columns: list[str]) -> set[tuple]:
    return set(table[columns].itertuples(index=False, name=None))
