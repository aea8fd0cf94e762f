"""The replicates as pairs: what `replicate` wrote, checked, and the differences between variants that it holds."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.block_scores import unpack_blocks
from regularization.errors import InputError
from regularization.evidence.jackknife import BlockScores, Jackknife, block_jackknife
from regularization.metrics import METRICS, Metric

PROTOCOLS = ("honest", "notebook")  # and "leaky", where the table has duplicates
KEYS = ["variant", "protocol", "split", "seed"]
SIZES = ["n_train", "n_distinct_train", "n_test"]
SCORES = [
    *(metric.column for metric in METRICS.values()),
    *(metric.validation_column for metric in METRICS.values()),
    "test_loss",
    "test_ece",
]


class Replicates(NamedTuple):
    """The trainings of all variants, and their scores by block."""

    trainings: pd.DataFrame  # one row per training; a diverged one has NaN for scores
    blocks: Mapping[str, tuple[np.ndarray, dict[str, np.ndarray]]]  # by variant: rows per block, sums by column
    headline: tuple[str, ...]  # the first is the baseline

    @property
    def variants(self) -> list[str]:
        """The headline variants, then the others by name."""
        return [*self.headline, *sorted(set(self.trainings["variant"]) - set(self.headline))]

    def wide(self, protocol: str, column: str) -> pd.DataFrame:
        """One column under one protocol: a row for each (split, seed) in their order, a column for each variant."""
        rows = self.trainings[self.trainings["protocol"] == protocol]
        # not pivot_table: it would drop a variant of which every training diverged
        table = rows.pivot(index=["split", "seed"], columns="variant", values=column).sort_index()  # noqa: PD010
        return table[self.variants]

    def mean(self, variant: str, metric: Metric) -> Jackknife:
        """The mean score of a variant under the honest protocol, with its errors."""
        rows, sums = self.blocks[variant]
        return block_jackknife(BlockScores(sums[metric.block_column], rows))

    def difference(self, variant: str, reference: str, metric: Metric) -> Jackknife:
        """Variant minus reference under the honest protocol; blocks count where both are scored on them."""
        (rows, sums), (_, others) = self.blocks[variant], self.blocks[reference]
        return block_jackknife(BlockScores(sums[metric.block_column] - others[metric.block_column], rows))


def checked_replicates(trainings: pd.DataFrame, blocks: pd.DataFrame, *, headline: Sequence[str]) -> Replicates:
    """The replicates of all variants, ready to be paired.

    Raises `InputError` for a missing column, protocol or variant, a training that is there twice, a variant without the
    splits and seeds of the others, leaky twins without an honest split, and fewer than 2 seeds on the notebook's split.
    """
    _require("columns", [*KEYS, *SIZES, *SCORES], trainings.columns)
    text = [column for column in SIZES + SCORES if not pd.api.types.is_numeric_dtype(trainings[column])]
    if text:
        raise InputError(f"replicates: received text in {text}; expected numbers; make the replicates again")
    _require("protocols", PROTOCOLS, trainings["protocol"])
    _require("variants", headline, trainings["variant"])
    _require("variants with block scores", sorted(set(trainings["variant"])), blocks["variant"])
    if trainings.duplicated(KEYS).any():
        twice = trainings.loc[trainings.duplicated(KEYS), KEYS].iloc[0].to_dict()
        raise InputError(f"replicates: received {twice} twice; expected one row per training; make them again")
    _require_pairs(trainings, headline[0])
    diverged = ~np.isfinite(trainings[SCORES]).all(axis=1)
    kept = trainings.assign(**{column: trainings[column].mask(diverged) for column in SCORES})
    unpacked = {name: unpack_blocks(rows) for name, rows in blocks.groupby("variant")}
    return Replicates(kept, unpacked, tuple(headline))


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
