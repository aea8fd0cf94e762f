"""What the trained networks of a population make of rows: outputs and penalties, by one compiled program."""

import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from regularization.population.program import compile_prediction
from regularization.population.reader import LANES, Architecture, Network, stack_settings


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
    Networks may share arrays. The result for one network does not depend on the others.
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
        found = compile_prediction(architecture)(
            np.ascontiguousarray(weights[lanes, : architecture.n_parameters].T),
            {name: settings[name] for name in ("penalty", "activity", "opaque_one")},
            np.stack([X[number] for number in lanes], axis=-1).astype(np.float32),
            np.stack([shares[number] for number in lanes], axis=-1).astype(np.float32),
        )
        for into, array in zip((outputs, penalties), found, strict=True):
            into[numbers] = np.moveaxis(array.numpy(), -1, 0)[: len(numbers)]

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        list(pool.map(predict_chunk, *zip(*chunks, strict=True)))
    return outputs[..., 0] if outputs.shape[-1] == 1 else outputs, penalties
