import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, roc_auc_score

from regularization.errors import InputError
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.jobs.engines import local_processes, train_here, train_on
from regularization.networks.models import build_model
from regularization.population import train_population
from regularization.replicates import plan
from regularization.replicates.curves import curve_bands
from regularization.replicates.training import train_replicates
from regularization.table import Table, plan_splits
from regularization.table.block_scores import unpack_blocks

pytestmark = pytest.mark.training
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4))
X[75:] = X[:15]
Y = (X[:, 0] + RANDOM.normal(size=90) > 0).astype(int)
Y[75:] = Y[:15]
TABLE = Table(X, Y, np.arange(90) % 75)
SPLITS = plan_splits(
    TABLE, test_size=0.2, validation_split=0.2, random_state=1, seed=3, seeds=3, splits=10, leaky_twins=2
)
NETWORK = {"n_features": 4, "hidden_units": (4,), "regularized_layers": (1,), "learning_rate": 0.01}
VARIANTS = {"base": {}, "l1l2": {"l1": 0.01, "l2": 0.01}}
TRAIN = {"epochs": 12, "batch_size": 16}
COLUMNS = TABLE.head.columns
TRAININGS_PER_VARIANT = 3 + 10 + 2


@pytest.fixture(scope="module")
def trained():
    return train_replicates(VARIANTS, SPLITS, TABLE, network=NETWORK, **TRAIN)


def test_a_row_per_training_and_every_variant_on_the_same_splits_and_seeds(trained):
    replicates = trained.trainings
    assert len(replicates) == 2 * TRAININGS_PER_VARIANT
    keys = replicates.set_index("variant")[["protocol", "split", "seed"]]
    assert keys.loc["base"].to_numpy().tolist() == keys.loc["l1l2"].to_numpy().tolist()
    assert list(replicates.columns) == [
        "variant", "protocol", "split", "seed", "n_train", "n_distinct_train", "n_test",
        "train_accuracy", "train_binary_crossentropy", "train_loss", "train_brier",
        "val_accuracy", "val_binary_crossentropy", "val_loss", "val_brier", "val_balanced_accuracy", "val_roc_auc",
        "test_accuracy", "test_binary_crossentropy", "test_loss", "test_brier", "test_balanced_accuracy",
        "test_roc_auc", "test_predicted_1", "test_ece",
        "near_zero_weights", "weight_norm", "best_epoch",
    ]  # fmt: skip
    assert replicates.notna().all(axis=None)


@pytest.mark.parametrize("place", [0, 1, 2], ids=["notebook", "honest", "leaky"])
def test_a_row_is_what_training_and_evaluating_that_network_alone_gives(trained, place):
    split = SPLITS[place]
    arrays, seed = split.arrays(TABLE), split.seeds[0]
    model = build_model(**VARIANTS["l1l2"], **NETWORK, seed=seed)
    history = train_population([model], arrays, seeds=[seed], **TRAIN)
    key = ("l1l2", split.protocol, split.number, seed)
    row = trained.trainings.set_index(["variant", "protocol", "split", "seed"]).sort_index().loc[key]
    for part in ("train", "val", "test"):
        X_part, y_part = getattr(arrays, f"X_{part}"), getattr(arrays, f"y_{part}")
        for name, value in model.evaluate(X_part, y_part, batch_size=90, verbose=0, return_dict=True).items():
            assert row[f"{part}_{name}"] == pytest.approx(value, rel=1e-4)
        probability = model(X_part.astype(np.float32)).numpy().ravel()
        assert row[f"{part}_brier"] == pytest.approx(brier_score_loss(y_part, probability), rel=1e-4)
        if part != "train":
            assert row[f"{part}_roc_auc"] == pytest.approx(roc_auc_score(y_part, probability))
            assert row[f"{part}_balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y_part, probability > 0.5))
    assert row["test_predicted_1"] == pytest.approx((probability > 0.5).mean())
    assert row["best_epoch"] == history.val_loss[0].argmin() + 1
    assert row["n_train"] == len(arrays.X_train)


@pytest.mark.slow
def test_penalties_on_outputs_are_in_the_loss():
    variants = {"mine": {"activity_l2": 0.5}}
    honest = [split for split in SPLITS if split.protocol == "honest"]
    row = train_replicates(variants, honest, TABLE, network=NETWORK, **TRAIN).trainings.iloc[0]
    model = build_model(**variants["mine"], **NETWORK, seed=honest[0].seeds[0])
    arrays = honest[0].arrays(TABLE)
    train_population([model], arrays, seeds=honest[0].seeds, **TRAIN)
    expected = model.evaluate(arrays.X_test, arrays.y_test, batch_size=90, verbose=0, return_dict=True)
    assert row["test_loss"] == pytest.approx(expected["loss"], rel=1e-4)


def test_blocks_hold_the_scores_of_every_block_that_a_training_has_not_seen(trained):
    rows, sums = unpack_blocks(trained.blocks[trained.blocks["variant"] == "base"], COLUMNS)
    assert rows.sum() == 90
    honest = [split for split in SPLITS if split.protocol == "honest"]
    tests = trained.trainings.query("variant == 'base' and protocol == 'honest'").reset_index()
    for number, split in enumerate(honest):
        scored = ~np.isnan(sums["right"][number])
        assert scored.sum() == 7
        assert not set(np.flatnonzero(scored)) & set(split.blocks[split.rows.train])
        tested = np.unique(split.blocks[split.rows.test])
        for metric in [metric for metric in METRICS.values() if not metric.needs_both_classes]:
            mean = sums[metric.block_column][number, tested].sum() / rows[tested].sum()
            assert mean == pytest.approx(tests.loc[number, metric.column], rel=1e-5)


def test_blocks_hold_class_scores_where_they_have_both_classes(trained):
    """The network of the first honest split, on the rows of each block that it is tested on."""
    split = next(split for split in SPLITS if split.protocol == "honest")
    arrays, blocks = split.arrays(TABLE), trained.blocks[trained.blocks["variant"] == "base"]
    rows, sums = unpack_blocks(blocks, COLUMNS)
    assert blocks["class_1"].tolist() == [Y[split.blocks == block].sum() for block in range(len(rows))]
    model = build_model(**NETWORK, seed=split.seeds[0])
    train_population([model], arrays, seeds=split.seeds, **TRAIN)
    probability = model(arrays.X_test.astype(np.float32)).numpy().ravel()
    of_row = split.blocks[split.rows.test]
    for block in np.unique(of_row):
        y, its = arrays.y_test[of_row == block], probability[of_row == block]
        if len(np.unique(y)) < 2:
            assert np.isnan([sums["auc"][0, block], sums["balanced"][0, block]]).all()
            continue
        assert sums["auc"][0, block] / rows[block] == pytest.approx(roc_auc_score(y, its), rel=1e-5)
        expected = balanced_accuracy_score(y, its > 0.5)
        assert sums["balanced"][0, block] / rows[block] == pytest.approx(expected, rel=1e-5)


def test_a_variant_that_stops_early_is_scored_on_test_blocks_alone(trained):
    variants = {"early": {"patience": 1, "hidden_units": (3,)}}
    found = train_replicates(variants, SPLITS, TABLE, network=NETWORK | {"learning_rate": 0.1}, **TRAIN)
    _, sums = unpack_blocks(found.blocks, COLUMNS)
    honest = [split for split in SPLITS if split.protocol == "honest"]
    for number, split in enumerate(honest):
        scored = np.flatnonzero(~np.isnan(sums["right"][number]))
        assert set(scored) == set(np.unique(split.blocks[split.rows.test]))
    assert found.trainings["best_epoch"].min() < 11
    last = found.curves["val_binary_crossentropy"].iloc[-1]  # each stopped network counts with its best epoch
    at_best = found.trainings.query("protocol == 'honest'")["val_binary_crossentropy"]
    assert last == pytest.approx(at_best.mean(), rel=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_reliability_diagram_is_that_of_the_test_rows_of_the_honest_trainings(trained, variant):
    bins = trained.calibration[trained.calibration["variant"] == variant]
    honest = trained.trainings.query("variant == @variant and protocol == 'honest'")
    tests = [split.rows.test for split in SPLITS if split.protocol == "honest"]
    assert bins["bin"].to_list() == list(range(1, 11))
    assert bins["rows"].sum() == honest["n_test"].sum()
    assert (bins["rows"] * bins["share_of_class_1"]).sum() == pytest.approx(TABLE.y[np.concatenate(tests)].sum())
    filled = bins.dropna()
    assert (filled["mean_probability"] * 10).between(filled["bin"] - 1, filled["bin"]).all()


def test_a_leaky_twin_has_more_distinct_rows_to_train_on(trained):
    sizes = trained.trainings.groupby("protocol")["n_distinct_train"].mean()
    assert sizes["leaky"] > sizes["honest"]


def test_progress_adds_up_to_every_training():
    done = []
    train_replicates({"base": {}}, SPLITS, TABLE, network=NETWORK, **TRAIN, on_progress=done.append)
    assert sum(done) == pytest.approx(TRAININGS_PER_VARIANT)


@pytest.mark.slow
def test_shards_that_several_processes_share_change_nothing(trained):
    again = train_replicates(VARIANTS, SPLITS, TABLE, network=NETWORK, **TRAIN, runs_per_shard=4)
    for ours, theirs in zip(again, trained, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.slow
def test_processes_of_a_cluster_give_the_same(trained):
    with local_processes(2) as client:
        engine = functools.partial(train_on, client)
        again = train_replicates(
            VARIANTS, SPLITS, TABLE, network=NETWORK, **TRAIN, train_shards=engine, runs_per_shard=4
        )
    for ours, theirs in zip(again, trained, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_a_training_that_diverged_has_no_figures_and_the_others_theirs():
    variants = {"base": {}, "wild": {"l2": 1e30}}
    found = train_replicates(variants, SPLITS, TABLE, network=NETWORK, **TRAIN)
    by_variant = found.trainings.set_index("variant")["test_accuracy"]
    assert by_variant.loc["wild"].isna().all()
    assert by_variant.loc["base"].notna().all()
    assert found.trainings["n_train"].notna().all()
    assert np.isnan(unpack_blocks(found.blocks[found.blocks["variant"] == "wild"], COLUMNS)[1]["loss"]).all()
    assert found.calibration.groupby("variant")["rows"].sum()["wild"] == 0


def test_all_trainings_diverged():
    with pytest.raises(InputError, match="every training of wild diverged"):
        train_replicates({"wild": {"l2": 1e30}}, SPLITS, TABLE, network=NETWORK, **TRAIN)


def test_bands_are_the_mean_and_the_middle_of_the_honest_trainings(trained):
    bands = trained.curves
    assert {name: band["epoch"].to_list() for name, band in bands.groupby("variant")} == {
        "base": [1, 6, 11],
        "l1l2": [1, 6, 11],
    }
    for curve in ("val_accuracy", "val_binary_crossentropy"):
        assert (bands[f"{curve}_low"] <= bands[curve]).all()
        assert (bands[curve] <= bands[f"{curve}_high"]).all()


def test_bands_of_known_curves():
    curves = np.tile(np.arange(1.0, 11.0)[:, None], (2, 1, 1))
    band = curve_bands("base", curves, TABLE.head).iloc[0]
    assert band["val_accuracy"] == 5.5
    assert (band["val_accuracy_low"], band["val_accuracy_high"]) == pytest.approx((1.225, 9.775))


@pytest.mark.slow
def test_bunches_of_splits_bound_the_memory_and_change_nothing(trained, monkeypatch):
    monkeypatch.setattr(plan, "BUNCH_BYTES", 1)
    monkeypatch.setattr(plan, "LEAST_TOGETHER", 4)
    chunks = plan.plan_chunks(SPLITS, TABLE)
    assert [len(chunk) for chunk in chunks] == [1, 4, 4, 2, 2]
    assert [len(bunch) for bunch in plan.plan_bunches(chunks, TABLE)] == [1] * 5
    again = train_replicates(VARIANTS, SPLITS, TABLE, network=NETWORK, **TRAIN)
    for ours, theirs in zip(again, trained, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


class Memory(dict):
    """A store in memory, which counts what it is asked to keep."""

    def load(self, settings, digest):
        return self.get((str(settings), digest))

    def save(self, measured, settings, digest):
        self[str(settings), digest] = measured


def test_one_changed_variant_trains_one_variant_and_more_splits_the_new_ones(trained, monkeypatch):
    monkeypatch.setattr(plan, "MOST_TOGETHER", 5)
    store, counted = Memory(), []
    penalized = {"base": {}, "l1l2": VARIANTS["l1l2"] | {"regularized_layers": (1,)}}

    def train(variants, splits) -> tuple:
        def count(work, shards, *, on_progress):
            counted.append(sum(shard.n_trainings for shard in shards))
            return train_here(work, shards, on_progress=on_progress)

        return train_replicates(variants, splits, TABLE, network=NETWORK, **TRAIN, train_shards=count, store=store)

    first = train(penalized, SPLITS)
    for ours, theirs in zip(first, trained, strict=True):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert counted == [2 * TRAININGS_PER_VARIANT]
    train(penalized, SPLITS)
    assert counted == [2 * TRAININGS_PER_VARIANT]
    changed = train(penalized | {"l1l2": {"l1": 0.02, "regularized_layers": (1,)}}, SPLITS)
    assert counted[1:] == [TRAININGS_PER_VARIANT]
    pd.testing.assert_frame_equal(changed.blocks.iloc[:20], first.blocks.iloc[:20], check_exact=True)
    more = {"test_size": 0.2, "validation_split": 0.2, "random_state": 1, "seed": 3, "seeds": 3, "leaky_twins": 2}
    train(penalized, plan_splits(TABLE, splits=15, **more))
    assert counted[2:] == [2 * 5]
