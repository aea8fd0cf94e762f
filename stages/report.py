"""The report of all results, and the README's picture of the curves -> plots/report.html, plots/validation_loss.svg."""

from pathlib import Path

import pandas as pd

from regularization.charts import draw_curves
from regularization.params import Params, load_params
from regularization.report import report_page
from regularization.variants import HEADLINE_MODELS, REPLICATE_GROUPS
from stages._common import run_stage
from stages._files import read_csv, read_curve, read_json, write_text


def main() -> None:
    params, data = load_params(), read_json("metrics/data.json")
    subheading = _subheading(params, is_standin=data["origin"] == "standin")
    picture = draw_curves(
        {name: read_curve(Path("plots") / name / "eval" / "binary_crossentropy.tsv") for name in HEADLINE_MODELS},
        title=f"Validation loss without penalty ({subheading})",
        y_title="binary cross-entropy",
    )
    page = report_page(
        params=params.model_dump(mode="json"),
        evidence={path.stem: read_csv(path) for path in sorted(Path("metrics/evidence").glob("*.csv"))},
        trainings=_of_all_groups("metrics/replicates"),
        curves=_of_all_groups("plots/curves"),
        calibration=_of_all_groups("metrics/calibration"),
        histories={name: _history(Path("plots") / name) for name in HEADLINE_MODELS},
        scores={name: read_json(f"metrics/{name}.json") for name in HEADLINE_MODELS},
        data=data,
        source=read_json("data/raw/source.json"),
        requirements=Path("requirements.txt").read_text(encoding="utf-8"),
        subheading=subheading,
        pictures={"validation_loss": picture}
        | {name: Path(f"plots/{name}.svg").read_text(encoding="utf-8") for name in ("differences", "sweep")},
        sweep=(read_csv("metrics/sweep.csv"), read_json("metrics/sweep.json")),
    )
    write_text("plots/report.html", page)
    write_text("plots/validation_loss.svg", picture)
    print("plots/report.html: all of it on one page, which needs no network")


def _subheading(params: Params, *, is_standin: bool) -> str:
    knobs = f"Reg: l1={params.l1}, l2={params.l2}, Dropout={params.dropout}"
    return f"{knobs}; a synthetic stand-in table: says nothing about wine" if is_standin else knobs


def _of_all_groups(prefix: str) -> pd.DataFrame:
    return pd.concat([read_csv(f"{prefix}_{group}.csv") for group in REPLICATE_GROUPS], ignore_index=True)


def _history(folder: Path) -> dict[str, list[float]]:
    """DVCLive's curves under the names that Keras gives them."""
    return {
        prefix + metric: read_curve(folder / part / f"{metric}.tsv")
        for prefix, part in (("", "train"), ("val_", "eval"))
        for metric in ("accuracy", "loss")
    }


if __name__ == "__main__":
    run_stage(main)
