"""What several test files share: the published CSV where it can be had, small tables, folders to run a stage in."""

import stages  # noqa: F401 (what it sets, such as one thread for small matrices, comes before numpy)

# isort: split
import copy
import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[1]
CSV_NAME = "winequality-red.csv"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """A stage that a test calls in its own process gives TensorFlow no more threads there: Keras' sums would differ."""
    for module in ("stages.replicate", "stages.sweep"):
        if module in sys.modules:
            monkeypatch.setattr(sys.modules[module], "share_threads", lambda: None)


@pytest.fixture(autouse=True, scope="module")
def few_draws(request):
    """Where all of the evidence is made anew in every test, its joint intervals rest on fewer draws."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.parent.name in ("evidence", "words", "report"):
            patch.setattr("regularization.evidence.jackknife.DRAWS", 1000)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Without the garbage collector, which would look through TensorFlow's modules again and again as they load."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file all of whose tests are left out is not imported: TensorFlow alone takes seconds."""
    if collection_path.suffix != ".py":
        return None
    marks = re.search(r"^pytestmark = (.*)", collection_path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    left_out = re.findall(r"not (\w+)", config.option.markexpr)
    return True if marks and any(f"mark.{name}" in marks[1] for name in left_out) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that two processes end at about the same time."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("early", "training")])


@pytest.fixture(scope="session")
def published_csv() -> Path:
    path = Path(os.environ.get("DATA_MIRROR", ""), CSV_NAME)
    if "DATA_MIRROR" not in os.environ or not path.is_file():
        pytest.skip(f"set DATA_MIRROR to a folder that holds {CSV_NAME}")
    return path


def committed(path: str) -> str:
    """A file as git's HEAD has it, whatever a user has run since; as it lies here where there is no repository."""
    shown = subprocess.run(["git", "show", f"HEAD:./{path}"], cwd=ROOT, capture_output=True, check=False)
    return shown.stdout.decode() if shown.returncode == 0 else (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def committed_params() -> dict:
    return yaml.safe_load(committed("params.yaml"))


@pytest.fixture
def params(committed_params) -> dict:
    """The committed params as a dictionary to change."""
    return copy.deepcopy(committed_params)


@pytest.fixture
def wine_table(committed_params) -> pd.DataFrame:
    """60 rows of 11 features and a quality, some of them duplicates, in the ranges of params.yaml."""
    columns = committed_params["data"]["columns"]
    random = np.random.default_rng(0)
    table = pd.DataFrame({name: random.uniform(*limits.values(), 60).round(3) for name, limits in columns.items()})
    table["quality"] = random.integers(3, 9, 60)
    table.iloc[50:] = table.iloc[:10].to_numpy()
    return table


@pytest.fixture
def stage_folder(tmp_path, monkeypatch, params):
    """A folder with a params.yaml, made the current one; call it with params to write others."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_MIRROR", raising=False)

    def write(changed: dict) -> Path:
        Path("params.yaml").write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
        return tmp_path

    write(params)
    return write
