"""Temporary repositories of the whole project, for the tests that run DVC for real."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from regularization.params.file import read_values
from tests.conftest import ROOT
from tests.warm import warm_commands


def copy_project(folder: Path) -> None:
    """The files of the working tree that git has or would add."""
    listed = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def run(*command: str, cwd: Path) -> str:
    """Output of the command; `python` and `dvc` are those of the Python that runs the tests, already warm."""
    ended = end(*command, cwd=cwd)
    assert ended.returncode == 0, f"{command} failed:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def end(*command: str, cwd: Path) -> subprocess.CompletedProcess:
    """How the command ends, whatever its status; see `run`."""
    people = {
        f"GIT_{who}_{what}": "someone@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    path = {"PATH": os.pathsep.join([str(warm_commands()), str(Path(sys.executable).parent), os.environ["PATH"]])}
    return subprocess.run(command, cwd=cwd, env=os.environ | people | path, check=False, capture_output=True, text=True)


def commit(folder: Path, message: str) -> None:
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--message", message, cwd=folder)


def read_params(folder: Path) -> dict:
    return read_values(folder / "params.yaml")


def change_params(folder: Path, **changed) -> None:
    text = yaml.safe_dump(read_params(folder) | changed, sort_keys=False)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
