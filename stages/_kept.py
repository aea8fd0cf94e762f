"""Finished shards of a sweep, kept so that a run that was stopped goes on where it was. Not a stage.

They lie in DVC's temporary folder, which git and DVC ignore, under a digest of the code, the work, the versions and the
shard: whatever differs makes another file.
"""

import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from regularization.cluster.cargo import computing_environment, digest_of, zip_package
from regularization.sweep.rounds import Shard, Trained, Work
from stages._files import write_arrays

Train = Callable[[Sequence[Shard]], Iterator[tuple[int, Trained]]]


def kept_folder() -> Path:
    """Queued experiments run in a copy of the repository; `DVC_ROOT` names the one that they share."""
    return Path(os.environ.get("DVC_ROOT", "."), ".dvc", "tmp", "shards")


def train_or_load(
    work: Work,
    shards: Sequence[Shard],
    train: Train,
    *,
    on_progress: Callable[[float], object],
    folder: Path,
) -> Iterator[tuple[int, Trained]]:
    """The results of the `shards`: those kept in the `folder` first, then those that `train` gives, which are kept."""
    common = digest_of(zip_package(), computing_environment(), work)
    paths = [folder / f"{digest_of(common, shard)}.npz" for shard in shards]
    missing = []
    for number, (path, shard) in enumerate(zip(paths, shards, strict=True)):
        trained = _load(path)
        if trained is None:
            missing.append(number)
        else:
            on_progress(shard.n_trainings)
            yield number, trained
    for place, trained in train([shards[number] for number in missing]):
        write_arrays(paths[missing[place]], trained._asdict())
        yield missing[place], trained


def _load(path: Path) -> Trained | None:
    try:
        with np.load(path) as arrays:
            return Trained(**arrays)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile):  # not there, or damaged
        return None
