"""What the trained networks of a population make of rows: outputs and penalties, by one compiled program."""

import functools
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from regularization.networks.row_order import LANES
from regularization.population.program import compile_prediction
from regularization.population.reader import Architecture, Network, stack_settings

ROWS_AT_ONCE = 2**15  # of a table: 16 networks of 20 units then take some 100 MB


def predict_networks(
    networks: Sequence[Network],
    weights: np.ndarray,
    X: Sequence[np.ndarray],
    shares: Sequence[np.ndarray],
    *,
    workers: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of each network on rows of its own, dropout off, and its penalties `(n_models, parts)`.

    Outputs are what comes before the last activation: logits, or the numbers of a linear unit, `(n_models, rows)`; of
    several units `(n_models, rows, units)`. All networks have as many.

    `weights` are `(n_models, parameters)` as `train_networks` gives them, `X` holds `(rows, features)` per network and
    `shares` `(parts, rows)`: how much each row counts in each part, in which a penalty on outputs takes the mean.
    Networks may share arrays. The result for one network does not depend on the others. Beyond `ROWS_AT_ONCE` rows go
    through the program piece by piece.
    """
    groups = defaultdict(list)
    for number, network in enumerate(networks):
        groups[network.architecture.of_prediction()].append(number)
    chunks = [
        (architecture, np.array(numbers[first : first + LANES]))
        for architecture, numbers in groups.items()
        for first in range(0, len(numbers), LANES)
    ]
    outputs = np.empty((len(networks), len(X[0]), networks[0].architecture.units[-1]), np.float32)
    penalties = np.empty((len(networks), len(shares[0])), np.float32)

    def predict_chunk(architecture: Architecture, numbers: np.ndarray) -> None:
        lanes = np.resize(numbers, LANES)  # a short chunk is filled up with copies, which nobody reads
        settings = stack_settings([networks[number] for number in lanes])
        program = functools.partial(
            compile_prediction(architecture),
            np.ascontiguousarray(weights[lanes, : architecture.n_parameters].T),
            {name: settings[name] for name in ("penalty", "activity", "opaque_one")},
        )
        n_rows, penalty = len(X[0]), 0.0
        for first in range(0, n_rows, ROWS_AT_ONCE):
            rows, size = slice(first, min(first + ROWS_AT_ONCE, n_rows)), min(ROWS_AT_ONCE, n_rows)
            its_X = _stack([X[number][rows] for number in lanes], 0, size)
            its_shares = _stack([shares[number][:, rows] for number in lanes], 1, size)
            logits, of_piece = (array.numpy() for array in program(its_X, its_shares))
            outputs[numbers, rows] = np.moveaxis(logits, -1, 0)[: len(numbers), : rows.stop - first]
            if first and any(architecture.penalises_output):  # each piece has the penalty on weights in it
                of_piece = of_piece - program(its_X, np.zeros_like(its_shares))[1].numpy()
            penalty = of_piece if not first else penalty + of_piece * any(architecture.penalises_output)
        penalties[numbers] = np.moveaxis(penalty, -1, 0)[: len(numbers)]

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        list(pool.map(predict_chunk, *zip(*chunks, strict=True)))
    return outputs[..., 0] if outputs.shape[-1] == 1 else outputs, penalties


def _stack(parts: Sequence[np.ndarray], axis: int, size: int) -> np.ndarray:
    """The parts, one a lane as the last axis, with zeros up to `size` along `axis`: one program serves all pieces."""
    stacked = np.stack(parts, axis=-1).astype(np.float32)
    missing = [(0, size - stacked.shape[axis] if dimension == axis else 0) for dimension in range(stacked.ndim)]
    return np.pad(stacked, missing) if any(map(any, missing)) else stacked
