import functools
from typing import NamedTuple

import keras
import numpy as np
import pytest

from regularization.errors import InputError
from regularization.networks.fit import fit_epochs
from regularization.networks.models import build_base_model, build_dropout_model, build_regularized_model
from regularization.networks.row_order import batch_order

pytestmark = pytest.mark.training

EPOCHS, BATCH_SIZE = 6, 32


def rows(n_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_rows, 11))
    return X, (X[:, 0] + 0.5 * random.normal(size=n_rows) > 0).astype(int)


def fit(model: keras.Sequential, *, epochs: int = EPOCHS, **settings) -> keras.callbacks.History:
    return fit_epochs(model, *rows(100), *rows(40, seed=1), epochs=epochs, batch_size=BATCH_SIZE, seed=7, **settings)


def fit_with_keras_alone(model: keras.Sequential) -> dict[str, list[float]]:
    """Keras' own `fit`, an epoch at a time, on rows laid out in the order that `fit_epochs` takes."""
    (X, y), history = rows(100), {}
    for order in batch_order(7, EPOCHS, len(X)):
        kept = model.fit(
            X[order], y[order], batch_size=BATCH_SIZE, shuffle=False, validation_data=rows(40, seed=1), verbose=0
        )
        for name, values in kept.history.items():
            history.setdefault(name, []).extend(values)
    return history


MODELS = {
    "base": build_base_model,
    "both_layers": functools.partial(build_regularized_model, 0.1, None, regularized_layers=(1, 2), activity_l2=0.1),
    "dropout": build_dropout_model,
    "regularized": build_regularized_model,
}


class Fitted(NamedTuple):
    model: keras.Sequential
    history: dict[str, list[float]]
    epochs_seen: list[int]  # by a callback


@functools.cache
def fitted(name: str) -> Fitted:
    """The model of that name, trained once for all tests."""
    model, seen = MODELS[name](seed=3), []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: seen.append(epoch))
    return Fitted(model, fit(model, callbacks=[callback]).history, seen)


@pytest.mark.parametrize(
    "name",
    ["base", *(pytest.param(name, marks=pytest.mark.slow) for name in ("both_layers", "dropout", "regularized"))],
)
def test_weights_and_history_are_those_of_plain_keras(name):
    ours, keras_alone = fitted(name), MODELS[name](seed=3)
    expected = fit_with_keras_alone(keras_alone)
    for mine, theirs in zip(ours.model.get_weights(), keras_alone.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert ours.history.keys() == expected.keys()
    for metric, values in expected.items():
        np.testing.assert_allclose(ours.history[metric], values, rtol=1e-4, err_msg=metric)


def test_fewer_rows_than_a_batch():
    X, y = rows(5)
    model = build_base_model(seed=1)
    history = fit_epochs(model, X, y, X, y, epochs=2, batch_size=BATCH_SIZE, seed=0)
    assert len(history.history["loss"]) == 2


def test_the_same_seed_trains_the_same_network_and_another_does_not():
    first, again, other = fitted("base").model, build_base_model(seed=3), build_base_model(seed=3)
    fit(again)
    fit_epochs(other, *rows(100), *rows(40, seed=1), epochs=EPOCHS, batch_size=BATCH_SIZE, seed=8)
    np.testing.assert_array_equal(first.get_weights()[0], again.get_weights()[0])
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


def test_callbacks_see_each_epoch():
    assert fitted("base").epochs_seen == list(range(EPOCHS))


def test_a_trained_model_saves_and_loads_as_a_plain_sequential(tmp_path):
    model = fitted("dropout").model
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is keras.Sequential
    X, y = rows(30)
    assert loaded.evaluate(X, y, verbose=0) == model.evaluate(X, y, verbose=0)


def test_a_diverging_training_ends_in_one_line():
    with pytest.raises(
        InputError, match=r"the training diverged: \w+ is (nan|inf) in epoch \d+; .*Lower learning_rate"
    ):
        fit(build_regularized_model(seed=1, learning_rate=1e30), epochs=50)


def test_patience_is_early_stopping_with_the_weights_of_the_best_epoch():
    ours, alone = (build_base_model(seed=1, learning_rate=0.05) for _ in range(2))
    history = fit(ours, epochs=60, patience=3).history["val_loss"]
    oracle = keras.callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    expected = fit(alone, epochs=60, callbacks=[oracle]).history["val_loss"]
    assert history == expected
    assert len(history) == np.argmin(history) + 1 + 3 < 60
    for mine, theirs in zip(ours.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_validation_loss_that_is_no_number_ends_the_training_too():
    """The training rows are harmless; one validation row overflows in 32 bits."""
    X_val, y_val = rows(40, seed=1)
    X_val[0] = 3e38
    with pytest.raises(InputError, match=r"the training diverged: val_\w+ is nan in epoch"):
        fit_epochs(build_base_model(seed=1), *rows(100), X_val, y_val, epochs=2, batch_size=BATCH_SIZE, seed=7)
