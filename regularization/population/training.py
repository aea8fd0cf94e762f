"""Train many Keras models together, those of one shape and the same techniques in one compiled program.

The models stand side by side as the last axis of every array (kernels are `(inputs, units, LANES)`, activations
`(rows, units, LANES)`), so that one vector instruction serves a row of models. A lane computes its own model and
nothing else, in a program that is the same however many models there are: who else is trained changes no bit of it.
"""

import functools
import os
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import NamedTuple

import keras
import numpy as np

from regularization.networks.row_order import LANES
from regularization.population.checks import Patience, check_models, check_numbers, one_each, refused
from regularization.population.dropout_masks import dropout_key
from regularization.population.epoch_blocks import RowPlaces, rates_of_block
from regularization.population.program import compile_block, unflatten
from regularization.population.reader import Architecture, Network, read_network, stack_settings
from regularization.population.rows import Dataset

PER_MODEL = ("best_loss", "best_epoch")  # of the state; the rest is per weight
_USED = weakref.WeakSet()  # optimizers of models that were trained, whose state is not kept
LOSSES = [0, 3]  # where the history holds training and validation loss


class PopulationHistory(NamedTuple):
    """What `train_population` saw, `(n_models, epochs)` each, in the order of the models; NaN after an early stop.

    `loss` is Keras' own: with the penalties, smoothed labels and, in training, with dropout on. `data_loss` has neither
    penalty nor smoothing. `score` is the accuracy, of a number the mean absolute error.
    """

    loss: np.ndarray
    data_loss: np.ndarray
    score: np.ndarray
    val_loss: np.ndarray
    val_data_loss: np.ndarray
    val_score: np.ndarray
    diverged: tuple[str, ...]  # names of the models whose loss ceased to be a finite number


def train_population(
    models: Sequence[keras.Sequential],
    data: Dataset | Sequence[Dataset],
    *,
    seeds: Sequence[int],
    epochs: int = 500,
    batch_size: int = 32,
    patience: Patience = None,
    at_once: int = 1024,
    workers: int | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> PopulationHistory:
    """Train every compiled model in place, as Keras' `fit` would, and return their histories.

    Widths, activations, initial weights, regularizers, dropout rates, Adam's settings and the other techniques are read
    off each model, which pays for nothing that only others use: those of different widths or techniques are different
    programs, each compiled once. All take the same number of features. `data` is one `Dataset` for all or one per model
    (models may share one; a named tuple that begins with its four fields serves); row counts may differ. `seeds` fix,
    per model, the order of its rows (`batch_order`), its dropout masks (`dropout_mask`) and its noise
    (`gaussian_noise`).

    `patience`, one for all or one for each: a model stops once its validation loss has not fallen for so many epochs,
    and gets the weights of its best epoch; with None, those of the last. A model that stops frees its place.

    `at_once` limits how many models are in training at a time. `workers` threads share the work: one per processor
    unless said. `on_progress` is called with the number of epochs done since its last call, summed over models; those
    that a stopped model saves count as done.

    A model whose training or validation loss ceases to be finite stops there, where Keras would go on, and is named in
    `diverged`; it has the weights that it had then, with `patience` those of its best epoch before, or its initial
    ones.
    The state of a model's optimizer is not handed back: compile a model anew before it is trained again.

    Raises `InputError`, a `ValueError`, for a model that it cannot take and for data that do not fit.
    """
    patience = one_each(patience, len(models))
    check_numbers(epochs=epochs, batch_size=batch_size, at_once=at_once, patience=patience, workers=workers)
    networks = [read_network(model) for model in models]
    datasets = [data] * len(models) if hasattr(data, "X_train") else list(data)
    check_models(models, networks, datasets, seeds)
    for model in models:
        if model.optimizer in _USED:
            raise refused(model, "optimizer", "one that it was trained with here", "a model compiled anew")
    weights, history = train_networks(
        networks,
        datasets,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        at_once=at_once,
        workers=workers,
        on_progress=on_progress,
    )
    for model, network, its_weights in zip(models, networks, weights, strict=True):
        architecture = network.architecture
        model.set_weights(unflatten(its_weights[: architecture.n_parameters], architecture.shapes, np.reshape))
        _USED.add(model.optimizer)
    return history


def train_networks(
    networks: Sequence[Network],
    datasets: Sequence[Dataset],
    *,
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    patience: Patience = None,
    at_once: int = 1024,
    workers: int | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> tuple[np.ndarray, PopulationHistory]:
    """`train_population` without Keras models: the trained weights `(n_models, parameters)` and the histories.

    A `Network` is what `read_network` makes of a Keras model; `initial_weights` gives it those of another seed. Neither
    the networks nor the `datasets` are checked. `parameters` is that of the largest network; rows of others end in 0.
    """
    workers = workers or os.cpu_count() or 1
    population = _Population(
        networks, datasets, seeds, epochs=epochs, batch_size=batch_size, patience=patience, workers=workers
    )
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(networks), at_once):
            for epochs_done in population.train(np.arange(first, min(first + at_once, len(networks))), pool):
                if on_progress:
                    on_progress(epochs_done)
    diverged = tuple(networks[number].name for number in np.flatnonzero(population.diverged))
    return population.results(), PopulationHistory(*population.history.swapaxes(0, 1), diverged=diverged)


def first_lost(losses: np.ndarray) -> int | None:
    """The first epoch with a loss that is no finite number, of `(epochs, 2)`; None where there is none."""
    lost = np.flatnonzero(~np.isfinite(losses).all(axis=1))
    return int(lost[0]) if lost.size else None


class _Population:
    """All models' state between two calls of the program; here the model is the first axis of it."""

    def __init__(self, networks, datasets, seeds, *, epochs, batch_size, patience, workers):
        n = len(networks)
        self.architectures = [network.architecture.in_batches(batch_size) for network in networks]
        self.networks, self.epochs = networks, epochs
        averages = np.array([architecture.averages for architecture in self.architectures])
        most_rows = max(len(data.X_train) for data in datasets)  # a larger batch would be filled up
        self.rows = RowPlaces(datasets, seeds, epochs=epochs, batch_size=min(batch_size, most_rows), workers=workers)
        weights = np.zeros((n, max(len(network.weights) for network in networks)), np.float32)
        for number, network in enumerate(networks):
            weights[number, : len(network.weights)] = network.weights
        self.state = {  # (models, parameters) and (models,)
            "weights": weights,
            "average": weights.copy() if averages.any() else weights[:, :0],
            "momentum": np.zeros_like(weights),
            "velocity": np.zeros_like(weights),
            "best_weights": weights.copy(),
            "best_loss": np.full(n, np.inf, np.float32),
            "best_epoch": np.zeros(n, np.int32),
        }
        self.settings = {"key": np.stack([dropout_key(seed) for seed in seeds], axis=-1)}
        self.settings |= {"n_train": self.rows.n_train, "n_val": self.rows.n_val}
        patience = one_each(patience, n)
        self.stops_early = np.array([its_patience is not None for its_patience in patience])
        # As in Keras, where the weights of the best epoch come after the averaged ones and replace them.
        self.ends_averaged = averages & ~self.stops_early
        waits = [epochs if epochs_without is None else epochs_without for epochs_without in patience]
        self.settings["patience"] = np.array(waits, np.int32)
        self.history = np.full((n, 6, epochs), np.nan, np.float32)
        self.running, self.diverged = np.ones(n, bool), np.zeros(n, bool)

    def results(self) -> np.ndarray:
        """The trained weights, `(models, parameters)`."""
        ended = np.where(self.stops_early[:, None], self.state["best_weights"], self.state["weights"])
        if self.ends_averaged.any():
            ended = np.where((self.ends_averaged & ~self.diverged)[:, None], self.state["average"], ended)
        return ended

    def train(self, members: np.ndarray, pool: Executor) -> Iterator[int]:
        """Train the models numbered `members` to their end; yields the number of epochs done since the last time."""
        for first_epoch in range(0, self.epochs, self.rows.epochs_per_block):
            n_epochs = min(self.rows.epochs_per_block, self.epochs - first_epoch)
            chunks = self._chunks(members[self.running[members]])
            train_chunk = functools.partial(self._train_chunk, first_epoch=first_epoch, n_epochs=n_epochs)
            for chunk in pool.map(train_chunk, chunks):
                n_stopped = int(np.count_nonzero(~self.running[chunk]))
                yield n_epochs * len(chunk) + (self.epochs - first_epoch - n_epochs) * n_stopped

    def _chunks(self, members: np.ndarray) -> list[np.ndarray]:
        """`members` with the same program and number of steps, `LANES` at a time, by the first of each.

        So models that stand near each other are trained one soon after the other, whatever their programs, and share
        the row orders that they have in common.
        """
        groups = defaultdict(list)
        for number in members:
            groups[self.architectures[number], self.rows.n_steps(number)].append(number)
        chunks = [np.array(group[i : i + LANES]) for group in groups.values() for i in range(0, len(group), LANES)]
        return sorted(chunks, key=lambda chunk: chunk[0])

    def _train_chunk(self, chunk: np.ndarray, first_epoch: int, n_epochs: int) -> np.ndarray:
        """`n_epochs` of the models numbered `chunk`, up to `LANES` of them; their state and history move on."""
        state, history = self._run(chunk, first_epoch, n_epochs)
        for lane in range(len(chunk)):
            lost = first_lost(history[:, LOSSES, lane])
            if lost is not None and lost + 1 < n_epochs:  # it stops there, with the weights that it has then
                ended, _ = self._run(chunk[lane : lane + 1], first_epoch, lost + 1)
                for name, array in ended.items():
                    state[name][..., lane] = array[..., 0]
        for name, array in state.items():
            part = () if name in PER_MODEL else (slice(self.architectures[chunk[0]].n_parameters),)
            self.state[name][chunk, *part] = array.T
        self.history[chunk, :, first_epoch : first_epoch + n_epochs] = history.transpose(2, 1, 0)
        self._stop(chunk, first_epoch + n_epochs)
        return chunk

    def _run(self, chunk: np.ndarray, first_epoch: int, n_epochs: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Their state after it, the model as the last axis, and their history `(n_epochs, 6, models)`."""
        lanes = np.resize(chunk, LANES)  # a short chunk is filled up with copies, which nobody reads
        architecture = self.architectures[chunk[0]]
        settings = stack_settings([self.networks[number] for number in lanes])
        if architecture.schedules:
            settings["rates"] = rates_of_block(
                [self.networks[number].schedule for number in lanes],
                first_epoch,
                block=self.rows.epochs_per_block,
                epochs=self.epochs,
                n_steps=self.rows.n_steps(chunk),
                most_steps=self.rows.n_steps(),
            )
        state, history = compile_block(architecture)(
            self._state(architecture, lanes),
            settings | {name: array[..., lanes] for name, array in self.settings.items()},
            self.rows.table,
            self.rows.of_training(chunk, first_epoch),
            self.rows.of_validation(chunk),
            np.int32(first_epoch),
            np.int32(n_epochs),
            np.int32(self.rows.n_steps(chunk)),
        )
        ended = {name: array.numpy()[..., : len(chunk)].copy() for name, array in state.items()}
        return ended, history.numpy()[:n_epochs, :, : len(chunk)]

    def _state(self, architecture: Architecture, lanes: np.ndarray) -> dict[str, np.ndarray]:
        """What the program takes, the model as the last axis."""
        of_weights = {
            name: self.state[name][lanes, : architecture.n_parameters].T
            for name in (*architecture.state, "best_weights")
        }
        return of_weights | {name: self.state[name][lanes] for name in PER_MODEL}

    def _stop(self, chunk: np.ndarray, epochs_done: int) -> None:
        """Take out of the population who diverged or ran out of patience, and cut their histories there."""
        for number in chunk:
            lost = first_lost(self.history[number, LOSSES, :epochs_done].T)
            last = self.state["best_epoch"][number] + self.settings["patience"][number]
            self.diverged[number] = lost is not None and lost <= last
            last = last if lost is None else min(last, lost)
            self.running[number] = last >= epochs_done
            self.history[number, :, last + 1 :] = np.nan
