import keras
import numpy as np
import pytest

from regularization.networks.models import (
    build_base_model,
    build_dropout_model,
    build_model,
    build_regularized_model,
    initial_weights,
)

pytestmark = pytest.mark.training


def layer_types(model: keras.Sequential) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


def test_base_is_the_notebooks_network():
    model = build_base_model()
    assert [weights.shape for weights in model.get_weights()] == [(11, 20), (20,), (20, 20), (20,), (20, 1), (1,)]
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "relu", "sigmoid"]
    assert model.count_params() == 681
    assert type(model.optimizer) is keras.optimizers.Adam
    assert model.loss == "binary_crossentropy"


def test_dropout_follows_each_hidden_layer():
    model = build_dropout_model(0.3)
    assert layer_types(model) == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.3, 0.3]


def test_the_penalty_is_that_of_the_second_kernel():
    model = build_regularized_model(l1=0.01, l2=0.1)
    kernel = model.layers[1].kernel.numpy()
    expected = 0.01 * np.abs(kernel).sum() + 0.1 * np.square(kernel).sum()
    assert sum(float(penalty) for penalty in model.losses) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("l1", "l2"), [(0.01, None), (None, 0.01), (0.01, 0.02)])
def test_either_factor_may_be_none(l1, l2):
    penalty = build_regularized_model(l1=l1, l2=l2).layers[1].kernel_regularizer
    assert (float(penalty.l1), float(penalty.l2)) == pytest.approx((l1 or 0, l2 or 0))


def test_no_penalty_at_all_is_the_base_model():
    assert build_regularized_model(l1=None, l2=0).losses == []


def test_penalties_on_other_layers_biases_and_activities():
    model = build_model(l1=0.1, bias_l2=0.2, activity_l1=0.3, regularized_layers=(1, 2))
    for layer in model.layers[:2]:
        assert float(layer.kernel_regularizer.l1) == pytest.approx(0.1)
        assert float(layer.bias_regularizer.l2) == pytest.approx(0.2)
        assert float(layer.activity_regularizer.l1) == pytest.approx(0.3)
    assert model.layers[2].kernel_regularizer is None


@pytest.mark.parametrize(
    ("decay_rate", "expected"), [(None, [0.1, 0.05, 0.0, 0.0]), (0.25, [0.1, 0.05, 0.025, 0.00625])]
)
def test_the_learning_rate_falls_along_a_cosine_or_exponentially(decay_rate, expected):
    optimizer = build_model(learning_rate=0.1, decay_steps=100, decay_rate=decay_rate).optimizer
    found = []
    for step in (0, 50, 100, 200):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    assert found == pytest.approx(expected, abs=1e-7)


def test_one_seed_gives_every_variant_the_same_weights_and_another_gives_others():
    base, dropout = build_base_model(seed=1).get_weights(), build_dropout_model(0.5, seed=1).get_weights()
    for ours, theirs in zip(base, dropout, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(base[0], build_base_model(seed=2).get_weights()[0])


def test_layers_of_one_shape_begin_with_different_weights():
    first, second = build_base_model(seed=1, n_features=20, hidden_units=(20, 20)).get_weights()[0:3:2]
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2


def test_binary_crossentropy_is_the_loss_without_the_penalty():
    model = build_regularized_model(l1=0.1, l2=0.1, seed=3)
    X, y = np.random.default_rng(0).normal(size=(50, 11)), np.arange(50) % 2
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    penalty = sum(float(value) for value in model.losses)
    assert found["loss"] == pytest.approx(found["binary_crossentropy"] + penalty, rel=1e-5)


@pytest.mark.parametrize("units", [(11, 20, 20, 1), (3, 5, 1)])
def test_initial_weights_are_those_of_the_built_model(units):
    for seed in (0, 1, 4_000_000_000):
        built = build_model(seed=seed, n_features=units[0], hidden_units=units[1:-1]).get_weights()
        np.testing.assert_array_equal(initial_weights(seed, units), np.concatenate([part.ravel() for part in built]))
    normalized = build_model(seed=1, n_features=units[0], hidden_units=units[1:-1], batch_normalization=True)
    expected = np.concatenate([part.ravel() for part in normalized.get_weights()])
    np.testing.assert_array_equal(initial_weights(1, units, batch_normalization=True), expected)
