"""The notebook runs as it is committed, and says what it said."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.repositories import commit, copy_project, run

pytestmark = [pytest.mark.training, pytest.mark.slow]

NOTEBOOK = "notebooks/results.ipynb"


def told(notebook: nbformat.NotebookNode) -> list[str]:
    """What its cells show: tables and pictures."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [text for output in outputs for kind, text in sorted(output.get("data", {}).items()) if kind != "text/plain"]


def test_the_notebook_shows_what_it_showed(tmp_path, published_csv, monkeypatch):
    copy_project(tmp_path)
    run("git", "init", "--quiet", cwd=tmp_path)
    commit(tmp_path, "as it stands")
    run("dvc", "repro", "prepare", cwd=tmp_path)
    committed = nbformat.read(tmp_path / NOTEBOOK, as_version=4)
    assert told(committed)
    assert Path(tmp_path / NOTEBOOK).stat().st_size < 500_000
    notebook = nbformat.read(tmp_path / NOTEBOOK, as_version=4)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
    assert told(notebook) == told(committed)
    shutil.rmtree(tmp_path)
