"""The published CSV, checksum-pinned -> data/raw/. `DATA_MIRROR`, a folder or a base URL, is tried first."""

import hashlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from regularization.errors import InputError
from regularization.intake.addresses import address_problem, file_name, without_credentials
from regularization.intake.fetching import UnreachableError, fetch_pinned
from regularization.params import Data, load_params
from stages._ends import run_stage
from stages._files import TABLE, atomic_folder, write_json

RED_WINE_SHA256 = "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e"  # what there is a stand-in for


def main() -> None:
    data = load_params().data
    try:
        how = {"most_bytes": data.most_bytes, "mirror": _mirror(), "show_progress": sys.stderr.isatty()}
        content = fetch_pinned(data.url, sha256=data.sha256, **how)
        origin = "published"
    except UnreachableError as error:
        content = _standin(data, str(error))
        origin = "standin"
    source = {  # the same whichever mirror served the bytes, so that nothing downstream depends on it
        "origin": origin,
        "file": file_name(data.url),
        "url": without_credentials(data.url),
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    with atomic_folder("data/raw") as folder:
        (folder / TABLE).write_bytes(content)
        write_json(folder / "source.json", source)


def _mirror() -> str | None:
    """`DATA_MIRROR`; a relative folder is meant from the repository, where a queued experiment does not run."""
    mirror = os.environ.get("DATA_MIRROR")
    if mirror and (problem := address_problem(mirror)) and "password" not in problem:
        raise InputError(f"DATA_MIRROR: {problem}")
    if not mirror or urlsplit(mirror).scheme:
        return mirror
    return str(Path(os.environ.get("DVC_ROOT", ""), mirror))


def _standin(data: Data, reasons: str) -> bytes:
    """The synthetic table, where params.yaml allows it and there is one."""
    name = file_name(data.url)
    if data.offline == "fail":
        raise InputError(
            f"{reasons}\nset DATA_MIRROR to a folder or base URL that has {name}, or data.offline to standin"
        )
    if data.sha256 != RED_WINE_SHA256:
        raise InputError(f"{reasons}\nthe stand-in is for the red-wine table alone; set DATA_MIRROR to where {name} is")
    from regularization.intake.standin import standin_csv

    again = "`dvc repro --force download` tries the published table again"
    print(
        f"{reasons}\nwarning: a synthetic stand-in takes its place and says nothing about wine; {again}",
        file=sys.stderr,
    )
    return standin_csv()


if __name__ == "__main__":
    run_stage(main)
