"""Train every variant under every protocol, measure each network, and make tables of what was measured."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.jobs.code_bundle import digest_of
from regularization.jobs.engines import train_here
from regularization.jobs.training import read_variant
from regularization.jobs.work import Progress, Trained, Work, join_runs
from regularization.metrics import METRICS
from regularization.networks.evaluation import calibration_table
from regularization.replicates.curves import curve_bands
from regularization.replicates.measuring import Measured, ScaledTable, measure_runs, scale_table
from regularization.replicates.plan import Chunk, Run, in_32_bits, n_runs, plan_bunches, plan_chunks, plan_shards
from regularization.table import PlannedSplit, Table
from regularization.table.block_scores import pack_blocks
from regularization.variants import techniques_of


class Store(Protocol):
    """Keeps the measurements of a variant on a chunk of splits, by its settings and the chunk's digest."""

    def load(self, settings: dict, digest: str) -> Measured | None: ...

    def save(self, measured: Measured, settings: dict, digest: str) -> None: ...


class Replicates(NamedTuple):
    """The measurements of all trainings of some variants, as tables."""

    trainings: pd.DataFrame  # one row per training: its scores on each part of its split
    blocks: pd.DataFrame  # one row per variant and block, with the scores of every honest training (block_scores.py)
    curves: pd.DataFrame  # see `curve_bands`
    calibration: pd.DataFrame  # see `evaluation.calibration_table`; over the test rows of the honest trainings


def train_replicates(
    variants: Mapping[str, dict],
    splits: Sequence[PlannedSplit],
    table: Table,
    *,
    network: dict,
    epochs: int,
    batch_size: int,
    train_shards: Callable[..., Iterator[tuple[int, Trained]]] = train_here,
    runs_per_shard: int | None = None,
    store: Store | None = None,
    on_progress: Progress | None = None,
) -> Replicates:
    """Train one network per variant, split and seed, on the `table`; in bunches, so that memory stays flat.

    A variant is the settings of `build_model` and of training that make it, `network` those that all share unless a
    variant has its own. `train_shards(work, shards, on_progress=...)` trains (see `jobs/engines.py`), by default
    here, and `runs_per_shard` is for several processes to share the work; neither changes the result. What the `store`
    has is not trained again. A training that diverged has no figures in its row, and none in the blocks. Raises
    `InputError` where all did.
    """
    chunks, advance = plan_chunks(splits), on_progress or (lambda _: None)
    keeper, digests = NoStore() if store is None else store, [digest_of(*chunk) for chunk in chunks]
    measured: dict[str, list[Measured | None]] = {
        name: [keeper.load(techniques_of(settings), digest) for digest in digests]
        for name, settings in variants.items()
    }
    advance(sum(n_runs(chunk) for kept in measured.values() for chunk, its in zip(chunks, kept, strict=True) if its))
    for missing, names in _by_missing_chunks(measured).items():
        some = {name: variants[name] for name in names}
        for bunch in plan_bunches([chunks[number] for number in missing], table):
            work, scaled = _work_on(bunch, table, network, epochs, batch_size)
            shards = plan_shards(list(some.values()), list(chain(*bunch)), runs_per_shard=runs_per_shard)
            found = dict(train_shards(work, shards, on_progress=advance))
            trained = join_runs([found[number] for number in range(len(shards))])
            for name, chunk, result in _measure_bunch(some, bunch, trained, scaled, table, network):
                number = chunks.index(chunk)
                measured[name][number] = result
                keeper.save(result, techniques_of(variants[name]), digests[number])
    runs, in_chunks = _runs(splits), {run: number for number, run in enumerate(_runs(chain(*chunks)))}
    of_row = next(split.blocks for split in splits if split.blocks is not None)
    shared = {
        "runs": pd.DataFrame(runs, columns=["protocol", "split", "seed"]),
        "order": [in_chunks[run] for run in runs],
        "blocks": (np.bincount(of_row), np.bincount(of_row, table.y).astype(int)),
    }
    tables = [_tables(name, [part for part in its if part], **shared) for name, its in measured.items()]
    replicates = Replicates(*(pd.concat(of_variants, ignore_index=True) for of_variants in zip(*tables, strict=True)))
    if "test_loss" not in replicates.trainings or replicates.trainings["test_loss"].isna().all():
        raise InputError(f"every training of {', '.join(variants)} diverged; lower learning_rate or the penalties")
    return replicates


class NoStore:
    """A store that keeps nothing."""

    def load(self, settings: dict, digest: str) -> None:  # noqa: ARG002
        return None

    def save(self, measured: Measured, settings: dict, digest: str) -> None:  # noqa: ARG002
        return None


def _by_missing_chunks(measured: Mapping[str, Sequence[Measured | None]]) -> dict[tuple[int, ...], list[str]]:
    """Return the variants that lack the same chunks, by the numbers of these: they are trained together."""
    groups = defaultdict(list)
    for name, chunks in measured.items():
        groups[tuple(number for number, kept in enumerate(chunks) if kept is None)].append(name)
    return {missing: names for missing, names in groups.items() if missing}


def _work_on(bunch: Sequence[Chunk], table: Table, network: dict, epochs: int, batch_size: int):
    """Return the work of training on the splits of a bunch, and all rows as each of them scales them."""
    splits = list(chain(*bunch))
    arrays = [in_32_bits(split.arrays(table)) for split in splits]
    scaled = [scale_table(split, its, len(table.y)) for split, its in zip(splits, arrays, strict=True)]
    return Work(network, epochs, batch_size, tuple(its[:4] for its in arrays)), scaled


def _measure_bunch(
    variants: Mapping[str, dict],
    bunch: Sequence[Chunk],
    trained: Trained,
    scaled: Sequence[ScaledTable],
    table: Table,
    network: dict,
) -> Iterator[tuple[str, Chunk, Measured]]:
    """Measure each of the `variants` on each chunk of the `bunch`; `scaled` are the tables of its splits."""
    first_split = first_run = 0
    for chunk in bunch:
        runs = slice(first_run, first_run + n_runs(chunk))
        tables = scaled[first_split : first_split + len(chunk)]
        for number, (name, settings) in enumerate(variants.items()):
            template, patience = read_variant(network, settings)
            its = Trained(
                trained.weights[number, runs, : template.architecture.n_parameters],
                trained.curves[:, number, runs],
                trained.best_epochs[number, runs],
                trained.diverged[number, runs],
            )
            yield name, chunk, measure_runs(template, its, chunk, tables, table, validated=patience is not None)
        first_split, first_run = first_split + len(chunk), runs.stop


def _tables(
    name: str,
    parts: Sequence[Measured],
    runs: pd.DataFrame,
    order: Sequence[int],
    blocks: tuple[np.ndarray, np.ndarray],
) -> tuple[pd.DataFrame, ...]:
    """Return the tables of a variant, in the order of `Replicates`, from the measurements of its chunks.

    `order` leads from the chunks' order to that of the `runs`; `blocks` holds the rows of each block, and those of
    class 1.
    """
    trainings, sums, curves, calibration = zip(*parts, strict=True)
    rows = pd.DataFrame(np.concatenate(trainings)).iloc[list(order)].reset_index(drop=True)
    by_metric = np.concatenate(sums, axis=1)
    columns = {metric.block_column: values for metric, values in zip(METRICS.values(), by_metric, strict=True)}
    return (
        pd.concat([runs.assign(variant=name)[list(Run._fields)], rows], axis=1),
        pack_blocks(name, blocks[0], columns, class_1=blocks[1]),
        curve_bands(name, np.concatenate(curves, axis=1)),
        calibration_table(name, np.concatenate(calibration)),
    )


def _runs(splits: Iterable[PlannedSplit]) -> list[tuple[str, int, int]]:
    return [(split.protocol, split.number, seed) for split in splits for seed in split.seeds]
