"""Kills and races at random moments, with DVC itself: minutes, so they run in `make test-slow` alone.

Every stage gives the same bytes each time, so whatever stands where a stage writes, after a kill, must be those bytes.
"""

import hashlib
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from regularization.errors import InputError
from regularization.intake.standin import standin_csv
from tests.conftest import ROOT
from tests.repositories import change_params, commit, copy_project, read_params, run

pytestmark = [pytest.mark.slow, pytest.mark.training]

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
NOT_FROZEN = [name for name, stage in STAGES.items() if not stage.get("frozen")]
QUICK = {"epochs": 3, "hidden_units": [4, 3]}
QUICK_REPLICATE = {"seeds": 2, "splits": 10, "leaky_twins": 2, "variants": {"l1_0001": {"l1": 0.001}}}
QUICK_SWEEP = {"grid": {"dropout": [None, 0.5]}, "folds": 2, "seeds": 2}
KILLS = 3  # of each stage
LONGEST = 8  # seconds until a kill: the time that the longest stage takes here
SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
PYTHON_STARTS = 0.3  # seconds in which Python itself starts, and answers Ctrl-C in its own way


def reproduced(folder: Path, *stages: str) -> Path:
    """The project on a table in it, with quick params, after `dvc repro` of the stages, or of all."""
    copy_project(folder)
    (folder / "table.csv").write_bytes(standin_csv())
    here = {"url": "table.csv", "watch": "table.csv", "offline": "fail"}
    here["sha256"] = hashlib.sha256(standin_csv()).hexdigest()
    known = read_params(folder)
    quick = {"data": here, "replicate": QUICK_REPLICATE, "sweep": QUICK_SWEEP}
    change_params(folder, **QUICK, **{group: known[group] | changed for group, changed in quick.items()})
    run("git", "init", "--quiet", cwd=folder)
    commit(folder, "as it stands")
    run("dvc", "repro", *stages, cwd=folder)
    commit(folder, "reproduced")
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    return reproduced(tmp_path_factory.mktemp("bad_luck"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return reproduced(tmp_path_factory.mktemp("races"), "check_params", "train_base")


def outputs(stage: str) -> list[str]:
    """The paths that dvc.yaml says the stage writes."""
    entries = [entry for kind in ("outs", "metrics", "plots") for entry in STAGES[stage].get(kind, [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def content(folder: Path, stage: str) -> dict[str, str]:
    """The hash of each file that the stage has written, by path."""
    found = {}
    for output in outputs(stage):
        path = folder / output
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.is_file():
                found[str(file.relative_to(folder))] = hashlib.md5(file.read_bytes()).hexdigest()
    return found


def lock_of(folder: Path, stage: str) -> dict:
    """What dvc.lock holds of the stage."""
    return yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"][stage]


def start(folder: Path, command: str, **settings) -> subprocess.Popen:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        command.split(), cwd=folder, env=os.environ | {"PATH": path}, stderr=subprocess.PIPE, text=True, **settings
    )


def remove(folder: Path, stage: str) -> None:
    for output in outputs(stage):
        run("rm", "-rf", output, cwd=folder)


@pytest.mark.parametrize("stage", NOT_FROZEN)
def test_killed_at_any_moment_a_stage_leaves_whole_files_or_none(repository, stage):
    whole, dice = content(repository, stage), random.Random(stage)
    for number in range(KILLS):
        remove(repository, stage)
        process = start(repository, STAGES[stage]["cmd"], stdout=subprocess.DEVNULL)
        time.sleep(PYTHON_STARTS + dice.random() * LONGEST)
        process.send_signal(SIGNALS[number % len(SIGNALS)])
        said = process.communicate()[1]
        left = content(repository, stage)
        assert left.items() <= whole.items(), f"after {SIGNALS[number % len(SIGNALS)]!r}"
        for output in outputs(stage):  # a folder too is there whole, or not at all
            files = {path for path in whole if path == output or path.startswith(f"{output}/")}
            assert files & left.keys() in (set(), files)
        assert "Traceback" not in said


def test_after_all_those_kills_dvc_finds_everything_as_it_was(repository):
    run("git", "checkout", "--quiet", "--", ".", cwd=repository)
    run("dvc", "repro", cwd=repository)
    assert run("git", "status", "--porcelain", cwd=repository) == ""
    assert json.loads(run("dvc", "status", "--json", cwd=repository)) == {}


DAMAGES = {
    "empty": lambda content, _: b"",
    "cut off": lambda content, dice: content[: dice.randrange(1, len(content) - 1)].rstrip(b"\n"),
    "a byte": lambda content, dice: flipped(content, dice.randrange(len(content))),
    "conflict": lambda content, _: b"<" * 7 + b" ours\n" + content + b"=" * 7 + b"\n" + b">" * 7 + b" theirs\n",
    "binary": lambda content, dice: dice.randbytes(1000),
}


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x80]) + content[place + 1 :]


def read_files(folder: Path, stage: str) -> list[Path]:
    """The files of results that the stage reads."""
    paths = [folder / dependency for dependency in STAGES[stage].get("deps", []) if not dependency.endswith(".py")]
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*")))]
    return [file for file in files if file.suffix in (".npz", ".csv", ".json", ".tsv") and "docs" not in file.parts]


@pytest.mark.parametrize("stage", [stage for stage in NOT_FROZEN if stage not in ("check_params", "download")])
@pytest.mark.filterwarnings("default")
def test_a_damaged_file_ends_a_stage_in_a_line(repository, stage, monkeypatch):
    """Or changes nothing in what the stage writes."""
    whole, dice = content(repository, stage), random.Random(stage)
    _, _, module, *arguments = STAGES[stage]["cmd"].split()
    monkeypatch.chdir(repository)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    for file in read_files(repository, stage):
        intact = file.read_bytes()
        for name, damage in DAMAGES.items():
            file.write_bytes(damage(intact, dice))
            try:
                importlib.import_module(module).main()
            except (InputError, OSError):
                pass
            else:
                assert content(repository, stage) == whole, f"{file}, {name}"
            finally:
                file.write_bytes(intact)
    assert content(repository, stage) == whole


@pytest.mark.parametrize("number", range(3))
def test_dvc_itself_killed_with_its_stage_goes_on_where_it_was(trained, number):
    dice = random.Random(number)
    process = start(
        trained, "dvc repro --force --single-item prepare", stdout=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(0.5 + 5 * dice.random())
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    rwlock = trained / ".dvc/tmp/rwlock"
    if rwlock.exists() and not rwlock.read_bytes():  # DVC writes it in place: docs/reliability.md says what to do
        rwlock.unlink()
    run("dvc", "repro", "check_params", "train_base", cwd=trained)
    assert run("git", "status", "--porcelain", cwd=trained) == ""


@pytest.fixture
def kept(trained) -> Path:
    yield trained
    run("git", "checkout", "--quiet", "--", ".", cwd=trained)
    run("dvc", "checkout", "--quiet", "--force", "download", "prepare", "train_base", cwd=trained)


def test_an_experiment_in_another_terminal_makes_the_running_stage_fail(kept):
    """`dvc exp run` is refused while a stage runs, but has already written its value into params.yaml."""
    change_params(kept, epochs=2_000)
    run("git", "add", "params.yaml", cwd=kept)
    recorded = lock_of(kept, "train_base")
    process = start(kept, "dvc repro --single-item train_base", stdout=subprocess.DEVNULL)
    while not (kept / "plots/base.partial").exists():
        assert process.poll() is None
        time.sleep(0.05)
    start(kept, "dvc exp run --set-param dropout=0.5 train_base", stdout=subprocess.DEVNULL).communicate()
    assert read_params(kept)["dropout"] == 0.5
    said = process.communicate()[1]
    assert "params.yaml (dropout) changed while this stage ran: nothing is recorded" in said
    assert process.returncode != 0
    assert lock_of(kept, "train_base") == recorded
    run("git", "reset", "--quiet", "--hard", cwd=kept)


def test_a_table_altered_in_dvcs_cache_is_not_trained_on(kept):
    known = lock_of(kept, "download")["outs"][0]["md5"]
    listing = json.loads((kept / ".dvc/cache/files/md5" / known[:2] / known[2:]).read_text(encoding="utf-8"))
    (of_table,) = (entry["md5"] for entry in listing if entry["relpath"] == "table.csv")
    cached = kept / ".dvc/cache/files/md5" / of_table[:2] / of_table[2:]
    whole = cached.read_bytes()
    cached.chmod(0o644)
    cached.write_bytes(whole.replace(b"7", b"8"))
    run("rm", "-rf", "data/raw", cwd=kept)
    try:
        with pytest.raises(AssertionError, match=r"not what was downloaded|changed|corrupted"):
            run("dvc", "checkout", "data/raw", cwd=kept)
            run("dvc", "repro", "--force", "--single-item", "prepare", cwd=kept)
    finally:
        cached.write_bytes(whole)
        run("rm", "-rf", "data/raw", cwd=kept)
        run("dvc", "repro", "--force", "--single-item", "download", cwd=kept)
