"""What a population needs to know of a Keras model: its shape, its weights, its regularizers, its Adam."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from regularization.errors import InputError

ACTIVATIONS = ("elu", "linear", "relu", "sigmoid", "softplus", "tanh")
FREE_IN_DENSE = {
    "name",
    "units",
    "activation",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
}
REGULARIZERS = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)


class Architecture(NamedTuple):
    """What the models of one program have in common."""

    units: tuple[int, ...]  # features, then the units of each Dense layer
    activations: tuple[str, ...]
    drops: tuple[bool, ...]  # per Dense layer: dropout falls on its input
    penalises_output: tuple[bool, ...]  # per Dense layer
    adam: tuple[float, float, float]  # beta_1, beta_2, epsilon

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of each layer's kernel and bias in turn, as `get_weights` gives them."""
        return [shape for a, b in itertools.pairwise(self.units) for shape in ((a, b), (b,))]


class Network(NamedTuple):
    """A Keras model as the program takes it."""

    name: str
    architecture: Architecture
    weights: np.ndarray  # (parameters,)
    settings: dict[str, np.ndarray]  # what may differ between the models of one program


def read_network(model: keras.Sequential) -> Network:
    """Raises `InputError` with the model, the layer or part, what was received and what is supported."""
    optimizer = _read_compiled(model)
    layers, rates = _read_layers(model)
    activity = [_penalty(model, layer, layer.activity_regularizer) for layer in layers]
    architecture = Architecture(
        units=(model.input_shape[-1], *(layer.units for layer in layers)),
        activations=tuple(keras.activations.serialize(layer.activation) for layer in layers),
        drops=tuple(rate > 0 for rate in rates),
        penalises_output=tuple(any(penalty) for penalty in activity),
        adam=tuple(optimizer[name] for name in ("beta_1", "beta_2", "epsilon")),
    )
    _check_activations(model, layers, architecture)
    parts = [(layer, part) for layer in layers for part in (layer.kernel_regularizer, layer.bias_regularizer)]
    settings = {
        "penalty": [_penalty(model, layer, part) for layer, part in parts],
        "activity": activity,
        "dropout": rates,
        "learning_rate": optimizer["learning_rate"],
    }
    weights = np.concatenate([array.ravel() for array in model.get_weights()])
    return Network(model.name, architecture, weights, {name: np.float32(value) for name, value in settings.items()})


def stack_settings(networks: Sequence[Network]) -> dict[str, np.ndarray]:
    """The networks' settings side by side, the network as the last axis, and the 1 that the compiler cannot know."""
    stacked = {name: np.stack([network.settings[name] for network in networks], -1) for name in networks[0].settings}
    return stacked | {"opaque_one": np.ones(len(networks), np.float32)}


def _read_compiled(model: keras.Sequential) -> dict:
    """The settings of the model's Adam."""
    loss, optimizer = getattr(model, "loss", None), getattr(model, "optimizer", None)
    if isinstance(loss, keras.losses.BinaryCrossentropy):
        _check_settings(model, loss, keras.losses.BinaryCrossentropy(), {"name"})
    elif loss != "binary_crossentropy":
        raise _refused(model, "loss", loss, "a model compiled with loss='binary_crossentropy'")
    if type(optimizer) is not keras.optimizers.Adam:
        raise _refused(model, "optimizer", optimizer, "keras.optimizers.Adam")
    free = {"name", "learning_rate", "beta_1", "beta_2", "epsilon"}
    _check_settings(model, optimizer, keras.optimizers.Adam(), free)
    if not isinstance(optimizer.get_config()["learning_rate"], float):
        raise _refused(model, "learning_rate", optimizer.get_config()["learning_rate"], "a number")
    return optimizer.get_config()


def _read_layers(model: keras.Sequential) -> tuple[list[keras.layers.Dense], list[float]]:
    """The Dense layers, and the rate of the dropout on the input of each (0 without one)."""
    layers, rates, rate = [], [], None
    for layer in model.layers:
        if type(layer) is keras.layers.Dense:
            for regularizer in (layer.kernel_regularizer, layer.bias_regularizer, layer.activity_regularizer):
                _penalty(model, layer, regularizer)
            _check_settings(model, layer, keras.layers.Dense(layer.units), FREE_IN_DENSE)
            layers.append(layer)
            rates.append(rate or 0.0)
            rate = None
        elif type(layer) is keras.layers.Dropout and rate is None and layer is not model.layers[-1]:
            _check_settings(model, layer, keras.layers.Dropout(0.5), {"name", "rate", "seed"})
            rate = layer.rate
        else:
            raise _refused(model, layer.name, layer, "Dense layers, with at most one Dropout before each")
    return layers, rates


def _check_activations(model: keras.Sequential, layers: list, architecture: Architecture) -> None:
    for layer, activation in zip(layers, architecture.activations, strict=True):
        if activation not in ACTIVATIONS:
            raise _refused(model, layer.name, f"activation {activation!r}", ", ".join(ACTIVATIONS))
    if architecture.activations[-1] != "sigmoid" or architecture.units[-1] != 1:
        raise _refused(model, layers[-1].name, layers[-1].get_config(), "one unit with activation='sigmoid' at the end")


def _penalty(model: keras.Sequential, layer: keras.layers.Layer, regularizer) -> tuple[float, float]:
    if regularizer is not None and type(regularizer) not in REGULARIZERS:
        raise _refused(model, layer.name, regularizer, "L1, L2, L1L2 or None")
    config = regularizer.get_config() if regularizer else {}
    return float(config.get("l1", 0)), float(config.get("l2", 0))


def _check_settings(model: keras.Sequential, part, default, free: set[str]) -> None:
    """Raise unless `part` has the settings of `default`, those named in `free` aside."""
    expected = default.get_config()
    for name, value in part.get_config().items():
        if name not in free and value != expected[name]:
            raise _refused(model, part.name, f"{name}={value!r}", f"{name}={expected[name]!r}")


def _refused(model: keras.Sequential, part: str, received, supported: str) -> InputError:
    return InputError(f"model {model.name!r}, {part}: received {received}; supported: {supported}")
