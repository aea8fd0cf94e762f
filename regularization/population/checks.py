"""Whether `train_population` can take what it is handed; whoever may not pass is told in a line."""

from collections import Counter
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import keras
import numpy as np

from regularization.errors import InputError
from regularization.population.rows import Dataset

SET_BY_KERAS = {"build", "quantize", "loss"}  # on the instance itself, over what its class has
Patience = int | Sequence[int | None] | None  # one for all models or one for each; None: until the last epoch


def check_numbers(**numbers: int | Sequence[int | None]) -> None:
    """Raise `InputError` with the name of the first that is no whole number from 1; None stands for no limit."""
    for name, values in numbers.items():
        for number in values if isinstance(values, Sequence | np.ndarray) else [values]:
            if number is not None and not (_is_whole(number) and number >= 1):
                raise InputError(f"{name}: received {number}; expected a whole number, 1 or more")


def _is_whole(number: Any) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)


def one_each(patience: Patience, n_models: int) -> list[int | None]:
    """The patience of each model."""
    if patience is None or not isinstance(patience, Sequence | np.ndarray):
        return [patience] * n_models
    if len(patience) != n_models:
        raise InputError(f"patience: received {len(patience)} values; expected one for all or {n_models}, one a model")
    return list(patience)


def refused(model: keras.Sequential, part: str, received: Any, supported: str) -> InputError:
    return InputError(f"model {model.name!r}, {part}: received {received}; supported: {supported}")


def check_settings(model: keras.Sequential, part: Any, default: Any, free: set[str]) -> None:
    """Raise `InputError` unless `part` has the settings of `default`, those named in `free` aside."""
    expected = default.get_config()
    for name, value in part.get_config().items():
        if name not in free and value != expected[name]:
            raise refused(model, part.name, f"{name}={value!r}", f"{name}={expected[name]!r}")


def check_untouched(model: keras.Sequential) -> None:
    """Raise `InputError` unless it is a plain Keras model of 32-bit numbers, with none of its parts replaced."""
    if type(model) is not keras.Sequential:
        raise InputError(f"received {model!r}; expected a keras.Sequential itself, of no class derived from it")
    if model.activity_regularizer is not None:
        raise refused(model, "activity_regularizer", model.activity_regularizer, "one of a Dense layer")
    if not model.built or not model.layers or not all(layer.built for layer in model.layers):
        raise refused(model, "layers", "none that are built", "a model that begins with keras.Input((features,))")
    (given,) = model.inputs
    if given.dtype != "float32" or len(given.shape) != 2 or given.sparse or given.shape[0] is not None:
        received = f"shape {given.shape} of {given.dtype}{', sparse' if given.sparse else ''}"
        raise refused(model, "Input", received, "keras.Input((features,)) of float32")
    weighted = getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)
    if weighted is not None:
        raise refused(model, "loss_weights", weighted, "loss_weights=None")
    for part in (model, *model.layers):
        replaced = {name for name in vars(part) if callable(getattr(type(part), name, None))} - SET_BY_KERAS
        if replaced:
            raise refused(model, part.name, f"its {min(replaced)} replaced", "Keras' own methods")
    for layer in model.layers:
        if layer.dtype_policy.name != "float32":
            raise refused(model, layer.name, f"the policy {layer.dtype_policy.name}", "float32")
        if getattr(layer, "lora_enabled", False):
            raise refused(model, layer.name, "LoRA", "layers without it")
        frozen = [weight.name for weight in layer.weights if not weight.trainable and "moving" not in weight.name]
        if frozen and layer.trainable:  # a layer that is frozen as a whole has it in its settings
            raise refused(model, layer.name, f"{frozen[0]}.trainable=False", "weights that are trained")


def check_built(model: keras.Sequential, layer: keras.layers.Dense) -> None:
    """Raise `InputError` where a setting of the layer was changed after it was built, which Keras passes over."""
    for part in ("kernel", "bias"):
        for kind in ("regularizer", "constraint"):
            given, used = getattr(layer, f"{part}_{kind}"), getattr(getattr(layer, part), kind)
            if given is not used:
                received = f"{part}_{kind}={given} of a layer that was built with {used}"
                raise refused(model, layer.name, received, "what a layer is built with")
    shape = layer.get_weights()[0].shape
    if shape[-1] != layer.units:
        raise refused(model, layer.name, f"units={layer.units}, with a kernel {shape}", "the units it was built with")


def check_models(
    models: Sequence[keras.Sequential], networks: Sequence[Any], datasets: Sequence[Dataset], seeds: Sequence[int]
) -> None:
    """Raise `InputError` unless there is a seed and a `Dataset` for each model, and all are of the same features."""
    if not len(models) == len(datasets) == len(seeds) == len({id(model) for model in models}) > 0:
        raise InputError(
            "expected a list of distinct models, a seed for each, and one Dataset for all or one for each; received "
            f"{len(models)} models ({len({id(model) for model in models})} distinct), {len(seeds)} seeds and "
            f"{len(datasets)} datasets"
        )
    for seed in seeds:
        if not _is_whole(seed) or seed < 0:
            raise InputError(f"seeds: received {seed!r}; expected whole numbers from 0")
    owners = Counter(id(layer) for model in models for layer in model.layers)
    for model in models:
        for layer in model.layers:
            if owners[id(layer)] > 1:
                raise refused(model, layer.name, "a layer that another model has too", "layers of its own")
    expected = networks[0].architecture.units[0]
    for network, data in zip(networks, datasets, strict=True):
        n_features = network.architecture.units[0]
        if n_features != expected:
            raise InputError(
                f"model {network.name!r}: received {n_features} features; expected the {expected} of "
                f"{networks[0].name!r}: train models of other features in a call of their own"
            )
        if hasattr(data, "sample_weight"):
            raise InputError(f"model {network.name!r}: received sample_weight; expected rows that all count the same")
        for X, y in (data[:2], data[2:4]):
            _check_rows(network.name, X, y, network.architecture)


def _check_rows(name: str, X: np.ndarray, y: np.ndarray, architecture: Any) -> None:
    n_features, n_classes = architecture.units[0], architecture.n_classes
    y = _class_numbers(y, architecture.units[-1])
    if np.ndim(X) != 2 or len(X) == 0 or np.shape(X)[1] != n_features or np.size(y) != len(X):
        raise InputError(
            f"model {name!r}: received features of shape {np.shape(X)} with labels of shape {np.shape(y)}; expected "
            f"(rows, {n_features}) with (rows,), and one row or more"
        )
    if np.asarray(X).dtype.kind not in "biuf" or not np.isfinite(X).all():
        raise InputError(f"model {name!r}: received a feature that is no finite number; expected numbers alone")
    expected = (
        "finite numbers" if not n_classes else f"the numbers 0 {'and' if n_classes == 2 else 'to'} {n_classes - 1}"
    )
    if np.asarray(y).dtype.kind not in "biuf":
        raise InputError(f"model {name!r}: received the label {str(np.ravel(y)[0])!r}; expected {expected}")
    wrong = ~np.isin(np.ravel(y), range(n_classes)) if n_classes else ~np.isfinite(np.ravel(y))
    if wrong.any():
        raise InputError(f"model {name!r}: received the label {np.ravel(y)[wrong][0]}; expected {expected}")


def _class_numbers(y: np.ndarray, n_units: int) -> np.ndarray:
    """The labels `(rows,)`, also where they are one-hot, for as many units."""
    y = np.asarray(y)
    is_one_hot = y.ndim == 2 and y.shape[1] == n_units > 1 and y.dtype.kind in "biuf"
    if is_one_hot and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return y.argmax(axis=1)
    return y
