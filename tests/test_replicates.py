import numpy as np
import pytest

from regularization.errors import InputError
from regularization.evaluation import replicate_metrics
from regularization.models import build_model
from regularization.population import train_population
from regularization.replicates import curve_bands, train_replicates
from regularization.table import Table, plan_splits

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4))
Y = (X[:, 0] + RANDOM.normal(size=90) > 0).astype(int)
TABLE = Table(X, Y, np.arange(90) % 75)
SPLITS = plan_splits(
    TABLE.groups,
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
    return train_replicates(VARIANTS, SPLITS, TABLE, network=NETWORK, **TRAIN)


def test_a_row_per_training_and_every_variant_on_the_same_splits_and_seeds(trained):
    replicates, _ = trained
    assert len(replicates) == 2 * TRAININGS_PER_VARIANT
    keys = replicates.set_index("variant")[["protocol", "split", "seed"]]
    assert keys.loc["base"].to_numpy().tolist() == keys.loc["l1l2"].to_numpy().tolist()
    assert list(replicates.columns) == [
        "variant", "protocol", "split", "seed", "n_train", "n_test",
        "train_accuracy", "train_binary_crossentropy", "train_loss",
        "val_accuracy", "val_binary_crossentropy", "val_loss",
        "test_accuracy", "test_binary_crossentropy", "test_loss", "test_ece", "test_brier",
        "near_zero_weights", "weight_norm", "best_epoch",
    ]  # fmt: skip
    assert replicates.notna().all(axis=None)


def test_a_row_is_what_training_that_network_alone_gives(trained):
    replicates, _ = trained
    split = SPLITS[1]
    arrays = split.arrays(TABLE)
    model = build_model(**VARIANTS["l1l2"], **NETWORK, seed=split.seeds[1])
    history = train_population([model], arrays, seeds=[split.seeds[1]], **TRAIN)
    key = ("l1l2", split.protocol, split.number, split.seeds[1])
    row = replicates.set_index(["variant", "protocol", "split", "seed"]).sort_index().loc[key]
    assert row["test_loss"] == pytest.approx(replicate_metrics(model, arrays)["test_loss"], rel=1e-5)
    assert row["best_epoch"] == history.val_loss[0].argmin() + 1


def test_progress_adds_up_to_every_epoch_of_every_training():
    done = []
    train_replicates({"base": {}}, SPLITS, TABLE, network=NETWORK, epochs=3, batch_size=16, on_progress=done.append)
    assert sum(done) == 3 * TRAININGS_PER_VARIANT


def test_a_training_that_diverged_has_no_figures_and_the_others_theirs():
    variants = {"base": {}, "wild": {"l2": 1e30}}
    replicates, _ = train_replicates(variants, SPLITS, TABLE, network=NETWORK | {"learning_rate": 0.01}, **TRAIN)
    by_variant = replicates.set_index("variant")["test_accuracy"]
    assert by_variant.loc["wild"].isna().all()
    assert replicates["n_train"].notna().all()
    assert by_variant.loc["base"].notna().all()


def test_all_trainings_diverged():
    with pytest.raises(InputError, match="every training of wild diverged"):
        train_replicates({"wild": {"l2": 1e30}}, SPLITS, TABLE, network=NETWORK, **TRAIN)


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
