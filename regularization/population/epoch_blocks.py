"""What one call of the program is given of the rows and the learning rates: those of a block of epochs."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from regularization.networks.row_order import LANES, ORDERS_KEPT, batch_order, epochs_per_block
from regularization.population.rows import Dataset, stack_rows


class RowPlaces:
    """Where in the `table` of all models' rows each row stands that the models of a chunk take."""

    def __init__(
        self, datasets: Sequence[Dataset], seeds: Sequence[int], *, epochs: int, batch_size: int, workers: int
    ):
        self.table, self.first_rows = stack_rows(datasets)
        self.n_train = np.array([len(data.X_train) for data in datasets], np.int32)
        self.n_val = np.array([len(data.X_val) for data in datasets], np.int32)
        self.epochs_per_block = epochs_per_block(int(self.n_train.max()), epochs=epochs, workers=workers)
        self.batch_size, self.seeds = batch_size, seeds
        self.order = functools.lru_cache(maxsize=ORDERS_KEPT * LANES * workers)(batch_order)

    def n_steps(self, models: np.ndarray | int | slice = slice(None)) -> int:
        """How many batches an epoch has, for the one of the `models` that has most."""
        return self._n_batches(self.n_train[models])

    def of_training(self, chunk: np.ndarray, first_epoch: int) -> np.ndarray:
        """Of a block that begins with `first_epoch`: `(epochs, batches, batch_size, LANES)`."""
        orders = [
            self.order(self.seeds[number], self.epochs_per_block, int(self.n_train[number]), first_epoch=first_epoch)
            for number in chunk
        ]
        return self._places(orders, self.first_rows["train"], chunk, self._n_batches(self.n_train))

    def of_validation(self, chunk: np.ndarray) -> np.ndarray:
        """`(batches, batch_size, LANES)`."""
        orders = [np.arange(n_rows)[None] for n_rows in self.n_val[chunk]]
        return self._places(orders, self.first_rows["val"], chunk, self._n_batches(self.n_val))[0]

    def _places(
        self, orders: list[np.ndarray], first_rows: Sequence[int], chunk: np.ndarray, n_batches: int
    ) -> np.ndarray:
        """The row of zeros where a batch is short. `n_batches` are those of all models: one program serves them."""
        shape = len(orders[0]), n_batches * self.batch_size, LANES
        places = np.full(shape, len(self.table) - 1, np.int32)
        for lane, (number, order) in enumerate(zip(chunk, orders, strict=True)):
            places[:, : order.shape[1], lane] = first_rows[number] + order
        return places.reshape(len(orders[0]), n_batches, self.batch_size, LANES)

    def _n_batches(self, n_rows: np.ndarray) -> int:
        return int(-(-np.max(n_rows) // self.batch_size))


def rates_of_block(
    schedules: Sequence[Callable], first_epoch: int, *, block: int, epochs: int, n_steps: int, most_steps: int
) -> np.ndarray:
    """The learning rate in every step of a block of epochs: `(block, most_steps, LANES)`.

    The models, one a lane, have `n_steps` steps in an epoch, and others of the population up to `most_steps`.
    """
    n_epochs = -(-epochs // block) * block
    of_block = np.zeros((block, most_steps, LANES), np.float32)
    for lane, schedule in enumerate(schedules):
        rates = _rates(schedule, n_epochs * n_steps).reshape(n_epochs, n_steps)
        of_block[:, :n_steps, lane] = rates[first_epoch : first_epoch + block]
    return of_block


@functools.lru_cache(maxsize=32)
def _rates(schedule: Callable, n_steps: int) -> np.ndarray:
    """The learning rate in each of so many steps, as Keras has it: `(n_steps,)`."""
    return np.asarray(schedule(np.arange(n_steps, dtype=np.float32)), np.float32)
