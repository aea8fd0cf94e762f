"""Write the two texts in docs/pull-requests.md anew from metrics/: `python -m tools.pull_request.examples`.

With `--train`, the replicates of base with another seed are trained first and stored beside the tests (it needs
data/, and about a minute). Those with `dropout: 0.5` are at hand: a variation has that
setting. A test holds the page to the results, so this is to be run where the results of the replicates changed.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from regularization.errors import InputError
from regularization.evidence.revisions import Comparison, Revision, compare_revisions
from regularization.params.file import parse_values
from regularization.variants import BASELINE
from regularization.words.revisions import conclusion_in_words, verdict_text
from stages._ends import run_tool
from stages._files import atomic_file, read_csv, write_text
from tools.pull_request.repository import Reader, files_here
from tools.pull_request.revision import KEYS, PARAMS, compared_metrics, read_revision

PAGE = Path("docs/pull-requests.md")
DROPOUT = 0.5
OTHER_SEED = 43
STORED = Path("tests/pull_requests")  # the replicates with the other seed, as far as a comparison needs them


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.pull_request.examples", description=__doc__)
    parser.add_argument("--train", action="store_true", help="train the replicates with another seed first")
    if parser.parse_args().train:
        train_other_seed()
    write_text(PAGE, filled(PAGE.read_text(encoding="utf-8"), files_here()))
    print(f"wrote {PAGE}")


def filled(page: str, files: tuple[list[str], Reader]) -> str:
    """The page with what stands between its marks made from the results in the files of a revision."""
    paths, read = files
    params, base = parse_values((read(PARAMS) or b"{}").decode()), read_revision(paths, read)
    head, metrics = compared_metrics(base, read)
    for name, branch in {"dropout": more_dropout(base, params), "seed": other_seed(base)}.items():
        comparison = compare_revisions(
            base if name == "dropout" else of_baseline(base), branch, head=head, metrics=metrics
        )
        between = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        text = _quoted(comparison)
        page = between.sub(lambda marks, text=text: f"{marks[1]}{text}\n{marks[2]}", page)
    return page


def more_dropout(base: Revision, params: dict) -> Revision:
    """A branch with another `dropout`: the variation with that setting, on the same splits and seeds, in its place.

    Raises `InputError` where there is no such variation.
    """
    variations = params["replicate"]["variants"]
    same = [name for name, settings in variations.items() if settings == {"dropout": DROPOUT}]
    same = [name for name in same if name in set(base.trainings["variant"])]
    if not same:
        raise InputError(f"replicate.variants: expected one with {{dropout: {DROPOUT}}}, received {list(variations)}")
    trainings, blocks = (
        pd.concat(
            [
                table[table["variant"] != "dropout"],
                table[table["variant"] == same[0]].assign(variant="dropout"),
            ],
            ignore_index=True,
        )
        for table in (base.trainings, base.blocks)
    )
    return base._replace(trainings=trainings, blocks=blocks)


def other_seed(base: Revision) -> Revision:
    """A branch with another `seed`, as far as the baseline goes."""
    return Revision(*(pd.read_csv(STORED / f"seed_{kind}.csv.xz") for kind in ("replicates", "blocks")), base.data)


def of_baseline(base: Revision) -> Revision:
    tables = [table[table["variant"] == BASELINE].reset_index(drop=True) for table in base[:2]]
    return Revision(*tables, base.data)


def _quoted(comparison: Comparison) -> str:
    text = f"{verdict_text(comparison).strip()}\n\nThe check: {'. '.join(conclusion_in_words(comparison))}"
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def train_other_seed() -> None:
    """Train the baseline with the other seed, in a copy of the project, and store what a comparison needs."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "project"
        listed = subprocess.check_output(["git", "ls-files", "-z", "regularization", "stages", PARAMS], text=True)
        for name in filter(None, listed.split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, copy / name)
        for name in ("raw", "prepared"):
            shutil.copytree(f"data/{name}", copy / "data" / name)
        text = (copy / PARAMS).read_text(encoding="utf-8")
        (copy / PARAMS).write_text(re.sub(r"(?m)^seed: \d+", f"seed: {OTHER_SEED}", text), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "stages.replicate", BASELINE], cwd=copy, check=True)
        store(copy / "metrics")


def store(metrics: Path) -> None:
    """The honest trainings' keys and the block scores of the baseline in the folder `metrics`, packed."""
    trainings, blocks = (read_csv(metrics / kind / f"{BASELINE}.csv") for kind in ("replicates", "blocks"))
    keys = trainings.loc[trainings["protocol"] == "honest", ["variant", "protocol", *KEYS]]
    STORED.mkdir(exist_ok=True)
    for kind, table in {"replicates": keys, "blocks": blocks}.items():
        with atomic_file(STORED / f"seed_{kind}.csv.xz") as partial:
            table.to_csv(partial, index=False, float_format="%.6g")


if __name__ == "__main__":
    run_tool(main)
