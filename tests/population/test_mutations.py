"""What is changed on an accepted model, attribute by attribute, trains as Keras trains it, or is refused."""

import contextlib

import keras
import numpy as np
import pytest

from regularization.errors import InputError
from regularization.networks.row_order import batch_order
from regularization.population import train_population
from tests.population.test_training import BATCH_SIZE, DATA, build, fit_in_order

pytestmark = [pytest.mark.training, pytest.mark.slow]

EPOCHS = 3
SETTINGS = {"l1": 0.003, "l2": 0.02, "weight_decay": 0.1, "clipnorm": 1.0, "label_smoothing": 0.1}
PARTS = {
    "model": lambda model: model,
    "first layer": lambda model: model.layers[0],
    "penalized layer": lambda model: model.layers[1],
    "last layer": lambda model: model.layers[-1],
    "regularizer": lambda model: next(
        layer.kernel_regularizer for layer in model.layers if getattr(layer, "kernel_regularizer", None)
    ),
    "optimizer": lambda model: model.optimizer,
    "loss": lambda model: model.loss,
}
OF_FIT = ("built", "compiled", "steps_per_execution", "test_function", "train_function", "lora_rank")
POLICIES = ("float16", "bfloat16", "float64", "mixed_float16")


def others(value: object) -> list:
    """Other values for an attribute that has this one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 0]
    if isinstance(value, float):
        return [value * 1.5 + 0.1, 0.0, -value]
    if value is None:
        return [0.5, 2, "sum", keras.regularizers.L2(0.5)]
    if isinstance(value, str):
        return ["sum", "float16"]
    if isinstance(value, keras.DTypePolicy):
        return [keras.DTypePolicy(name) for name in POLICIES]
    if isinstance(value, keras.regularizers.Regularizer):
        return [None, keras.regularizers.L2(0.5)]
    if callable(value) and getattr(value, "__module__", "").startswith("keras.src.activations"):
        return [keras.activations.tanh, lambda x: x]
    return []


def mutations() -> list[tuple[str, str, int]]:
    model = build(**SETTINGS)
    return [
        (part, name, number)
        for part, find in PARTS.items()
        for name, value in sorted(attributes(find(model)).items())
        for number in range(len(others(value)))
        if name != "_initial_epoch"  # of a call of `fit`, which sets it
    ]


def attributes(part: object) -> dict[str, object]:
    """What can be set on it, `trainable` among it, which is a property."""
    return vars(part) | ({"trainable": part.trainable} if hasattr(part, "trainable") else {})


def mutated(part: str, name: str, number: int) -> keras.Sequential:
    model = build(**SETTINGS)
    place = PARTS[part](model)
    setattr(place, name, others(attributes(place)[name])[number])
    return model


def trained_by_keras(*mutation) -> list[np.ndarray] | None:
    """Its weights; None where Keras itself cannot train such a model."""
    with contextlib.suppress(Exception):  # whatever it raises
        model = mutated(*mutation)
        fit_in_order(model, DATA, batch_order(0, EPOCHS, len(DATA.X_train)))
        return model.get_weights()
    return None


@pytest.mark.parametrize("mutation", mutations(), ids=lambda its: " ".join(map(str, its)))
def test_a_changed_attribute_trains_as_in_keras_or_is_refused(mutation):
    try:
        model = mutated(*mutation)
    except Exception as error:
        pytest.skip(f"Keras takes no such value: {error}")
    try:
        train_population([model], DATA, seeds=[0], epochs=EPOCHS, batch_size=BATCH_SIZE)
    except InputError as error:
        assert model.name in str(error) or "expected a keras.Sequential" in str(error)
        return
    expected = trained_by_keras(*mutation)
    if expected is None:  # what only `fit` goes by, such as a `train_function` that is none
        assert mutation[1].startswith("_") or mutation[1] in OF_FIT, "Keras cannot train it"
        return
    for ours, theirs in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
