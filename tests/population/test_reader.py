import keras
import pytest

from regularization.population.reader import read_network

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
        (lambda: network(dense(activation="softmax")), "hidden", "relu"),
        (lambda: network(dense(kernel_regularizer=Odd())), "hidden", "L1L2"),
        (lambda: network(dense(kernel_constraint="non_neg")), "hidden", "kernel_constraint=None or MaxNorm"),
        (lambda: network(dense(use_bias=False)), "hidden", "use_bias=True"),
        (lambda: network(keras.layers.Dropout(0.1), keras.layers.Dropout(0.2, name="twice"), dense()), "twice", "one"),
        (lambda: network(dense(), keras.layers.Dropout(0.1, noise_shape=(1, 4), name="noisy")), "noisy", "noise_shape"),
        (lambda: network(dense(), keras.layers.Dropout(0.2, name="last"), end=False), "last", "before"),
        (lambda: network(dense(), end=False), "hidden", "sigmoid"),
        (lambda: network(dense(), optimizer="sgd"), "optimizer", "Adam"),
        (lambda: network(dense(), optimizer=keras.optimizers.Adam(amsgrad=True)), "adam", "amsgrad=False"),
        (lambda: network(dense(), loss="mse"), "loss", "binary_crossentropy"),
    ],
)
def test_a_model_it_cannot_take_is_refused_by_name(model, part, supported):
    with pytest.raises(ValueError, match=rf"'mine'.*{part}.*supported: .*{supported}"):
        read_network(model())
