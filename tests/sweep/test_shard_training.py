"""A shard's networks are those that the population trains alone; what the stage has finished is not trained again."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from regularization.errors import InputError
from regularization.models import build_model
from regularization.population import train_population
from regularization.sweep.rounds import Shard, Trained, plan_folds, work_on
from regularization.sweep.shard_training import train_shard
from regularization.table import Arrays, Table, duplicate_groups
from stages import _engine
from stages import sweep as stage

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 4))
Y = (X[:, 0] > 0).astype(int)
TABLE = Table(X, Y, np.arange(80))
NETWORK = {"n_features": 4, "hidden_units": (3,), "learning_rate": 0.01}
FOLDS = plan_folds(TABLE, np.arange(80), folds=3, validation_split=0.25, random_state=0)
WORK = work_on(TABLE, FOLDS, network=NETWORK, epochs=6, batch_size=16)
SHARD = Shard(({"l1": 0.1, "patience": None}, {"hidden_units": (3,), "patience": 1}), (7, 8, 9))


def test_a_network_of_a_shard_is_the_one_that_is_trained_alone():
    progress = []
    trained = train_shard(WORK, SHARD, on_progress=progress.append)
    assert sum(progress) == pytest.approx(6)
    assert trained.diverged.tolist() == [[False] * 3] * 2
    split = Arrays(*WORK.splits[1])
    place = slice(len(FOLDS[0].test), len(FOLDS[0].test) + len(FOLDS[1].test))
    for number, (built_by, patience) in enumerate([({"l1": 0.1}, None), ({}, 1)]):
        model = build_model(**NETWORK, **built_by, seed=8)
        train_population([model], split, seeds=[8], epochs=6, batch_size=16, patience=patience)
        probability = model.predict(split.X_test, verbose=0).ravel()
        expected = np.log(probability / (1 - probability))
        np.testing.assert_allclose(trained.logits[number, place], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_who_else_is_in_the_shard_changes_no_bit():
    """Also where the programs differ: each of these techniques is compiled in."""
    techniques = ({"weight_decay": 0.1}, {"use_ema": True}, {"max_norm": 1.0}, {"label_smoothing": 0.1}, {"l1": 0.1})
    together = train_shard(WORK, Shard(techniques, (7, 8, 9)))
    for number, settings in enumerate(techniques):
        alone = train_shard(WORK, Shard((settings,), (7, 8, 9)), workers=1)
        np.testing.assert_array_equal(alone.logits[0], together.logits[number])


def test_a_training_that_diverges_is_named():
    shard = Shard(({"l2": 1e30, "regularized_layers": (1,)}, {}), (7, 8, 9))
    assert train_shard(WORK, shard).diverged.tolist() == [[True] * 3, [False] * 3]


@pytest.fixture
def prepared(stage_folder, wine_table, params, monkeypatch):
    """A small table as `prepare` leaves it, and params of a small sweep."""
    Path("data/prepared").mkdir(parents=True)
    features = wine_table.drop(columns="quality")
    y = (wine_table["quality"] >= 6).to_numpy().astype(int)
    Path("data/raw").mkdir()
    Path("data/raw/source.json").write_text('{"origin": "standin"}\n', encoding="utf-8")
    np.savez("data/prepared/table.npz", X=features.to_numpy(float), y=y, groups=duplicate_groups(features))
    params |= {"epochs": 3, "hidden_units": [5, 5]}
    params["sweep"] |= {"grid": {"l1": [None, 0.01], "patience": [None, 1]}, "folds": 2, "seeds": 2}
    stage_folder(params)
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("TRAINING_ENGINE", "threads")
    monkeypatch.setattr(sys, "argv", ["sweep"])
    return params


def written() -> dict[str, bytes]:
    return {name: Path(name).read_bytes() for name in ("metrics/sweep.csv", "metrics/sweep.json", "plots/sweep.svg")}


def made_up(work, shard) -> Trained:
    """Without training: what matters here is who asks for it."""
    n_rows, n_splits = sum(len(split[4]) for split in work.splits), len(work.splits)
    random = np.random.default_rng(shard.seeds[0])
    logits = random.normal(size=(len(shard.configurations), n_rows)).astype(np.float32)
    return Trained(logits, np.zeros((len(shard.configurations), n_splits), bool))


def test_what_a_stopped_run_has_finished_is_not_trained_again(prepared, monkeypatch, capsys):
    calls = []

    def counted(work, shards, *, on_progress):
        for number, shard in enumerate(shards):
            calls.append(shard)
            on_progress(shard.n_trainings)
            yield number, made_up(work, shard)

    def interrupted(work, shards, *, on_progress):
        yield next(counted(work, shards, on_progress=on_progress))
        raise KeyboardInterrupt

    monkeypatch.setattr(_engine, "train_here", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.main()
    assert not Path("metrics").exists()
    monkeypatch.setattr(_engine, "train_here", counted)
    stage.main()
    first, n_shards = written(), len(calls)
    assert n_shards == 5  # two rounds of two kinds, and the test of the chosen one
    stage.main()
    assert len(calls) == n_shards
    assert written() == first
    kept = sorted(Path(".dvc/tmp/shards").iterdir())
    assert len(kept) == n_shards
    kept[0].write_bytes(b"cut off")
    stage.main()
    assert len(calls) == n_shards + 1
    assert written() == first
    found = json.loads(first["metrics/sweep.json"])
    assert (found["configurations"], found["trainings"], found["origin"]) == (4, 16, "standin")
    assert all(b"stand" in content for content in first.values())
    assert "try it: dvc exp run -S '+replicate.variants.chosen=" in capsys.readouterr().out


def test_a_huge_grid_is_refused_with_its_estimated_time(prepared, stage_folder):
    many = [n / 1000 for n in range(1, 318)]
    prepared["sweep"]["grid"] = {"l1": many, "l2": many}
    stage_folder(prepared)
    with pytest.raises(InputError) as raised:
        stage.main()
    text = str(raised.value)
    assert "received 100,489 configurations, 401,956 trainings, on this machine about" in text
    assert "raising sweep.most_trainings" in text


@pytest.mark.slow
def test_the_stage_writes_the_same_bytes_by_threads_and_by_processes(prepared, monkeypatch):
    stage.main()
    first = written()
    shutil.rmtree(".dvc")
    monkeypatch.setenv("TRAINING_ENGINE", "processes")
    stage.main()
    assert written() == first
