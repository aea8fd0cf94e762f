"""The notebook's pictures, out of the three models' curves -> plots/accuracy.html, loss.html, validation_loss.svg."""

from pathlib import Path

import plotly.graph_objects as go

from regularization.charts import draw_curves, plot_metrics
from regularization.params import Params, load_params
from regularization.variants import HEADLINE_MODELS
from stages._common import run_stage
from stages._files import atomic_file, read_curve, read_json, write_text


def main() -> None:
    params = load_params()
    subheading = _subheading(params, is_standin=read_json("metrics/data.json", ["origin"])["origin"] == "standin")
    accuracy, loss = plot_metrics(
        [_history(Path("plots") / name) for name in HEADLINE_MODELS], list(HEADLINE_MODELS), subheading
    )
    _write(accuracy, Path("plots/accuracy.html"))
    _write(loss, Path("plots/loss.html"))
    picture = draw_curves(
        {name: read_curve(Path("plots") / name / "eval" / "binary_crossentropy.tsv") for name in HEADLINE_MODELS},
        title=f"Validation loss without penalty ({subheading})",
        y_title="binary cross-entropy",
    )
    write_text("plots/validation_loss.svg", picture)


def _subheading(params: Params, *, is_standin: bool) -> str:
    knobs = f"Reg: l1={params.l1}, l2={params.l2}, Dropout={params.dropout}"
    return f"{knobs}; a synthetic stand-in table: says nothing about wine" if is_standin else knobs


def _history(folder: Path) -> dict[str, list[float]]:
    """DVCLive's curves under the names that Keras gives them."""
    return {
        prefix + metric: read_curve(folder / part / f"{metric}.tsv")
        for prefix, part in (("", "train"), ("val_", "eval"))
        for metric in ("accuracy", "loss")
    }


def _write(figure: go.Figure, path: Path) -> None:
    """A page that needs no network; the fixed id makes equal figures equal bytes."""
    with atomic_file(path) as partial:
        figure.write_html(partial, include_plotlyjs=True, div_id=path.stem)


if __name__ == "__main__":
    run_stage(main)
