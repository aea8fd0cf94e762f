"""Write the figures of README.md and docs/ anew from metrics/: `make readme`. A test holds the pages to them."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import networkx
import pandas as pd
import yaml

from regularization.evidence.majority import MAJORITY
from regularization.heads import head_of_data
from regularization.heads.metrics import METRICS
from regularization.variants import BASELINE, REFERENCES, SECOND_BASELINE
from regularization.words.answer import answer, lead, questions
from regularization.words.evidence import head_of_tables, leading
from regularization.words.phrases import constant_label, difference, figure, in_own_units, interval
from stages._files import read_csv, write_text


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


def pipeline(_: Path) -> str:
    """The stages of dvc.yaml as a drawing: those that differ in their last name stand in one box."""
    stages = yaml.safe_load(Path(__file__).parents[1].joinpath("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    first = Counter(name.partition("_")[0] for name in stages)
    box = {name: group if first[group := name.partition("_")[0]] > 1 else name for name in stages}
    makers = {path: name for name, stage in stages.items() for path in _paths(stage, "outs", "metrics", "plots")}
    graph = networkx.DiGraph()
    graph.add_nodes_from(box.values())
    for name, stage in stages.items():
        for path in _paths(stage, "deps"):
            for made, maker in makers.items():
                within = f"{path}/".startswith(f"{made}/") or f"{made}/".startswith(f"{path}/")
                if within and box[maker] != box[name]:
                    graph.add_edge(box[maker], box[name])
    names_by_box = {group: ", ".join(name.partition("_")[2] for name in box if box[name] == group) for group in graph}
    nodes = [f'    {group}["{group}: {names}"]' for group, names in names_by_box.items() if names and first[group] > 1]
    order = list(graph)
    needed = sorted(networkx.transitive_reduction(graph).edges, key=lambda edge: [order.index(end) for end in edge])
    edges = [f"    {a} --> {b}" for a, b in needed]
    alone = [f"    {group}" for group in networkx.isolates(graph)]
    return "\n".join(["```mermaid", "flowchart LR", *nodes, *alone, *edges, "```"])


def _paths(stage: dict, *kinds: str) -> list[str]:
    """The paths of a stage's dependencies or outputs."""
    entries = [entry for kind in kinds for entry in stage.get(kind, ())]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def models(metrics: Path) -> str:
    """One training of each; beside it the notebook's figures, where it had that model on this table."""
    notebook = _evidence(metrics, "notebook_reported").set_index(["variant", "score"])["reported"]
    data = _read(metrics / "data.json")
    head = head_of_data(data)
    labels = head.shown_of_model
    heads = ["model", *(f"the loss {text}" if text == "without penalty" else text for text in labels.values())]
    theirs = {"notebook's accuracy": "test_accuracy", "notebook's loss": "test_loss"} if len(notebook) else {}
    rows = []
    for name in _headline(metrics):
        test = _read(metrics / f"{name}.json")["test"]
        ours = [test.get(key) for key in labels]
        printed = [notebook.get((name, column)) for column in theirs.values()]
        rows.append([f"`{name}`", *("" if value is None else figure(value) for value in ours + printed)])
    ours = head.constant_of_model(data[head.constant_key])
    rows.append([constant_label(head), *(figure(value) for value in ours), *("" for _ in theirs)])
    return _table([*heads, *theirs], rows)


def lead_lines(metrics: Path) -> str:
    """What to use, how sure that is, and whether a network is worth it."""
    parts = [sentence.partition(":") for sentence in lead(_tables(metrics))]
    return "\n".join(f"- **{first}**{colon}{rest}" for first, colon, rest in parts)


def answer_lines(metrics: Path) -> str:
    """The rest of the answer, under the questions that a reader has."""
    tables = _tables(metrics)
    first, lines = set(lead(tables)), []
    for question, sentences in questions(tables).items():
        first |= set(sentences)
        lines += [f"**{question}**", "", *(f"- {sentence}" for sentence in sentences), ""]
    rest = [f"- {sentence}" for sentence in answer(tables) if sentence not in first]
    return "\n".join([*lines, *rest]).strip()


def means(metrics: Path) -> str:
    """The mean scores of the headline models, the second baseline, the recommended network and the reference models."""
    tables = _tables(metrics)
    chosen, names = tables["recommendation"]["variant"].iloc[0], (leading(tables)[0], leading(tables)[-1])
    rows = tables["summaries"]
    named = dict.fromkeys([*_headline(metrics), SECOND_BASELINE, chosen, *REFERENCES, MAJORITY])
    cells = []
    for name in named:
        of_variant = rows[rows["variant"] == name].set_index("metric")
        if len(of_variant):
            scores = [
                interval(
                    *(of_variant.loc[key, end] for end in ("mean", "lower", "upper")),
                    sign="",
                    own_units=in_own_units(key),
                )
                for key in names
            ]
            cells.append([constant_label(head_of_tables(tables)) if name == MAJORITY else f"`{name}`", *scores])
    return _table(["mean over the splits", *(METRICS[name].label for name in names)], cells)


def verdicts(metrics: Path) -> str:
    """Every variant against base, the lowest loss first."""
    tables = _tables(metrics)
    metrics_shown = leading(tables)
    names, rows = (metrics_shown[0], metrics_shown[-1]), tables["comparisons"].query("reference == 'base'")
    by_metric = {name: rows[rows["metric"] == name].set_index("variant") for name in names}
    cells = [
        [f"`{variant}`", *(text for name in names for text in _difference(by_metric[name].loc[variant]))]
        for variant in by_metric[names[-1]].sort_values("difference").index
    ]
    base = tables["majority"].query("variant == 'base'").set_index("metric")
    largest = [_of_majority(base.loc[name]) for name in names]
    cells.append([constant_label(head_of_tables(tables)), *(text for cell in largest for text in (cell, ""))])
    return _table(["against `base`", *(text for name in names for text in (METRICS[name].label, ""))], cells)


def _of_majority(base: pd.Series) -> str:
    """The difference of the majority class to base: the table has the opposite."""
    return interval(-base["difference"], -base["upper"], -base["lower"])


def _difference(comparison: pd.Series) -> tuple[str, str]:
    return difference(comparison) if comparison.differing else "no training differed", f"**{comparison.verdict}**"


def findings(metrics: Path) -> str:
    """All the sentences of the evidence."""
    return (metrics / "evidence" / "sentences.md").read_text(encoding="utf-8").strip()


def notebook(metrics: Path) -> str:
    wins = _evidence(metrics, "notebook_lottery").set_index("variant")["wins"]
    reported = _evidence(metrics, "notebook_reported").query("score == 'test_accuracy'")
    if reported.empty:
        return "The notebook had another table or other settings: its figures do not belong beside these."
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


def _headline(metrics: Path) -> list[str]:
    """The headline models: the baseline, and what is compared with it first of all."""
    pairs = _evidence(metrics, "comparisons").query("family == 'headline' and reference == @BASELINE")
    return [BASELINE, *pairs["variant"].unique()]


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def _tables(metrics: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: read_csv(path) for path in sorted((metrics / "evidence").glob("*.csv"))}


def _evidence(metrics: Path, name: str) -> pd.DataFrame:
    return read_csv(metrics / "evidence" / f"{name}.csv")


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


BLOCKS: dict[str, Callable[[Path], str]] = {
    "pipeline": pipeline,
    "lead": lead_lines,
    "answer": answer_lines,
    "means": means,
    "models": models,
    "verdicts": verdicts,
    "findings": findings,
    "notebook": notebook,
}

if __name__ == "__main__":
    main()
