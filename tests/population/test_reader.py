import keras
import numpy as np
import pytest

from regularization.errors import InputError
from regularization.population.reader import read_network

pytestmark = pytest.mark.training

UNKNOWN_SCHEDULE = keras.optimizers.schedules.InverseTimeDecay(0.1, 9, 0.5)


def network(*layers, optimizer="adam", loss="binary_crossentropy", end=True) -> keras.Sequential:
    ends = [keras.layers.Dense(1, activation="sigmoid", name="end")] if end else []
    model = keras.Sequential([keras.Input((5,)), *layers, *ends], name="mine")
    model.compile(optimizer, loss)
    return model


def dense(**settings):
    return keras.layers.Dense(4, name="hidden", **{"activation": "relu"} | settings)


class Odd(keras.regularizers.Regularizer):
    def __call__(self, x):
        return 0.1 * keras.ops.sum(x**4)


@pytest.mark.parametrize(
    ("model", "part", "supported"),
    [
        (lambda: network(dense(), keras.layers.LayerNormalization(name="norm")), "norm", "BatchNormalization"),
        (lambda: network(dense(), keras.layers.BatchNormalization(momentum=0.9, name="norm")), "norm", "momentum=0.99"),
        (
            lambda: network(dense(), keras.layers.Dropout(0.1), keras.layers.GaussianNoise(0.1, name="late")),
            "late",
            "in this order",
        ),
        (lambda: network(dense(kernel_constraint=keras.constraints.MaxNorm(axis=1))), "hidden", "axis=0"),
        (
            lambda: network(
                dense(), optimizer=keras.optimizers.Adam(keras.optimizers.schedules.InverseTimeDecay(0.1, 9, 0.5))
            ),
            "learning_rate",
            "a number",
        ),
        (
            lambda: network(dense(), optimizer=keras.optimizers.Adam(use_ema=True, ema_overwrite_frequency=3)),
            "adam",
            "ema_overwrite_frequency",
        ),
        (lambda: network(dense(activation="softmax")), "layers", "a softmax at the end alone"),
        (lambda: network(dense(activation="selu")), "hidden", "relu"),
        (lambda: network(dense(kernel_regularizer=Odd())), "hidden", "L1L2"),
        (lambda: network(dense(kernel_constraint="non_neg")), "hidden", "kernel_constraint=None or MaxNorm"),
        (lambda: network(dense(use_bias=False)), "hidden", "use_bias=True"),
        (lambda: network(keras.layers.Dropout(0.1), keras.layers.Dropout(0.2, name="twice"), dense()), "twice", "one"),
        (lambda: network(dense(), keras.layers.Dropout(0.1, noise_shape=(1, 4), name="noisy")), "noisy", "noise_shape"),
        (lambda: network(dense(), keras.layers.Dropout(0.2, name="last"), end=False), "last", "before"),
        (lambda: network(dense(), end=False), "hidden", "sigmoid"),
        (lambda: network(dense(), optimizer="sgd"), "optimizer", "Adam"),
        (lambda: network(dense(), optimizer=keras.optimizers.Adam(amsgrad=True)), "adam", "amsgrad=False"),
        (lambda: network(dense(), loss="poisson"), "loss", "binary_crossentropy"),
        (lambda: network(dense(), loss="mse"), "end", "one unit with activation='linear' at the end"),
        (lambda: network(dense(), loss="categorical_crossentropy"), "end", "two units or more with .*softmax"),
    ],
)
def test_a_model_it_cannot_take_is_refused_by_name(model, part, supported):
    with pytest.raises(ValueError, match=rf"'mine'.*{part}.*supported: .*{supported}"):
        read_network(model())


class OwnLoss(keras.losses.BinaryCrossentropy):
    pass


class OwnRate(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.1


def relu(x):
    """Of the name of Keras' own, and another function."""
    return keras.ops.abs(x)


def changed(change, *layers, **compiled) -> keras.Sequential:
    """A model that `read_network` takes, but for what `change` does to it."""
    model = network(*(layers or [dense()]), **compiled)
    read_network(model)
    change(model)
    return model


def under_policy(policy: str) -> keras.Sequential:
    keras.config.set_dtype_policy(policy)
    try:
        return network(dense())
    finally:
        keras.config.set_dtype_policy("float32")


def weighted() -> keras.Sequential:
    model = network(dense())
    model.compile("adam", "binary_crossentropy", loss_weights=[2.0])
    return model


def of_input(shape=(5,), **settings) -> keras.Sequential:
    ends = [dense(), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input(shape, **settings), *ends], name="mine")
    model.compile("adam", "binary_crossentropy")
    return model


def fitted() -> keras.Sequential:
    model = network(dense())
    model.fit(np.zeros((4, 5)), np.zeros((4, 1)), verbose=0)
    return model


WARM = keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=3)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (weighted, r"loss_weights: received \[2.0\]"),
        (lambda: network(dense(), loss=OwnLoss()), "loss: received .*; supported: a model compiled with"),
        (lambda: network(dense(activation=relu)), "hidden: received activation 'relu'; supported: Keras' own"),
        (lambda: changed(lambda model: setattr(model.layers[0].kernel, "trainable", False)), "kernel.trainable=False"),
        (lambda: changed(lambda model: setattr(model.layers[0], "trainable", False)), "trainable=False"),
        (lambda: changed(lambda model: setattr(model.layers[0], "call", model.layers[1].call)), "its call replaced"),
        (lambda: changed(lambda model: setattr(model, "train_step", lambda data: {})), "its train_step replaced"),
        (lambda: changed(lambda model: setattr(model, "compute_loss", lambda **_: 0.0)), "its compute_loss replaced"),
        (lambda: changed(lambda model: model.layers[0].enable_lora(1)), "hidden: received LoRA"),
        (fitted, "received a state after 1 steps; supported: a model compiled anew"),
        (lambda: of_input(dtype="int32"), r"Input: received shape \(None, 5\) of int32"),
        (lambda: of_input(dtype="bool"), "of bool"),
        (lambda: of_input((3, 4)), r"Input: received shape \(None, 3, 4\)"),
        (lambda: under_policy("mixed_float16"), "the policy mixed_float16; supported: float32"),
        (lambda: under_policy("bfloat16"), "the policy bfloat16|of bfloat16"),
        (lambda: network(dense(), optimizer=keras.optimizers.Adam(WARM)), "CosineDecay with a warmup_target"),
        (lambda: network(dense(), optimizer=keras.optimizers.Adam(OwnRate())), "learning_rate: received .*OwnRate"),
        (lambda: keras.Sequential(name="mine"), "layers: received none that are built"),
        (lambda: keras.Sequential([keras.layers.Dense(1)], name="mine"), "layers: received none that are built"),
        (lambda: None, "received None; expected a keras.Sequential itself"),
        (lambda: type("Own", (keras.Sequential,), {})([keras.Input((5,))]), "expected a keras.Sequential itself"),
    ],
)
def test_what_only_looks_like_a_model_it_takes_is_refused(model, told):
    with pytest.raises(InputError, match=told):
        read_network(model())


@pytest.mark.parametrize("clip", [{"clipvalue": -1.0}, {"clipnorm": -0.5}, {"clipvalue": 0.0}])
def test_a_limit_below_0_clips_nothing_as_in_keras(clip):
    assert read_network(network(dense(), optimizer=keras.optimizers.Adam(**clip))).architecture.clip == ""
