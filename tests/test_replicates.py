import numpy as np
import pytest

from regularization.errors import InputError
from regularization.models import build_model
from regularization.population import train_population
from regularization.protocols import plan_studies
from regularization.replicates import curve_bands, measure, train_replicates

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4))
Y = (X[:, 0] + RANDOM.normal(size=90) > 0).astype(int)
STUDIES = plan_studies(
    np.arange(90) % 75,
    test_size=0.2,
    validation_split=0.2,
    random_state=1,
    seed=3,
    seeds=3,
    splits=2,
    seeds_per_split=2,
)
NETWORK = {"n_features": 4, "hidden_units": (5, 5), "learning_rate": 0.01}
VARIANTS = {"base": {}, "l1l2": {"l1": 0.01, "l2": 0.01}}
TRAIN = {"epochs": 12, "batch_size": 16}
TRAININGS_PER_VARIANT = 3 + 2 * 2 + 2 * 2


@pytest.fixture(scope="module")
def trained():
    return train_replicates(VARIANTS, STUDIES, X, Y, network=NETWORK, **TRAIN)


def test_a_row_per_training_and_every_variant_on_the_same_splits_and_seeds(trained):
    replicates, _ = trained
    assert len(replicates) == 2 * TRAININGS_PER_VARIANT
    keys = replicates.set_index("variant")[["protocol", "split", "seed"]]
    assert keys.loc["base"].to_numpy().tolist() == keys.loc["l1l2"].to_numpy().tolist()
    assert list(replicates.columns) == [
        "variant", "protocol", "split", "seed",
        "train_accuracy", "train_binary_crossentropy", "train_loss",
        "val_accuracy", "val_binary_crossentropy", "val_loss",
        "test_accuracy", "test_binary_crossentropy", "test_loss", "test_ece", "test_brier",
        "near_zero_weights", "weight_norm", "best_epoch",
    ]  # fmt: skip
    assert replicates.notna().all(axis=None)


@pytest.mark.parametrize("settings", [{"l1": 0.01, "l2": 0.01}, {"dropout": 0.5}])
def test_a_network_is_measured_as_keras_evaluates_it(settings):
    model, arrays = build_model(**settings, **NETWORK, seed=1), STUDIES[0].arrays(X, Y)
    found = measure(model, arrays)
    for part in ("train", "val", "test"):
        expected = model.evaluate(
            getattr(arrays, f"X_{part}"), getattr(arrays, f"y_{part}"), verbose=0, return_dict=True
        )
        for metric, value in expected.items():
            assert found[f"{part}_{metric}"] == pytest.approx(value, rel=1e-4)


def test_a_row_is_what_training_that_network_alone_gives(trained):
    replicates, _ = trained
    study = STUDIES[1]
    arrays = study.arrays(X, Y)
    model = build_model(**VARIANTS["l1l2"], **NETWORK, seed=study.seeds[1])
    history = train_population([model], arrays, seeds=[study.seeds[1]], **TRAIN)
    key = ("l1l2", study.protocol, study.split, study.seeds[1])
    row = replicates.set_index(["variant", "protocol", "split", "seed"]).sort_index().loc[key]
    assert row["test_loss"] == pytest.approx(measure(model, arrays)["test_loss"], rel=1e-5)
    assert row["best_epoch"] == history.val_loss[0].argmin() + 1


def test_progress_adds_up_to_every_epoch_of_every_training():
    done = []
    train_replicates({"base": {}}, STUDIES, X, Y, network=NETWORK, epochs=3, batch_size=16, on_progress=done.append)
    assert sum(done) == 3 * TRAININGS_PER_VARIANT


def test_a_training_that_diverged_has_no_figures_and_the_others_theirs():
    variants = {"base": {}, "wild": {"l2": 1e30}}
    replicates, _ = train_replicates(variants, STUDIES, X, Y, network=NETWORK | {"learning_rate": 0.01}, **TRAIN)
    by_variant = replicates.set_index("variant")["test_accuracy"]
    assert by_variant.loc["wild"].isna().all()
    assert by_variant.loc["base"].notna().all()


def test_all_trainings_diverged():
    with pytest.raises(InputError, match="every training of wild diverged"):
        train_replicates({"wild": {"l2": 1e30}}, STUDIES, X, Y, network=NETWORK, **TRAIN)


def test_bands_are_the_mean_and_the_middle_of_the_honest_trainings(trained):
    _, bands = trained
    assert {name: band["epoch"].to_list() for name, band in bands.groupby("variant")} == {
        "base": [1, 6, 11],
        "l1l2": [1, 6, 11],
    }
    for curve in ("val_accuracy", "val_binary_crossentropy"):
        assert (bands[f"{curve}_low"] <= bands[curve]).all()
        assert (bands[curve] <= bands[f"{curve}_high"]).all()


def test_bands_of_known_histories(trained):
    replicates = trained[0].query("variant == 'base'").reset_index(drop=True)
    values = np.full((len(replicates), 1), np.nan)
    honest = replicates.index[replicates["protocol"] == "honest"]
    values[honest, 0] = [1.0, 2.0, 3.0, 4.0]
    history = type("History", (), dict.fromkeys(("val_loss", "val_accuracy", "val_binary_crossentropy"), values))
    band = curve_bands(replicates, history).iloc[0]
    assert band["val_accuracy"] == 2.5
    assert (band["val_accuracy_low"], band["val_accuracy_high"]) == pytest.approx((1.075, 3.925))
