"""Results of trainings, kept so that what did not change is not trained again. Not a stage.

They lie in DVC's temporary folder, which git and DVC ignore, one file for each result, named by a digest of all that it
depends on: the code in use, the versions, the data and the settings. A file holds the digest of its own content too, so
one that was damaged, copied or swapped is not taken. `KEPT_BYTES` limit the folder; the oldest files go first.
"""

import contextlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from regularization.jobs.code_bundle import computing_environment, digest_of
from stages._files import write_arrays
from stages._guard import code_in_use

KEPT_BYTES = 2 * 10**9
CHECKSUM = "checksum"  # the array of a file that holds its own digest
Result = TypeVar("Result", bound=tuple)


class Kept(NamedTuple, Generic[Result]):
    """The kept results of one kind, a named tuple of arrays, that have `common` in common."""

    kind: type[Result]
    common: str
    folder: Path

    def load(self, *key: Any) -> Result | None:
        """Return what was saved under the `key`, which is made of arrays and what JSON holds; None if nothing."""
        path = self._path(key)
        arrays = _read(path, names=(*self.kind._fields, CHECKSUM))  # type: ignore[attr-defined]
        if arrays is None or arrays.pop(CHECKSUM).tolist() != _checksum(path, arrays):
            return None
        with contextlib.suppress(OSError):
            path.touch()  # in use: the oldest go first
        return self.kind(**arrays)

    def save(self, result: Result, *key: Any) -> None:
        path, arrays = self._path(key), result._asdict()  # type: ignore[attr-defined]
        own = path.with_name(f"{path.stem}-{os.getpid()}.npz")  # another process may write the same
        write_arrays(own, arrays | {CHECKSUM: np.array(_checksum(path, arrays))})
        own.replace(path)

    def _path(self, key: tuple) -> Path:
        return self.folder / f"{digest_of(self.common, key)}.npz"


def kept_results(kind: type[Result], *common: Any) -> Kept[Result]:
    """Open the store for results of that `kind` that depend on `common`, the loaded code and the versions."""
    folder = _folder()
    _limit(folder)
    return Kept(kind, digest_of(kind.__name__, _library(), computing_environment(), common), folder)


def _library() -> dict[str, bytes]:
    return {name: content for name, content in code_in_use().items() if name.startswith("regularization/")}


def _folder() -> Path:
    """Queued experiments run in a copy of the repository; `DVC_ROOT` names the one that they share."""
    return Path(os.environ.get("DVC_ROOT", "."), ".dvc", "tmp", "trainings")


def _read(path: Path, *, names: tuple[str, ...]) -> dict[str, np.ndarray] | None:
    """Return the arrays of a file that has just these `names`; None where there is none, or it is damaged."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            arrays = dict(file)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return arrays if set(arrays) == set(names) else None


def _checksum(path: Path, arrays: dict[str, np.ndarray]) -> str:
    return digest_of(path.name, arrays)


def _limit(folder: Path) -> None:
    """Delete the files that were not used for longest, until the rest takes no more than `KEPT_BYTES`."""
    taken = 0
    for path, size in _newest_first(folder):
        taken += size
        if taken > KEPT_BYTES:
            path.unlink(missing_ok=True)


def _newest_first(folder: Path) -> Iterator[tuple[Path, int]]:
    files = []
    for path in folder.glob("*.npz"):
        with contextlib.suppress(OSError):
            state = path.stat()
            files.append((state.st_mtime, path, state.st_size))
    return ((path, size) for _, path, size in sorted(files, reverse=True))
