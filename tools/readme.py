"""Write the figures of README.md and docs/ anew from metrics/: `make readme`. A test holds the pages to them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from regularization.evidence import NOTEBOOK_REPORTED, answer
from regularization.metrics import ACCURACY, BINARY_CROSSENTROPY
from regularization.variants import HEADLINE_MODELS
from stages._files import read_csv, write_text

SHOWN_METRICS = (ACCURACY.name, BINARY_CROSSENTROPY.name)


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


def answer_lines(metrics: Path) -> str:
    """The answer in a few sentences."""
    return "\n".join(f"- {sentence}" for sentence in answer(_tables(metrics)))


def verdicts(metrics: Path) -> str:
    """The headline models against base."""
    return _verdict_table(metrics, "headline")


def verdicts_of_all(metrics: Path) -> str:
    return _verdict_table(metrics, None)


def techniques(metrics: Path) -> str:
    """Every variant against base, the lowest loss first."""
    rows = _evidence(metrics, "comparisons").query("reference == 'base'")
    loss, accuracy = (rows[rows["metric"] == name].set_index("variant") for name in reversed(SHOWN_METRICS))
    cells = [
        [f"`{variant}`", *(_difference(found.loc[variant])[0] for found in (loss, accuracy))]
        for variant in loss.sort_values("difference").index
    ]
    return _table(["against `base`", "test loss without penalty", "test accuracy"], cells)


def _verdict_table(metrics: Path, family: str | None) -> str:
    rows = _evidence(metrics, "comparisons").query("reference == 'base'")
    shown = rows if family is None else rows[rows["family"] == family]
    by_metric = {name: shown[shown["metric"] == name].set_index("variant") for name in SHOWN_METRICS}
    cells = [
        [f"`{variant}`", *(text for name in SHOWN_METRICS for text in _difference(by_metric[name].loc[variant]))]
        for variant in by_metric[SHOWN_METRICS[0]].index
    ]
    return _table(["against `base`", "test accuracy", "", "test loss without penalty", ""], cells)


def _difference(found: pd.Series) -> tuple[str, str]:
    interval = f"{found.difference:+.3f} ({found.lower:+.3f} to {found.upper:+.3f})"
    return interval, f"**{found.verdict}**"


def findings(metrics: Path) -> str:
    """All the sentences of the evidence."""
    return (metrics / "evidence" / "sentences.md").read_text(encoding="utf-8").strip()


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
    heads = ["", "notebook printed", "mean ± sd over seeds", "percentile of what it printed", "comes out on top"]
    return _table(heads, rows)


def _tables(metrics: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: read_csv(path) for path in sorted((metrics / "evidence").glob("*.csv"))}


def _evidence(metrics: Path, name: str) -> pd.DataFrame:
    return read_csv(metrics / "evidence" / f"{name}.csv")


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


BLOCKS: dict[str, Callable[[Path], str]] = {
    "answer": answer_lines,
    "models": models,
    "verdicts": verdicts,
    "verdicts_of_all": verdicts_of_all,
    "techniques": techniques,
    "findings": findings,
    "notebook": notebook,
}

if __name__ == "__main__":
    main()
