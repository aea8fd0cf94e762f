"""Train configurations on the same splits, and keep what their networks predict. Needs TensorFlow."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from regularization.jobs.training import read_variant
from regularization.jobs.work import Progress, Shard, Trained, Work
from regularization.population import predict_networks
from regularization.sweep.rounds import Cell, Predicted
from regularization.variants import program_of, techniques_of

CELLS_PER_SHARD = 32  # 160 trainings on 5 folds: enough for the compiled program, few enough to share out


class Store(Protocol):
    """Keeps the predictions of a configuration, by its settings and seeds."""

    def load(self, settings: dict, seeds: tuple[int, ...]) -> Predicted | None: ...

    def save(self, predicted: Predicted, settings: dict, seeds: tuple[int, ...]) -> None: ...


def train_cells(
    cells: Sequence[Cell],
    work: Work,
    scored: Sequence[np.ndarray],
    *,
    train_shards: Callable[..., Iterator[tuple[int, Trained]]],
    store: Store,
    on_progress: Progress,
) -> Iterator[tuple[int, Predicted]]:
    """Yield the number and the predictions of each of the `cells`, in any order; what the `store` has is not trained.

    `scored` holds the inputs of the rows that each split of the `work` is scored on, 32-bit. `train_shards` is one of
    the functions of `jobs/engines.py`.
    """
    missing = []
    for number, cell in enumerate(cells):
        kept = store.load(techniques_of(cell.settings), cell.seeds)
        if kept is None:
            missing.append(number)
        else:
            on_progress(len(cell.seeds))
            yield number, kept
    shards = [
        ([missing[place] for place in places], shard)
        for places, shard in plan_shards([cells[number] for number in missing])
    ]
    for place, trained in train_shards(work, [shard for _, shard in shards], on_progress=on_progress):
        numbers, shard = shards[place]
        for number, predicted in zip(numbers, _predictions(work, shard, trained, scored), strict=True):
            store.save(predicted, techniques_of(cells[number].settings), cells[number].seeds)
            yield number, predicted


def plan_shards(cells: Sequence[Cell]) -> list[tuple[list[int], Shard]]:
    """Return shards of the cells, each with their numbers: networks of one shard share their seeds.

    Cells of one program stay together, as far as a shard holds them; programs with few cells share a shard, and so the
    cores that train it.
    """
    alike = defaultdict(list)
    for number, cell in enumerate(cells):
        alike[cell.seeds, program_of(cell.settings)].append(number)
    shards: list[list[int]] = []
    for numbers in alike.values():
        for first in range(0, len(numbers), CELLS_PER_SHARD):
            some = numbers[first : first + CELLS_PER_SHARD]
            fits = shards and len(shards[-1]) + len(some) <= CELLS_PER_SHARD
            if fits and cells[shards[-1][0]].seeds == cells[some[0]].seeds:
                shards[-1] += some
            else:
                shards.append(some)
    return [
        (numbers, Shard(tuple(cells[number].settings for number in numbers), tuple(enumerate(cells[numbers[0]].seeds))))
        for numbers in shards
    ]


def _predictions(work: Work, shard: Shard, trained: Trained, scored: Sequence[np.ndarray]) -> Iterator[Predicted]:
    """Return the predictions of every variant of the `shard`, in their order."""
    templates = [read_variant(work.network, settings)[0] for settings in shard.variants]
    n_rows, n_runs = [len(X) for X in scored], len(shard.runs)
    # All splits get the same number of rows, so that one compiled program serves them; nobody reads the ones added.
    padded = [np.pad(X, ((0, max(n_rows) - len(X)), (0, 0))) for X in scored]
    outputs, _ = predict_networks(
        [template for template in templates for _ in shard.runs],
        trained.weights.reshape(len(templates) * n_runs, -1),
        [padded[split] for split, _ in shard.runs] * len(templates),
        [np.zeros((1, max(n_rows)), np.float32)] * (len(templates) * n_runs),
    )
    for number, of_template in enumerate(outputs.reshape(len(templates), n_runs, *outputs.shape[1:])):
        of_splits = [row[: n_rows[split]] for row, (split, _) in zip(of_template, shard.runs, strict=True)]
        yield Predicted(np.concatenate(of_splits), trained.diverged[number])
