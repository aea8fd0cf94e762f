"""What git holds of the two revisions. Their files are data: none of them is run, and large ones are not read."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from regularization.errors import InputError

LARGEST_FILE = 20_000_000  # bytes; 2,000 splits of eight variants are 4 MB
LARGEST_REVISION = 60_000_000
Reader = Callable[[str], bytes | None]  # from a path to the content, None where there is no such file


def git(*arguments: str) -> str | None:
    """What git prints, or None where it fails."""
    finished = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return finished.stdout.strip() if finished.returncode == 0 else None


def fork_point(base: str, head: str = "HEAD") -> str:
    """The commit where `head` left `base`; where there is no branch `base`, as in a fresh clone, `origin/base` serves.

    Raises `InputError` outside of a git repository, for an unknown `base`, and where the history does not reach back.
    """
    if git("rev-parse", "--git-dir") is None:
        raise InputError(f"expected a git repository, received {Path.cwd()}; run this in a clone of the project")
    if git("rev-parse", "--verify", head) is None:
        raise InputError("expected a commit to compare, received a repository without one; commit first")
    is_shallow = git("rev-parse", "--is-shallow-repository") == "true"
    fetch = "git fetch --unshallow origin" if is_shallow else "git fetch origin"
    remedy = f"fetch the full history: {fetch} '+refs/heads/*:refs/remotes/origin/*'"
    commit = _commit(base) or _commit(f"origin/{base}")
    if commit is None:
        raise InputError(f"base: expected a branch, tag or commit, received {base!r}, which is unknown here; {remedy}")
    fork = git("merge-base", commit, head)
    if fork is None:
        raise InputError(f"base: expected a commit in common with HEAD, {base!r} has none here; {remedy}")
    return fork


def _commit(name: str) -> str | None:
    return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")


def files_of(commit: str) -> tuple[list[str], Reader]:
    """The paths of the plain files of a commit, and a reader of their contents.

    The reader raises `InputError` for a file above `LARGEST_FILE`, and for more than `LARGEST_REVISION` in all.
    """
    listed = subprocess.run(["git", "ls-tree", "-r", "-l", "-z", commit], capture_output=True, check=True).stdout
    sizes = {}
    for line in filter(None, listed.decode("utf-8", errors="surrogateescape").split("\0")):
        about, path = line.split("\t", 1)
        mode, _, _, size = about.split()
        if mode in ("100644", "100755"):  # neither a link nor a submodule
            sizes[path] = int(size)
    already: dict[str, int] = {}

    def read(path: str) -> bytes | None:
        if path not in sizes:
            return None
        already[path] = sizes[path]
        if sizes[path] > LARGEST_FILE or sum(already.values()) > LARGEST_REVISION:
            raise InputError(f"{path}: received {sizes[path]} bytes; expected {LARGEST_FILE} at most")
        return subprocess.run(["git", "show", f"{commit}:./{path}"], capture_output=True, check=True).stdout

    return list(sizes), read


def files_here() -> tuple[list[str], Reader]:
    """The same of the folder as it is: the paths of results and code, and a reader of any file."""

    def read(path: str) -> bytes | None:
        return Path(path).read_bytes() if Path(path).is_file() else None

    files = (path for folder in ("metrics", "regularization", "stages") for path in sorted(Path(folder).rglob("*")))
    return [path.as_posix() for path in files if path.is_file() and "__pycache__" not in path.parts], read
