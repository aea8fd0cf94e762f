"""The replicates as pairs: what `replicate` wrote, checked, and the differences between variants in it."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.evidence.jackknife import BlockScores, Jackknife, adjusted, block_jackknife
from regularization.evidence.statistics import rule_of_three
from regularization.heads import Head, head_of
from regularization.heads.metrics import Metric
from regularization.table.block_scores import unpack_blocks

PROTOCOLS = ("honest", "notebook")  # and "leaky", where the table has duplicates
KEYS = ["variant", "protocol", "split", "seed"]
SIZES = ["n_train", "n_distinct_train", "n_test"]


def required_columns(head: Head) -> tuple[list[str], list[str]]:
    """The scores that every training has, and those that may be empty where a part of its split lacks a class.

    An empty score of the first kind is the sign of a training that diverged.
    """
    always = [
        name for name, metric in head.metrics.items() if metric.of_means is None and not metric.needs_both_classes
    ]
    always += [] if head.loss.name in always else [head.loss.name]
    others = [name for name in head.metrics if name not in always]
    of_all = [f"{part}_{name}" for part in ("test", "val") for name in always]
    of_all += ["test_loss", head.predicted_column, *(["test_ece"] if head.n_classes else [])]
    return of_all, [f"{part}_{name}" for name in others for part in ("test", "val")]


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
        facts: Mapping[str, np.ndarray],
        references: Sequence[str] = (),
        head: Head | None = None,
    ):
        self.trainings = trainings  # one row per training; a diverged one has NaN for scores
        self.blocks = dict(blocks)  # by variant: rows per block, sums by column
        self.headline = tuple(headline)  # the first is the baseline
        self.facts = dict(facts)  # (blocks,) each: what is known of a block's rows, see `Head.facts`
        self.head = head or head_of(2)
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
            name: (rows[blocks], {key: sums[splits[: len(sums)]][:, blocks] for key, sums in columns.items()})
            for name, (rows, columns) in self.blocks.items()
        }
        facts = {name: values[blocks] for name, values in self.facts.items()}
        return Replicates(self.trainings, part, self.headline, facts, self.references, self.head)

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
        return self.n_splits(variant) - int(self.wide("honest", self.head.loss.column)[variant].notna().sum())

    def jumps(self, variant: str) -> bool:
        """Return whether each training of a variant predicts one class for all test rows, but not the same in all."""
        predicted = self.wide("honest", self.head.predicted_column)[variant].dropna()
        alone = self.head.only_class(predicted)
        return len(alone) > 0 and bool(alone.notna().all()) and bool((alone != alone.iloc[0]).any())

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
        key = variant, metric.name, np.packbits(scored).tobytes()
        if key not in self._estimates:
            counts = self.blocks_of(metric)
            rows, parts = self.rows[counts], self.sums(variant, metric)[:, : len(scored), counts]
            self._estimates[key] = of_sums(metric, np.where(scored, parts, np.nan), rows)
        return self._estimates[key]

    def sums(self, variant: str, metric: Metric) -> np.ndarray:
        """Return what the metric is made of, `(columns, splits, blocks)`; the facts are the same in every split."""
        _, sums = self.blocks[variant]
        n_splits = self.n_splits(variant)
        return np.stack(
            [
                np.broadcast_to(self.facts[name], (n_splits, len(self.rows))) if name in self.facts else sums[name]
                for name in metric.columns
            ]
        )

    def differences(self, variant: str, reference: str, metric: Metric) -> np.ndarray:
        """Return the differences of the sums on each block, in the splits that both have: `(splits, blocks)`.

        Of a metric that is made of several sums, the sizes of their differences together.
        """
        mine, theirs = (self.sums(name, metric) for name in (variant, reference))
        n_splits = min(mine.shape[1], theirs.shape[1])
        differences = (mine[:, :n_splits] - theirs[:, :n_splits])[..., self.blocks_of(metric)]
        return differences[0] if len(differences) == 1 else np.abs(differences).sum(axis=0)

    def blocks_of(self, metric: Metric) -> np.ndarray:
        """Return which blocks count for the metric, `(blocks,)`: all, or those with rows of both classes."""
        if not metric.needs_both_classes:
            return np.ones(len(self.rows), bool)
        return (self.facts["class_1"] > 0) & (self.facts["class_1"] < self.rows)

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
        half = self._unseen(metric) if metric.is_counted else np.nan
        middle, half = (interval[0] + interval[1]) / 2, max(half, (interval[1] - interval[0]) / 2)
        return middle - half, middle + half

    def _unseen(self, metric: Metric) -> float:
        """Return how large a difference may be that none of the rows has shown (`rule_of_three`).

        Of all rows, or of those of the smaller class; of a mean over several classes, the mean of theirs.
        """
        rows = [int(count.sum()) for count in self.counts_of_classes]
        if metric.of_means:
            return float(np.mean([min(1.0, rule_of_three(count)) for count in rows]))
        return rule_of_three(min(rows) if metric.needs_both_classes else int(self.rows.sum()))

    @property
    def counts_of_classes(self) -> list[np.ndarray]:
        """Return how many rows of each class each block has, `(blocks,)` each; none of a number."""
        counts = [values for name, values in self.facts.items() if name.startswith("class_")]
        return [self.rows - counts[0], *counts] if self.head.n_classes == 2 else counts


def of_sums(metric: Metric, sums: np.ndarray, rows: np.ndarray) -> Jackknife:
    """Return the jackknife of a metric that is made of `sums` `(columns, splits, blocks)`, NaN where nothing is scored.

    Of a function of several means it is that of the function's tangent at these means: leaving out a block changes all
    of them together (L. A. Jaeckel, "The infinitesimal jackknife", Bell Laboratories memorandum, 1972).
    """
    if metric.of_means is None:
        return block_jackknife(BlockScores(sums[0], rows))
    means = [block_jackknife(BlockScores(split, rows)).mean for split in sums]
    tangent = block_jackknife(BlockScores(np.tensordot(metric.gradient(means), sums, axes=1), rows))
    return tangent._replace(mean=float(metric.value(means)))


def checked_replicates(
    trainings: pd.DataFrame,
    blocks: pd.DataFrame,
    *,
    headline: Sequence[str],
    references: Sequence[str] = (),
    head: Head | None = None,
) -> Replicates:
    """The replicates of all variants and of the `references`, which have honest splits alone, ready to be paired.

    Raises `InputError` for a missing column, protocol or variant, a training that is there twice, a variant without the
    splits and seeds of the others, leaky twins without an honest split, and fewer than 2 seeds on the notebook's split.
    """
    head = head or head_of(2)
    always, sometimes = required_columns(head)
    _require("columns", [*KEYS, *SIZES, *always, *sometimes], trainings.columns)
    text = [column for column in SIZES + always + sometimes if not pd.api.types.is_numeric_dtype(trainings[column])]
    if text:
        raise InputError(f"replicates: received text in {text}; expected numbers; make the replicates again")
    _require("columns of block scores", ["variant", "block", "rows", *_facts_of(head)], blocks.columns)
    _require("protocols", PROTOCOLS, trainings["protocol"])
    _require("variants", headline, trainings["variant"])
    _require("variants with block scores", sorted(set(trainings["variant"])), blocks["variant"])
    if trainings.duplicated(KEYS).any():
        twice = trainings.loc[trainings.duplicated(KEYS), KEYS].iloc[0].to_dict()
        raise InputError(f"replicates: received {twice} twice; expected one row per training; make them again")
    _require_pairs(trainings, headline)
    diverged = ~np.isfinite(trainings[always]).all(axis=1)
    kept = trainings.assign(**{column: trainings[column].mask(diverged) for column in always + sometimes})
    unpacked = {name: unpack_blocks(rows, head.columns) for name, rows in blocks.groupby("variant")}
    of_baseline = blocks[blocks["variant"] == headline[0]].sort_values("block")
    facts = {name: of_baseline[name].to_numpy() for name in _facts_of(head)}
    return Replicates(kept, unpacked, tuple(headline), facts, references, head)


def _facts_of(head: Head) -> list[str]:
    return list(head.facts(np.zeros(1)))


def _require(what: str, expected: Collection[str], received: Collection[str]) -> None:
    missing = sorted(set(expected) - set(received))
    if missing:
        raise InputError(
            f"replicates: received the {what} {sorted(set(received))}; expected {missing} too; make the replicates of "
            "every variant again"
        )


def _require_pairs(trainings: pd.DataFrame, headline: Sequence[str]) -> None:
    """Raise `InputError` unless all variants have the baseline's splits and seeds, or the first of them.

    The headline models have all seeds of the notebook's split. Leaky twins, which not every variant has, each have an
    honest split.
    """
    baseline = headline[0]
    runs = {key: set(zip(rows["split"], rows["seed"], strict=True)) for key, rows in trainings.groupby(KEYS[:2])}
    for protocol in sorted(set(trainings["protocol"])):
        expected = sorted(runs.get((baseline, protocol), set()))
        for variant in sorted(set(trainings["variant"])):
            trained = runs.get((variant, protocol), set())
            has_all = protocol == "notebook" and variant in headline
            unpaired = sorted(set(expected if has_all else expected[: len(trained)]) ^ trained)
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
