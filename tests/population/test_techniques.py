"""Each technique against Keras, whose noise and dropout masks the test sets to those of the population."""

import keras
import numpy as np
import pytest

from regularization.heads import head_of
from regularization.networks.models import LOSSES, build_model
from regularization.networks.row_order import batch_order
from regularization.population import Dataset, predict_networks, prediction, read_network, train_population, training
from regularization.population.dropout_masks import dropout_key, dropout_mask
from regularization.population.gaussian_noise import gaussian_noise
from regularization.population.program import compile_block
from regularization.variants import TECHNIQUES, techniques_together
from tests.population.test_training import assert_same_weights

pytestmark = pytest.mark.training

BATCH_SIZE, EPOCHS = 6, 10
SMALL = {"n_features": 3, "hidden_units": (4, 3), "learning_rate": 0.01}
ALONE = {name: settings for name, settings in TECHNIQUES.items() if name != "hidden_units"} | {
    "one layer": {"hidden_units": (5,), "dropout": 0.3, "l2": 0.01, "regularized_layers": (1,)}
}
TOGETHER = techniques_together()
# Less, for it is quicker to compile: `clipvalue` for `global_clipnorm`, and no randomness behind the hidden layer.
IN_ONE_LAYER = TOGETHER | {
    "hidden_units": (3,),
    "regularized_layers": (1,),
    "global_clipnorm": None,
    "clipvalue": 0.1,
    "hidden_stddev": None,
    "dropout": None,
}


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 3)).astype(np.float32)
    return X, (X[:, 0] + 0.5 * random.normal(size=n) > 0).astype(int)


DATA = Dataset(*rows(16, 0), *rows(9, 1))  # the last batch of an epoch has 4 rows


def data_of(n_classes: int) -> Dataset:
    """The same rows with labels of so many classes, 0 to the last, or with numbers."""
    if n_classes == 2:
        return DATA
    numbers = [X[:, 0] + X[:, 1] ** 2 for X in (DATA.X_train, DATA.X_val)]
    y_train, y_val = (np.digitize(its, [0, 1]) if n_classes else its for its in numbers)
    return DATA._replace(y_train=y_train, y_val=y_val)


def as_keras(y: np.ndarray, n_classes: int) -> np.ndarray:
    """Of several classes the labels one-hot, `(rows, classes)`; else as a column."""
    return np.eye(n_classes)[y] if n_classes > 2 else y[:, None]


class Given(keras.layers.Layer):
    """Multiplies by a mask, or adds noise, that the test sets: `(BATCH_SIZE, units)`."""

    def __init__(self, replaced: keras.layers.Layer, number: int) -> None:
        super().__init__()
        self.replaced, self.number = replaced, number  # the Dense layer behind it, 0 the first

    def build(self, shape):
        self.given = self.add_weight(shape=(BATCH_SIZE, shape[-1]), trainable=False)

    def call(self, x, training=False):
        if not training:
            return x
        given = self.given[: keras.ops.shape(x)[0]]
        return x * given if isinstance(self.replaced, keras.layers.Dropout) else x + given

    def draw(self, seed: int, step: int) -> None:
        key, shape = dropout_key(seed)[:, None], self.given.shape
        if isinstance(self.replaced, keras.layers.Dropout):
            drawn = dropout_mask(key, step, self.number, shape, np.float32([self.replaced.rate]))
        else:
            drawn = gaussian_noise(key, step, self.number, shape, np.float32([self.replaced.stddev]))
        self.given.assign(drawn[..., 0])


def train_with_keras(model: keras.Sequential, seed: int, n_classes: int = 2) -> dict[str, float]:
    """`train_on_batch` over the batches that the population takes; returns the scores on the validation rows.

    `model` gets the weights, those of the averaged model where it has one.
    """
    layers, n_dense = [], 0
    for layer in model.layers:
        random = isinstance(layer, keras.layers.Dropout | keras.layers.GaussianNoise)
        layers.append(Given(layer, n_dense) if random else layer)
        n_dense += isinstance(layer, keras.layers.Dense)
    reference = keras.Sequential([keras.Input((3,)), *layers])
    data, metric = data_of(n_classes), LOSSES[head_of(n_classes).keras_loss](reduction=None, name="data_loss")
    y_train, y_val = (as_keras(y, n_classes) for y in (data.y_train, data.y_val))
    reference.compile(model.optimizer, model.loss, metrics=[metric])
    for step, batch in enumerate(batches(seed)):
        for layer in layers:
            if isinstance(layer, Given):
                layer.draw(seed, step)
        reference.train_on_batch(data.X_train[batch], y_train[batch])
    scores = reference.evaluate(data.X_val, y_val, verbose=0, return_dict=True)
    reference.optimizer.finalize_variable_values(reference.trainable_variables)  # as `fit` does at its end
    return scores


def batches(seed: int) -> list[np.ndarray]:
    orders = batch_order(seed, EPOCHS, len(DATA.X_train))
    return [order[start : start + BATCH_SIZE] for order in orders for start in range(0, len(order), BATCH_SIZE)]


def assert_equals_keras(kinds: dict[str, dict], n_classes: int = 2) -> None:
    small, data = SMALL | {"n_classes": n_classes}, data_of(n_classes)
    if not n_classes:
        kinds = {name: its | {"label_smoothing": None} for name, its in kinds.items() if name != "label_smoothing"}
    models = [build_model(seed=seed, **small | settings) for seed, settings in enumerate(kinds.values())]
    history = train_population(models, data, seeds=range(len(models)), epochs=EPOCHS, batch_size=BATCH_SIZE)
    for seed, (name, settings) in enumerate(kinds.items()):
        reference = build_model(seed=seed, **small | settings)
        untrained = reference.get_weights()
        scores = train_with_keras(reference, seed, n_classes)
        # A bias before a batch normalization has no gradient but rounding, of which Adam makes a step.
        atol = 1e-4 if settings.get("batch_normalization") else 0.0
        assert_same_weights(models[seed].get_weights(), reference.get_weights(), atol=atol)
        moved = [not np.allclose(a, b, rtol=0.01) for a, b in zip(untrained, reference.get_weights(), strict=True)]
        assert any(moved), name
        assert history.val_loss[seed, -1] == pytest.approx(scores["loss"], rel=1e-4), name
        assert history.val_data_loss[seed, -1] == pytest.approx(scores["data_loss"], rel=1e-4), name


def test_all_techniques_together_equal_keras():
    assert_equals_keras({"together": IN_ONE_LAYER})


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [3, 0])
def test_of_other_heads_too(n_classes):
    assert_equals_keras({"together": IN_ONE_LAYER}, n_classes)


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [2, 3, 0])
def test_all_together_in_two_layers_and_each_alone_equal_keras_all_in_one_call(n_classes):
    assert_equals_keras({"together": TOGETHER} | ALONE, n_classes)


def test_who_else_is_trained_changes_no_bit():
    def models():
        return [build_model(seed=seed, **SMALL | IN_ONE_LAYER) for seed in range(3)]

    settings = {"epochs": EPOCHS, "batch_size": BATCH_SIZE}
    together, alone = models(), models()
    train_population(together, DATA, seeds=[0, 1, 2], **settings)
    train_population(alone[2:], DATA, seeds=[2], **settings)
    for one, other in zip(together[2].get_weights(), alone[2].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_predictions_are_those_of_keras_for_networks_of_several_shapes_at_once():
    kinds = [{"batch_normalization": True, "hidden_units": (2,)}, {"hidden_units": (3,)}]
    models = [build_model(seed=seed, **SMALL | settings) for seed, settings in enumerate(kinds)]
    models[0].set_weights([weight + 0.3 for weight in models[0].get_weights()])  # other statistics than at first
    networks = [read_network(model) for model in models]
    weights = np.zeros((2, max(len(network.weights) for network in networks)), np.float32)
    for row, network in zip(weights, networks, strict=True):
        row[: len(network.weights)] = network.weights
    shares = np.full((1, len(DATA.X_val)), 1 / len(DATA.X_val), np.float32)
    logits, _ = predict_networks(networks, weights, [DATA.X_val] * 2, [shares] * 2)
    for its_logits, model in zip(logits, models, strict=True):
        np.testing.assert_allclose(1 / (1 + np.exp(-its_logits)), model(DATA.X_val).numpy()[:, 0], rtol=1e-5)


def test_rows_piece_by_piece_give_the_same_outputs_and_penalties(monkeypatch):
    """And each penalty on weights counts once."""
    penalties = {"l1": 0.1, "activity_l2": 0.3, "regularized_layers": (1,)}
    models = [build_model(seed=0, **SMALL | settings) for settings in ({"l2": 0.1}, penalties)]
    networks = [read_network(model) for model in models]
    weights = np.stack([network.weights for network in networks])
    shares = np.full((1, len(DATA.X_val)), 1 / len(DATA.X_val), np.float32)
    at_once = predict_networks(networks, weights, [DATA.X_val] * 2, [shares] * 2)
    monkeypatch.setattr(prediction, "ROWS_AT_ONCE", 4)  # of 9
    for pieces, whole in zip(predict_networks(networks, weights, [DATA.X_val] * 2, [shares] * 2), at_once, strict=True):
        np.testing.assert_allclose(pieces, whole, rtol=1e-5)
    assert (at_once[1] > 0.01).all()


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [2, 3, 0])
def test_the_program_takes_no_approximation_of_the_processors_own(monkeypatch, n_classes):
    """`1 / sqrt(x)`, which XLA makes of a division by a square root, starts from one; it differs between makers."""
    texts = []

    def compile_and_keep(architecture):
        program = compile_block(architecture)

        def train_block(*arguments):
            texts.append(program.experimental_get_compiler_ir(*arguments)(stage="optimized_hlo"))
            return program(*arguments)

        return train_block

    monkeypatch.setattr(training, "compile_block", compile_and_keep)
    settings = SMALL | TOGETHER | {"n_classes": n_classes} | ({} if n_classes else {"label_smoothing": None})
    train_population([build_model(seed=0, **settings)], data_of(n_classes), seeds=[0], epochs=1, batch_size=BATCH_SIZE)
    assert " sqrt(" in texts[0]
    assert "rsqrt(" not in texts[0]


@pytest.mark.slow
def test_a_training_that_stops_early_keeps_its_best_epoch_and_no_average():
    """In Keras' `fit` the averaged weights come first and the callback's last."""
    averaged, plain = (build_model(seed=0, **SMALL | {"use_ema": use_ema}) for use_ema in (True, False))
    train_population([averaged, plain], DATA, seeds=[0, 0], epochs=EPOCHS, batch_size=BATCH_SIZE, patience=EPOCHS)
    assert_same_weights(averaged.get_weights(), plain.get_weights())
