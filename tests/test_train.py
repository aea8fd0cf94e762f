"""The train stage as DVC calls it: in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regularization.table import Arrays
from tests.conftest import ROOT
from tests.warm import warm_commands

pytestmark = pytest.mark.training

EPOCHS = 5
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def prepared(stage_folder, params):
    """A folder with prepared rows, and params for a short training; call it to change those."""
    random = np.random.default_rng(0)
    X, y = random.normal(size=(100, 3)), random.integers(0, 2, 100)
    arrays = Arrays(X[:60], y[:60], X[60:80], y[60:80], X[80:], y[80:])
    Path("data/prepared").mkdir(parents=True)
    np.savez("data/prepared/arrays.npz", **dict(list(arrays._asdict().items())[:6]))
    described = '{"table": {"origin": "published"}, "target": {"labels": ["0", "1"]}}'
    Path("data/prepared/preprocessing.json").write_text(described, encoding="utf-8")

    def write(**changed) -> None:
        stage_folder(params | {"epochs": EPOCHS, "hidden_units": [4, 4]} | changed)

    write()
    return write


def train(name: str) -> subprocess.CompletedProcess:
    command = [warm_commands() / "python", "-m", "stages.train", name]
    return subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True, text=True)


def outputs() -> set[str]:
    return {
        str(path) for folder in ("models", "metrics", "plots") for path in Path(folder).rglob("*") if path.is_file()
    }


@pytest.mark.slow
def test_killed_in_the_middle_it_leaves_nothing_declared_and_runs_again(prepared):
    prepared(epochs=100_000)
    with subprocess.Popen([sys.executable, "-m", "stages.train", "dropout"], env=ENVIRONMENT) as process:
        while not list(Path().glob("plots/dropout.partial/**/loss.tsv")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    assert all(".partial" in path for path in outputs())

    prepared()
    ended = train("dropout")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")  # no bar where there is no terminal
    curves = {
        f"plots/dropout/{part}/{metric}.tsv"
        for part in ("train", "eval")
        for metric in ("loss", "accuracy", "binary_crossentropy")
    }
    assert outputs() == {"models/dropout.keras", "metrics/dropout.json"} | curves
    loss = pd.read_csv("plots/dropout/eval/loss.tsv", sep="\t")
    assert loss["step"].to_list() == list(range(EPOCHS))
    scores = json.loads(Path("metrics/dropout.json").read_text(encoding="utf-8"))
    assert scores["epochs"] == EPOCHS
    assert scores["validation"]["loss"] == pytest.approx(loss["loss"].iloc[-1], rel=1e-5)


@pytest.mark.slow
def test_with_patience_it_says_how_many_epochs_it_took_and_keeps_the_best(prepared):
    prepared(epochs=300, patience=3, learning_rate=0.05)
    assert train("base").returncode == 0
    loss = pd.read_csv("plots/base/eval/loss.tsv", sep="\t")["loss"]
    scores = json.loads(Path("metrics/base.json").read_text(encoding="utf-8"))
    assert scores["epochs"] == len(loss) == loss.argmin() + 1 + 3 < 300
    assert scores["validation"]["loss"] == pytest.approx(loss.min(), rel=1e-5)


def test_what_was_trained_before_is_taken_from_where_it_is_kept(prepared):
    assert train("base").returncode == 0
    first = {path: Path(path).read_bytes() for path in outputs()}
    (kept,) = Path(".dvc/tmp/trainings").iterdir()
    shutil.rmtree("plots")
    before = kept.stat().st_ino
    assert train("base").returncode == 0
    assert {path: Path(path).read_bytes() for path in outputs()} == first
    (again,) = Path(".dvc/tmp/trainings").iterdir()
    assert again.stat().st_ino == before  # nothing was saved anew
    prepared(seed=7)
    assert train("base").returncode == 0
    assert Path("metrics/base.json").read_bytes() != first["metrics/base.json"]


def test_a_diverging_training_ends_in_one_line_and_leaves_nothing(prepared):
    prepared(learning_rate=1e30, epochs=50)
    ended = train("l1l2")
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the training diverged")
    assert len(ended.stderr.splitlines()) == 1
    assert outputs() == set()


def test_bad_params_end_in_one_line(prepared):
    prepared(dropout=1.5)
    ended = train("dropout")
    assert ended.stderr == "error: params.yaml: dropout: received 1.5; expected a number from 0 to below 1\n"
    assert ended.returncode == 1


def test_an_unknown_model_is_refused_with_the_choices(prepared):
    ended = train("ridge")
    assert ended.returncode != 0
    assert ended.stderr.startswith(
        "error: python -m stages.train: received 'ridge'; expected one of base, l1l2, dropout"
    )
