"""The whole pipeline in a fresh clone, with DVC itself and few epochs; the tests follow one another in one folder."""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.repositories import change_params, commit, copy_project, run

QUICK = {
    "epochs": 3,
    "replicate": {"seeds": 2, "splits": 2, "seeds_per_split": 2, "variants": {"l1_0.001": {"l1": 0.001}}},
}
TRAININGS = {"train_base", "train_l1l2", "train_dropout"}
REPLICATES = {"replicate_base", "replicate_l1l2", "replicate_dropout", "replicate_variations"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A fresh clone of the project as it stands in the working tree, with quick params committed."""
    origin, clone = tmp_path_factory.mktemp("origin"), tmp_path_factory.mktemp("clones") / "clone"
    copy_project(origin)
    change_params(origin, **QUICK)
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=origin)
    commit(origin, "as it stands")
    run("git", "clone", "--quiet", str(origin), str(clone), cwd=origin)
    return clone


def stages_run(output: str) -> set[str]:
    return set(re.findall(r"Running stage '(\w+)'", output))


def test_the_first_run_runs_every_stage(clone):
    everything = set(yaml.safe_load((clone / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    assert stages_run(run("dvc", "repro", cwd=clone)) >= everything - {"download"}  # it has not changed since dvc.lock
    for name in ("base", "l1l2", "dropout"):
        scores = json.loads((clone / f"metrics/{name}.json").read_text(encoding="utf-8"))
        assert scores["epochs"] == QUICK["epochs"]
        assert (clone / f"models/{name}.keras").exists()
    assert run("dvc", "status", cwd=clone).strip() == "Data and pipelines are up to date."


def test_the_second_run_runs_none(clone):
    assert stages_run(run("dvc", "repro", cwd=clone)) == set()


def test_forcing_a_training_changes_no_byte_of_the_lock(clone):
    lock = (clone / "dvc.lock").read_bytes()
    run("dvc", "repro", "--force", "--single-item", "train_dropout", cwd=clone)
    assert (clone / "dvc.lock").read_bytes() == lock


def test_an_experiment_with_dropout_retrains_what_depends_on_it_alone(clone):
    commit(clone, "reproduced")
    ran = stages_run(run("dvc", "exp", "run", "--name", "half", "--set-param", "dropout=0.5", cwd=clone))
    assert ran == {"check_params", "train_dropout", "charts", "replicate_dropout", "evidence"}


def test_exp_show_lists_the_experiment(clone):
    shown = run("dvc", "exp", "show", "--csv", cwd=clone)
    table = csv.DictReader(shown[shown.index("Experiment,") :].splitlines())
    (found,) = (row for row in table if row["Experiment"] == "half")
    assert found["dropout"] == "0.5"


def test_metrics_diff_tells_of_the_changed_model_alone(clone):
    changed = json.loads(run("dvc", "metrics", "diff", "--json", cwd=clone))
    assert set(changed) == {"metrics/dropout.json", "metrics/evidence.json"}


def test_plots_diff_draws_both_revisions(clone):
    drawn = run("dvc", "plots", "diff", "HEAD", "--json", cwd=clone)
    specs = json.loads(drawn[drawn.index("{") : drawn.rindex("}") + 1])["data"]
    (chart,) = specs["Validation loss"]
    rows = chart["content"]["data"]["values"]
    assert {row["rev"] for row in rows} == {"HEAD", "workspace"}
    assert len(rows) == 2 * 3 * QUICK["epochs"]


def test_going_back_to_the_earlier_value_trains_nothing(clone):
    run("git", "checkout", "--quiet", "--", "params.yaml", cwd=clone)
    output = run("dvc", "repro", cwd=clone)
    assert stages_run(output) & (TRAININGS | REPLICATES) == set()
    assert "Stage 'train_dropout' is cached" in output
    assert run("git", "status", "--porcelain", "metrics", "plots", "dvc.lock", cwd=clone) == ""


def test_l1_retrains_l1l2_and_its_replicates_alone(clone):
    status = json.loads(run_with_param(clone, "l1", 0.001))
    assert set(status) & (TRAININGS | REPLICATES) == {"train_l1l2", "replicate_l1l2"}


def test_epochs_retrains_everything(clone):
    status = json.loads(run_with_param(clone, "epochs", 4))
    assert set(status) & (TRAININGS | REPLICATES) == TRAININGS | REPLICATES


def run_with_param(clone: Path, key: str, value: float) -> str:
    """`dvc status` as JSON with one value of params.yaml changed, and changed back."""
    text = (clone / "params.yaml").read_text(encoding="utf-8")
    change_params(clone, **{key: value})
    status = run("dvc", "status", "--json", cwd=clone)
    (clone / "params.yaml").write_text(text, encoding="utf-8")
    return status


def test_a_mistyped_key_stops_the_run(clone):
    file = clone / "params.yaml"
    text = file.read_text(encoding="utf-8")
    with pytest.raises(AssertionError, match="dropuot: unknown key; did you mean dropout"):
        run("dvc", "exp", "run", "--set-param", "+dropuot=0.3", cwd=clone)
    file.write_text(text, encoding="utf-8")


def test_the_plots_page_opens(clone):
    run("dvc", "plots", "show", cwd=clone)
    assert "Validation loss" in (clone / "dvc_plots/index.html").read_text(encoding="utf-8")
