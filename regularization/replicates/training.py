"""Train every variant under every protocol, measure each network, and make tables of what was measured."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol

import numpy as np

from regularization.errors import InputError
from regularization.jobs.code_bundle import digest_of
from regularization.jobs.engines import train_here
from regularization.jobs.training import read_variant
from regularization.jobs.work import Progress, Trained, Work, join_runs
from regularization.networks.evaluation import describe_kernels
from regularization.population import Network, predict_networks
from regularization.replicates.measuring import Measured, ScaledTable, measure_runs, scale_table
from regularization.replicates.plan import Chunk, in_32_bits, n_runs, plan_bunches, plan_chunks, plan_shards
from regularization.replicates.tables import Replicates, make_tables
from regularization.table import PlannedSplit, Table
from regularization.variants import in_steps, techniques_of


class Store(Protocol):
    """Keeps the measurements of a variant on a chunk of splits, by its settings and the chunk's digest."""

    def load(self, settings: dict, digest: str) -> Measured | None: ...

    def save(self, measured: Measured, settings: dict, digest: str) -> None: ...


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

    A variant is the settings of `build_model` and of training that make it, shares of the training's steps counted on
    the honest splits (`variants.in_steps`), `network` those that all share unless a
    variant has its own. `train_shards(work, shards, on_progress=...)` trains (see `jobs/engines.py`), by default
    here, and `runs_per_shard` is for several processes to share the work; neither changes the result. What the `store`
    has is not trained again. A training that diverged has no figures in its row, and none in the blocks. Raises
    `InputError` where all did.
    """
    n_rows = next((len(split.rows.train) for split in splits if split.protocol == "honest"), len(splits[0].rows.train))
    variants = {
        name: in_steps(settings, n_rows=n_rows, epochs=epochs, batch_size=batch_size)
        for name, settings in variants.items()
    }
    chunks, advance = plan_chunks(splits, table), on_progress or (lambda _: None)
    keeper, digests = NoStore() if store is None else store, [digest_of(*chunk) for chunk in chunks]
    measured: dict[str, list[Measured | None]] = {
        name: [keeper.load(techniques_of(settings), digest) for digest in digests]
        for name, settings in variants.items()
    }
    advance(
        sum(n_runs(chunk) for parts in measured.values() for chunk, part in zip(chunks, parts, strict=True) if part)
    )
    for missing, names in _by_missing_chunks(measured).items():
        some = {name: variants[name] for name in names}
        for bunch in plan_bunches([chunks[number] for number in missing], table):
            work, scaled = _work_on(bunch, table, network, epochs, batch_size)
            shards = plan_shards(list(some.values()), list(chain(*bunch)), runs_per_shard=runs_per_shard)
            by_shard = dict(train_shards(work, shards, on_progress=advance))
            trained = join_runs([by_shard[number] for number in range(len(shards))])
            for name, chunk, result in _measure_bunch(some, bunch, trained, scaled, table, network):
                number = chunks.index(chunk)
                measured[name][number] = result
                keeper.save(result, techniques_of(variants[name]), digests[number])
    replicates = make_tables(
        {name: [part for part in results if part] for name, results in measured.items()}, chunks, splits, table
    )
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
    scaled = [scale_table(split, parts, len(table.y)) for split, parts in zip(splits, arrays, strict=True)]
    return Work(network, epochs, batch_size, tuple(parts[:4] for parts in arrays)), scaled


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
            of_variant = Trained(
                trained.weights[number, runs, : template.architecture.n_parameters],
                trained.curves[:, number, runs],
                trained.best_epochs[number, runs],
                trained.diverged[number, runs],
            )
            yield name, chunk, _measure(template, of_variant, chunk, tables, table, validated=patience is not None)
        first_split, first_run = first_split + len(chunk), runs.stop


def _measure(
    template: Network,
    trained: Trained,
    chunk: Chunk,
    tables: Sequence[ScaledTable],
    table: Table,
    *,
    validated: bool,
) -> Measured:
    """Measure one variant's networks, one per split and seed; `trained` has no axis of variants."""
    of_run = [scaled for split, scaled in zip(chunk, tables, strict=True) for _ in split.seeds]
    outputs, penalties = predict_networks(
        [template] * len(of_run), trained.weights, [data.X for data in of_run], [data.shares for data in of_run]
    )
    described = [
        {} if is_lost else describe_kernels(_kernels(template, weights)) | {"best_epoch": float(best_epoch)}
        for weights, best_epoch, is_lost in zip(trained.weights, trained.best_epochs, trained.diverged, strict=True)
    ]
    return measure_runs(
        outputs,
        chunk,
        tables,
        table,
        validated=validated,
        curves=trained.curves,
        diverged=trained.diverged,
        penalties=penalties,
        described=described,
    )


def _kernels(template: Network, weights: np.ndarray) -> list[np.ndarray]:
    shapes = template.architecture.shapes
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(weights, ends)
    return [part for part, shape in zip(parts, shapes, strict=False) if len(shape) == 2]
