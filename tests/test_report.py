import json
from pathlib import Path

import pandas as pd
import pytest

from stages import report


@pytest.fixture
def curves(stage_folder):
    """Curves of two epochs of the three models, and the origin of the table."""
    for name in report.MODELS:
        for part in ("train", "eval"):
            folder = Path("plots", name, part)
            folder.mkdir(parents=True)
            for metric in ("accuracy", "loss"):
                frame = pd.DataFrame({"step": [0, 1], metric: [0.25, 0.5]})
                frame.to_csv(folder / f"{metric}.tsv", sep="\t", index=False)

    def origin(value: str) -> None:
        Path("metrics").mkdir(exist_ok=True)
        Path("metrics/data.json").write_text(json.dumps({"origin": value}), encoding="utf-8")

    origin("published")
    return origin


def test_two_pages_that_need_no_network_the_same_bytes_every_time(curves):
    report.main()
    first = {path.name: path.read_text(encoding="utf-8") for path in Path("plots").glob("*.html")}
    report.main()
    assert first == {path.name: path.read_text(encoding="utf-8") for path in Path("plots").glob("*.html")}
    assert set(first) == {"accuracy.html", "loss.html"}
    assert "Reg: l1=0.01, l2=0.01, Dropout=0.2" in first["loss.html"]
    assert "<script src=" not in first["loss.html"]
    assert "l1l2 Validation Accuracy" in first["accuracy.html"]


def test_a_stand_in_has_a_banner(curves):
    report.main()
    assert "stand-in" not in Path("plots/loss.html").read_text(encoding="utf-8")
    curves("standin")
    report.main()
    assert "synthetic stand-in table" in Path("plots/loss.html").read_text(encoding="utf-8")
