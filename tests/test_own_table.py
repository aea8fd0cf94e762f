"""A table of one's own, from the file to predictions, as docs/your-own-table.md walks through it."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

from regularization.params.file import parse_values
from tests.conftest import ROOT
from tests.repositories import commit, copy_project, end, read_params, run

pytestmark = pytest.mark.training

PAGE = (ROOT / "docs/your-own-table.md").read_text(encoding="utf-8")
EXAMPLE = "docs/example.csv"


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """The project with the example's values in params.yaml, its base trained for three epochs."""
    folder = tmp_path_factory.mktemp("own")
    copy_project(folder)
    run("git", "init", "--quiet", cwd=folder)
    commit(folder, "as it stands")
    said = run("python", "-m", "tools.table", EXAMPLE, "bought", cwd=folder)
    (folder / "said.txt").write_text(said, encoding="utf-8")
    written = (folder / "params.yaml").read_text(encoding="utf-8")
    (folder / "written.yaml").write_text(written, encoding="utf-8")
    quick = re.sub(r"(?m)^epochs: \d+$", "epochs: 3", written)
    (folder / "params.yaml").write_text(quick, encoding="utf-8")
    run("dvc", "repro", "check_params", "train_base", cwd=folder)
    return folder


def shown_on_the_page(command: str) -> str:
    """What the page shows below `$ command`."""
    return re.search(rf"```\n\$ {re.escape(command)}\n(.*?)```", PAGE, re.DOTALL)[1]


def any_machine(said: str) -> str:
    """The same without what this machine's speed and processors decide."""
    return re.sub(r" +(about )?[\d.]+ (seconds?|minutes?|hours|GB)", " ...", said)


def test_the_page_shows_what_make_table_says(repository):
    shown = shown_on_the_page(f"make table FILE={EXAMPLE} TARGET=bought")
    assert any_machine(shown) == any_machine((repository / "said.txt").read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("target", ["plan", "income"])
def test_the_page_shows_what_it_says_of_other_tasks(repository, target):
    before = (repository / "params.yaml").read_text(encoding="utf-8")
    said = run("python", "-m", "tools.table", EXAMPLE, target, cwd=repository)
    (repository / "params.yaml").write_text(before, encoding="utf-8")
    shown = shown_on_the_page(f"make table FILE={EXAMPLE} TARGET={target}")
    assert said.startswith(shown.partition("...\n")[0])


def test_params_keep_their_comments_and_all_values_but_those_of_the_table_and_the_plan(repository):
    text = (repository / "written.yaml").read_text(encoding="utf-8")
    before = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.strip().startswith("#")] == [
        line for line in before.splitlines() if line.strip().startswith("#")
    ]
    ours, theirs = parse_values(text), yaml.safe_load(before)
    planned = {"data", "plan", "epochs"}
    assert {key for key in theirs if ours[key] != theirs[key]} == {*planned, "replicate"}
    assert {key for key in theirs["replicate"] if ours["replicate"][key] != theirs["replicate"][key]} == {
        "variant_seeds"
    }
    assert ours["data"]["positive"] == "yes"
    assert (ours["data"]["url"], ours["data"]["watch"]) == (EXAMPLE, EXAMPLE)
    best = ours["plan"].pop("best_epoch")
    assert ours["plan"] == {"budget": "15m", "rows": 240, "inputs": 12, "outputs": 1, "repeats": False}
    assert ours["epochs"] == 6 * best


def test_the_plan_is_printed_again(repository):
    lines = run("python", "-m", "tools.plan", cwd=repository).splitlines()
    assert lines[0].startswith("240 rows, 12 inputs, 3 epochs, ")
    assert any(line.startswith("  replicate_variations") for line in lines)
    assert re.match(r"all stages: about .* and .* GB of memory on this machine; results that are here", lines[-1])


def test_a_model_scores_new_rows_as_it_was_evaluated(repository):
    """On the training table itself, in another order of columns and without the target: the figures of metrics/."""
    table = pd.read_csv(repository / EXAMPLE, sep=";", decimal=",")
    rows = table.drop(columns=["bought", "country"])[["income", "plan", "job", "newsletter", "age"]]
    rows.to_csv(repository / "new.csv", sep=";", decimal=",", index=False)
    said = run("python", "-m", "tools.predict", "models/base.keras", "new.csv", cwd=repository)
    assert said.startswith("predictions.csv: 240 rows, ")
    assert f"trained on example.csv, sha256 {read_params(repository)['data']['sha256']}" in said
    found = pd.read_csv(repository / "predictions.csv")
    assert found["row"].to_list() == list(range(1, 241))

    _, test = train_test_split(range(240), test_size=0.2, random_state=42)
    truth, shown = table["bought"].iloc[test] == "yes", found.iloc[test]
    metrics = json.loads((repository / "metrics/base.json").read_text(encoding="utf-8"))["test"]
    assert accuracy_score(truth, shown["class"] == "yes") == pytest.approx(metrics["accuracy"])
    assert log_loss(truth, shown["probability"]) == pytest.approx(metrics["binary_crossentropy"], abs=1e-5)


def test_a_number_that_none_lacked_before_is_filled_in_and_named_or_refused(repository):
    rows = (repository / EXAMPLE).read_text(encoding="utf-8").splitlines()[:4]
    customer, joined, age, job, _, *rest = rows[2].split(";")
    rows[2] = ";".join([customer, joined, age, job, "", *rest])
    (repository / "new.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    ended = end("python", "-m", "tools.predict", "models/base.keras", "new.csv", cwd=repository)
    assert "\n1 row lacks a number that no row of the table lacked; the median stands there" in ended.stderr
    found = pd.read_csv(repository / "predictions.csv")
    assert found["filled in"].fillna("").to_list() == ["", "income", ""]
    assert found["probability"].between(0, 1).all()
    refused = end("python", "-m", "tools.predict", "--strict", "models/base.keras", "new.csv", cwd=repository)
    assert refused.stderr.startswith("error: column 'income', row 2 (no value): a value is missing, and none was")


def test_rows_with_other_marks_are_read_and_told_of(repository):
    table = pd.read_csv(repository / EXAMPLE, sep=";", decimal=",")
    for name, marks in (("theirs.csv", {"sep": ";", "decimal": ","}), ("mine.csv", {})):
        table.to_csv(repository / name, index=False, **marks)
    predictions = []
    for name, told in (("theirs.csv", "columns that the model"), ("mine.csv", "the table had ';' and ','")):
        ended = end("python", "-m", "tools.predict", "models/base.keras", name, cwd=repository)
        assert told in ended.stderr
        predictions.append((repository / "predictions.csv").read_bytes())
    assert predictions[0] == predictions[1]


@pytest.mark.slow
def test_a_table_without_names_goes_all_the_way(repository):
    before = {name: (repository / name).read_bytes() for name in ("params.yaml", "dvc.lock")}
    table = pd.read_csv(repository / EXAMPLE, sep=";", decimal=",")[["age", "job", "income", "newsletter", "bought"]]
    table.dropna().astype({"age": int}).to_csv(repository / "raw.csv", index=False, header=False)
    refused = end("python", "-m", "tools.table", "raw.csv", "last", cwd=repository)
    assert refused.stderr.startswith("error: the first line holds values ('37', 'nurse', '1857.93', 'True', 'no')")
    said = run("python", "-m", "tools.table", "raw.csv", "last", "--header=no", "--budget=5m", cwd=repository)
    assert "to predict: column 5; class 1 is 'yes'" in said
    assert "numbers: column 1, column 3, column 4" in said
    run("dvc", "repro", "prepare", cwd=repository)
    known = json.loads((repository / "data/prepared/preprocessing.json").read_text(encoding="utf-8"))
    assert known["layout"]["header"] == [f"column {number}" for number in range(1, 6)]
    assert [column["name"] for column in known["columns"]] == [f"column {number}" for number in range(1, 5)]
    for name, content in before.items():
        (repository / name).write_bytes(content)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("tools.predict", "models/none.keras", EXAMPLE), "MODEL: received 'models/none.keras'; there is no such file"),
        (("tools.predict", EXAMPLE, EXAMPLE), f"MODEL: {EXAMPLE}: damaged or no model of this project"),
        (("tools.predict", "models/base.keras", "none.csv"), "ROWS: received 'none.csv'; there is no such file"),
        (("tools.table", "none.csv", "bought"), "FILE: received 'none.csv'; there is no such file: mend the path"),
        (("tools.table", EXAMPLE, "bought", "--budget", "soon"), "BUDGET: received 'soon'; expected minutes or hours"),
        (("tools.table", EXAMPLE, "bougt"), "TARGET: received 'bougt'; expected one of the columns 'customer'"),
        (("tools.table", EXAMPLE, "bought", "--header", "nmaes.txt"), "HEADER: received 'nmaes.txt'; expected yes, no"),
        (("tools.table", EXAMPLE, "bought", "--kinds", "agee"), "KINDS: received 'agee'; expected some of 'customer'"),
        (("tools.table", EXAMPLE, "bought", "--positive", "si"), "data.positive: received 'si'; expected one of"),
        (
            ("tools.table", EXAMPLE, "bought", "--task=nummer"),
            "TASK: received 'nummer'; expected one of binary",
        ),
        (("tools.table", EXAMPLE, "income", "--threshold=2k"), "THRESHOLD: received '2k'; expected a number"),
        (("tools.table", EXAMPLE, "bought", "--skip=-1"), "SKIP: received '-1'; expected a whole number from 0 to 19"),
        (("tools.table", EXAMPLE, "last", "--header=no"), "HEADER: says that the first line holds values; received"),
        (("tools.table", EXAMPLE, "joined"), "column 'joined': 206 labels (01.03.2021"),
    ],
)
def test_a_wrong_argument_ends_in_a_line(repository, command, message):
    before = (repository / "params.yaml").read_bytes()
    ended = end("python", "-m", *command, cwd=repository)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"error: {message}")
    assert (repository / "params.yaml").read_bytes() == before


def test_an_edited_table_is_noticed_with_both_checksums(repository):
    file = repository / EXAMPLE
    before = file.read_bytes()
    assert "docs/example.csv" not in run("dvc", "status", "download", cwd=repository)
    file.write_bytes(before + b"9999;01.01.2020;44;cook;1,0;true;AT;plus;no\n")
    assert "modified:           docs/example.csv" in run("dvc", "status", "download", cwd=repository)
    with pytest.raises(AssertionError, match=r"expected sha256 \w{64}, received \w{64}"):
        run("dvc", "repro", "download", cwd=repository)
    file.write_bytes(before)
