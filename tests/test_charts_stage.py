import json
from pathlib import Path

import pandas as pd
import pytest

from regularization.variants import HEADLINE_MODELS
from stages import charts


@pytest.fixture
def curves(stage_folder):
    """Curves of two epochs of the three models, and the origin of the table."""
    for name in HEADLINE_MODELS:
        for part in ("train", "eval"):
            folder = Path("plots", name, part)
            folder.mkdir(parents=True)
            for metric in ("accuracy", "loss", "binary_crossentropy"):
                frame = pd.DataFrame({"step": [0, 1], metric: [0.25, 0.5]})
                frame.to_csv(folder / f"{metric}.tsv", sep="\t", index=False)

    def origin(value: str) -> None:
        Path("metrics").mkdir(exist_ok=True)
        Path("metrics/data.json").write_text(json.dumps({"origin": value}), encoding="utf-8")

    origin("published")
    return origin


def written() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in Path("plots").iterdir() if path.is_file()}


def test_pictures_that_need_no_network_the_same_bytes_every_time(curves):
    charts.main()
    first = written()
    charts.main()
    assert written() == first
    assert set(first) == {"accuracy.html", "loss.html", "validation_loss.svg"}
    assert "Reg: l1=0.01, l2=0.01, Dropout=0.2" in first["loss.html"]
    assert "<script src=" not in first["loss.html"]
    assert "l1l2 Validation Accuracy" in first["accuracy.html"]


def test_a_stand_in_has_a_banner(curves):
    charts.main()
    assert not any("stand-in" in text for text in written().values())
    curves("standin")
    charts.main()
    assert all("synthetic stand-in table" in text for text in written().values())
