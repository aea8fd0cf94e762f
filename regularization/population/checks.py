"""Whether what `train_population` is handed fits together; whoever may not pass is told in a line."""

from collections.abc import Sequence

import numpy as np

from regularization.errors import InputError
from regularization.population.reader import Network
from regularization.population.rows import Dataset

Patience = int | Sequence[int | None] | None  # one for all models or one for each; None: until the last epoch


def check_numbers(**numbers: int | Sequence[int | None]) -> None:
    """Raise `InputError` with the name of the first that is under 1; None stands for no limit."""
    for name, values in numbers.items():
        for number in values if isinstance(values, Sequence) else [values]:
            if number is not None and number < 1:
                raise InputError(f"{name}: received {number}; expected 1 or more")


def one_each(patience: Patience, n_models: int) -> list[int | None]:
    """The patience of each model."""
    if patience is None or isinstance(patience, int):
        return [patience] * n_models
    if len(patience) != n_models:
        raise InputError(f"patience: received {len(patience)} values; expected one for all or {n_models}, one a model")
    return list(patience)


def check_models(
    models: Sequence, networks: Sequence[Network], datasets: Sequence[Dataset], seeds: Sequence[int]
) -> None:
    """Raise `InputError` unless there is a seed and a `Dataset` for each model, and all are of the same features."""
    if not len(models) == len(datasets) == len(seeds) == len({id(model) for model in models}) > 0:
        raise InputError(
            "expected a list of distinct models, a seed for each, and one Dataset for all or one for each; received "
            f"{len(models)} models ({len({id(model) for model in models})} distinct), {len(seeds)} seeds and "
            f"{len(datasets)} datasets"
        )
    expected = networks[0].architecture.units[0]
    for network, data in zip(networks, datasets, strict=True):
        n_features = network.architecture.units[0]
        if n_features != expected:
            raise InputError(
                f"model {network.name!r}: received {n_features} features; expected the {expected} of "
                f"{networks[0].name!r}: train models of other features in a call of their own"
            )
        for X, y in (data[:2], data[2:4]):
            _check_rows(network.name, X, y, n_features)


def _check_rows(name: str, X: np.ndarray, y: np.ndarray, n_features: int) -> None:
    if np.ndim(X) != 2 or len(X) == 0 or np.shape(X)[1] != n_features or np.size(y) != len(X):
        raise InputError(
            f"model {name!r}: received features of shape {np.shape(X)} with labels of shape {np.shape(y)}; expected "
            f"(rows, {n_features}) with (rows,), and one row or more"
        )
    if not np.isin(y, (0, 1)).all():
        other = np.ravel(y)[~np.isin(np.ravel(y), (0, 1))][0]
        raise InputError(f"model {name!r}: received the label {other}; expected 0 or 1")
