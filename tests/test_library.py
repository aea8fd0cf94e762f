"""The engine in a program of one's own: installed by itself, it trains, and changes nothing of that program."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.repositories import copy_project

pytestmark = pytest.mark.training

PROGRAM = """
import os, keras, tensorflow  # which set variables of their own
before = dict(os.environ)
import numpy as np
from regularization.population import Dataset, train_population

def build(seed):
    hidden = keras.layers.Dense(4, activation="relu", kernel_initializer=keras.initializers.GlorotUniform(seed))
    model = keras.Sequential([keras.Input((3,)), hidden, keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return model

X = np.random.default_rng(0).normal(size=(100, 3))
y = X[:, 0] > 0
models = [build(seed) for seed in range(10)]
history = train_population(models, Dataset(X[:80], y[:80], X[80:], y[80:]), seeds=range(10), epochs=3)
assert history.val_loss.shape == (10, 3) and (history.val_loss[:, -1] < history.val_loss[:, 0]).all()
assert dict(os.environ) == before
import regularization
print(regularization.__file__)
"""


def train_with(python: str | Path, folder: Path, **environment: str) -> Path:
    """Run the program and return where it found the library."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ended = subprocess.run(
        [python, "-c", PROGRAM], cwd=folder, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return Path(ended.stdout.strip())


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    copy_project(folder)
    return folder


@pytest.mark.slow
def test_installed_by_itself_it_trains_and_sets_nothing(sources, tmp_path):
    how = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(tmp_path / "library")]
    subprocess.run([sys.executable, "-m", "pip", "install", *how, str(sources)], check=True, capture_output=True)
    found = train_with(sys.executable, tmp_path, PYTHONPATH=str(tmp_path / "library"))
    assert found == tmp_path / "library/regularization/__init__.py"


@pytest.mark.slow
def test_in_a_fresh_environment_it_needs_only_what_it_names(sources, tmp_path):
    venv.create(tmp_path / "fresh", with_pip=True)
    python = tmp_path / "fresh/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(sources)], check=True)
    assert train_with(python, tmp_path).is_relative_to(tmp_path / "fresh")
