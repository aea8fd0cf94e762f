"""Where a table may be: an http(s) address or a path, and what of an address may be shown."""

import re
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

SCHEMES = ("", "http", "https", "file")
SECRET = re.compile(  # names in a query whose values open doors, such as access_token and X-Amz-Signature
    r"(?i)token|secret|passw|signature|credential|(api|access|auth)[-_]?key|(^|[-_])(key|sig|auth)$"
)
NAMELESS = "table.csv"  # what a file is called whose address ends without a name


def is_web_address(place: str) -> bool:
    return place.lower().startswith(("http://", "https://"))


def address_problem(place: str) -> str | None:
    """What is wrong with an address or a path, and what to do, or None. The words hold no secret of it."""
    if not place.isprintable():
        return "received an address with a control character in it; expected an http(s) address or a path"
    try:
        parts = urlsplit(place)
        if "@" in parts.netloc or re.search(r"//[^/?#]*@", place):
            return (
                "received an address with a user name or a password, which dvc.lock and every report would show; take "
                "them out and set DATA_MIRROR, in the environment, to the address of the file's folder with them"
            )
        if is_web_address(place):
            (parts.hostname or "").encode("idna")
            _ = parts.port
    except ValueError:  # UnicodeError, of a host that is too long, is one
        return "received an address with an impossible host or port; mend it"
    if key := next((name for name in re.findall(r"[?&;]([^=&;#]+)=", place) if SECRET.search(name)), None):
        return (
            f"received an address with a key in it ({key}=...), which dvc.lock and every report would show; fetch the "
            "file and name its path here"
        )
    if len(parts.scheme) > 1 and parts.scheme not in SCHEMES:  # one letter is a drive
        return (
            f"received an address that begins with {parts.scheme}:; expected http: or https: or a path; fetch the file "
            "with a tool of its own and name its path here"
        )
    if parts.scheme in ("http", "https") and not parts.hostname:
        return "received an address without a host; mend it"
    return None


def file_name(place: str) -> str:
    """The last part of an address or a path, or `NAMELESS` where it ends with a slash."""
    return PurePosixPath(unquote(_split(place).path)).name or NAMELESS


def without_credentials(place: str) -> str:
    """`place` less a user name, a password and a query, where keys travel."""
    parts = _split(place)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _split(place: str) -> SplitResult:
    try:
        return urlsplit(place)
    except ValueError:
        return SplitResult("", "", "(an impossible address)", "", "")
