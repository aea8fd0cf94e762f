"""Compare this branch with the base that it left: params, metrics, pictures -> pull_request.md, pull_request/.

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
from stages._common import run_tool
from stages._files import atomic_file, atomic_folder
from tools.plots_page import VEGALITE_VERSION

FOLDER = Path("pull_request")
REPORT = Path("pull_request.md")
WORKSPACE = "workspace"  # DVC's name for the files as they are
DATA_METRICS = Path("metrics/data.json")
A_FILE = re.compile(r"\.(tsv|csv|json|ya?ml)$")
PIXELS_PER_POINT = 1.5


def main() -> None:
    base = _base()
    fork = fork_point(base)
    labels = {WORKSPACE: "this branch", fork: f"{base} ({fork[:7]})"}
    charts = changed_charts(json.loads(_dvc("plots", "diff", fork, "--json")), labels)
    pictures = {f"{FOLDER}/{_file_name(number, name)}": name for number, name in enumerate(charts, start=1)}
    report = f"""# What this branch changes

Compared with {base} as it was where this branch left it ({fork[:7]}).
{_standin_banner(fork, labels)}
## Params

{_table(_dvc("params", "diff", fork, "--md"), labels) or "No param changed."}

## Metrics

{_table(_dvc("metrics", "diff", fork, "--md", "--precision", "4"), labels) or "No metric changed."}

## Plots

{_pictures(pictures) or "No curve changed."}
"""
    with atomic_folder(FOLDER) as folder, atomic_file(REPORT) as text:
        _dvc("plots", "diff", fork, "--out", str(folder))
        for path, name in pictures.items():
            (folder / Path(path).name).write_bytes(_png(charts[name]))
        text.write_text(report, encoding="utf-8")
    print(f"wrote {REPORT}, {len(pictures)} pictures and {FOLDER}/index.html: this branch against {labels[fork]}")


def _base() -> str:
    parser = argparse.ArgumentParser(prog="python -m tools.pull_request", description=__doc__)
    parser.add_argument("--base", default="main", help="a branch, tag or commit (default: main)")
    return parser.parse_args().base


def fork_point(base: str) -> str:
    """The commit where HEAD left `base`; where there is no branch `base`, as in a fresh clone, `origin/base` serves.

    Raises `InputError` outside of a git repository, for an unknown `base`, and where the history does not reach back.
    """
    if _git("rev-parse", "--git-dir") is None:
        raise InputError(f"expected a git repository, received {Path.cwd()}; run this in a clone of the project")
    if _git("rev-parse", "--verify", "HEAD") is None:
        raise InputError("expected a commit to compare, received a repository without one; commit first")
    is_shallow = _git("rev-parse", "--is-shallow-repository") == "true"
    fetch = "git fetch --unshallow origin" if is_shallow else "git fetch origin"
    remedy = f"fetch the full history: {fetch} '+refs/heads/*:refs/remotes/origin/*'"
    commit = _commit(base) or _commit(f"origin/{base}")
    if commit is None:
        raise InputError(f"base: expected a branch, tag or commit, received {base!r}, which is unknown here; {remedy}")
    fork = _git("merge-base", commit, "HEAD")
    if fork is None:
        raise InputError(f"base: expected a commit in common with HEAD, {base!r} has none here; {remedy}")
    return fork


def _commit(name: str) -> str | None:
    return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def _git(*arguments: str) -> str | None:
    """What git prints, or None where it fails."""
    finished = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return finished.stdout.strip() if finished.returncode == 0 else None


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


def _standin_banner(fork: str, labels: dict[str, str]) -> str:
    contents = {
        WORKSPACE: DATA_METRICS.read_text(encoding="utf-8") if DATA_METRICS.exists() else None,
        fork: _git("show", f"{fork}:{DATA_METRICS.as_posix()}"),
    }
    of_standin = [labels[name] for name, text in contents.items() if text and json.loads(text)["origin"] == "standin"]
    if not of_standin:
        return ""
    who = " and ".join(of_standin)
    return f"\n> [!WARNING]\n> A synthetic stand-in took the table's place ({who}): that says nothing about wine.\n"


def _pictures(names: dict[str, str]) -> str:
    return "\n\n".join(f"![{name}]({path})" for path, name in names.items())


def _file_name(number: int, chart_name: str) -> str:
    """Lower-case letters, digits and hyphens only: it goes into an address."""
    return "-".join([str(number), *re.findall("[a-z0-9]+", chart_name.lower())]) + ".png"


def _png(chart: dict) -> bytes:
    return vl_convert.vegalite_to_png(chart, vl_version=VEGALITE_VERSION, scale=PIXELS_PER_POINT)


if __name__ == "__main__":
    run_tool(main)
