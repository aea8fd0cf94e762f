"""Train many Keras models together, those of one shape and the same techniques in one compiled program.

The models stand side by side as the last axis of every array (kernels are `(inputs, units, LANES)`, activations
`(rows, units, LANES)`), so that one vector instruction serves a row of models. A lane computes its own model and
nothing else, in a program that is the same however many models there are: who else is trained changes no bit of it.
"""

import functools
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import NamedTuple

import keras
import numpy as np

from regularization.errors import InputError
from regularization.population.dropout_masks import dropout_key
from regularization.population.program import compile_block, unflatten
from regularization.population.reader import LANES, Architecture, Network, read_network, stack_settings
from regularization.population.rows import Dataset, stack_rows
from regularization.row_order import batch_order

PER_MODEL = ("best_loss", "best_epoch")  # of the state; the rest is per weight
LOSSES = [0, 3]  # where the history holds training and validation loss
BLOCK = 25  # epochs in one call of the program: models that are done leave between two calls
BLOCK_BYTES = 10**9  # what the row orders in work may take: a long table gets fewer epochs
ORDERS_KEPT = 2  # for each model in work: models of other techniques take their rows in the same order


def epochs_per_block(n_rows: int, *, workers: int) -> int:
    """How many epochs of `n_rows` rows one call of the program takes: `BLOCK`, or what `BLOCK_BYTES` allow."""
    return max(1, min(BLOCK, BLOCK_BYTES // _order_bytes(n_rows, workers)))


def block_bytes(n_rows: int, n_columns: int, *, workers: int) -> int:
    """What a block of epochs takes in memory: the row orders of all of them, and the rows of one as they are read."""
    orders = epochs_per_block(n_rows, workers=workers) * _order_bytes(n_rows, workers)
    return orders + 2 * 4 * LANES * n_rows * n_columns * workers


def _order_bytes(n_rows: int, workers: int) -> int:
    """Of one epoch: those that are kept, and where each row of every model stands; 32-bit."""
    return 4 * LANES * n_rows * (ORDERS_KEPT + 1) * workers


class PopulationHistory(NamedTuple):
    """What `train_population` saw, `(n_models, epochs)` each, in the order of the models; NaN after an early stop.

    `loss` is Keras' own: with the penalties and, in training, with dropout on. `binary_crossentropy` has no penalty.
    """

    loss: np.ndarray
    binary_crossentropy: np.ndarray
    accuracy: np.ndarray
    val_loss: np.ndarray
    val_binary_crossentropy: np.ndarray
    val_accuracy: np.ndarray
    diverged: tuple[str, ...]  # names of the models whose loss ceased to be a finite number


def train_population(
    models: Sequence[keras.Sequential],
    data: Dataset | Sequence[Dataset],
    *,
    seeds: Sequence[int],
    epochs: int = 500,
    batch_size: int = 32,
    patience: int | Sequence[int | None] | None = None,
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

    A model whose loss ceases to be finite stops there and is named in `diverged`; it keeps the weights it has then.
    The state of a model's optimizer is not handed back.

    Raises `InputError`, a `ValueError`, for a model that it cannot take and for data that do not fit.
    """
    patience = _one_each(patience, len(models))
    numbers = {"epochs": [epochs], "batch_size": [batch_size], "at_once": [at_once], "patience": patience}
    for name, number in ((name, number) for name, values in numbers.items() for number in values):
        if number is not None and number < 1:
            raise InputError(f"{name}: received {number}; expected 1 or more")
    networks = [read_network(model) for model in models]
    datasets = [data] * len(models) if hasattr(data, "X_train") else list(data)
    _check(models, networks, datasets, seeds)
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
    return history


def train_networks(
    networks: Sequence[Network],
    datasets: Sequence[Dataset],
    *,
    seeds: Sequence[int],
    epochs: int,
    batch_size: int,
    patience: int | Sequence[int | None] | None = None,
    at_once: int = 1024,
    workers: int | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> tuple[np.ndarray, PopulationHistory]:
    """`train_population` without Keras models: the trained weights `(n_models, parameters)` and the histories.

    A `Network` is what `read_network` makes of a Keras model; `initial_weights` gives it those of another seed. Neither
    the networks nor the `datasets` are checked. `parameters` is that of the largest network; rows of others end in 0.
    """
    workers = workers or os.cpu_count() or 1
    batch_size = min(batch_size, max(len(data.X_train) for data in datasets))  # a larger one would be filled up
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


def _one_each(patience: int | Sequence[int | None] | None, n_models: int) -> list[int | None]:
    if patience is None or isinstance(patience, int):
        return [patience] * n_models
    if len(patience) != n_models:
        raise InputError(f"patience: received {len(patience)} values; expected one for all or {n_models}, one a model")
    return list(patience)


def _check(models: Sequence, networks: Sequence[Network], datasets: Sequence[Dataset], seeds: Sequence[int]) -> None:
    if not len(models) == len(datasets) == len(seeds) == len({id(model) for model in models}) > 0:
        raise InputError(
            "expected a list of distinct models, a seed for each, and one Dataset for all or one for each; received "
            f"{len(models)} models ({len({id(model) for model in models})} distinct), {len(seeds)} seeds and "
            f"{len(datasets)} datasets"
        )
    for model, network, data in zip(models, networks, datasets, strict=True):
        n_features, expected = network.architecture.units[0], networks[0].architecture.units[0]
        if n_features != expected:
            raise InputError(
                f"model {model.name!r}: received {n_features} features; expected the {expected} of {models[0].name!r}: "
                "train models of other features in a call of their own"
            )
        for X, y in (data[:2], data[2:4]):
            if np.ndim(X) != 2 or len(X) == 0 or np.shape(X)[1] != n_features or np.size(y) != len(X):
                raise InputError(
                    f"model {model.name!r}: received features of shape {np.shape(X)} with labels of shape "
                    f"{np.shape(y)}; expected (rows, {n_features}) with (rows,), and one row or more"
                )
            if not np.isin(y, (0, 1)).all():
                other = np.ravel(y)[~np.isin(np.ravel(y), (0, 1))][0]
                raise InputError(f"model {model.name!r}: received the label {other}; expected 0 or 1")


def _rates(schedule: Callable, n_steps: int) -> np.ndarray:
    """The learning rate in each of so many steps, as Keras has it: `(n_steps,)`."""
    return np.asarray(schedule(np.arange(n_steps, dtype=np.float32)), np.float32)


class _Population:
    """All models' state between two calls of the program; here the model is the first axis of it."""

    def __init__(self, networks, datasets, seeds, *, epochs, batch_size, patience, workers):
        n = len(networks)
        self.architectures = [network.architecture for network in networks]
        self.epochs, self.batch_size, self.seeds = epochs, batch_size, seeds
        self.block = epochs_per_block(max(len(data.X_train) for data in datasets), workers=workers)
        self.order = functools.lru_cache(maxsize=ORDERS_KEPT * LANES * workers)(batch_order)
        weights = np.zeros((n, max(len(network.weights) for network in networks)), np.float32)
        for number, network in enumerate(networks):
            weights[number, : len(network.weights)] = network.weights
        self.networks, self.rates = networks, functools.lru_cache(maxsize=32)(_rates)
        self.state = {  # (models, parameters) and (models,)
            "weights": weights,
            "average": weights.copy() if any(each.averages for each in self.architectures) else weights[:, :0],
            "momentum": np.zeros_like(weights),
            "velocity": np.zeros_like(weights),
            "best_weights": weights.copy(),
            "best_loss": np.full(n, np.inf, np.float32),
            "best_epoch": np.zeros(n, np.int32),
        }
        self.settings = {"key": np.stack([dropout_key(seed) for seed in seeds], axis=-1)}
        self.settings["n_train"] = np.array([len(data.X_train) for data in datasets], np.int32)
        self.settings["n_val"] = np.array([len(data.X_val) for data in datasets], np.int32)
        patience = _one_each(patience, n)
        self.stops_early = np.array([its_patience is not None for its_patience in patience])
        # As in Keras, where the weights of the best epoch come after the averaged ones and replace them.
        self.ends_averaged = np.array([each.averages for each in self.architectures]) & ~self.stops_early
        self.settings["patience"] = np.array([epochs if each is None else each for each in patience], np.int32)
        self.table, self.first_rows = stack_rows(datasets)
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
        for first_epoch in range(0, self.epochs, self.block):
            n_epochs = min(self.block, self.epochs - first_epoch)
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
            groups[self.architectures[number], self._n_batches("n_train", number)].append(number)
        chunks = [np.array(group[i : i + LANES]) for group in groups.values() for i in range(0, len(group), LANES)]
        return sorted(chunks, key=lambda chunk: chunk[0])

    def _n_batches(self, part: str, numbers) -> int:
        return int(-(-np.max(self.settings[part][numbers]) // self.batch_size))

    def _train_chunk(self, chunk: np.ndarray, first_epoch: int, n_epochs: int) -> np.ndarray:
        """`n_epochs` of the models numbered `chunk`, up to `LANES` of them; their state and history move on."""
        lanes = np.resize(chunk, LANES)  # a short chunk is filled up with copies, which nobody reads
        architecture = self.architectures[chunk[0]]
        settings = stack_settings([self.networks[number] for number in lanes])
        if architecture.schedules:
            settings["rates"] = self._rates_of_block(lanes, first_epoch)
        orders = [self._order(number, first_epoch) for number in chunk]
        state, history = compile_block(architecture)(
            self._state(architecture, lanes),
            settings | {name: array[..., lanes] for name, array in self.settings.items()},
            self.table,
            self._rows("n_train", orders, chunk),
            self._rows("n_val", [np.arange(n)[None] for n in self.settings["n_val"][chunk]], chunk)[0],
            np.int32(first_epoch),
            np.int32(n_epochs),
            np.int32(self._n_batches("n_train", chunk)),
        )
        for name, array in state.items():
            part = () if name in PER_MODEL else (slice(architecture.n_parameters),)
            self.state[name][chunk, *part] = array.numpy().T[: len(chunk)]
        history = history.numpy()[:n_epochs, :, : len(chunk)]
        self.history[chunk, :, first_epoch : first_epoch + n_epochs] = history.transpose(2, 1, 0)
        self._stop(chunk, first_epoch + n_epochs)
        return chunk

    def _state(self, architecture: Architecture, lanes: np.ndarray) -> dict[str, np.ndarray]:
        """What the program takes, the model as the last axis."""
        of_weights = {
            name: self.state[name][lanes, : architecture.n_parameters].T
            for name in (*architecture.state, "best_weights")
        }
        return of_weights | {name: self.state[name][lanes] for name in PER_MODEL}

    def _rates_of_block(self, lanes: np.ndarray, first_epoch: int) -> np.ndarray:
        """The learning rate in every step of a block that begins with `first_epoch`: `(epochs, steps, LANES)`."""
        n_steps, most_steps = self._n_batches("n_train", lanes), self._n_batches("n_train", slice(None))
        n_epochs = -(-self.epochs // self.block) * self.block
        found = np.zeros((self.block, most_steps, LANES), np.float32)
        for lane, number in enumerate(lanes):
            rates = self.rates(self.networks[number].schedule, n_epochs * n_steps).reshape(n_epochs, n_steps)
            found[:, :n_steps, lane] = rates[first_epoch : first_epoch + self.block]
        return found

    def _order(self, number: int, first_epoch: int) -> np.ndarray:
        n_rows = int(self.settings["n_train"][number])
        return self.order(self.seeds[number], self.block, n_rows, first_epoch=first_epoch)

    def _rows(self, part: str, orders: list[np.ndarray], chunk: np.ndarray) -> np.ndarray:
        """Where in the table each row stands: `(epochs, batches, batch_size, LANES)`; row 0 where a batch is short."""
        n_batches = self._n_batches(part, slice(None))  # over all models, so that one compiled program serves them
        places = np.zeros((len(orders[0]), n_batches * self.batch_size, LANES), np.int32)
        for lane, (number, order) in enumerate(zip(chunk, orders, strict=True)):
            places[:, : order.shape[1], lane] = self.first_rows[part][number] + order
        return places.reshape(len(orders[0]), n_batches, self.batch_size, LANES)

    def _stop(self, chunk: np.ndarray, epochs_done: int) -> None:
        """Take out of the population who diverged or ran out of patience, and cut their histories there."""
        for number in chunk:
            lost = np.flatnonzero(~np.isfinite(self.history[number, LOSSES, :epochs_done]).all(axis=0))
            last = self.state["best_epoch"][number] + self.settings["patience"][number]
            self.diverged[number] = lost.size > 0 and lost[0] <= last
            last = min(last, lost[0]) if lost.size else last
            self.running[number] = last >= epochs_done
            self.history[number, :, last + 1 :] = np.nan
