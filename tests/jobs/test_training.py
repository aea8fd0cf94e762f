"""A shard's networks are those that the population trains alone."""

import numpy as np
import pytest

from regularization.jobs.training import best_epochs, train_shard
from regularization.jobs.work import EPOCHS_PER_POINT, Shard, Work, join_runs
from regularization.networks.models import build_model
from regularization.population import Dataset, train_population

pytestmark = pytest.mark.training
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.float32)
WORK = Work(
    {"n_features": 4, "hidden_units": (3,), "learning_rate": 0.05}, 12, 16,
    ((X[:40], Y[:40], X[40:], Y[40:]), (X[20:], Y[20:], X[:20], Y[:20])),
)  # fmt: skip
RUNS = ((0, 7), (1, 8), (1, 9))


def test_a_network_of_a_shard_is_the_one_that_is_trained_alone():
    progress = []
    variants = ({"l1": 0.1, "patience": None}, {"hidden_units": (3,), "patience": 1})
    trained = train_shard(WORK, Shard(variants, RUNS), on_progress=progress.append)
    assert sum(progress) == pytest.approx(6)
    assert trained.diverged.tolist() == [[False] * 3] * 2
    for number, (built_by, patience) in enumerate([({"l1": 0.1}, None), ({}, 1)]):
        model = build_model(**WORK.network, **built_by, seed=8)
        data = Dataset(*WORK.splits[1])
        history = train_population([model], data, seeds=[8], epochs=12, batch_size=16, patience=patience)
        weights = np.concatenate([part.ravel() for part in model.get_weights()])
        np.testing.assert_array_equal(trained.weights[number, 1], weights)
        best = best_epochs(history)[0]
        assert trained.best_epochs[number, 1] == best
        loss = history.val_data_loss[0]
        held = np.where(np.isnan(loss), loss[best - 1], loss)
        np.testing.assert_array_equal(trained.curves[1, number, 1], held[::EPOCHS_PER_POINT])


@pytest.mark.slow
def test_other_networks_of_the_shard_change_no_bit():
    """Also where the programs differ: each of these techniques is compiled in."""
    techniques = ({"weight_decay": 0.1}, {"use_ema": True}, {"max_norm": 1.0}, {"label_smoothing": 0.1}, {"l1": 0.1})
    together = train_shard(WORK, Shard(techniques, RUNS))
    for number, settings in enumerate(techniques):
        alone = train_shard(WORK, Shard((settings,), RUNS), workers=1)
        np.testing.assert_array_equal(alone.weights[0], together.weights[number])


def test_a_training_that_diverges_is_named():
    shard = Shard(({"l2": 1e30, "regularized_layers": (1,)}, {}), RUNS)
    assert train_shard(WORK, shard).diverged.tolist() == [[True] * 3, [False] * 3]


def test_runs_that_several_shards_share_are_those_of_one():
    variants = ({}, {"l1": 0.1})
    whole = train_shard(WORK, Shard(variants, RUNS))
    parts = [train_shard(WORK, Shard(variants, runs)) for runs in (RUNS[:2], RUNS[2:])]
    for ours, theirs in zip(join_runs(parts), whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
