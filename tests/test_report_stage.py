"""The report stage: what it reads, what it writes, the same bytes every time."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from regularization.variants import HEADLINE_MODELS, REPLICATE_GROUPS, VARIATIONS
from stages import report
from stages._files import write_csv, write_json, write_text
from tests.conftest import ROOT
from tests.report.examples import inputs

TABLES = {"trainings": "metrics/replicates", "calibration": "metrics/calibration", "curves": "plots/curves"}


@pytest.fixture
def results(stage_folder, params) -> dict:
    """The files of a small pipeline's results, as its stages leave them."""
    given = inputs(params)
    stage_folder(params)
    for name, table in given["evidence"].items():
        Path("metrics/evidence").mkdir(parents=True, exist_ok=True)
        write_csv(f"metrics/evidence/{name}.csv", table)
    for group in REPLICATE_GROUPS:
        for key, path in TABLES.items():
            is_of_group = given[key]["variant"] == group
            if group == VARIATIONS:
                is_of_group = ~given[key]["variant"].isin(list(HEADLINE_MODELS))
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            write_csv(f"{path}_{group}.csv", given[key][is_of_group])
    for name in HEADLINE_MODELS:
        write_json(f"metrics/{name}.json", given["scores"][name])
        for part in ("train", "eval"):
            folder = Path("plots", name, part)
            folder.mkdir(parents=True)
            for metric in ("accuracy", "loss", "binary_crossentropy"):
                curve = pd.DataFrame({"step": [0, 1], metric: [0.25, 0.5]})
                curve.to_csv(folder / f"{metric}.tsv", sep="\t", index=False)
    Path("data/raw").mkdir(parents=True)
    write_json("data/raw/source.json", given["source"])
    write_json("metrics/data.json", given["data"])
    table, found = given["sweep"]
    write_csv("metrics/sweep.csv", table)
    write_json("metrics/sweep.json", found)
    for name in ("differences", "sweep"):
        write_text(f"plots/{name}.svg", given["pictures"][name])
    write_text("requirements.txt", given["requirements"])
    return given


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (Path("plots/report.html"), Path("plots/validation_loss.svg"))}


def test_one_page_under_six_megabytes_the_same_bytes_every_time(results):
    report.main()
    first = written()
    report.main()
    assert written() == first
    page = first["report.html"].decode()
    assert len(first["report.html"]) < 6e6
    assert page.count("plotly.js v") == 1
    assert "<script src=" not in page
    assert "Reg: l1=0.01, l2=0.01, Dropout=0.2" in page
    assert "l1l2 Validation Accuracy" in page
    assert "l1_0001" in page
    assert b"Reg: l1=0.01" in first["validation_loss.svg"]


def test_a_stand_in_has_a_banner(results):
    report.main()
    assert not any(b"synthetic stand-in" in text.lower() for text in written().values())
    write_json("metrics/data.json", results["data"] | {"origin": "standin"})
    report.main()
    assert all(b"synthetic stand-in" in text for text in written().values())


def test_a_missing_file_ends_in_its_name(results):
    Path("metrics/calibration_base.csv").unlink()
    with pytest.raises(OSError, match="calibration_base"):
        report.main()
    assert not Path("plots/report.html").exists()


def test_it_depends_on_what_the_page_is_laid_out_with():
    """The template, the style and the script are no modules: nothing else holds dvc.yaml to them."""
    folder = ROOT / "regularization" / "report"
    kinds = (".jinja", ".css", ".js")
    laid_out = {path.relative_to(ROOT).as_posix() for path in folder.iterdir() if path.suffix in kinds}
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["report"]
    assert laid_out
    assert laid_out <= set(stage["deps"])


def test_it_reads_the_results_of_every_group_and_model():
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["report"]
    of_groups = {f"{path}_{group}.csv" for group in REPLICATE_GROUPS for path in TABLES.values()}
    of_models = {path for name in HEADLINE_MODELS for path in (f"metrics/{name}.json", f"plots/{name}")}
    assert of_groups | of_models <= set(stage["deps"])
