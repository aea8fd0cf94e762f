"""What the trained networks of a population make of rows: logits and penalties, by one compiled program."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from regularization.population.program import compile_prediction
from regularization.population.reader import LANES, Network, stack_settings


def predict_networks(
    networks: Sequence[Network],
    weights: np.ndarray,
    X: Sequence[np.ndarray],
    shares: Sequence[np.ndarray],
    *,
    workers: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Logits `(n_models, rows)` of each network on rows of its own, dropout off, and its penalties `(n_models, parts)`.

    `networks` share one architecture; `weights` are `(n_models, parameters)`, `X` holds `(rows, features)` per network
    and `shares` `(parts, rows)`: how much each row counts in each part, in which a penalty on outputs takes the mean.
    Networks may share arrays. The result for one network does not depend on the others.
    """
    architecture = networks[0].architecture
    settings, predict = stack_settings(networks), compile_prediction(architecture.of_prediction())
    settings = {name: settings[name] for name in ("penalty", "activity", "opaque_one")}
    weights = weights[:, : architecture.n_parameters]

    def of_chunk(first: int) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.arange(first, min(first + LANES, len(networks)))
        lanes = np.resize(numbers, LANES)  # a short chunk is filled up with copies, which nobody reads
        logits, penalties = predict(
            np.ascontiguousarray(weights[lanes].T),
            {name: array[..., lanes] for name, array in settings.items()},
            np.stack([X[number] for number in lanes], axis=-1).astype(np.float32),
            np.stack([shares[number] for number in lanes], axis=-1).astype(np.float32),
        )
        return logits.numpy().T[: len(numbers)], penalties.numpy().T[: len(numbers)]

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        logits, penalties = zip(*pool.map(of_chunk, range(0, len(networks), LANES)), strict=True)
    return np.concatenate(logits), np.concatenate(penalties)
