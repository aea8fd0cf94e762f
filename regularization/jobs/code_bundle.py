"""What travels to the workers of a cluster: this package's code, the work, and the check that they compute alike.

Workers need the pinned requirements and nothing of this repository. The code goes as a zip, named by its digest, inside
a plugin that Dask hands to every worker, those that join later too. A plugin and a task must be readable where this
package is not installed, so they are made inside functions: pickle then sends them by value.
"""

import contextlib
import hashlib
import io
import json
import os
import pickle
import platform
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from regularization.rounding import SETTINGS, THREADS

PACKAGE = Path(__file__).parents[1]  # regularization/
LIBRARIES = ("numpy", "scipy", "scikit-learn", "pandas", "tensorflow", "keras", "distributed")


class CodeBundle(NamedTuple):
    """One version of the code with one piece of work; `digest` names both."""

    digest: str
    code: bytes  # a zip
    work: bytes  # pickled


def pack(work: tuple) -> CodeBundle:
    """The `work`, a named tuple, with the code of this package."""
    code = zip_package()
    return CodeBundle(digest_of(code, work), code, pickle.dumps(work))


def zip_package() -> bytes:
    """The package's modules; the same bytes for the same modules."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for path in sorted(PACKAGE.rglob("*.py")):
            name = path.relative_to(PACKAGE.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name), path.read_bytes())  # without the file's date
    return memory.getvalue()


def digest_of(*parts: Any) -> str:
    """A name for values made of arrays, bytes and what JSON holds: the same for equal values, in any process."""
    digest = hashlib.sha256()
    for part in parts:
        _feed(digest, part)
    return digest.hexdigest()[:32]


def _feed(digest: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"array {value.dtype} {value.shape}:".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, bytes):
        digest.update(f"bytes {len(value)}:".encode() + value)
    elif isinstance(value, dict):
        _feed(digest, sorted(value.items()))
    elif isinstance(value, list | tuple):
        digest.update(f"list {len(value)}:".encode())
        for part in value:
            _feed(digest, part)
    else:
        digest.update(f"{json.dumps(value)};".encode())


def computing_environment() -> dict[str, str]:
    """What a result depends on beside code and data: versions, the kind of machine, the settings of rounding.py.

    The number of threads changes no population.
    """
    settings = {name: os.environ.get(name, "") for name in SETTINGS if name != THREADS}
    return make_version_check()(LIBRARIES) | settings


def differences(expected: dict[str, str], received: dict[str, str]) -> str:
    """What a worker has otherwise than expected, in words; empty where nothing."""
    unlike = [
        f"{name} {received[name] or 'nothing'} (here {value or 'nothing'})"
        for name, value in expected.items()
        if name in received and received[name] != value
    ]
    return ", ".join(unlike)


def make_version_check() -> Callable[[tuple[str, ...]], dict[str, str]]:
    """The function that says which versions a machine has; it imports none of the libraries."""

    def versions(libraries) -> dict[str, str]:
        import platform
        from importlib.metadata import PackageNotFoundError, version

        def of(name: str) -> str:
            try:
                return version(name)
            except PackageNotFoundError:  # tensorflow-cpu of the same version is the same code
                return of("tensorflow-cpu") if name == "tensorflow" else "missing"

        return {"python": platform.python_version(), "machine": platform.machine()} | {
            name: of(name) for name in libraries
        }

    return versions


def make_plugin(bundle: CodeBundle):
    """A Dask `WorkerPlugin` by which a worker can run this code, whatever other code it has run before."""
    from distributed import WorkerPlugin

    class CodeAndWork(WorkerPlugin):
        def __init__(self, digest: str, code: bytes, work: bytes):
            self.name = f"regularization-{digest}"
            self.code, self.work = code, work

        def setup(self, worker):
            from pathlib import Path

            self.path = Path(worker.local_directory) / f"{self.name}.zip"
            self.path.write_bytes(self.code)
            self.unpacked = None

        def activate(self):
            """Import this code and no other, and return the work; nothing else runs in the worker's one thread."""
            import importlib
            import pickle
            import sys

            if sys.path[0] != str(self.path):
                for module in [name for name in sys.modules if name.split(".")[0] == "regularization"]:
                    del sys.modules[module]
                others = [place for place in sys.path if not place.endswith(".zip") or "regularization-" not in place]
                sys.path[:] = [str(self.path), *others]
                importlib.invalidate_caches()
                self.unpacked = None
            if self.unpacked is None:
                from regularization.rounding import set_environment

                set_environment()  # before TensorFlow is imported
                self.unpacked = pickle.loads(self.work)
            return self.unpacked

        def teardown(self, worker):  # noqa: ARG002 - Dask's signature
            self.path.unlink(missing_ok=True)

    return CodeAndWork(bundle.digest, bundle.code, bundle.work)


def make_task() -> Callable:
    """The function that a worker runs: `task(digest, expected, number, shard)`, with a shard as a plain tuple.

    It returns what `train_shard` does, as a plain tuple. Raises `RuntimeError` where the worker computes
    otherwise than `expected`.
    """

    def task(digest, expected, number, shard):
        import time

        from distributed import get_worker

        worker = get_worker()
        plugin: Any = worker.plugins[f"regularization-{digest}"]
        work = plugin.activate()
        from regularization.jobs.code_bundle import quiet_import, refuse_other_environment
        from regularization.jobs.work import Shard

        refuse_other_environment(expected)
        with quiet_import():
            from regularization.jobs.training import train_shard
        done, last = 0.0, time.monotonic()

        def tell(trainings):
            nonlocal done, last
            done += trainings
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                worker.log_event(f"regularization-{digest}", (number, done))

        return tuple(train_shard(work, Shard(*shard), workers=1, on_progress=tell))

    return task


@contextlib.contextmanager
def quiet_import() -> Iterator[None]:
    """Hide what TensorFlow's libraries say on a worker's stderr while they load; Python's errors stay."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def refuse_other_environment(expected: dict[str, str]) -> None:
    """Raise `RuntimeError` where this process would round otherwise, or has other versions, than `expected` says."""
    unlike = differences(expected, computing_environment())
    if unlike:
        raise RuntimeError(f"{platform.node()} has {unlike}")
