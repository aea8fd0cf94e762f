"""The report stage: what it reads, what it writes, the same bytes every time."""

from pathlib import Path

import pandas as pd
import pytest

from regularization.variants import REFERENCE_GROUP, REFERENCES, VARIATIONS
from stages import report
from stages._files import write_csv, write_json, write_text
from tests.evidence.simulated import HEADLINE
from tests.report.examples import inputs

pytestmark = pytest.mark.training

TABLES = {"trainings": "metrics/replicates", "calibration": "metrics/calibration", "curves": "plots/curves"}


@pytest.fixture
def results(stage_folder, params) -> dict:
    """The files of a small pipeline's results, as its stages leave them."""
    given = inputs(params)
    stage_folder(params)
    for name, table in given["evidence"].items():
        Path("metrics/evidence").mkdir(parents=True, exist_ok=True)
        write_csv(f"metrics/evidence/{name}.csv", table)
    references = given["trainings"].assign(variant=REFERENCES[0])
    for group in (*HEADLINE, VARIATIONS, REFERENCE_GROUP):
        for key, path in TABLES.items():
            if group == REFERENCE_GROUP:
                write_csv(f"{path}/{group}.csv", references.head(3))
                continue
            is_of_group = given[key]["variant"] == group
            if group == VARIATIONS:
                is_of_group = ~given[key]["variant"].isin(list(HEADLINE))
            Path(path).mkdir(parents=True, exist_ok=True)
            write_csv(f"{path}/{group}.csv", given[key][is_of_group])
    for name in HEADLINE:
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
    assert "l1l2: l1=0.01, l2=0.01; dropout: dropout=0.2" in page
    assert "l1l2 Validation Accuracy" in page
    assert "l1_0001" in page
    assert b"l1l2: l1=0.01" in first["validation_loss.svg"]


def test_a_stand_in_has_a_banner(results):
    report.main()
    assert not any(b"synthetic stand-in" in text.lower() for text in written().values())
    write_json("metrics/data.json", results["data"] | {"origin": "standin"})
    report.main()
    assert all(b"synthetic stand-in" in text for text in written().values())


def test_a_missing_file_ends_in_its_name(results):
    Path("metrics/calibration/base.csv").unlink()
    with pytest.raises(OSError, match="calibration/base"):
        report.main()
    assert not Path("plots/report.html").exists()
