"""The pinned bytes of a published file, from a mirror or from where it is published."""

import hashlib
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from regularization.errors import InputError

SECONDS_TO_WAIT = 8  # for a connection and for each read: two tries at two unreachable hosts stay under 40 s
RETRIES = 1


class UnreachableError(Exception):
    """No bytes could be had; `str` of it says why, in a line for each place that was tried."""


def fetch_pinned(url: str, *, sha256: str, mirror: str | None = None, show_progress: bool = False) -> bytes:
    """The bytes that hash to `sha256`: from `mirror`, a folder or base URL, where it has the file, else from `url`.

    Raises `UnreachableError` where neither can be reached, `InputError` where one gives other bytes or only some of
    them, where the server at `url` answers with an error, and where `url` is a path without a file.
    """
    reasons = []
    for place in [f"{mirror.rstrip('/')}/{file_name(url)}", url] if mirror else [url]:
        try:
            content = _read(place, show_progress)
        except OSError as error:  # requests' errors among them
            reasons.append(f"could not fetch {without_credentials(place)}: {_reason(error)}")
            refused = place == url and _was_reached(error)
        else:
            return _checked(content, place, sha256)
        if refused:  # raised here, where the error's open connection is gone
            raise InputError("\n".join(reasons) + "; mend data.url, or set DATA_MIRROR")
    raise UnreachableError("\n".join(reasons))


def _checked(content: bytes, place: str, sha256: str) -> bytes:
    received = hashlib.sha256(content).hexdigest()
    if received != sha256:
        raise InputError(
            f"{without_credentials(place)}: these are not the pinned bytes: expected sha256 {sha256}, received "
            f"{received} ({len(content)} bytes); mend the source, or data.sha256 if this is the table you mean"
        )
    return content


def file_name(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name


def without_credentials(url: str) -> str:
    """`url` less a user name, a password and a query, where keys travel."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _read(place: str, show_progress: bool) -> bytes:
    if urlsplit(place).scheme in ("http", "https"):
        return _download(place, show_progress)
    return Path(place.removeprefix("file://")).read_bytes()


def _download(url: str, show_progress: bool) -> bytes:
    """With pooch, which tries again and cleans up after itself; it is imported here, as most runs fetch nothing."""
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")  # a retry is no news; what failed in the end is said by the caller
    with tempfile.TemporaryDirectory() as folder:
        source = pooch.create(folder, base_url="", registry={"file": None}, urls={"file": url}, retry_if_failed=RETRIES)
        try:
            downloader = pooch.HTTPDownloader(timeout=SECONDS_TO_WAIT, progressbar=show_progress)
            return Path(source.fetch("file", downloader=downloader)).read_bytes()
        except requests.exceptions.ChunkedEncodingError:
            raise InputError(f"{without_credentials(url)}: the transfer broke off half-way; run this again") from None


def _was_reached(error: OSError) -> bool:
    """Whether a server answered or the disk was asked: what is not there will not be there with a network either."""
    import requests

    if isinstance(error, requests.exceptions.RequestException):
        return isinstance(error, requests.exceptions.HTTPError)
    return True


def _reason(error: OSError) -> str:
    import requests

    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {SECONDS_TO_WAIT} s"
    if isinstance(error, requests.exceptions.RequestException):
        return f"cannot be reached ({type(error).__name__})"  # its text may hold credentials
    return error.strerror or str(error)
