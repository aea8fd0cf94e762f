"""A sweep's predictions are those of networks trained alone; what the stage has finished is not trained again."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from regularization.errors import InputError
from regularization.jobs.engines import train_here
from regularization.jobs.work import Trained
from regularization.networks.models import build_model
from regularization.population import Dataset, train_population
from regularization.replicates.training import NoStore
from regularization.sweep.grid import expand_grid
from regularization.sweep.rounds import Cell, plan_folds, work_on
from regularization.sweep.training import plan_shards, train_cells
from regularization.table import Table, duplicate_groups
from stages import _engine
from stages import sweep as stage

pytestmark = pytest.mark.training
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 4))
Y = (X[:, 0] > 0).astype(int)
TABLE = Table(X, Y, np.arange(80))
NETWORK = {"n_features": 4, "hidden_units": (3,), "learning_rate": 0.01}
FOLDS = plan_folds(TABLE, np.arange(80), folds=3, validation_split=0.25, random_state=0)
WORK, SCORED = work_on(TABLE, FOLDS, network=NETWORK, epochs=6, batch_size=16)
SEEDS = (7, 8, 9)


def trained(*configurations: dict, on_progress=lambda _: None) -> list:
    cells = [Cell(settings, SEEDS) for settings in configurations]
    options = {"train_shards": train_here, "store": NoStore(), "on_progress": on_progress}
    return [predicted for _, predicted in sorted(train_cells(cells, WORK, SCORED, **options))]


def test_a_configuration_is_the_network_that_is_trained_alone():
    progress = []
    predicted = trained(
        {"l1": 0.1, "patience": None}, {"hidden_units": (3,), "patience": 1}, on_progress=progress.append
    )
    assert sum(progress) == pytest.approx(6)
    assert [each.diverged.tolist() for each in predicted] == [[False] * 3] * 2
    split, X_test = Dataset(*WORK.splits[1]), SCORED[1]
    place = slice(len(SCORED[0]), len(SCORED[0]) + len(X_test))
    for number, (built_by, patience) in enumerate([({"l1": 0.1}, None), ({}, 1)]):
        model = build_model(**NETWORK, **built_by, seed=8)
        train_population([model], split, seeds=[8], epochs=6, batch_size=16, patience=patience)
        probability = model.predict(X_test, verbose=0).ravel()
        expected = np.log(probability / (1 - probability))
        np.testing.assert_allclose(predicted[number].outputs[place], expected, rtol=1e-3, atol=1e-4)


def test_a_training_that_diverges_is_named():
    wild, tame = trained({"l2": 1e30, "regularized_layers": (1,)}, {})
    assert (wild.diverged.tolist(), tame.diverged.tolist()) == ([True] * 3, [False] * 3)


def test_shards_hold_every_configuration_once_and_programs_with_many_apart():
    many = list(expand_grid({"l1": [float(n) for n in range(40)], "dropout": [None, 0.5], "weight_decay": [None, 1]}))
    planned = plan_shards([Cell(settings, (1, 2)) for settings in many])
    assert sorted(number for numbers, _ in planned for number in numbers) == list(range(160))
    for numbers, shard in planned:
        assert shard.variants == tuple(many[number] for number in numbers)
        assert shard.runs == ((0, 1), (1, 2))
        assert len({(each["dropout"], each["weight_decay"]) for each in shard.variants}) == 1
        assert shard.n_trainings == 2 * len(numbers)


def test_programs_with_few_configurations_share_a_shard_but_never_rounds():
    few = list(expand_grid({"l2": [None, 0.01], "dropout": [None, 0.5], "weight_decay": [None, 1]}))
    planned = plan_shards([Cell(settings, seeds) for seeds in ((1, 2), (3, 4)) for settings in few])
    assert [numbers for numbers, _ in planned] == [[0, 4, 1, 5, 2, 6, 3, 7], [8, 12, 9, 13, 10, 14, 11, 15]]
    assert [shard.runs for _, shard in planned] == [((0, 1), (1, 2)), ((0, 3), (1, 4))]


@pytest.fixture
def prepared(stage_folder, wine_table, params, monkeypatch):
    """A small table as `prepare` leaves it, and params of a small sweep."""
    Path("data/prepared").mkdir(parents=True)
    features = wine_table.drop(columns="quality")
    y = (wine_table["quality"] >= 6).to_numpy().astype(int)
    Path("metrics").mkdir(exist_ok=True)
    data = {"origin": "standin", "share_of_class_1": {"all": float(y.mean())}}
    Path("metrics/data.json").write_text(json.dumps(data), encoding="utf-8")
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
    shape = len(shard.variants), len(shard.runs)
    seeds = [[shard.runs[0][1], int(1000 * (its.get("l1") or 0)), its.get("patience") or 0] for its in shard.variants]
    weights = np.stack([np.random.default_rng(seed).normal(scale=0.3, size=(shape[1], 500)) for seed in seeds])
    return Trained(
        weights.astype(np.float32), np.zeros((2, *shape, 1), np.float32), np.ones(shape, int), np.zeros(shape, bool)
    )


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
    assert not Path("metrics/sweep.csv").exists()
    monkeypatch.setattr(_engine, "train_here", counted)
    stage.main()
    first, n_shards = written(), len(calls)
    assert n_shards == 3  # two rounds of one program, and the test of the chosen one
    stage.main()
    assert len(calls) == n_shards
    assert written() == first
    kept = sorted(Path(".dvc/tmp/trainings").iterdir())
    assert len(kept) == 9  # four configurations in two rounds, and the chosen one
    kept[0].write_bytes(b"cut off")
    stage.main()
    assert (len(calls), calls[-1].n_trainings < 17) == (n_shards + 1, True)
    assert written() == first
    found = json.loads(first["metrics/sweep.json"])
    assert (found["configurations"], found["trainings"], found["origin"]) == (4, 16, "standin")
    assert all(b"stand" in content for content in first.values())
    assert "it is the plain network, without any technique" in capsys.readouterr().out


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
