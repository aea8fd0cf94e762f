"""How stages read and write files: whole or not at all, and a damaged one is said in a line. Not a stage."""

import contextlib
import json
import math
import shutil
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from regularization.errors import InputError

TABLE = "table.csv"  # the table in data/raw, whatever it is called where it is published
TEXT_COLUMNS = (
    "variant",
    "reference",
    "best",
    "leader",
    "same_as",
    "worse_than",
    "settings",
    "chosen",
    "protocol",
    "metric",
)
CONFLICT = tuple(mark * 7 for mark in "<=>")  # what git leaves in a file when a merge fails
MOST = {"accuracy": 1, "brier": 2, "ece": 1}  # a column of such a score, alone or after `test_` and the like, is from 0


@contextlib.contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` in one step when the block ends well and is removed otherwise.

    It keeps the suffix of `path`, since Keras and joblib look at it.
    """
    path = Path(path)
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """An empty folder to write into, which becomes `path` when the block ends well and is removed otherwise.

    An earlier `path` is moved aside for the new one, which works even where its files may not be deleted. What cannot
    be written or moved is found out before the block, which may take hours.
    """
    path = Path(path)
    partial, earlier = (path.with_name(f"{path.name}.{state}") for state in ("partial", "earlier"))
    with _naming(path):
        _remove(earlier)
        _remove(partial)
        partial.mkdir(parents=True)
        try:
            yield partial
            if path.exists():
                path.replace(earlier)
            try:
                partial.replace(path)
            except OSError:
                earlier.replace(path)
                raise
            with contextlib.suppress(OSError):
                _remove(earlier)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Delete a folder and what is in it, also where its owner may not write in it."""
    if folder.exists():
        for inner in (folder, *(file for file in folder.rglob("*") if file.is_dir() and not file.is_symlink())):
            with contextlib.suppress(OSError):
                inner.chmod(0o700)
        shutil.rmtree(folder)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An error of the operating system names `path` where it names no file: a full disk does not."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def write_json(path: str | Path, content: dict) -> None:
    """Fractions have six significant digits: what lies behind is noise, and may differ between processors.

    Raises `InputError` for a number that is not finite, which JSON has no word for.
    """
    if key := _not_finite(content):
        raise InputError(f"{path}: {key} is not a finite number; lower learning_rate or the penalties")
    text = json.dumps(_rounded(content), indent=2, allow_nan=False)
    with atomic_file(path) as partial:
        partial.write_text(f"{text}\n", encoding="utf-8")


def _not_finite(content: object, key: str = "") -> str:
    """The key of the first number in `content` that is not finite; empty if there is none."""
    if isinstance(content, dict):
        return next(filter(None, (_not_finite(value, f"{key}.{name}") for name, value in content.items())), "")
    if isinstance(content, list):
        return next(filter(None, (_not_finite(value, f"{key}.{place}") for place, value in enumerate(content))), "")
    return key.lstrip(".") if isinstance(content, float) and not math.isfinite(content) else ""


def _rounded(content):
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return float(f"{content:.6g}") if isinstance(content, float) else content


def read_json(path: str | Path, keys: Collection[str] = ()) -> dict:
    """What `write_json` wrote, which has to have all of `keys`."""
    with _readable(path):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError(f"expected names with values, received {type(content).__name__}")
        _expect(keys, content, "key")
    return content


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Six significant digits: more than any interval here can use."""
    with atomic_file(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6g")


def write_replicates(group: str, replicates) -> None:
    """The tables of one group of replicates (`replicates/tables.py`), marked where they rest on a stand-in."""
    is_standin = read_json("data/raw/source.json", ["origin"])["origin"] == "standin"
    for path, table in {
        f"metrics/replicates/{group}.csv": replicates.trainings,
        f"metrics/blocks/{group}.csv": replicates.blocks,
        f"metrics/calibration/{group}.csv": replicates.calibration,
        f"plots/curves/{group}.csv": replicates.curves,
    }.items():
        if len(table):
            write_csv(path, table.assign(origin="standin") if is_standin else table)


def write_text(path: str | Path, text: str) -> None:
    with atomic_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file, for equal arrays the same bytes under every Python.

    `np.savez` streams into the archive, and what `zipfile` notes of a stream differs from one release of Python to the
    next.
    """
    with atomic_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, array in arrays.items():
            content = BytesIO()
            np.save(content, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getbuffer())


def read_arrays(path: str | Path, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """The arrays of an .npz file: all of `names`, those of `optional` that it has, and no other."""
    with _readable(path), Path(path).open("rb") as stream, np.load(stream) as file:
        arrays = dict(file)
        _expect(names, arrays, "array")
        _expect(arrays, (*names, *optional), "use for an array")
    return arrays


def read_csv(path: str | Path, columns: Collection[str] = ()) -> pd.DataFrame:
    """A table that `write_csv` wrote, which has to have all of `columns`.

    Names stay text, also those that pandas would take for missing values.
    """
    with _readable(path):
        _whole_text(path)
        text = dict.fromkeys(TEXT_COLUMNS, str)
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""], low_memory=False)
        _expect(columns, table, "column")
        _check_shares(table)
    return table


def read_curve(path: str | Path) -> list[float]:
    """A curve of DVCLive: the column of the file `loss.tsv` is `loss`."""
    with _readable(path):
        _whole_text(path)
        table = pd.read_csv(path, sep="\t")
        _expect(["step", Path(path).stem], table, "column")
        curve = table[Path(path).stem].astype(float)
        if curve.empty or not np.isfinite(curve).all():
            raise ValueError("a step has no finite number")
    return curve.to_list()


@contextlib.contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Whatever a damaged file makes its reader raise becomes an `InputError` that names the file."""
    try:
        yield
    except Exception as error:
        if isinstance(error, (InputError, MemoryError)) or (isinstance(error, OSError) and error.errno is not None):
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: damaged: {reason}; bring it back with `git checkout` or `dvc checkout`, or delete it and run "
            "`dvc repro`"
        ) from None


def _whole_text(path: str | Path) -> str:
    text = Path(path).read_text(encoding="utf-8")
    if not text.strip():
        raise ValueError("it is empty")
    if any(line.startswith(CONFLICT) for line in text.splitlines()):
        raise ValueError("it holds the marks of a merge that failed")
    if not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    return text


def _expect(names: Collection[str], received: Collection[str], kind: str) -> None:
    missing = [name for name in names if name not in received]
    if missing:
        raise ValueError(f"it has no {kind} {missing[0]!r}")


def _check_shares(table: pd.DataFrame) -> None:
    for name in table:
        score = str(name).removeprefix("test_").removeprefix("train_").removeprefix("val_")
        if score in MOST:
            values = table[name].astype(float)
            wrong = np.flatnonzero((values < 0) | (values > MOST[score]))
            if len(wrong):
                raise ValueError(
                    f"{name} is {values.iloc[wrong[0]]:g} in line {wrong[0] + 2}, expected 0 to {MOST[score]}"
                )
