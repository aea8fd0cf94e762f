"""The notebook's pictures, out of the three models' curves -> plots/accuracy.html, plots/loss.html."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from regularization.figures import plot_metrics
from regularization.params import Params, load_params
from stages._common import read_json, run_stage, whole_file

MODELS = ("base", "l1l2", "dropout")


def main() -> None:
    params = load_params()
    subheading = _subheading(params, is_standin=read_json("metrics/data.json")["origin"] == "standin")
    accuracy, loss = plot_metrics([_history(Path("plots") / name) for name in MODELS], MODELS, subheading)
    _write(accuracy, Path("plots/accuracy.html"))
    _write(loss, Path("plots/loss.html"))


def _subheading(params: Params, *, is_standin: bool) -> str:
    knobs = f"Reg: l1={params.l1}, l2={params.l2}, Dropout={params.dropout}"
    return f"{knobs}; a synthetic stand-in table: says nothing about wine" if is_standin else knobs


def _history(folder: Path) -> dict[str, list[float]]:
    """DVCLive's curves under the names that Keras gives them."""
    return {
        prefix + metric: pd.read_csv(folder / part / f"{metric}.tsv", sep="\t")[metric].to_list()
        for prefix, part in (("", "train"), ("val_", "eval"))
        for metric in ("accuracy", "loss")
    }


def _write(figure: go.Figure, path: Path) -> None:
    """A page that needs no network; the fixed id makes equal figures equal bytes."""
    with whole_file(path) as partial:
        figure.write_html(partial, include_plotlyjs=True, div_id=path.stem)


if __name__ == "__main__":
    run_stage(main)
