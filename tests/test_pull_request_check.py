"""The check of a pull request: from two commits to the JSON of a check run, whatever the branch holds."""

import functools
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from regularization.errors import InputError
from tests.conftest import ROOT
from tests.evidence.simulated import simulated
from tests.repositories import commit, run
from tools.pull_request import examples, repository
from tools.pull_request.check import CUT, check, cut
from tools.pull_request.repository import files_here, files_of
from tools.pull_request.revision import read_revision, stale_stages

pytestmark = pytest.mark.training

DATA = {"rows": {"all": 800}, "share_of_class_1": {"all": 0.53}, "duplicate_rows": 3, "origin": "published"}
COLUMNS = "variant,protocol,split,seed,n_train,n_distinct_train,n_test"
SETTINGS = {"data": {"sha256": "4a40", "threshold": 6}, "dropout": 0.2, "evidence": {"equivalence": {"accuracy": 0.01}}}


@functools.cache
def csv_files(gain: float) -> dict[str, str]:
    """By path, what the replicate stages would write."""
    tables = zip(("replicates", "blocks"), simulated(gains={"dropout": gain}, seed_sd=0.002, loss=9.0), strict=True)
    return {
        f"metrics/{kind}/{name}.csv": rows.to_csv(index=False, float_format="%.6g")
        for kind, table in tables
        for name, rows in table.groupby("variant")
    }


def write_results(folder: Path, *, gain: float = 0.0, data: dict = DATA, settings: dict = SETTINGS) -> None:
    """The replicates of the headline models, in which dropout gains so much, and dvc.lock as DVC would leave it."""
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics" / "data.json").write_text(json.dumps(data))
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    for path, text in csv_files(gain).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    written = "metrics/blocks/dropout.csv"
    md5 = hashlib.md5((folder / written).read_bytes(), usedforsecurity=False).hexdigest()
    stage = {
        "params": {"params.yaml": {"dropout": settings["dropout"]}},
        "deps": [{"path": "data/prepared/table.npz", "md5": "not in git"}],
        "outs": [{"path": written, "md5": md5}],
    }
    (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": {"replicate_dropout": stage}}))


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A repository with results on `main`, and a branch to change them on, which is the current one."""
    monkeypatch.chdir(tmp_path)
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=tmp_path)
    write_results(tmp_path)
    commit(tmp_path, "results")
    run("git", "checkout", "--quiet", "-b", "branch", cwd=tmp_path)
    return tmp_path


def checked(project: Path, **options) -> dict:
    commit(project, "a change")
    return check("main", "branch", **options)


@pytest.mark.parametrize(("gain", "conclusion"), [(0.05, "success"), (-0.05, "failure")])
def test_the_conclusion_is_of_the_two_commits_and_not_of_what_lies_here(project, gain, conclusion):
    write_results(project, gain=gain)
    commit(project, "another dropout")
    run("git", "checkout", "--quiet", "main", cwd=project)
    found = check("main", "branch")
    assert found["conclusion"] == conclusion
    assert found["output"]["title"].startswith(f"dropout: {'better' if gain > 0 else 'worse'} in ")


def test_a_project_in_a_folder_of_a_larger_repository_is_compared_as_well(tmp_path, monkeypatch):
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=tmp_path)
    folder = tmp_path / "research" / "wine"
    folder.mkdir(parents=True)
    (tmp_path / "params.yaml").write_text("another: project\n")
    monkeypatch.chdir(folder)
    write_results(folder)
    commit(tmp_path, "results")
    run("git", "checkout", "--quiet", "-b", "branch", cwd=tmp_path)
    write_results(folder, gain=-0.05, settings=SETTINGS | {"dropout": 0.5})
    assert checked(tmp_path)["conclusion"] == "failure"


def test_the_label_turns_a_failure_into_neutral(project):
    write_results(project, gain=-0.05)
    assert checked(project, is_accepted=True)["conclusion"] == "neutral"


def test_what_main_did_since_does_not_count(project):
    write_results(project, gain=0.05)
    commit(project, "better")
    run("git", "checkout", "--quiet", "main", cwd=project)
    write_results(project, gain=0.2)
    commit(project, "better still")
    assert check("main", "branch")["conclusion"] == "success"


def test_a_standin_in_the_base_is_neutral_and_in_the_branch_alone_a_failure(project):
    write_results(project, gain=-0.05, data=DATA | {"origin": "standin"})
    found = checked(project)
    assert found["conclusion"] == "failure"
    assert "stand-in" in found["output"]["title"]
    write_results(project, gain=0.05, data=DATA | {"origin": "standin"})
    commit(project, "another one")
    assert check("branch~1", "branch")["conclusion"] == "neutral"


@pytest.mark.parametrize("changed", [{"threshold": 7}, {"sha256": "0000"}])
def test_other_labels_or_rows_are_not_compared(project, changed):
    write_results(project, gain=-0.05, settings=SETTINGS | {"data": SETTINGS["data"] | changed})
    found = checked(project)
    assert found["conclusion"] == "neutral"
    assert "not comparable (other data: data." in found["output"]["title"]


def test_a_branch_cannot_widen_its_own_region_of_equivalence(project):
    wide = {"equivalence": {"accuracy": 1.0, "binary_crossentropy": 9.0}}
    write_results(project, gain=-0.05, settings=SETTINGS | {"evidence": wide})
    assert checked(project)["conclusion"] == "failure"


def test_params_that_changed_without_a_run_are_named(project):
    (project / "params.yaml").write_text(yaml.safe_dump(SETTINGS | {"dropout": 0.5}))
    found = checked(project)
    assert found["conclusion"] == "neutral"
    assert "replicate_dropout are of other settings or code" in found["output"]["summary"]


def test_results_that_were_edited_by_hand_are_named(project):
    path = project / "metrics" / "blocks" / "dropout.csv"
    path.write_text(path.read_text().replace("dropout,0,40", "dropout,0,40 ", 1))
    assert stale_stages(*files_here()) == ["replicate_dropout"]


def test_code_in_a_folder_that_changed_without_a_run_is_named(project):
    """By the MD5 that DVC itself gives to a folder of files."""
    folder = project / "regularization" / "jobs"
    folder.mkdir(parents=True)
    for name in ("work.py", "cost.py"):
        (folder / name).write_text(name)
    (project / "dvc.lock").unlink()
    run("dvc", "init", "--quiet", cwd=project)
    stage = {"cmd": "true", "deps": ["regularization/jobs"]}
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"replicate_dropout": stage}}))
    run("dvc", "repro", "--quiet", cwd=project)
    assert stale_stages(*files_here()) == []
    commit(project, "as DVC left it")
    assert stale_stages(*files_of("HEAD")) == []
    (folder / "work.py").write_text("changed")
    assert stale_stages(*files_here()) == ["replicate_dropout"]


def test_results_as_dvc_left_them_are_not_stale(project):
    assert stale_stages(*files_here()) == []


PIPELINE = {
    "stages": {
        "replicate_dropout": {
            "cmd": "true",
            "deps": ["regularization/jobs.py", "data/prepared/table.npz"],
            "params": ["dropout", {"params.yaml": ["seed"]}],
        },
        "prepare": {"cmd": "true", "params": ["data.threshold"]},
    }
}


@pytest.fixture
def run_project(project) -> Path:
    """The project with a dvc.yaml, code, and a dvc.lock as a run would leave it, on main too."""
    (project / "regularization").mkdir()
    (project / "regularization/jobs.py").write_text("code")
    (project / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    lock_as_run(project)
    commit(project, "a pipeline")
    run("git", "branch", "--force", "main", cwd=project)
    assert check("main", "branch")["conclusion"] == "success"
    return project


def lock_as_run(project: Path) -> None:
    """dvc.lock as a run of that pipeline would leave it beside what `write_results` wrote."""

    def add(stages: dict) -> None:
        stage = stages["replicate_dropout"]
        stage["deps"].append({"path": "regularization/jobs.py", "md5": hashlib.md5(b"code").hexdigest()})
        stage["params"]["params.yaml"]["seed"] = None
        stages["prepare"] = {"params": {"params.yaml": {"data.threshold": 6}}}

    edit_lock(project, add)


def edit_lock(project: Path, change) -> None:
    lock = yaml.safe_load((project / "dvc.lock").read_text())
    change(lock["stages"])
    (project / "dvc.lock").write_text(yaml.safe_dump(lock))


def edit_pipeline(project: Path) -> None:
    """The code leaves the dependencies in dvc.yaml and dvc.lock."""
    pipeline = json.loads(json.dumps(PIPELINE))
    pipeline["stages"]["replicate_dropout"]["deps"].pop(0)
    (project / "dvc.yaml").write_text(yaml.safe_dump(pipeline))
    edit_lock(project, lambda stages: stages["replicate_dropout"]["deps"].pop())


@pytest.mark.parametrize(
    "hide",
    [
        lambda project: None,
        lambda project: (project / "dvc.lock").unlink(),
        lambda project: edit_lock(project, lambda stages: stages.clear()),
        lambda project: edit_lock(project, lambda stages: stages["replicate_dropout"].pop("deps")),
        edit_pipeline,
        lambda project: (project / "dvc.yaml").unlink(),
    ],
)
def test_stale_results_are_no_success_however_that_is_hidden(run_project, hide):
    (run_project / "regularization/jobs.py").write_text("other code")
    hide(run_project)
    found = checked(run_project)
    assert found["conclusion"] != "success"
    assert "replicate_dropout are of other settings or code" in found["output"]["summary"]


def test_a_param_that_left_the_lock_is_stale(run_project):
    (run_project / "params.yaml").write_text(yaml.safe_dump(SETTINGS | {"seed": 7}))
    edit_lock(run_project, lambda stages: stages["replicate_dropout"]["params"]["params.yaml"].pop("seed"))
    assert checked(run_project)["conclusion"] == "neutral"


def rename(project: Path) -> None:
    for path in (project / "metrics").rglob("dropout.csv"):
        path.with_name("other.csv").write_text(path.read_text().replace("dropout", "other"))
        path.unlink()


def drop_a_row(project: Path) -> None:
    path = project / "metrics/blocks/dropout.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))


@pytest.mark.parametrize(
    "edit",
    [
        lambda project: write_data(project, duplicate_rows=4),
        lambda project: write_data(project, origin="standin"),
        lambda project: write_data(project, rows={"all": 801}),
        lambda project: (project / "metrics/data.json").unlink(),
        lambda project: (project / "metrics/blocks/dropout.csv").unlink(),
        lambda project: (project / "metrics/replicates/dropout.csv").unlink(),
        lambda project: write_params(project, threshold=7),
        drop_a_row,
        rename,
    ],
)
def test_no_edit_beside_the_scores_turns_a_failure_into_anything_else(run_project, edit):
    write_results(run_project, gain=-0.05)
    lock_as_run(run_project)
    found = checked(run_project)
    assert found["conclusion"] == "failure"
    assert "other settings or code" not in found["output"]["summary"]
    edit(run_project)
    assert checked(run_project)["conclusion"] == "failure"


def write_data(project: Path, **changed) -> None:
    (project / "metrics/data.json").write_text(json.dumps(DATA | changed))


def write_params(project: Path, **changed) -> None:
    (project / "params.yaml").write_text(yaml.safe_dump(SETTINGS | {"data": SETTINGS["data"] | changed}))


def test_a_file_whose_name_is_no_text_is_passed_over(project):
    Path(project, b"metrics/\xff.csv".decode("utf-8", "surrogateescape")).write_text("x")
    assert checked(project)["conclusion"] == "success"


@pytest.mark.slow
def test_one_large_file_named_often_is_read_once(project, monkeypatch):
    (project / "large").write_bytes(b"0" * 5_000_000)
    large = [{"path": "large", "md5": "0"} for _ in range(1500)]
    edit_lock(project, lambda stages: stages["replicate_dropout"].update(deps=large))
    assert checked(project)["conclusion"] == "neutral"
    edit_lock(
        project,
        lambda stages: stages["replicate_dropout"].update(
            deps=[{"path": f"large{number}", "md5": "0"} for number in range(3000)]
        ),
    )
    assert "received a stage of 3001 files; expected 2000 at most" in checked(project)["output"]["summary"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("metrics/blocks/dropout.csv", "nonsense"),
        ("metrics/blocks/dropout.csv", "\0\1\2"),
        ("metrics/blocks/dropout.csv", "variant,block,rows\ndropout,0,many\n"),
        (
            "metrics/replicates/dropout.csv",
            "variant,protocol,split,seed,n_train,n_distinct_train,n_test\n</script>,a,1,1,1,1,1\n",
        ),
        (
            "metrics/replicates/dropout.csv",
            "variant,protocol,split,seed,n_train,n_distinct_train,n_test\n@someone,a,1,1,1,1,1\n",
        ),
        ("metrics/blocks/dropout.csv", "variant,block,rows" + "," * 1_000_000),
        ("metrics/blocks/dropout.csv", "variant,block,rows\n" + "".join(f"v{number},0,1\n" for number in range(5000))),
        ("metrics/replicates/dropout.csv", f"{COLUMNS}\nevil.example,a,1,1,1,1,1\n"),
        ("params.yaml", "a: &a [1]\n" + "".join(f"a{number}: [{'*a, ' * 9}]\n" for number in range(9))),
        ("metrics/data.json", "[" * 100_000),
        ("metrics/data.json", "[1]"),
        ("params.yaml", "a: &a [*a"),
        ("params.yaml", "{" * 1_000),
        ("dvc.lock", "stages: {replicate_dropout: {params: 3}}"),
        ("dvc.lock", "stages: {replicate_dropout: 3}"),
    ],
)
def test_what_cannot_be_read_fails_the_check_in_one_line_that_is_shown_as_code(project, path, content):
    (project / path).write_text(content)
    found = checked(project)
    assert found["conclusion"] == "failure"
    assert found["output"]["title"] == "The replicates cannot be read"
    assert found["output"]["summary"].startswith(f"    {path}: ")
    assert "\n" not in found["output"]["summary"]


def test_a_link_in_place_of_a_csv_is_not_followed(project):
    path = project / "metrics" / "blocks" / "dropout.csv"
    path.unlink()
    path.symlink_to("/etc/hostname")
    found = checked(project)
    assert found["conclusion"] == "failure"
    assert "dropout: not comparable (this branch has no block scores)" in found["output"]["title"]


def test_a_large_file_is_not_read(project, monkeypatch):
    monkeypatch.setattr(repository, "LARGEST_FILE", 1000)
    with pytest.raises(InputError, match="expected 1000 at most"):
        read_revision(*files_of("main"))


def test_a_base_without_replicates_leaves_nothing_to_compare(project):
    run("git", "checkout", "--quiet", "--orphan", "other", cwd=project)
    for path in (project / "metrics").rglob("*.csv"):
        path.unlink()
    commit(project, "nothing yet")
    run("git", "checkout", "--quiet", "-b", "first", cwd=project)
    write_results(project)
    commit(project, "first results")
    assert check("other", "first")["output"]["title"] == "base, dropout, l1l2: new."


def test_a_long_text_is_cut_with_a_word_and_folded_again():
    text = "<details>\n" + "a line\n" * 20_000 + "</details>\n"
    short = cut(text, 60_000)
    assert len(short) <= 60_000
    assert short.endswith(CUT)
    assert short.count("<details>") == short.count("</details>") == 1
    assert cut("short", 60_000) == "short"


def written_by_the_script(project: Path, python: str) -> dict:
    """What the workflow's script leaves in check.json, with `python` as the command of that name."""
    sha = run("git", "rev-parse", "branch", cwd=project).strip()
    run("git", "checkout", "--quiet", "main", cwd=project)
    (project / "python").write_text(f"#!/bin/sh\n{python}\n")
    (project / "python").chmod(0o755)
    environment = {"HEAD_SHA": sha, "LABELS": '["accept-worse", "--help", "x y"]', "PATH": f"{project}:/usr/bin:/bin"}
    script = ROOT / ".github" / "scripts" / "check_verdict.sh"
    subprocess.run(["bash", str(script)], cwd=project, env=environment, check=True)
    written = json.loads((project / "check.json").read_text())
    assert (written["name"], written["head_sha"], written["status"]) == ("Replicates", sha, "completed")
    return written


def test_the_script_of_the_workflow_writes_a_check_run(project):
    write_results(project, gain=-0.05)
    commit(project, "worse")
    written = written_by_the_script(project, f'PYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"')
    assert written["conclusion"] == "neutral"
    assert "`accept-worse` accepts it" in written["output"]["summary"]


@pytest.mark.parametrize("python", ["exit 3", "kill -KILL $$", "echo '{'", "echo '{}'", "exit 0"])
def test_whatever_becomes_of_the_comparison_a_failure_is_written(project, python):
    written = written_by_the_script(project, python)
    assert written["conclusion"] == "failure"
    assert written["output"]["title"] == "The comparison ended without a verdict"


# --- the two examples in the documentation


def test_the_examples_in_the_documentation_are_what_the_committed_results_give(monkeypatch):
    monkeypatch.chdir(ROOT)
    if repository.git("rev-parse", "--verify", "HEAD") is None:
        pytest.skip("expected a git repository with a commit, to compare the page with what is committed")
    committed = files_of("HEAD")
    if stale_stages(*committed):
        pytest.skip("the committed results are older than the code: `dvc repro`, then `make readme`")
    page = examples.PAGE.read_text(encoding="utf-8")
    assert examples.filled(page, committed) == page


def test_each_example_has_its_place_in_the_page_and_is_filled():
    page = (ROOT / examples.PAGE).read_text(encoding="utf-8")
    for name in ("dropout", "seed"):
        (text,) = re.findall(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", page, flags=re.DOTALL)
        assert "> The check: " in text
