"""Compare this branch with the base that it left: verdict, params, metrics, pictures -> pull_request.md, pull_request/.

It needs what is in git and nothing else: no remote, no cache, no browser. The base is compared as it was where this
branch left it (`git merge-base`), so that what others did there since is not counted as this branch's doing.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import vl_convert

from regularization.errors import InputError
from regularization.words.revisions import collapsed, conclusion_in_words, headline, verdict_text
from stages._files import atomic_file, atomic_folder
from tools.plots_page import VEGALITE_VERSION
from tools.pull_request.repository import files_here, files_of, fork_point
from tools.pull_request.revision import compare_files

FOLDER = Path("pull_request")
REPORT = Path("pull_request.md")
WORKSPACE = "workspace"  # DVC's name for the files as they are
A_FILE = re.compile(r"\.(tsv|csv|json|ya?ml)$")
PIXELS_PER_POINT = 1.5


def main() -> None:
    base = _base()
    fork = fork_point(base)
    labels = {WORKSPACE: "this branch", fork: f"{base} ({fork[:7]})"}
    charts = changed_charts(json.loads(_dvc("plots", "diff", fork, "--json")), labels)
    pictures = {f"{FOLDER}/{_file_name(number, name)}": name for number, name in enumerate(charts, start=1)}
    comparison = compare_files(files_of(fork), files_here())
    details = {
        "Params": _table(_dvc("params", "diff", fork, "--md"), labels) or "No param changed.",
        "Metrics": _table(_dvc("metrics", "diff", fork, "--md", "--precision", "4"), labels) or "No metric changed.",
        "Plots": _pictures(pictures) or "No curve changed.",
    }
    parts = [
        "# What this branch changes",
        verdict_text(comparison).strip(),
        f"The check: {'. '.join(conclusion_in_words(comparison))}",
        f"Compared with {base} as it was where this branch left it ({fork[:7]}).",
        *(collapsed(summary, text) for summary, text in details.items()),
    ]
    with atomic_folder(FOLDER) as folder, atomic_file(REPORT) as text:
        _dvc("plots", "diff", fork, "--out", str(folder))
        for path, name in pictures.items():
            (folder / Path(path).name).write_bytes(_png(charts[name]))
        text.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print(headline(comparison))
    print(f"wrote {REPORT}, {len(pictures)} pictures and {FOLDER}/index.html: this branch against {labels[fork]}")


def _base() -> str:
    parser = argparse.ArgumentParser(prog="python -m tools.pull_request", description=__doc__)
    parser.add_argument("--base", default="main", help="a branch, tag or commit (default: main)")
    return parser.parse_args().base


def _dvc(*arguments: str) -> str:
    """What `dvc` prints; raises `InputError` with its own words where it fails."""
    finished = subprocess.run([sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise InputError(f"`dvc {' '.join(arguments)}` failed: {finished.stderr.strip().removeprefix('ERROR: ')}")
    return finished.stdout


def changed_charts(plots: dict, labels: dict[str, str]) -> dict[str, dict]:
    """By name, the filled Vega-Lite charts in what `dvc plots diff --json` gives that differ between its revisions.

    The charts that DVC makes by itself, one for each file and named by its path, are left out. Revisions are renamed
    as `labels` says.
    """
    charts = {}
    for name, views in plots.get("data", {}).items():
        if A_FILE.search(name) or not views or views[0]["type"] != "vega":
            continue
        chart = views[0]["content"]
        points = chart["data"]["values"]
        ours = [_unmarked(point) for point in points if point["rev"] == WORKSPACE]
        theirs = [_unmarked(point) for point in points if point["rev"] != WORKSPACE]
        if ours != theirs:
            renamed = [point | {"rev": labels.get(point["rev"], point["rev"])} for point in points]
            charts[name] = chart | {"data": {"values": renamed}}
    return charts


def _unmarked(point: dict) -> dict:
    """The point less the mark that says which revision it is of."""
    return {key: value for key, value in point.items() if key != "rev"}


def _table(markdown: str, labels: dict[str, str]) -> str:
    """DVC's table with readable names for the revisions; empty where it has no row."""
    lines = markdown.strip().splitlines()
    if len(lines) <= 2:
        return ""
    for revision, label in labels.items():
        lines[0] = lines[0].replace(f" {revision} ", f" {label} ")
    return "\n".join(lines)


def _pictures(names: dict[str, str]) -> str:
    return "\n\n".join(f"![{name}]({path})" for path, name in names.items())


def _file_name(number: int, chart_name: str) -> str:
    """Lower-case letters, digits and hyphens only: it goes into an address."""
    return "-".join([str(number), *re.findall("[a-z0-9]+", chart_name.lower())]) + ".png"


def _png(chart: dict) -> bytes:
    return vl_convert.vegalite_to_png(chart, vl_version=VEGALITE_VERSION, scale=PIXELS_PER_POINT)
