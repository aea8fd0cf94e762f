"""How stages read and write files: a file or a folder appears whole or not at all. Not a stage."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd


@contextlib.contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` in one step when the block ends well and is removed otherwise.

    It keeps the suffix of `path`, since Keras and joblib look at it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """An empty folder to write into, which becomes `path` when the block ends well and is removed otherwise."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        shutil.rmtree(path, ignore_errors=True)
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(path: str | Path, content: dict) -> None:
    """Fractions have six significant digits: what lies behind is noise, and may differ between processors."""
    text = json.dumps(_rounded(content), indent=2, allow_nan=False)
    with atomic_file(path) as partial:
        partial.write_text(f"{text}\n", encoding="utf-8")


def _rounded(content):
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return float(f"{content:.6g}") if isinstance(content, float) else content


def read_json(path: str | Path) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Six significant digits: more than any interval here can use."""
    with atomic_file(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6g")


def write_text(path: str | Path, text: str) -> None:
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The named arrays of an .npz file."""
    with np.load(path) as file:
        return dict(file)


def read_csv(path: str | Path) -> pd.DataFrame:
    """A table that `write_csv` wrote: names stay text, also those that pandas would take for missing values."""
    text = {
        "variant": str,
        "reference": str,
        "best": str,
        "same_as": str,
        "chosen": str,
        "protocol": str,
        "metric": str,
    }
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
