"""What `train_population` does not take, and says so."""

from collections import namedtuple

import keras
import numpy as np
import pytest

from regularization.errors import InputError
from tests.population.test_training import DATA, build, train

pytestmark = pytest.mark.training


def test_data_and_lists_that_do_not_fit_are_refused():
    model = build()
    with pytest.raises(ValueError, match="1 models .* 2 seeds"):
        train([model], seeds=[0, 1])
    with pytest.raises(ValueError, match=r"1 distinct"):
        train([model, model])
    with pytest.raises(ValueError, match=r"features of shape \(75, 4\).*expected \(rows, 5\)"):
        train([model], DATA._replace(X_train=DATA.X_train[:, :4]))
    with pytest.raises(ValueError, match=r"labels of shape \(74,\)"):
        train([model], DATA._replace(y_train=DATA.y_train[1:]))
    with pytest.raises(ValueError, match="received 4 features; expected the 5 of"):
        train([model, build(n_features=4)])
    with pytest.raises(ValueError, match="epochs: received 0"):
        train([model], epochs=np.int64(0))
    with pytest.raises(ValueError, match="patience: received 0"):
        train([model], patience=0)
    with pytest.raises(ValueError, match="patience: received 2 values; expected one for all or 1"):
        train([model], patience=[4, None])


@pytest.mark.parametrize("label", [2, 0.5, -1, np.nan])
def test_a_label_that_is_neither_0_nor_1_is_refused(label):
    y = DATA.y_val.astype(float)
    y[3] = label
    with pytest.raises(InputError, match=f"received the label {float(label)}; expected the numbers 0 and 1"):
        train([build()], DATA._replace(y_val=y))


@pytest.mark.parametrize("value", [np.nan, np.inf, "text"])
@pytest.mark.parametrize("part", ["X_train", "X_val"])
def test_a_feature_that_is_no_finite_number_is_refused(part, value):
    X = getattr(DATA, part).astype(object if value == "text" else float)
    X[2, 1] = value
    with pytest.raises(InputError, match="a feature that is no finite number"):
        train([build()], DATA._replace(**{part: X}))


def test_labels_of_text_and_weights_of_rows_are_refused():
    with pytest.raises(InputError, match="received the label 'no'; expected the numbers 0 and 1"):
        train([build()], DATA._replace(y_train=np.where(DATA.y_train, "yes", "no")))
    weighted = namedtuple("Weighted", [*DATA._fields, "sample_weight"])(*DATA, np.ones(len(DATA.X_train)))
    with pytest.raises(InputError, match="received sample_weight"):
        train([build()], weighted)


@pytest.mark.parametrize("seed", [None, -1, 0.5, True, "7"])
def test_a_seed_is_a_whole_number_from_0(seed):
    with pytest.raises(InputError, match=f"seeds: received {seed!r}; expected whole numbers from 0"):
        train([build()], seeds=[seed])


@pytest.mark.parametrize(
    "wrong", [{"epochs": 2.0}, {"patience": [1.5]}, {"workers": -1}, {"at_once": 0}, {"batch_size": True}]
)
def test_numbers_are_whole_and_at_least_1(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name}: received .*; expected a whole number, 1 or more"):
        train([build()], **wrong)


@pytest.mark.slow
def test_whole_numbers_of_numpy_are_taken():
    train([build()], patience=np.int64(2), epochs=np.int32(2), seeds=np.arange(1))


def test_two_models_with_one_layer_are_refused():
    shared = keras.layers.Dense(4, activation="relu", name="shared")
    models = []
    for _ in range(2):
        end = keras.layers.Dense(1, activation="sigmoid")
        models.append(keras.Sequential([keras.Input((5,)), shared, end]))
        models[-1].compile("adam", "binary_crossentropy")
    with pytest.raises(InputError, match="shared: received a layer that another model has too"):
        train(models)


@pytest.mark.slow
def test_a_model_that_was_trained_has_to_be_compiled_anew():
    model = build()
    train([model], epochs=1)
    with pytest.raises(InputError, match="one that it was trained with here; supported: a model compiled anew"):
        train([model], epochs=1)
    model.compile("adam", "binary_crossentropy")
    train([model], epochs=1)
