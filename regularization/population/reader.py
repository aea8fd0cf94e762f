"""What a population needs to know of a Keras model: its shape, its weights, its techniques, its Adam."""

import functools
import itertools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from regularization.errors import InputError
from regularization.population.checks import check_built, check_settings, check_untouched, refused

ACTIVATIONS = ("elu", "linear", "relu", "sigmoid", "softmax", "softplus", "tanh")
# The losses, each by Keras' own function and class; which settings of the class are free; and what must stand last.
LOSSES = {
    "binary_crossentropy": (keras.losses.BinaryCrossentropy, {"label_smoothing"}, "sigmoid"),
    "categorical_crossentropy": (keras.losses.CategoricalCrossentropy, {"label_smoothing"}, "softmax"),
    "sparse_categorical_crossentropy": (keras.losses.SparseCategoricalCrossentropy, set(), "softmax"),
    "mean_squared_error": (keras.losses.MeanSquaredError, set(), "linear"),
    "mean_absolute_error": (keras.losses.MeanAbsoluteError, set(), "linear"),
    "huber": (keras.losses.Huber, set(), "linear"),
}
ALIASES = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "bce": "binary_crossentropy"}
FREE_IN_DENSE = {
    "name", "units", "activation", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "activity_regularizer", "kernel_constraint",
}  # fmt: skip
REGULARIZERS = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
# What may stand before a Dense layer, in this order, each once at most; and what is free to choose in it.
BEFORE_DENSE = {
    keras.layers.BatchNormalization: {"name"},
    keras.layers.GaussianNoise: {"name", "stddev", "seed"},
    keras.layers.Dropout: {"name", "rate", "seed"},
}
MOVING_MOMENTUM, NORMALIZATION_EPSILON = 0.99, 1e-3  # Keras' defaults of BatchNormalization
CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
SCHEDULES = (keras.optimizers.schedules.CosineDecay, keras.optimizers.schedules.ExponentialDecay)
FREE_IN_ADAM = {
    "name", "learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay", *CLIPPING, "use_ema", "ema_momentum",
}  # fmt: skip


class Architecture(NamedTuple):
    """What the models of one program have in common: only what stands here is compiled. Tuples are per Dense layer."""

    units: tuple[int, ...]  # features, then the units of each Dense layer
    activations: tuple[str, ...]
    normalizes: tuple[bool, ...]  # batch normalization falls on its input
    penalises_output: tuple[bool, ...]
    adam: tuple[float, float, float]  # beta_1, beta_2, epsilon
    drops: tuple[bool, ...]  # dropout falls on its input
    noisy: tuple[bool, ...]  # Gaussian noise falls on its input
    constrains: tuple[bool, ...]  # the norms of its kernel
    clip: str  # one of `CLIPPING`, or ""
    decays: bool  # all weights
    averages: bool  # all weights
    smooths: bool  # the labels
    schedules: bool  # the learning rate, from step to step
    loss: str  # one of `LOSSES`, of the sparse one the other
    full_batch: int = 0  # rows of one, for which masks and noise are drawn; 0 where there are none

    @property
    def n_classes(self) -> int:
        """Of the labels; 0 for a number."""
        return {"sigmoid": 2, "softmax": self.units[-1]}.get(LOSSES[self.loss][2], 0)

    @property
    def parts(self) -> list[tuple[str, int, tuple[int, ...]]]:
        """The weights as `get_weights` gives them: name, number of the Dense layer that they belong to, shape."""
        parts = []
        for layer, (inputs, units) in enumerate(itertools.pairwise(self.units)):
            if self.normalizes[layer]:
                parts += [(name, layer, (inputs,)) for name in ("gamma", "beta", "mean", "variance")]
            parts += [("kernel", layer, (inputs, units)), ("bias", layer, (units,))]
        return parts

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [shape for *_, shape in self.parts]

    @property
    def n_parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes)

    def place(self, name: str, layer: int) -> int:
        """Where among `parts` the part `name` of Dense layer `layer` stands."""
        return [part[:2] for part in self.parts].index((name, layer))

    @property
    def moving(self) -> list[int]:
        """Where the parts stand that follow the batches, and no gradient."""
        return [place for place, (name, *_) in enumerate(self.parts) if name in ("mean", "variance")]

    @property
    def trainable(self) -> list[int]:
        return [place for place in range(len(self.parts)) if place not in self.moving]

    @property
    def state(self) -> tuple[str, ...]:
        """What a training keeps of every weight from step to step."""
        return ("weights", "momentum", "velocity", "average") if self.averages else ("weights", "momentum", "velocity")

    def of_prediction(self) -> "Architecture":
        """The same without what training alone uses, so that the models that predict alike share a program."""
        none = (False,) * len(self.activations)
        return self._replace(
            adam=(0.0, 0.0, 0.0), drops=none, noisy=none, constrains=none, clip="", decays=False, averages=False,
            smooths=False, schedules=False, loss=self.loss, full_batch=0,
        )  # fmt: skip

    def in_batches(self, batch_size: int) -> "Architecture":
        """The same for a training in batches of that size, whatever tables are trained on in the same call."""
        return self._replace(full_batch=batch_size) if any((*self.drops, *self.noisy)) else self


class Network(NamedTuple):
    """A Keras model as the program takes it."""

    name: str
    architecture: Architecture
    weights: np.ndarray  # (parameters,)
    settings: dict[str, np.ndarray]  # what may differ between the models of one program
    schedule: Callable | None = None  # the learning rate in each step, from 0; None where it is one for all


def read_network(model: keras.Sequential) -> Network:
    """Raises `InputError` with the model, the layer or part, what was received and what is supported.

    Only what is known is taken, by its very type or identity: whatever is derived from it may compute something else.
    """
    check_untouched(model)
    try:
        return _read(model)
    except InputError:
        raise
    except Exception as error:  # Keras describes a model with a part of an impossible value by an error of any kind
        received = f"a part that Keras cannot describe ({type(error).__name__}: {str(error).partition('.')[0]})"
        raise refused(model, "layers", received, "a model as its constructor made it") from None


def _read(model: keras.Sequential) -> Network:
    loss, smoothing, schedule, optimizer = _read_compiled(model)
    layers, before = _read_layers(model)
    of_layers = {
        "activity": [_penalty(model, layer, layer.activity_regularizer) for layer in layers],
        "dropout": [getattr(kinds.get(keras.layers.Dropout), "rate", 0.0) for kinds in before],
        "stddev": [getattr(kinds.get(keras.layers.GaussianNoise), "stddev", 0.0) for kinds in before],
        "max_norm": [_max_norm(model, layer) for layer in layers],
    }
    architecture = Architecture(
        units=(model.inputs[0].shape[-1], *(layer.units for layer in layers)),
        activations=tuple(_activation(model, layer) for layer in layers),
        normalizes=tuple(keras.layers.BatchNormalization in kinds for kinds in before),
        penalises_output=tuple(any(penalty) for penalty in of_layers["activity"]),
        adam=tuple(optimizer[name] for name in ("beta_1", "beta_2", "epsilon")),
        drops=tuple(rate > 0 for rate in of_layers["dropout"]),
        noisy=tuple(stddev > 0 for stddev in of_layers["stddev"]),
        constrains=tuple(limit > 0 for limit in of_layers["max_norm"]),
        clip=next((name for name in CLIPPING if (optimizer[name] or 0) > 0), ""),  # below 0 is off, as in Keras
        decays=bool(optimizer["weight_decay"]),
        averages=optimizer["use_ema"],
        smooths=smoothing > 0,
        schedules=schedule is not None,
        loss=loss,
    )
    last, n_units = LOSSES[loss][2], architecture.units[-1]
    if architecture.activations[-1] != last or (n_units < 2 if last == "softmax" else n_units != 1):
        units = "two units or more" if last == "softmax" else "one unit"
        supported = f"{units} with activation={last!r} at the end, for the loss {loss}"
        raise refused(model, layers[-1].name, layers[-1].get_config(), supported)
    if "softmax" in architecture.activations[:-1]:
        raise refused(model, "layers", "a softmax before the last", "a softmax at the end alone")
    parts = [(layer, part) for layer in layers for part in (layer.kernel_regularizer, layer.bias_regularizer)]
    settings = of_layers | {
        "penalty": [_penalty(model, layer, part) for layer, part in parts],
        "learning_rate": 0.0 if schedule else optimizer["learning_rate"],
        "weight_decay": optimizer["weight_decay"] or 0.0,
        "clip": optimizer[architecture.clip] if architecture.clip else 0.0,
        "ema_momentum": optimizer["ema_momentum"],
        "label_smoothing": smoothing,
    }
    weights = np.concatenate([array.ravel() for array in model.get_weights()])
    settings = {name: np.float32(value) for name, value in settings.items()}
    return Network(model.name, architecture, weights, settings, schedule)


def stack_settings(networks: Sequence[Network]) -> dict[str, np.ndarray]:
    """The networks' settings side by side, the network as the last axis, and the 1 that the compiler cannot know."""
    stacked = {name: np.stack([network.settings[name] for network in networks], -1) for name in networks[0].settings}
    return stacked | {"opaque_one": np.ones(len(networks), np.float32)}


def _read_compiled(model: keras.Sequential) -> tuple[str, float, Any, dict]:
    """The loss, the label smoothing, the learning rate's schedule if it has one, and the settings of the Adam."""
    optimizer = getattr(model, "optimizer", None)
    loss, smoothing = _read_loss(model)
    if optimizer is None or type(optimizer) not in (keras.optimizers.Adam, keras.optimizers.AdamW):
        raise refused(model, "optimizer", optimizer, "keras.optimizers.Adam and AdamW")
    steps = int(optimizer.iterations)
    if steps:
        raise refused(model, optimizer.name, f"a state after {steps} steps", "a model compiled anew, which begins at 0")
    schedule = _read_schedule(model)
    check_settings(model, optimizer, keras.optimizers.Adam(), FREE_IN_ADAM)
    excluded = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")
    if any(getattr(optimizer, name, None) for name in excluded):
        raise refused(model, optimizer.name, "exclude_from_weight_decay", "weight_decay of all weights")
    return loss, smoothing, schedule, optimizer.get_config()


def _read_loss(model: keras.Sequential) -> tuple[str, float]:
    """Its name among `LOSSES`, that of the sparse cross-entropy being the other's, and the label smoothing."""
    loss: Any = getattr(model, "loss", None)
    smoothing = 0.0
    name_of_loss = ALIASES.get(loss, loss) if isinstance(loss, str) else None
    for name, (kind, free, _) in LOSSES.items():
        if type(loss) is kind:
            check_settings(model, loss, kind(), {"name", *free})
            config: dict = loss.get_config()  # type: ignore[union-attr]
            used: dict = loss._fn_kwargs  # type: ignore[union-attr]
            if any(config[name] != value for name, value in used.items() if name in config):
                raise refused(model, "loss", "a setting that was changed after it was made", "a loss made anew")
            name_of_loss, smoothing = name, float(config.get("label_smoothing", 0.0))
    if name_of_loss not in LOSSES:
        raise refused(model, "loss", loss, f"a model compiled with one of the losses {', '.join(LOSSES)}")
    return name_of_loss.removeprefix("sparse_"), smoothing


def _read_schedule(model: keras.Sequential) -> Any:
    """What says the learning rate of each step; None where it is a number."""
    rate = model.optimizer._learning_rate
    if isinstance(rate, keras.Variable):
        return None
    if type(rate) not in SCHEDULES:
        names = ", ".join(kind.__name__ for kind in SCHEDULES)
        raise refused(model, "learning_rate", rate, f"a number, or one of keras.optimizers.schedules: {names}")
    if rate.get_config().get("warmup_target") is not None:
        raise refused(model, "learning_rate", "CosineDecay with a warmup_target", "CosineDecay without one")
    return _schedule_of(json.dumps(keras.optimizers.schedules.serialize(rate)))


@functools.lru_cache(maxsize=1024)  # models with the same schedule share it, and what it says of every step
def _schedule_of(config: str) -> Any:
    return keras.optimizers.schedules.deserialize(json.loads(config))


def _read_layers(model: keras.Sequential) -> tuple[list[keras.layers.Dense], list[dict]]:
    """The Dense layers, and by its class what stands before each (see `BEFORE_DENSE`)."""
    order = list(BEFORE_DENSE)
    layers, before, kinds = [], [], {}
    for layer in model.layers:
        kind = type(layer)
        if kind is keras.layers.Dense:
            for regularizer in (layer.kernel_regularizer, layer.bias_regularizer, layer.activity_regularizer):
                _penalty(model, layer, regularizer)
            check_settings(model, layer, keras.layers.Dense(layer.units), FREE_IN_DENSE)
            check_built(model, layer)
            layers.append(layer)
            before.append(kinds)
            kinds = {}
        elif kind in order and layer is not model.layers[-1] and not set(kinds) & set(order[order.index(kind) :]):
            default = kind() if kind is keras.layers.BatchNormalization else kind(0.5)
            check_settings(model, layer, default, BEFORE_DENSE[kind])
            kinds[kind] = layer
        else:
            supported = "Dense layers, before each at most one BatchNormalization, GaussianNoise, Dropout in this order"
            raise refused(model, layer.name, layer, supported)
    return layers, before


def _activation(model: keras.Sequential, layer: keras.layers.Dense) -> str:
    """The name of Keras' own function; one of the user's may have the same name."""
    for name in ACTIVATIONS:
        if layer.activation is keras.activations.get(name):
            return name
    received = getattr(layer.activation, "__name__", layer.activation)
    raise refused(model, layer.name, f"activation {received!r}", f"Keras' own {', '.join(ACTIVATIONS)}")


def _penalty(model: keras.Sequential, layer: keras.layers.Layer, regularizer) -> tuple[float, float]:
    if regularizer is not None and type(regularizer) not in REGULARIZERS:
        raise refused(model, layer.name, regularizer, "L1, L2, L1L2 or None")
    config = regularizer.get_config() if regularizer else {}
    return float(config.get("l1", 0)), float(config.get("l2", 0))


def _max_norm(model: keras.Sequential, layer: keras.layers.Layer) -> float:
    """The limit of the norms of the layer's kernel, 0 for none."""
    constraint = layer.kernel_constraint
    if constraint is None:
        return 0.0
    if type(constraint) is not keras.constraints.MaxNorm or constraint.axis != 0 or constraint.max_value <= 0:
        raise refused(model, layer.name, f"kernel_constraint={constraint}", "kernel_constraint=None or MaxNorm(axis=0)")
    return float(constraint.max_value)
