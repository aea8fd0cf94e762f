"""The replicates as pairs: what `replicate` wrote, checked, and the differences between variants that it holds."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.block_scores import unpack_blocks
from regularization.errors import InputError
from regularization.evidence.jackknife import BlockScores, Jackknife, block_jackknife
from regularization.evidence.statistics import limit_of_none
from regularization.metrics import METRICS, Metric

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


class Replicates(NamedTuple):
    """The trainings of all variants, and their scores by block."""

    trainings: pd.DataFrame  # one row per training; a diverged one has NaN for scores
    blocks: Mapping[str, tuple[np.ndarray, dict[str, np.ndarray]]]  # by variant: rows per block, sums by column
    headline: tuple[str, ...]  # the first is the baseline
    class_1: np.ndarray  # (blocks,): how many rows of class 1 each block has

    @property
    def variants(self) -> list[str]:
        """The headline variants, then the others by name."""
        return [*self.headline, *sorted(set(self.trainings["variant"].unique()) - set(self.headline))]

    def wide(self, protocol: str, column: str) -> pd.DataFrame:
        """One column under one protocol: a row for each (split, seed) in their order, a column for each variant."""
        rows = self.trainings[self.trainings["protocol"] == protocol]
        # not pivot_table: it would drop a variant of which every training diverged
        table = rows.pivot(index=["split", "seed"], columns="variant", values=column).sort_index()  # noqa: PD010
        return table[self.variants]

    def mean(self, variant: str, metric: Metric) -> Jackknife:
        """The mean score of a variant under the honest protocol, with its errors."""
        rows, sums = self.blocks[variant]
        return block_jackknife(self._on_its_blocks(sums[metric.block_column], rows, metric))

    def difference(self, variant: str, reference: str, metric: Metric) -> Jackknife:
        """Variant minus reference under the honest protocol; blocks count where both are scored on them."""
        try:
            return block_jackknife(self.differences(variant, reference, metric))
        except InputError as error:
            raise InputError(
                f"{variant} and {reference}: {error}, or learning_rate lower if trainings diverged"
            ) from None

    def differences(self, variant: str, reference: str, metric: Metric) -> BlockScores:
        """What `difference` is worked out from."""
        (rows, sums), (_, others) = self.blocks[variant], self.blocks[reference]
        return self._on_its_blocks(sums[metric.block_column] - others[metric.block_column], rows, metric)

    def blocks_of(self, metric: Metric) -> np.ndarray:
        """Which blocks count for the metric, `(blocks,)` booleans: all, or those with rows of both classes."""
        rows, _ = self.blocks[self.headline[0]]
        both = (self.class_1 > 0) & (self.class_1 < rows)
        return both if metric.needs_both_classes else np.ones(len(rows), bool)

    def no_narrower_than_seen(
        self, interval: tuple[float, float], differences: np.ndarray, metric: Metric
    ) -> tuple[float, float]:
        """The interval of `differences` `(splits, blocks)`, no narrower than so few differing rows allow.

        Where rows or pairs of rows are counted and some block never shows a difference, differing rows are too rare for
        their spread to be known: the interval reaches as far as if none of the rows had differed (`limit_of_none`).
        Where nothing is counted and nothing differs, nothing is known: NaN.
        """
        differs = (np.nan_to_num(differences) != 0).any(axis=0)
        if differs.all() or (not metric.is_counted and differs.any()):
            return interval
        half = limit_of_none(self._n_rows(metric)) if metric.is_counted else np.nan
        middle, half = (interval[0] + interval[1]) / 2, max(half, (interval[1] - interval[0]) / 2)
        return middle - half, middle + half

    def _n_rows(self, metric: Metric) -> int:
        """On how many rows the metric rests: all, or those of the smaller class."""
        rows, _ = self.blocks[self.headline[0]]
        class_1, all_rows = int(self.class_1.sum()), int(rows.sum())
        return min(class_1, all_rows - class_1) if metric.needs_both_classes else all_rows

    def _on_its_blocks(self, sums: np.ndarray, rows: np.ndarray, metric: Metric) -> BlockScores:
        counts = self.blocks_of(metric)
        return BlockScores(sums[:, counts], rows[counts])


def checked_replicates(trainings: pd.DataFrame, blocks: pd.DataFrame, *, headline: Sequence[str]) -> Replicates:
    """The replicates of all variants, ready to be paired.

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
    _require_pairs(trainings, headline[0])
    diverged = ~np.isfinite(trainings[SCORES]).all(axis=1)
    kept = trainings.assign(**{column: trainings[column].mask(diverged) for column in SCORES + CLASS_SCORES})
    unpacked = {name: unpack_blocks(rows) for name, rows in blocks.groupby("variant")}
    class_1 = blocks[blocks["variant"] == headline[0]].sort_values("block")["class_1"].to_numpy()
    return Replicates(kept, unpacked, tuple(headline), class_1)


def _require(what: str, expected: Collection[str], received: Collection[str]) -> None:
    missing = sorted(set(expected) - set(received))
    if missing:
        raise InputError(
            f"replicates: received the {what} {sorted(set(received))}; expected {missing} too; make the replicates of "
            "every variant again"
        )


def _require_pairs(trainings: pd.DataFrame, baseline: str) -> None:
    """Same splits and seeds for all variants; a leaky split has an honest twin."""
    runs = {key: set(zip(rows["split"], rows["seed"], strict=True)) for key, rows in trainings.groupby(KEYS[:2])}
    for protocol in sorted(set(trainings["protocol"])):
        expected = runs.get((baseline, protocol), set())
        for variant in sorted(set(trainings["variant"])):
            unpaired = sorted(expected ^ runs.get((variant, protocol), set()))
            if unpaired:
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
