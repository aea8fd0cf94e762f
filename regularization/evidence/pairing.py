"""The replicates as pairs: what `replicate` wrote, checked, and the differences between variants in it."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.evidence.jackknife import BlockScores, Jackknife, adjusted, block_jackknife
from regularization.evidence.statistics import rule_of_three
from regularization.metrics import METRICS, Metric
from regularization.table.block_scores import unpack_blocks

PROTOCOLS = ("honest", "notebook")  # and "leaky", where the table has duplicates
KEYS = ["variant", "protocol", "split", "seed"]
SIZES = ["n_train", "n_distinct_train", "n_test"]
SCORES = [
    *(metric.column for metric in METRICS.values() if not metric.needs_both_classes),
    *(metric.validation_column for metric in METRICS.values() if not metric.needs_both_classes),
    "test_loss",
    "test_ece",
    "test_predicted_1",
]
# Empty where a part of the split is of one class, which is no sign of a training that diverged.
CLASS_SCORES = [
    column
    for metric in METRICS.values()
    if metric.needs_both_classes
    for column in (metric.column, metric.validation_column)
]


class Replicates:
    """The trainings of all variants, and their scores by block.

    The baseline may have more splits than other variants, which then have the first of its splits. The mean of such a
    variant is corrected by what the baseline's further splits say (`jackknife.adjusted`).
    """

    def __init__(
        self,
        trainings: pd.DataFrame,
        blocks: Mapping[str, tuple[np.ndarray, dict[str, np.ndarray]]],
        headline: Sequence[str],
        class_1: np.ndarray,
        references: Sequence[str] = (),
    ):
        self.trainings = trainings  # one row per training; a diverged one has NaN for scores
        self.blocks = dict(blocks)  # by variant: rows per block, sums by column
        self.headline = tuple(headline)  # the first is the baseline
        self.class_1 = class_1  # (blocks,): how many rows of class 1 each block has
        self.references = tuple(references)  # models that are no networks: they are no variants
        self.rows, _ = self.blocks[self.headline[0]]
        self._estimates: dict[tuple[str, str, bytes], Jackknife] = {}
        self._wide: dict[tuple[str, str], pd.DataFrame] = {}

    @property
    def variants(self) -> list[str]:
        """The headline variants, then the others by name."""
        others = set(self.trainings["variant"].unique()) - {*self.headline, *self.references}
        return [*self.headline, *sorted(others)]

    @property
    def models(self) -> list[str]:
        """All variants, then the reference models."""
        return [*self.variants, *self.references]

    def part(self, blocks: np.ndarray, splits: np.ndarray) -> "Replicates":
        """Return the block scores of some `blocks` `(blocks,)` and `splits` `(splits of the baseline,)` alone."""
        part = {
            name: (rows[blocks], {key: sums[splits[: len(sums)]][:, blocks] for key, sums in its.items()})
            for name, (rows, its) in self.blocks.items()
        }
        return Replicates(self.trainings, part, self.headline, self.class_1[blocks], self.references)

    def wide(self, protocol: str, column: str) -> pd.DataFrame:
        """Return one column under one protocol: a row for each (split, seed) in their order, a column for each variant.

        A variant that was not trained on a split has NaN there, as one that diverged has.
        """
        if (protocol, column) not in self._wide:
            rows = self.trainings[self.trainings["protocol"] == protocol]
            # not pivot_table: it would drop a variant of which every training diverged
            table = rows.pivot(index=["split", "seed"], columns="variant", values=column).sort_index()  # noqa: PD010
            self._wide[protocol, column] = table.reindex(columns=self.models)
        return self._wide[protocol, column]

    def n_splits(self, variant: str) -> int:
        """Return the number of honest splits of a variant."""
        return len(next(iter(self.blocks[variant][1].values())))

    def diverged(self, variant: str) -> int:
        """Return how many honest trainings of a variant diverged."""
        return self.n_splits(variant) - int(self.wide("honest", "test_ece")[variant].notna().sum())

    def jumps(self, variant: str) -> bool:
        """Return whether each training of a variant predicts one class for all test rows, but not the same in all."""
        predicted = set(self.wide("honest", "test_predicted_1")[variant].dropna())
        return predicted == {0, 1}

    def mean(self, variant: str, metric: Metric) -> Jackknife:
        """Return the mean score of a variant under the honest protocol."""
        return self._side(variant, None, metric)

    def difference(self, variant: str, reference: str, metric: Metric) -> Jackknife:
        """Return variant minus reference under the honest protocol; blocks count where both are scored on them."""
        try:
            return self._side(variant, reference, metric) - self._side(reference, variant, metric)
        except InputError as error:
            raise InputError(
                f"{variant} and {reference}: {error}, or learning_rate lower if trainings diverged"
            ) from None

    def _side(self, variant: str, other: str | None, metric: Metric) -> Jackknife:
        """Return the mean of a variant as it enters a difference with the `other`."""
        baseline = self.headline[0]
        scored = self._scored(variant, metric)
        if other is not None and not (variant == baseline and self.n_splits(other) < len(scored)):
            theirs = self._scored(other, metric)[: len(scored)]
            scored = scored.copy()
            scored[: len(theirs)] &= theirs
        own = self._estimate(variant, metric, scored)
        deep = self._scored(baseline, metric)
        if len(scored) == len(deep):
            return own
        beside = self._estimate(baseline, metric, scored & deep[: len(scored)])
        return adjusted(own, beside, self._estimate(baseline, metric, deep))

    def _scored(self, variant: str, metric: Metric) -> np.ndarray:
        return ~np.isnan(self.blocks[variant][1][metric.block_column][:, self.blocks_of(metric)])

    def _estimate(self, variant: str, metric: Metric, scored: np.ndarray) -> Jackknife:
        """Return the mean over the blocks of the splits where `scored` says so."""
        key = variant, metric.block_column, np.packbits(scored).tobytes()
        if key not in self._estimates:
            counts = self.blocks_of(metric)
            sums = self.blocks[variant][1][metric.block_column][: len(scored), counts]
            self._estimates[key] = block_jackknife(BlockScores(np.where(scored, sums, np.nan), self.rows[counts]))
        return self._estimates[key]

    def differences(self, variant: str, reference: str, metric: Metric) -> np.ndarray:
        """Return the differences of the sums on each block, in the splits that both have: `(splits, blocks)`."""
        mine, theirs = (self.blocks[name][1][metric.block_column] for name in (variant, reference))
        n_splits = min(len(mine), len(theirs))
        return (mine[:n_splits] - theirs[:n_splits])[:, self.blocks_of(metric)]

    def blocks_of(self, metric: Metric) -> np.ndarray:
        """Return which blocks count for the metric, `(blocks,)`: all, or those with rows of both classes."""
        both = (self.class_1 > 0) & (self.class_1 < self.rows)
        return both if metric.needs_both_classes else np.ones(len(self.rows), bool)

    def widen_to_resolution(
        self, interval: tuple[float, float], differences: np.ndarray, metric: Metric
    ) -> tuple[float, float]:
        """Return the interval of `differences` `(splits, blocks)`, no narrower than so few differing rows allow.

        Where rows or pairs of rows are counted and some block never shows a difference, differing rows are too rare for
        their spread to be known: the interval reaches as far as if none of the rows had differed (`rule_of_three`).
        Where nothing is counted and nothing differs, nothing is known: NaN.
        """
        differs = (np.nan_to_num(differences) != 0).any(axis=0)
        if differs.all() or (not metric.is_counted and differs.any()):
            return interval
        half = rule_of_three(self._n_rows(metric)) if metric.is_counted else np.nan
        middle, half = (interval[0] + interval[1]) / 2, max(half, (interval[1] - interval[0]) / 2)
        return middle - half, middle + half

    def _n_rows(self, metric: Metric) -> int:
        """Return on how many rows the metric rests: all, or those of the smaller class."""
        class_1, all_rows = int(self.class_1.sum()), int(self.rows.sum())
        return min(class_1, all_rows - class_1) if metric.needs_both_classes else all_rows


def checked_replicates(
    trainings: pd.DataFrame, blocks: pd.DataFrame, *, headline: Sequence[str], references: Sequence[str] = ()
) -> Replicates:
    """The replicates of all variants and of the `references`, which have honest splits alone, ready to be paired.

    Raises `InputError` for a missing column, protocol or variant, a training that is there twice, a variant without the
    splits and seeds of the others, leaky twins without an honest split, and fewer than 2 seeds on the notebook's split.
    """
    _require("columns", [*KEYS, *SIZES, *SCORES, *CLASS_SCORES], trainings.columns)
    text = [column for column in SIZES + SCORES + CLASS_SCORES if not pd.api.types.is_numeric_dtype(trainings[column])]
    if text:
        raise InputError(f"replicates: received text in {text}; expected numbers; make the replicates again")
    _require("columns of block scores", ["variant", "block", "rows", "class_1"], blocks.columns)
    _require("protocols", PROTOCOLS, trainings["protocol"])
    _require("variants", headline, trainings["variant"])
    _require("variants with block scores", sorted(set(trainings["variant"])), blocks["variant"])
    if trainings.duplicated(KEYS).any():
        twice = trainings.loc[trainings.duplicated(KEYS), KEYS].iloc[0].to_dict()
        raise InputError(f"replicates: received {twice} twice; expected one row per training; make them again")
    _require_pairs(trainings, headline[0], references)
    diverged = ~np.isfinite(trainings[SCORES]).all(axis=1)
    kept = trainings.assign(**{column: trainings[column].mask(diverged) for column in SCORES + CLASS_SCORES})
    unpacked = {name: unpack_blocks(rows) for name, rows in blocks.groupby("variant")}
    class_1 = blocks[blocks["variant"] == headline[0]].sort_values("block")["class_1"].to_numpy()
    return Replicates(kept, unpacked, tuple(headline), class_1, references)


def _require(what: str, expected: Collection[str], received: Collection[str]) -> None:
    missing = sorted(set(expected) - set(received))
    if missing:
        raise InputError(
            f"replicates: received the {what} {sorted(set(received))}; expected {missing} too; make the replicates of "
            "every variant again"
        )


def _require_pairs(trainings: pd.DataFrame, baseline: str, references: Sequence[str]) -> None:
    """Raise `InputError` unless all variants have the baseline's splits and seeds, or the first of them.

    Leaky twins, which not every variant has, each have an honest split.
    """
    runs = {key: set(zip(rows["split"], rows["seed"], strict=True)) for key, rows in trainings.groupby(KEYS[:2])}
    for protocol in sorted(set(trainings["protocol"])):
        expected = sorted(runs.get((baseline, protocol), set()))
        for variant in sorted(set(trainings["variant"])):
            its = runs.get((variant, protocol), set())
            first = expected if protocol == "notebook" else expected[: len(its)]
            unpaired = sorted(set(first) ^ its)
            if unpaired and not (variant in references and protocol == "notebook"):
                raise InputError(
                    f"replicates: received {variant} ({protocol} protocol) with {len(unpaired)} (split, seed) that "
                    f"{baseline} has not, or the other way round, the first {unpaired[0]}; expected the same for all; "
                    "make the replicates of all variants again"
                )
    lonely = runs.get((baseline, "leaky"), set()) - runs[baseline, "honest"]
    if lonely:
        raise InputError(f"replicates: received leaky twins {sorted(lonely)[:3]} of no honest split; make them again")
    if len(runs[baseline, "notebook"]) < 2:
        raise InputError("replicates: received one seed on the notebook's split; expected 2; raise replicate.seeds")
