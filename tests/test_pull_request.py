"""`make pull-request` on a branch that changed `dropout`, in a fresh clone of it: no DVC remote, no cache."""

import json
import re
import struct
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from regularization.errors import InputError
from tests.evidence.simulated import simulated
from tests.repositories import change_params, commit, copy_project, end, run
from tools.pull_request import report as pull_request
from tools.pull_request.repository import fork_point

pytestmark = pytest.mark.training

CHARTS = [
    "Training loss",
    "Validation loss",
    "Validation loss, without penalty",
    "Training accuracy",
    "Validation accuracy",
]
POINTS_WIDE = 640  # of a chart without its axes and legend


@pytest.fixture(scope="module")
def branch(tmp_path_factory) -> Path:
    """A repository with the commits `main` (dropout 0.2), on top of it `more-dropout` (0.5), and later work on main.

    Nothing is trained: the report reads what is in git, so what a training would have written is written here.
    """
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    change_params(folder, dropout=0.2)
    _write_replicates(folder)
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=folder)
    commit(folder, "The project")

    run("git", "checkout", "--quiet", "-b", "more-dropout", cwd=folder)
    change_params(folder, dropout=0.5)
    _change_results(folder)
    commit(folder, "More dropout")

    run("git", "checkout", "--quiet", "main", cwd=folder)
    change_params(folder, l1=0.05)
    commit(folder, "Work on main that the branch knows nothing of")
    return folder


def _write_replicates(folder: Path, *, gains: dict | None = None) -> None:
    """Replicates of the headline models, in which those with a gain are better."""
    for path in (folder / "metrics").glob("*/variations.csv"):
        path.unlink()
    for kind, table in zip(("replicates", "blocks"), simulated(gains=gains, loss=9.0), strict=True):
        (folder / "metrics" / kind).mkdir(parents=True, exist_ok=True)
        for name, rows in table.groupby("variant"):
            rows.to_csv(folder / "metrics" / kind / f"{name}.csv", index=False, float_format="%.6g")


def _change_results(folder: Path) -> None:
    """The scores, curves and replicates of the dropout model, as another training of it would leave them."""
    _write_replicates(folder, gains={"dropout": 0.05})
    scores = folder / "metrics" / "dropout.json"
    scores.write_text(re.sub(r"0\.\d+", lambda figure: f"{float(figure[0]) * 0.9:.6g}", scores.read_text()))
    for path in (folder / "plots" / "dropout").rglob("*.tsv"):
        curve = pd.read_csv(path, sep="\t")
        curve.assign(**{curve.columns[1]: curve.iloc[:, 1] * 0.9}).to_csv(path, sep="\t", index=False)


@pytest.fixture(scope="module")
def clone(branch, tmp_path_factory) -> Path:
    """A fresh clone of the branch, in which the report was made."""
    folder = tmp_path_factory.mktemp("clones") / "clone"
    run("git", "clone", "--quiet", "--branch", "more-dropout", str(branch), str(folder), cwd=branch)
    run("python", "-m", "tools.pull_request", "--base", "main", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def report(clone) -> str:
    return (clone / "pull_request.md").read_text(encoding="utf-8")


def test_the_clone_had_neither_data_nor_models(clone):
    assert not any((clone / place).exists() for place in ("data/prepared", "models/dropout.keras", ".dvc/cache"))


def test_the_report_names_the_changed_param_and_not_what_main_did_since(report):
    assert _rows(report, "Params") == [["params.yaml", "dropout", "0.2", "0.5"]]


def test_the_report_has_the_metrics_of_the_dropout_model_alone(report, branch):
    rows = _rows(report, "Metrics")
    assert {path for path, *_ in rows} == {"metrics/dropout.json"}
    before, after = (_scores(branch, commit) for commit in ("more-dropout~1", "more-dropout"))
    expected = {(name, f"{before[name]:.4f}", f"{after[name]:.4f}") for name in before if before[name] != after[name]}
    assert {(name, f"{float(old):.4f}", f"{float(new):.4f}") for _, name, old, new, _ in rows} == expected


def test_the_verdict_comes_first_and_is_of_the_dropout_model_alone(report):
    headline = report.splitlines()[2]
    assert headline.startswith("**dropout: better in ")
    assert headline.endswith("; base, l1l2: not retrained.**")


def test_results_older_than_their_params_are_said_to_be_so(report):
    # dvc.lock still says 0.2, and knows nothing of these replicates
    assert re.search("The results of .*replicate_dropout.* are of other settings or code", report)


def test_the_columns_are_named_by_branch_and_commit(report, branch):
    fork = run("git", "rev-parse", "more-dropout~1", cwd=branch)[:7]
    header = next(line for line in report.splitlines() if line.startswith("| Path"))
    assert [cell.strip() for cell in header.split("|")[3:5]] == [f"main ({fork})", "this branch"]


def test_every_chart_of_the_three_models_is_a_picture(report, clone):
    shown = re.findall(r"^!\[(.*)\]\((.*)\)$", report, flags=re.MULTILINE)
    assert [name for name, _ in shown] == CHARTS
    assert [path for _, path in shown] == [
        "pull_request/1-training-loss.png",
        "pull_request/2-validation-loss.png",
        "pull_request/3-validation-loss-without-penalty.png",
        "pull_request/4-training-accuracy.png",
        "pull_request/5-validation-accuracy.png",
    ]
    for _, path in shown:
        content = (clone / path).read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">II", content[16:24])
        assert width > POINTS_WIDE * pull_request.PIXELS_PER_POINT > height > 400


def test_the_page_holds_the_charts_and_loads_nothing(clone):
    page = (clone / "pull_request" / "index.html").read_text(encoding="utf-8")
    assert all(f'"text": "{name}"' in page for name in CHARTS)
    assert "cdn.jsdelivr.net" not in page


def test_git_sees_nothing_of_the_report(clone):
    assert run("git", "status", "--porcelain", cwd=clone) == ""


def test_a_failure_half_way_leaves_the_earlier_report_whole(clone, report, monkeypatch):
    def fail(_):
        raise InputError("no picture today")

    plots = json.dumps({"data": {"Chart": [_chart(workspace=[1.0])]}})
    pictures = sorted((clone / "pull_request").iterdir())
    monkeypatch.chdir(clone)
    monkeypatch.setattr("sys.argv", ["pull_request", "--base", "main"])
    monkeypatch.setattr(pull_request, "_dvc", lambda *arguments: plots if "--json" in arguments else "")
    monkeypatch.setattr(pull_request, "_png", fail)
    with pytest.raises(InputError, match="no picture today"):
        pull_request.main()
    assert (clone / "pull_request.md").read_text(encoding="utf-8") == report
    assert sorted((clone / "pull_request").iterdir()) == pictures
    assert not list(clone.glob("*partial*"))


def test_an_unknown_base_is_one_clear_line(clone):
    ended = end("python", "-m", "tools.pull_request", "--base", "mian", cwd=clone)
    assert ended.returncode == 1
    assert re.fullmatch("error: base: expected a branch, tag or commit, received 'mian'.*\n", ended.stderr)


def test_a_shallow_clone_is_told_to_fetch_the_full_history(branch, tmp_path, monkeypatch):
    source = ["--branch", "more-dropout", f"file://{branch}", str(tmp_path / "shallow")]
    run("git", "clone", "--quiet", "--depth", "1", *source, cwd=tmp_path)
    monkeypatch.chdir(tmp_path / "shallow")
    with pytest.raises(InputError, match="fetch the full history: git fetch --unshallow") as error:
        fork_point("main")
    advice = str(error.value).rpartition(": ")[2]
    subprocess.run(advice, shell=True, check=True, capture_output=True)
    assert fork_point("main") == run("git", "rev-parse", "more-dropout~1", cwd=branch).strip()


def test_a_folder_outside_of_git_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(InputError, match="expected a git repository"):
        fork_point("main")


def test_a_repository_without_a_commit_is_refused(tmp_path, monkeypatch):
    run("git", "init", "--quiet", cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="commit first"):
        fork_point("main")


def test_only_charts_that_differ_are_taken_and_none_of_a_single_file():
    plots = {
        "data": {
            "Changed": [_chart(main=[1.0, 2.0], workspace=[1.0, 3.0])],
            "Unchanged": [_chart(main=[1.0, 2.0], workspace=[1.0, 2.0])],
            "New": [_chart(workspace=[1.0])],
            "plots/base/eval/loss.tsv": [_chart(main=[1.0], workspace=[2.0])],
            "Without data": [],
            "picture.png": [{"type": "image", "revisions": ["main"], "url": "picture.png"}],
        }
    }
    charts = pull_request.changed_charts(plots, {"main": "main (0123456)", "workspace": "this branch"})
    assert list(charts) == ["Changed", "New"]
    points = charts["Changed"]["data"]["values"]
    assert [(point["rev"], point["loss"]) for point in points] == [
        ("main (0123456)", 1.0),
        ("main (0123456)", 2.0),
        ("this branch", 1.0),
        ("this branch", 3.0),
    ]


def _chart(**losses: list[float]) -> dict:
    points = [{"loss": loss, "rev": revision} for revision, values in losses.items() for loss in values]
    return {"type": "vega", "revisions": list(losses), "content": {"data": {"values": points}}}


def _rows(report: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its header."""
    section = report.split(f"<summary>{heading}</summary>\n")[1].split("\n</details>")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _scores(folder: Path, commit: str) -> dict[str, float]:
    """The dropout model's metrics in a commit, by their dotted names."""
    metrics = json.loads(run("git", "show", f"{commit}:metrics/dropout.json", cwd=folder))
    return pd.json_normalize(metrics).iloc[0].to_dict()
