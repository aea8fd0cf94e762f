"""The published CSV, checksum-pinned -> data/raw/. `DATA_MIRROR`, a folder or a base URL, is tried first."""

import os
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from regularization.errors import InputError
from regularization.params import Data, load_params
from stages._common import run_stage, whole_folder, write_json

FOLDER = Path("data/raw")
SECONDS_TO_WAIT = 8  # for a connection and for each read: two tries at two unreachable hosts stay under 40 s
RETRIES = 1
RED_WINE_SHA256 = "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e"  # what there is a stand-in for


def main() -> None:
    data = load_params().data
    name = PurePosixPath(unquote(urlsplit(data.url).path)).name
    with whole_folder(FOLDER) as folder:
        reasons = _fetch(data, folder / name)
        if reasons is None:
            origin, received = "published", data.sha256
        else:
            received = _write_standin(data, folder / name, reasons)
            origin = "standin"
        write_json(folder / "source.json", _source(data, folder / name, origin, received))


def _fetch(data: Data, destination: Path) -> list[str] | None:
    """Write the pinned bytes to `destination`; else why each place failed."""
    reasons = []
    for place in _places(data.url, os.environ.get("DATA_MIRROR"), destination.name):
        try:
            _fetch_from(place, data.sha256, destination)
            return None
        except ConnectionError as error:
            reasons.append(f"{_without_credentials(place)}: {error}")
    return reasons


def _places(url: str, mirror: str | None, name: str) -> list[str]:
    return [f"{mirror.rstrip('/')}/{name}", url] if mirror else [url]


def _fetch_from(place: str, sha256: str, destination: Path) -> None:
    """Raises `ConnectionError` where nothing could be had from `place`, `InputError` where it gave other bytes."""
    if urlsplit(place).scheme in ("http", "https"):
        _fetch_over_http(place, destination)
    else:
        _copy(Path(place.removeprefix("file://")), destination)
    received = _sha256(destination)
    if received != sha256:
        raise InputError(
            f"{_without_credentials(place)}: these are not the pinned bytes: expected sha256 {sha256}, "
            f"received {received} ({destination.stat().st_size} bytes); "
            "mend the source, or data.sha256 in params.yaml if this is the table you mean"
        )


def _copy(path: Path, destination: Path) -> None:
    try:
        destination.write_bytes(path.read_bytes())
    except OSError as error:
        raise ConnectionError(error.strerror) from None


def _fetch_over_http(url: str, destination: Path) -> None:
    import pooch
    import requests  # what pooch downloads with

    source = pooch.create(destination.parent, base_url="", registry={destination.name: None}, retry_if_failed=RETRIES)
    source.urls[destination.name] = url
    downloader = pooch.HTTPDownloader(timeout=SECONDS_TO_WAIT, progressbar=sys.stderr.isatty())
    pooch.get_logger().setLevel("ERROR")  # its retries are no news; what failed in the end is said below
    try:
        source.fetch(destination.name, downloader=downloader)
    except requests.exceptions.ChunkedEncodingError:
        raise InputError(f"{_without_credentials(url)}: the transfer broke off half-way; run this again") from None
    except requests.exceptions.HTTPError as error:
        raise ConnectionError(f"HTTP {error.response.status_code} {error.response.reason}") from None
    except requests.exceptions.Timeout:
        raise ConnectionError(f"no answer within {SECONDS_TO_WAIT} s") from None
    except requests.exceptions.RequestException as error:
        raise ConnectionError(f"cannot be reached ({type(error).__name__})") from None


def _write_standin(data: Data, destination: Path, reasons: list[str]) -> str:
    """Write the synthetic table instead, where params.yaml allows it; its sha256."""
    tried = "\n".join(f"could not fetch {reason}" for reason in reasons)
    if data.offline == "fail":
        raise InputError(
            f"{tried}\nset DATA_MIRROR to a folder or base URL that has {destination.name}, or data.offline to standin"
        )
    if data.sha256 != RED_WINE_SHA256:
        raise InputError(
            f"{tried}\nthe stand-in is for the red-wine table alone; set DATA_MIRROR to where {destination.name} is"
        )
    from regularization import standin

    destination.write_bytes(standin.standin_csv())
    print(f"{tried}\nwarning: going on with a synthetic stand-in: its results say nothing about wine", file=sys.stderr)
    return _sha256(destination)


def _source(data: Data, file: Path, origin: str, sha256: str) -> dict:
    """The same whichever mirror served the bytes, so that nothing downstream depends on it."""
    return {
        "origin": origin,
        "file": file.name,
        "url": _without_credentials(data.url),
        "sha256": sha256,
        "bytes": file.stat().st_size,
    }


def _sha256(file: Path) -> str:
    import pooch

    return pooch.file_hash(str(file), alg="sha256")


def _without_credentials(url: str) -> str:
    """`url` less a user name, a password and a query, where keys travel."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


if __name__ == "__main__":
    run_stage(main)
