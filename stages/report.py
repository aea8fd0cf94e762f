"""The report of all results, and the README's picture of the curves -> plots/report.html, plots/validation_loss.svg."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from regularization.charts.curves import draw_curves
from regularization.heads import head_of_data
from regularization.params import Params, load_params
from regularization.params.file import read_values
from regularization.report import report_page
from regularization.variants import REFERENCE_GROUP, headline_models, headline_settings, replicate_groups
from stages._ends import run_stage
from stages._files import read_csv, read_curve, read_json, write_text


def main() -> None:
    params, data = load_params(), read_json("metrics/data.json")
    subheading, headline = _subheading(params, is_standin=data["origin"] == "standin"), headline_models(params)
    head = head_of_data(data)
    picture = draw_curves(
        {name: read_curve(Path("plots") / name / "eval" / f"{head.curve_loss}.tsv") for name in headline},
        title=f"Validation loss without penalty ({subheading})",
        y_title=head.loss_in_words,
    )
    page = report_page(
        params=dict(read_values("params.yaml")),
        evidence={path.stem: read_csv(path) for path in sorted(Path("metrics/evidence").glob("*.csv"))},
        trainings=_of_groups("metrics/replicates", (*replicate_groups(params), REFERENCE_GROUP)),
        curves=_of_groups("plots/curves", replicate_groups(params)),
        calibration=_of_groups("metrics/calibration", (*replicate_groups(params), REFERENCE_GROUP)),
        histories={name: _history(Path("plots") / name, head.curve_score) for name in headline},
        scores={name: read_json(f"metrics/{name}.json") for name in headline},
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
    print("plots/report.html: all of it on one page, which works offline")


def _subheading(params: Params, *, is_standin: bool) -> str:
    """Each headline model with the settings that it has."""
    models = []
    for name in headline_models(params)[1:]:
        settings = {key: value for key, value in headline_settings(params, name).items() if value is not None}
        listed = ", ".join(f"{key}={value}" for key, value in settings.items() if key != "regularized_layers")
        models.append(f"{name}: {listed or 'nothing'}")
    text = "; ".join(models)
    return f"{text}; a synthetic stand-in table: says nothing about wine" if is_standin else text


def _of_groups(folder: str, groups: Sequence[str]) -> pd.DataFrame:
    return pd.concat([read_csv(f"{folder}/{group}.csv") for group in groups], ignore_index=True)


def _history(folder: Path, score: str) -> dict[str, list[float]]:
    """DVCLive's curves under the names that Keras gives them."""
    return {
        prefix + metric: read_curve(folder / part / f"{metric}.tsv")
        for prefix, part in (("", "train"), ("val_", "eval"))
        for metric in (score, "loss")
    }


if __name__ == "__main__":
    run_stage(main)
