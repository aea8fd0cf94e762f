"""The whole pipeline in a fresh clone, with DVC itself, a small network and few epochs.

Each test starts from the state that its fixture makes, so that any of them can run alone.
"""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.repositories import change_params, commit, copy_project, read_params, run

pytestmark = [pytest.mark.training, pytest.mark.early]

QUICK = {
    "epochs": 3,
    "batch_size": 2,  # whose rows the compiled program writes out
    "hidden_units": [1],
    "regularized_layers": [1],
    "replicate": {
        "seeds": 2,
        "variant_seeds": 1,
        "splits": 20,
        "headline_splits": 15,
        "variant_splits": 10,
        "leaky_twins": 2,
        "variants": {"l1_0001": {"l1": 0.001}},
    },
    "sweep": {
        "grid": {"l1": [0.001], "dropout": [None]},
        "folds": 3,
        "seeds": 1,
        "eliminate": None,
        "most_trainings": 100,
    },
}
TRAININGS = {"train_base", "train_l1l2", "train_dropout"}
REPLICATES = {"replicate_base", "replicate_l1l2", "replicate_dropout", "replicate_variations"}


@pytest.fixture(scope="module")
def first_run(tmp_path_factory) -> tuple[Path, str]:
    """A fresh clone of the project as it stands in the working tree, with quick params, after `dvc repro`."""
    origin, clone = tmp_path_factory.mktemp("origin"), tmp_path_factory.mktemp("clones") / "clone"
    copy_project(origin)
    change_params(origin, **QUICK)
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=origin)
    commit(origin, "as it stands")
    run("git", "clone", "--quiet", str(origin), str(clone), cwd=origin)
    output = run("dvc", "repro", cwd=clone)
    commit(clone, "reproduced")
    return clone, output


@pytest.fixture
def clone(first_run) -> Path:
    """The clone after its first run, with nothing changed since: what a test changes is taken back."""
    folder, _ = first_run
    yield folder
    has_other_outputs = run("git", "status", "--porcelain", "dvc.lock", cwd=folder)
    run("git", "checkout", "--quiet", "--", ".", cwd=folder)
    if has_other_outputs:
        run("dvc", "checkout", "--quiet", cwd=folder)


@pytest.fixture(scope="module")
def experiment(first_run, tmp_path_factory) -> tuple[Path, str]:
    """A copy of the clone with the results of an experiment with more dropout, and what that run said."""
    folder = tmp_path_factory.mktemp("experiments") / "clone"
    run("cp", "-a", str(first_run[0]), str(folder), cwd=first_run[0])
    output = run("dvc", "exp", "run", "--name", "half", "--set-param", "dropout=0.5", cwd=folder)
    return folder, output


def stages_run(output: str) -> set[str]:
    return set(re.findall(r"Running stage '(\w+)'", output))


def test_the_first_run_runs_every_stage(first_run):
    clone, output = first_run
    everything = set(yaml.safe_load((clone / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    assert stages_run(output) >= everything - {"download"}  # it has not changed since dvc.lock
    for name in ("base", "l1l2", "dropout"):
        scores = json.loads((clone / f"metrics/{name}.json").read_text(encoding="utf-8"))
        assert scores["epochs"] == QUICK["epochs"]
        assert (clone / f"models/{name}.keras").exists()
    recommended = json.loads((clone / "metrics/recommended.json").read_text(encoding="utf-8"))
    evidence = json.loads((clone / "metrics/evidence.json").read_text(encoding="utf-8"))
    assert recommended["variant"] == evidence["recommended"]
    assert recommended["rows"]["trained_on"] > 1500
    assert (clone / "models/recommended.keras").exists()
    assert run("dvc", "status", cwd=clone).strip() == "Data and pipelines are up to date."


def test_the_evidence_ends_with_the_answer(first_run):
    assert "l1l2 against base: test accuracy" in first_run[1]
    assert "the rest: metrics/evidence/, plots/report.html" in first_run[1]


def test_what_comes_of_a_stand_in_is_marked_and_nothing_else(first_run):
    """With the published table at hand nothing is marked, without it everything."""
    metrics = first_run[0] / "metrics"
    is_standin = json.loads((metrics / "data.json").read_text(encoding="utf-8"))["origin"] == "standin"
    for name in ("base", "l1l2", "dropout", "evidence"):
        found = json.loads((metrics / f"{name}.json").read_text(encoding="utf-8"))
        assert found.get("origin") == ("standin" if is_standin else None)
    tables = [path for folder in ("replicates", "blocks", "evidence") for path in metrics.glob(f"{folder}/*.csv")]
    assert len(tables) > 15
    for table in tables:
        header = table.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert ("origin" in header) == (is_standin or table.name == "table.csv"), table
    said = (metrics / "evidence/sentences.md").read_text(encoding="utf-8")
    assert ("synthetic stand-in" in said) == is_standin


def test_the_second_run_runs_none(clone):
    assert stages_run(run("dvc", "repro", cwd=clone)) == set()
    assert run("python", "-m", "tools.plan", "--to-run", cwd=clone) == "nothing has changed since the last run\n"


def test_a_clone_of_what_was_reproduced_is_told_that_its_data_and_models_alone_are_made(clone, tmp_path):
    run("git", "clone", "--quiet", str(clone), str(tmp_path / "other"), cwd=tmp_path)
    said = run("python", "-m", "tools.plan", "--to-run", cwd=tmp_path / "other")
    assert said.startswith("7 of 15 stages will run: about ")  # download, prepare, three models, recommend, report


def test_make_back_restores_params_results_and_models_and_leaves_other_files_alone(clone):
    change_params(clone, dropout=0.4)
    results, model = clone / "metrics/base.json", clone / "models/base.keras"
    results.write_bytes(results.read_bytes().replace(b"1", b"2"))
    model.unlink()
    readme = clone / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + "mine\n", encoding="utf-8")
    run("make", "--old-file=setup", "back", cwd=clone)
    assert run("git", "status", "--porcelain", cwd=clone) == " M README.md\n"
    assert run("dvc", "status", cwd=clone).strip() == "Data and pipelines are up to date."


def test_forcing_a_training_changes_no_byte_of_the_lock(clone):
    lock = (clone / "dvc.lock").read_bytes()
    run("dvc", "repro", "--force", "--single-item", "train_dropout", cwd=clone)
    assert (clone / "dvc.lock").read_bytes() == lock


def test_an_experiment_with_dropout_retrains_what_depends_on_it_alone(experiment):
    ran = stages_run(experiment[1])
    assert ran == {"check_params", "train_dropout", "replicate_dropout", "evidence", "report"}


def test_exp_show_lists_the_experiment(experiment):
    shown = run("dvc", "exp", "show", "--csv", cwd=experiment[0])
    table = csv.DictReader(shown[shown.index("Experiment,") :].splitlines())
    (found,) = (row for row in table if row["Experiment"] == "half")
    assert found["dropout"] == "0.5"


def test_exp_show_as_the_readme_has_it_fits_a_wide_terminal(experiment):
    readme = (experiment[0] / "README.md").read_text(encoding="utf-8")
    (options,) = re.findall(r"^dvc exp show (.*?)\s+#", readme, flags=re.MULTILINE)
    shown = run("bash", "-c", f"dvc exp show --no-pager --csv {options}", cwd=experiment[0])
    header = next(line for line in shown.splitlines() if line.startswith("Experiment,"))
    assert len(header.split(",")) <= 16


def test_make_experiments_shows_what_differs_within_a_hundred_columns(experiment):
    shown = run("python", "-m", "tools.experiments", cwd=experiment[0])
    lines = shown[shown.index("workspace") :].splitlines()
    assert max(map(len, lines)) <= 100
    assert "half: dropout 0.2 -> 0.5" in lines
    assert [line.split(":")[0] for line in lines if line and line[0] != " "] == ["workspace", "main", "half"]
    verdict = json.loads((experiment[0] / "metrics/evidence.json").read_text(encoding="utf-8"))["accuracy"]["verdict"]
    row = next(line for line in lines if line.startswith("  dropout against base"))
    assert f" {verdict['dropout_vs_base']} " in row


def test_metrics_diff_tells_of_the_changed_model_alone(experiment):
    changed = json.loads(run("dvc", "metrics", "diff", "--json", cwd=experiment[0]))
    assert set(changed) <= {"metrics/dropout.json", "metrics/evidence.json"}
    assert "metrics/dropout.json" in changed


def test_plots_diff_draws_both_revisions(experiment):
    drawn = run("dvc", "plots", "diff", "HEAD", "--json", cwd=experiment[0])
    specs = json.loads(drawn[drawn.index("{") : drawn.rindex("}") + 1])["data"]
    (chart,) = specs["Validation loss"]
    rows = chart["content"]["data"]["values"]
    assert {row["rev"] for row in rows} == {"HEAD", "workspace"}
    assert len(rows) == 2 * 3 * QUICK["epochs"]


@pytest.mark.slow
def test_going_back_to_the_earlier_value_trains_nothing(experiment, tmp_path):
    """What was trained is kept, and no file is kept anew."""
    folder = tmp_path / "clone"
    run("cp", "-a", str(experiment[0]), str(folder), cwd=tmp_path)
    run("git", "checkout", "--quiet", "--", "params.yaml", cwd=folder)
    kept = set((folder / ".dvc/tmp/trainings").iterdir())
    assert stages_run(run("dvc", "repro", cwd=folder)) >= {"train_dropout", "replicate_dropout"}
    assert set((folder / ".dvc/tmp/trainings").iterdir()) == kept
    assert run("git", "status", "--porcelain", "metrics", "plots", "dvc.lock", cwd=folder) == ""


@pytest.mark.slow
def test_one_changed_variant_trains_no_other(clone):
    """Of the variations' stage, one variant's trainings are new: 10 splits and 2 seeds."""
    kept = set((clone / ".dvc/tmp/trainings").iterdir())
    replicate = read_params(clone)["replicate"]
    change_params(clone, replicate=replicate | {"variants": replicate["variants"] | {"l2_0001": {"l2": 0.001}}})
    run("dvc", "repro", "replicate_variations", cwd=clone)
    assert len(set((clone / ".dvc/tmp/trainings").iterdir()) - kept) == 2
    assert changed_trainings(clone) == set()


@pytest.mark.slow
def test_a_headline_model_more_retrains_nothing_else(clone):
    """`noise` by params.yaml and dvc.yaml alone; its own stages run, and the answer names it."""
    params = read_params(clone)
    change_params(clone, headline=params["headline"] | {"noise": ["input_stddev"]}, input_stddev=0.8)
    pipeline = yaml.safe_load((clone / "dvc.yaml").read_text(encoding="utf-8"))
    for kind in ("train", "replicate"):
        text = json.dumps(pipeline["stages"][f"{kind}_dropout"])
        stage = json.loads(text.replace('"dropout"', '"input_stddev"').replace("dropout", "noise"))
        pipeline["stages"][f"{kind}_noise"] = stage
    pipeline["stages"]["report"]["deps"] += ["metrics/noise.json", "plots/noise"]
    (clone / "dvc.yaml").write_text(yaml.safe_dump(pipeline), encoding="utf-8")
    assert changed_trainings(clone) == set()
    output = run("dvc", "repro", cwd=clone)
    assert stages_run(output) == {"check_params", "train_noise", "replicate_noise", "evidence", "report"}
    assert "noise against base: test accuracy" in output
    run("git", "clean", "--quiet", "-fd", "metrics", "plots", cwd=clone)


def test_l1_retrains_l1l2_and_its_replicates_alone(clone):
    change_params(clone, l1=0.001)
    assert changed_trainings(clone) == {"train_l1l2", "replicate_l1l2"}
    said = run("python", "-m", "tools.plan", "--to-run", cwd=clone)
    assert said.startswith("6 of 15 stages will run: about ")  # check_params, these, and all that read what they write


def test_epochs_retrains_everything(clone):
    change_params(clone, epochs=4)
    assert changed_trainings(clone) == TRAININGS | REPLICATES


@pytest.mark.slow
def test_the_threshold_reaches_every_training_through_the_prepared_table(clone):
    change_params(clone, data=read_params(clone)["data"] | {"threshold": 7})
    assert "prepare" in stages_run(run("dvc", "repro", "prepare", cwd=clone))
    assert changed_trainings(clone) == TRAININGS | REPLICATES


def test_another_setting_of_a_headline_model_retrains_it(clone):
    headline = read_params(clone)["headline"]
    change_params(clone, headline=headline | {"l1l2": [key for key in headline["l1l2"] if key != "bias_l1"]})
    assert changed_trainings(clone) == {"train_l1l2", "replicate_l1l2"}


def test_code_of_the_networks_retrains_them_and_a_stray_pyc_nothing(clone):
    (clone / "regularization/networks/__pycache__").mkdir(exist_ok=True)
    (clone / "regularization/networks/__pycache__/stray.cpython-311.pyc").write_bytes(b"stray")
    assert changed_trainings(clone) == set()
    file = clone / "regularization/networks/models.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert changed_trainings(clone) == TRAININGS | REPLICATES


def changed_trainings(folder: Path) -> set[str]:
    """The stages that train and that `dvc status` names."""
    return set(json.loads(run("dvc", "status", "--json", cwd=folder))) & (TRAININGS | REPLICATES)


@pytest.mark.slow
def test_a_mistyped_key_stops_the_run(clone):
    with pytest.raises(AssertionError, match="dropuot: unknown key; did you mean dropout"):
        run("dvc", "exp", "run", "--set-param", "+dropuot=0.3", cwd=clone)


def test_the_plots_page_is_small_and_no_chart_is_empty(clone):
    run("dvc", "plots", "show", cwd=clone)
    page = clone / "dvc_plots/index.html"
    assert "Validation loss" in page.read_text(encoding="utf-8")
    assert page.stat().st_size < 4e6
    drawn = run("dvc", "plots", "show", "--json", cwd=clone)
    charts = json.loads(drawn[drawn.index("{") : drawn.rindex("}") + 1])["data"]
    assert len(charts) <= 12
    for views in charts.values():
        assert views
        assert all(view["type"] == "image" or view["content"]["data"]["values"] for view in views)
