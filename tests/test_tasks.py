"""Small tables of several classes and of a number through the whole pipeline, with DVC itself, and to predictions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split

from regularization.words.revisions import verdict_text
from tests.repositories import change_params, commit, copy_project, run
from tests.test_pipeline import QUICK
from tools.pull_request.revision import compare_files

pytestmark = [pytest.mark.training, pytest.mark.slow]

N_ROWS = 120


def table_of(task: str) -> pd.DataFrame:
    """A text with gaps, two numbers, and kinds by name, of which one is rare, or a number of thousands."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({"height": random.normal(size=N_ROWS).round(3), "age": random.integers(20, 80, N_ROWS)})
    table["town"] = random.choice(["Graz", "Wien", None], N_ROWS)
    level = table["height"] + (table["age"] - 50) / 30 + 0.3 * random.normal(size=N_ROWS)
    if task == "classes":
        table["kind"] = np.array(["low", "middle", "high", "top"])[np.digitize(level, [-0.6, 0.6, 2.2])]
    else:
        table["income"] = (20_000 + 5_000 * level).round(2)
    return table


@pytest.fixture(scope="module", params=["classes", "number"])
def trained(request, tmp_path_factory) -> tuple[str, Path, str]:
    """The task, the project after `make table` and a quick `dvc repro` of all stages, and what `make table` said."""
    task, folder = request.param, tmp_path_factory.mktemp(request.param)
    copy_project(folder)
    table_of(task).to_csv(folder / "mine.csv", index=False)
    run("git", "init", "--quiet", cwd=folder)
    commit(folder, "as it stands")
    said = run("python", "-m", "tools.table", "mine.csv", "kind" if task == "classes" else "income", cwd=folder)
    change_params(folder, **QUICK | {"replicate": QUICK["replicate"] | {"variant_seeds": 0}})
    run("dvc", "repro", cwd=folder)
    return task, folder, said


def read(folder: Path, name: str) -> dict:
    return json.loads((folder / "metrics" / f"{name}.json").read_text(encoding="utf-8"))


def test_make_table_says_what_is_predicted_and_how_to_have_it_otherwise(trained):
    task, _, said = trained
    if task == "classes":
        assert "to predict: kind, one of 4 classes (rows): high (" in said
        assert "POSITIVE=top sets that one against the rest" in said
        assert "class 'top' has" in said
        assert "rows, fewer than the 20 blocks" in said
    else:
        assert "to predict: income, a number from" in said
        assert "makes two classes of it" in said


def test_every_stage_ends_and_nothing_is_left_to_run(trained):
    task, folder, _ = trained
    assert run("dvc", "status", cwd=folder).strip() == "Data and pipelines are up to date."
    scores, data = read(folder, "base")["test"], read(folder, "data")
    expected = {"classes": {"accuracy", "categorical_crossentropy", "balanced_accuracy", "macro_f1"}, "number": set()}
    assert set(scores) == {"loss"} | (expected[task] or {"r2", "rmse", "mae"})
    constant = data["majority_class_on_test_rows" if task == "classes" else "mean_on_test_rows"]
    assert set(constant) <= set(scores)
    sweep = pd.read_csv(folder / "metrics/sweep.csv")
    assert f"val_{'categorical_crossentropy' if task == 'classes' else 'rmse'}" in sweep


def test_the_reference_models_learn_what_the_table_holds(trained):
    task, folder, _ = trained
    summaries = pd.read_csv(folder / "metrics/evidence/summaries.csv").set_index(["metric", "variant"])["mean"]
    if task == "classes":
        assert summaries["accuracy", "logistic_regression"] > summaries["accuracy", "majority class"] + 0.1
        assert summaries["categorical_crossentropy", "logistic_regression"] < 0.8
    else:
        assert summaries["r2", "ridge_regression"] > 0.7
        assert summaries["rmse", "ridge_regression"] < 0.6 * summaries["rmse", "majority class"]
        assert summaries["rmse", "majority class"] == pytest.approx(table_of(task)["income"].std(), rel=0.1)


def test_sentences_and_the_report_fit_the_task(trained):
    task, folder, _ = trained
    told = (folder / "metrics/evidence/sentences.md").read_text(encoding="utf-8")
    page = (folder / "plots/report.html").read_text(encoding="utf-8")
    if task == "classes":
        assert "smallest of the 4 classes" in told
        assert "which of 4 classes kind is" in page
        assert "Of the test rows of a class, base recognizes from" in page
    else:
        assert "Always predicting the mean of the training rows has test R²" in told
        assert "test RMSE" in told
        assert "Predicted against true" in page
        assert "The networks predict income, a number" in page
        assert "accuracy" not in told.lower()
    assert "nan" not in told


def test_dvc_draws_the_curves_of_the_task(trained):
    task, folder, _ = trained
    shown = json.loads(run("dvc", "plots", "show", "--json", cwd=folder))
    assert not shown.get("errors")
    score = "accuracy" if task == "classes" else "mean_absolute_error"
    for name in (f"Validation {score}", "Validation loss, without penalty", "metrics/sweep.csv"):
        assert shown["data"][name][0]["content"]["data"]["values"], name


def test_new_rows_get_predictions_as_the_model_was_evaluated(trained):
    task, folder, _ = trained
    run("python", "-m", "tools.predict", "models/base.keras", "mine.csv", cwd=folder)
    found, scores = pd.read_csv(folder / "predictions.csv"), read(folder, "base")["test"]
    _, test = train_test_split(range(N_ROWS), test_size=0.2, random_state=42)
    table, shown = table_of(task).iloc[test], found.iloc[test]
    if task == "number":
        assert root_mean_squared_error(table["income"], shown["prediction"]) == pytest.approx(scores["rmse"], rel=1e-4)
        return
    labels = sorted(table_of(task)["kind"].unique())
    probability = shown[[f"probability of {label}" for label in labels]].to_numpy()
    assert probability.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert accuracy_score(table["kind"], shown["class"]) == pytest.approx(scores["accuracy"])
    expected = log_loss(table["kind"], probability / probability.sum(axis=1, keepdims=True), labels=labels)
    assert expected == pytest.approx(scores["categorical_crossentropy"], rel=1e-4)


def test_two_revisions_are_compared_in_the_scores_of_the_task(trained):
    """The results of dropout in the place of those of l1l2: what a branch would bring that made it so."""
    task, folder, _ = trained
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("metrics/**/*.*")]

    def read_base(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    def read_branch(name: str) -> bytes | None:
        if name == "metrics/blocks/l1l2.csv":
            other = pd.read_csv(folder / "metrics/blocks/dropout.csv").assign(variant="l1l2")
            return other.to_csv(index=False).encode()
        return read_base(name)

    comparison = compare_files((names, read_base), (names, read_branch))
    row = comparison.variants.set_index("variant").loc["l1l2"]
    assert row["state"] == "compared", row["reason"]
    metrics = {"classes": "categorical_crossentropy", "number": "rmse"}
    assert metrics[task] in set(comparison.differences["metric"])
    assert ("test RMSE" if task == "number" else "test loss") in verdict_text(comparison)


def test_a_summary_and_a_comparison_with_the_commit_before_are_printed(trained):
    task, folder, _ = trained
    assert ("test accuracy" if task == "classes" else "test RMSE") in run("python", "-m", "tools.summary", cwd=folder)
    experiments = run("python", "-m", "tools.experiments", cwd=folder)
    assert ("test loss without penalty" if task == "classes" else "test RMSE") in experiments
