"""The pinned bytes of a published file, from a mirror or from where it is published."""

import hashlib
import queue
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from regularization.errors import InputError
from regularization.intake.addresses import address_problem, file_name, is_web_address, without_credentials

SECONDS_TO_WAIT = 8  # for a connection and for each read: two tries at two unreachable hosts stay under 40 s
RETRIES = 1
# A transfer may take as long as it likes while it brings this much: a server that sends a byte now and then stops it.
SECONDS_OF_GRACE = 60
SLOWEST = 10_000  # bytes a second
SHOWN_REASON = 60  # characters of what a server says about its refusal


class UnreachableError(Exception):
    """No bytes could be had; `str` of it says why, in a line for each place that was tried."""


def fetch_pinned(
    url: str, *, sha256: str, most_bytes: int, mirror: str | None = None, show_progress: bool = False
) -> bytes:
    """The bytes that hash to `sha256`: from `mirror`, a folder or base URL, where it has the file, else from `url`.

    Raises `UnreachableError` where neither can be reached, `InputError` where one gives other bytes or only some of
    them or more than `most_bytes`, where the server at `url` answers with an error, and where `url` is a path without
    a file.
    """
    reasons = []
    for place in [f"{mirror.rstrip('/')}/{file_name(url)}", url] if mirror else [url]:
        try:
            content = _read(place, most_bytes, show_progress)
        except OSError as error:  # requests' errors among them
            reasons.append(f"could not fetch {without_credentials(place)}: {_reason(error)}")
            refused = place == url and _was_reached(error)
        else:
            return _checked(content, place, sha256)
        if refused:  # raised here, where the error's open connection is gone
            raise InputError("\n".join(reasons) + "; mend data.url, or set DATA_MIRROR")
    raise UnreachableError("\n".join(reasons))


def fetch(url: str, *, most_bytes: int) -> bytes:
    """What an http(s) address has now, whatever that is. Raises `InputError` where it cannot be had."""
    try:
        return _download(url, most_bytes, show_progress=False)
    except OSError as error:
        reason = _reason(error)
    raise InputError(f"could not fetch {without_credentials(url)}: {reason}; mend the address")


def _checked(content: bytes, place: str, sha256: str) -> bytes:
    received = hashlib.sha256(content).hexdigest()
    if received != sha256:
        raise InputError(
            f"{without_credentials(place)}: these are not the pinned bytes: expected sha256 {sha256}, received "
            f"{received} ({len(content)} bytes); mend the source, or data.sha256 if this is the table you mean"
        )
    return content


def _read(place: str, most_bytes: int, show_progress: bool) -> bytes:
    if is_web_address(place):
        return _download(place, most_bytes, show_progress)
    if urlsplit(place).scheme not in ("", "file"):
        raise InputError(f"DATA_MIRROR: {address_problem(place) or 'expected a folder or an http(s) address'}")
    path = Path(place.removeprefix("file://"))
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: no ordinary file; mend the path")
    if path.exists() and path.stat().st_size > most_bytes:
        raise InputError(_too_large(str(path), most_bytes))
    return path.read_bytes()


def _too_large(place: str, most_bytes: int) -> str:
    return f"{place}: more than {most_bytes:,} bytes; if it is the table you mean, raise data.most_bytes"


def _download(url: str, most_bytes: int, show_progress: bool) -> bytes:
    """The bytes at `url`. Raises requests' errors where no answer came, `InputError` where half of one did."""
    import requests

    address = without_credentials(url)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            return _while_it_moves(lambda: _with_pooch(url, folder, show_progress), Path(folder), most_bytes)
        except OverflowError:
            raise InputError(_too_large(address, most_bytes)) from None
        except TimeoutError:
            raise InputError(
                f"{address}: the server sends less than {SLOWEST // 1000} kB a second; run this again later"
            ) from None
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):
            raise InputError(f"{address}: the transfer broke off half-way; run this again") from None
        except requests.exceptions.ConnectionError as error:
            if _stalled(error):
                raise InputError(f"{address}: the transfer stalled half-way; run this again") from None
            raise
        except requests.exceptions.TooManyRedirects:
            raise InputError(f"{address}: it redirects without end; mend data.url, or set DATA_MIRROR") from None
        except ValueError:  # a header, or the address of a redirect
            raise InputError(f"{address}: its answer is no proper HTTP; mend data.url, or set DATA_MIRROR") from None


def _with_pooch(url: str, folder: str, show_progress: bool) -> bytes:
    """With pooch, which tries again and cleans up after itself; it is imported here, as most runs fetch nothing."""
    import pooch

    pooch.get_logger().setLevel("ERROR")  # a retry is no news; what failed in the end is said by the caller
    source = pooch.create(folder, base_url="", registry={"file": None}, urls={"file": url}, retry_if_failed=RETRIES)
    downloader = pooch.HTTPDownloader(timeout=SECONDS_TO_WAIT, progressbar=show_progress)
    return Path(source.fetch("file", downloader=downloader)).read_bytes()


def _while_it_moves(fetch, folder: Path, most_bytes: int) -> bytes:
    """What `fetch` returns or raises; `TimeoutError` once the files that it writes in `folder` grow too slowly.

    `OverflowError` once they are larger than `most_bytes`, however small what travels is: it may be compressed.
    It runs in a thread of its own: each byte that drips in starts the socket's own clock anew.
    """
    outcome, start = queue.SimpleQueue(), time.monotonic()

    def work():
        try:
            outcome.put((fetch(), None))
        except Exception as error:
            outcome.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    while True:
        try:
            content, error = outcome.get(timeout=0.2)
        except queue.Empty:
            received = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
            if received > most_bytes:
                raise OverflowError from None
            if time.monotonic() - start > SECONDS_OF_GRACE + received / SLOWEST:
                raise TimeoutError from None
        else:
            try:
                if error is not None:
                    raise error
                if len(content) > most_bytes:
                    raise OverflowError
            finally:
                del error  # it would hold itself, and a connection with it
            return content


def _stalled(error: OSError) -> bool:
    """Whether a connection error came from waiting for more of an answer that had begun."""
    from urllib3.exceptions import ReadTimeoutError

    return bool(error.args) and isinstance(error.args[0], ReadTimeoutError)


def _was_reached(error: OSError) -> bool:
    """Whether a server answered or the disk was asked: what is not there will not be there with a network either."""
    import requests

    if isinstance(error, requests.exceptions.RequestException):
        return isinstance(error, requests.exceptions.HTTPError)
    return True


def _reason(error: OSError) -> str:
    import requests

    if isinstance(error, requests.exceptions.HTTPError) and error.response is not None:
        said = "".join(letter for letter in str(error.response.reason) if letter.isprintable())
        return f"HTTP {error.response.status_code} {said[:SHOWN_REASON]}".rstrip()
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {SECONDS_TO_WAIT} s"
    if isinstance(error, requests.exceptions.RequestException):
        return f"cannot be reached ({type(error).__name__})"  # its text may hold credentials
    return error.strerror or str(error)
