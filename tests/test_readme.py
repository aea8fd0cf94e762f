"""README.md and docs/ say what is committed, name what is there, and show code that runs."""

import json
import re
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml

from regularization.evidence import evidence_tables
from stages._files import write_csv, write_json
from tests.conftest import ROOT, committed
from tests.evidence.simulated import HEADLINE, simulated
from tools import summary
from tools.readme import BLOCKS, filled, pages

PAGES = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in pages(ROOT)}
README = PAGES["README.md"]
ENGINE = PAGES["docs/engine.md"]


@pytest.fixture(scope="session")
def committed_metrics(tmp_path_factory) -> Path:
    """metrics/ as git has it: what lies in the folder may come from another table, other params or another machine."""
    folder = tmp_path_factory.mktemp("committed")
    archive = ["git", "archive", "--format=tar", "HEAD", "metrics"]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip("expected a git repository with a commit, to compare the pages with what is committed")
    subprocess.run(["tar", "--extract", "--directory", str(folder)], input=packed.stdout, check=True)
    return folder / "metrics"


@pytest.mark.parametrize("page", PAGES)
def test_the_figures_are_those_of_the_committed_metrics(page, committed_metrics):
    assert filled(PAGES[page], committed_metrics) == PAGES[page]


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_there_once_and_filled(name):
    everything = "".join(PAGES.values())
    (block,) = re.findall(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", everything, flags=re.DOTALL)
    assert block.strip()


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_every_picture_and_link_leads_to_a_file(page):
    """One that is in the repository, or that the pipeline makes."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].values()
    made = {path for stage in stages for path in stage.get("outs", []) if isinstance(path, str)}
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        if target not in made and not target.startswith("http"):
            assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_every_make_target_and_file_that_is_named_exists(page):
    text, makefile = (ROOT / page).read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", text, flags=re.MULTILINE):
        assert re.search(rf"^{''.join(target)}:", makefile, flags=re.MULTILINE), target
    for path in re.findall(r"`((?:regularization|stages|tools|benchmarks|docs|tests)/[a-z_/.-]*)`", text):
        assert (ROOT / path).exists(), path


def test_the_layout_lists_every_stage():
    for file in (ROOT / "stages").glob("[a-z]*.py"):
        assert f" {file.name} " in README


@pytest.mark.slow
@pytest.mark.training
def test_the_examples_of_the_engine_run_one_after_the_other(capsys):
    code = "".join(re.findall(r"```python\n(.*?)```", ENGINE, flags=re.DOTALL))
    for long, short in {
        "range(100)": "range(20)",
        "* 100": "* 20",
        ", batch_size=32": "",
        "epochs=100": "epochs=20, batch_size=8",
    }.items():
        assert long in code
        code = code.replace(long, short)
    found = {}
    exec(code, found)
    assert found["weights"].shape == (20, 8 * 16 + 16 + 16 + 1)
    printed = capsys.readouterr().out
    assert re.fullmatch(r"validation accuracy 0\.\d{3}, standard deviation over seeds 0\.\d{3}\n", printed)


# --- the blocks, for tables that are not the notebook's


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """The evidence of simulated replicates, the notebook's configurations among them."""
    return evidence_tables(*simulated(), headline=HEADLINE, of_notebook=HEADLINE)


@pytest.fixture
def figures(tmp_path, tables):
    """Write metrics/; call it with the variants of which the evidence holds the notebook's figures."""

    def write(of_notebook: tuple[str, ...]) -> Path:
        (tmp_path / "evidence").mkdir(exist_ok=True)
        reported = tables["notebook_reported"]
        known = {"notebook_reported": reported[reported["variant"].isin(of_notebook)]}
        for name, table in (tables | known).items():
            write_csv(tmp_path / "evidence" / f"{name}.csv", table)
        for name in HEADLINE:
            write_json(tmp_path / f"{name}.json", {"test": {"accuracy": 0.75, "loss": 0.6, "binary_crossentropy": 0.5}})
        largest = {"accuracy": 0.625, "binary_crossentropy": 0.6875}
        write_json(tmp_path / "data.json", {"share_of_class_1": {"all": 0.5}, "majority_class_on_test_rows": largest})
        return tmp_path

    return write


def test_the_notebooks_figures_stand_beside_its_own_models_alone(figures):
    assert BLOCKS["models"](figures(HEADLINE)).splitlines()[0].endswith("| notebook's loss |")
    one_changed = BLOCKS["models"](figures(HEADLINE[1:])).splitlines()
    assert one_changed[2] == "| `base` | 0.750 | 0.600 | 0.500 |  |  |"
    assert "| `l1l2` | 0.750 | 0.600 | 0.500 | 0.741 | 0.539 |" in one_changed
    metrics = figures(())
    assert BLOCKS["models"](metrics).splitlines() == [
        "| model | test accuracy | test loss | the loss without penalty |",
        "| --- | --- | --- | --- |",
        *(f"| `{name}` | 0.750 | 0.600 | 0.500 |" for name in HEADLINE),
        "| always the majority class | 0.625 | 0.688 | 0.688 |",
    ]
    assert BLOCKS["notebook"](metrics).startswith("The notebook had another table or other settings")


def test_the_verdicts_end_with_the_majority_class(figures, tables):
    base = tables["majority"].query("variant == 'base' and metric == 'accuracy'").iloc[0]
    lines = BLOCKS["verdicts"](figures(HEADLINE)).splitlines()
    assert len(lines) == 2 + 2 + 1
    assert lines[-1].startswith(f"| always the majority class | {-base.difference:+.3f} ({-base.upper:+.3f} to ")


# --- what `make` ends with


@pytest.fixture
def results(tmp_path, committed_metrics, monkeypatch) -> Path:
    """A repository whose results are as committed."""
    subprocess.run(["cp", "-a", str(committed_metrics), str(tmp_path / "metrics")], check=True)
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "results"]):
        identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
        subprocess.run(["git", *identity, *command], cwd=tmp_path, check=True)
    (tmp_path / "params.yaml").write_text(committed("params.yaml"), encoding="utf-8")
    (tmp_path / "data/prepared").mkdir(parents=True)
    (tmp_path / "data/prepared/preprocessing.json").write_text('{"columns": [1, 2]}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_summary_ends_with_the_verdicts_and_says_nothing_of_changes_where_there_are_none(results, capsys):
    summary.main()
    said = capsys.readouterr().out
    accuracy = json.loads((results / "metrics/base.json").read_text())["test"]["accuracy"]
    assert f"base             {accuracy:.4f}" in said
    assert "l1l2 against base: test accuracy" in said
    assert "differ from the committed" not in said


def test_the_summary_says_when_results_differ_from_the_committed_ones(results, capsys):
    file = results / "metrics/base.json"
    file.write_text(file.read_text().replace('"epochs": ', '"epochs": 1'))
    (results / "plots").mkdir()
    (results / "plots/new.tsv").write_text("")
    summary.main()
    assert "2 files of results differ from the committed ones" in capsys.readouterr().out


def test_the_summary_marks_a_stand_in(results, capsys):
    file = results / "metrics/data.json"
    file.write_text(file.read_text().replace('"published"', '"standin"'))
    summary.main()
    assert "synthetic stand-in table" in capsys.readouterr().out
