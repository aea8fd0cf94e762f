"""Write the figures of README.md and docs/ anew from metrics/: `make readme`. A test holds the pages to them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from regularization.evidence import NOTEBOOK_REPORTED, sentences
from regularization.metrics import METRICS
from regularization.variants import HEADLINE_MODELS
from stages._files import write_text


def main() -> None:
    for page in pages(Path()):
        text = page.read_text(encoding="utf-8")
        write_text(page, filled(text, Path("metrics")))


def pages(root: Path) -> list[Path]:
    """The pages of the project at `root` that may hold generated figures."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def filled(text: str, metrics: Path) -> str:
    """`text` with what stands between each `<!-- begin NAME -->` and `<!-- end NAME -->` made from the metrics."""
    for name, block in BLOCKS.items():
        between = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        text = between.sub(lambda marks, block=block: f"{marks[1]}{block(metrics)}\n{marks[2]}", text)
    return text


def models(metrics: Path) -> str:
    notebook = {(variant, column): value for _, variant, column, value in NOTEBOOK_REPORTED}
    rows = []
    for name in HEADLINE_MODELS:
        test = json.loads((metrics / f"{name}.json").read_text(encoding="utf-8"))["test"]
        ours = [test["accuracy"], test["loss"], test["binary_crossentropy"]]
        theirs = [notebook.get((name, column)) for column in ("test_accuracy", "test_loss")]
        rows.append([f"`{name}`", *("" if value is None else f"{value:.3f}" for value in ours + theirs)])
    heads = [
        "model",
        "test accuracy",
        "test loss",
        "the loss without penalty",
        "notebook's accuracy",
        "notebook's loss",
    ]
    return _table(heads, rows)


def verdicts(metrics: Path) -> str:
    """The headline models against base."""
    return _verdict_table(metrics, tuple(HEADLINE_MODELS))


def verdicts_of_all(metrics: Path) -> str:
    return _verdict_table(metrics, None)


def _verdict_table(metrics: Path, shown: tuple[str, ...] | None) -> str:
    honest = _evidence(metrics, "comparisons").query("protocol == 'honest' and reference == 'base'")
    by_metric = {metric: honest[honest["metric"] == metric].set_index("variant") for metric in METRICS}
    rows = []
    for variant in by_metric["accuracy"].index:
        if shown is None or variant in shown:
            cells = [by_metric[metric].loc[variant] for metric in METRICS]
            rows.append([f"`{variant}`", *(text for found in cells for text in _difference(found))])
    return _table(["against `base`", "test accuracy", "", "test loss without penalty", ""], rows)


def _difference(found: pd.Series) -> tuple[str, str]:
    interval = f"{found.difference:+.3f} ({found.lower:+.3f} to {found.upper:+.3f})"
    return interval, f"**{found.verdict}**"


def findings(metrics: Path) -> str:
    """What sentences say of the headline models under the honest protocol, and of the notebook's lottery."""
    names = ("summaries", "comparisons", "plan", "leakage_tax", "notebook_lottery", "variance_ledger", "selection")
    tables = {name: _evidence(metrics, name) for name in names}
    comparisons = tables["comparisons"].query("protocol == 'honest'")
    tables["comparisons"] = comparisons[comparisons["variant"].isin(HEADLINE_MODELS)]
    tables["leakage_tax"] = tables["leakage_tax"].query("metric == 'accuracy'")
    tables["selection"] = tables["selection"].query("rule == 'mean'")
    return "\n".join(f"- {sentence}" for sentence in sentences(tables, headline=tuple(HEADLINE_MODELS)))


def notebook(metrics: Path) -> str:
    wins = _evidence(metrics, "notebook_lottery").set_index("variant")["wins"]
    reported = _evidence(metrics, "notebook_reported").query("score == 'test_accuracy'")
    rows = [
        [
            f"`{row.variant}`",
            f"{row.reported:.3f}",
            f"{row.mean:.3f} ± {row.sd:.3f}",
            f"{row.percentile:.0f}",
            f"{wins[row.variant]:.0%}",
        ]
        for row in reported.itertuples()
    ]
    return _table(
        ["", "notebook printed", "mean ± sd over seeds", "percentile of what it printed", "comes out on top"], rows
    )


def _evidence(metrics: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(metrics / "evidence" / f"{name}.csv")


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


BLOCKS: dict[str, Callable[[Path], str]] = {
    "models": models,
    "verdicts": verdicts,
    "verdicts_of_all": verdicts_of_all,
    "findings": findings,
    "notebook": notebook,
}

if __name__ == "__main__":
    main()
