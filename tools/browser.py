"""A page in a headless Chromium, driven over its DevTools pipe: for pictures of the report, and for its tests.

Messages are JSON, each ended by a zero byte; Chromium reads them on its file descriptor 3 and writes on 4
(https://chromedevtools.github.io/devtools-protocol/).
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from regularization.errors import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # in a container the user is often root, which the sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def find_chromium() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab. Every event that Chromium sends is kept in `events`, in its order."""

    def __init__(self, write, read) -> None:
        self._write, self._read = write, read
        self._number, self._session = 0, None
        self.events: list[dict] = []

    def send(self, method: str, **params) -> dict:
        """Call a method of the protocol and return its result; raises `InputError` with Chromium's own words."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        self._write.flush()
        while (answer := self._receive()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise InputError(f"chromium: {method}: {answer['error'].get('message')}")
        return answer["result"]

    def _receive(self) -> dict:
        letters = bytearray()
        while (letter := self._read.read(1)) != b"\0":
            if not letter:
                raise InputError("chromium ended before it answered")
            letters += letter
        return json.loads(letters)

    def attach(self) -> None:
        """Open the tab that everything else speaks to, and listen to what its page says and asks for."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def look(self, *, width: int, height: int, scheme: str = "light", scripts: bool = True, media: str = "") -> None:
        """The size of the window in CSS pixels, `light` or `dark`, whether scripts run, `print` or nothing."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)
        self.send("Emulation.setScriptExecutionDisabled", value=not scripts)

    def open(self, path: Path) -> None:
        """Load a file of this machine and wait until its scripts have run."""
        self.events.clear()
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())

    def evaluate(self, code: str):
        """What an expression gives in the page, awaited; raises `InputError` where it throws."""
        answer = self.send("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise InputError(f"the page: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, *, x: float = 0, y: float = 0, width: float, height: float) -> bytes:
        """A PNG of that part of the page, in CSS pixels from its top left corner."""
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        answer = self.send("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


def _pipe() -> tuple[int, int]:
    """The two ends of a pipe, neither of them numbered 3 or 4, which Chromium needs for itself."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


@contextlib.contextmanager
def chromium(path: str) -> Iterator[Page]:
    """A page in the Chromium at `path`, which ends with the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        theirs_in, ours_out = _pipe()
        ours_in, theirs_out = _pipe()
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}', path, *FLAGS]
        process = subprocess.Popen(
            [*command, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        with os.fdopen(ours_out, "wb") as write, os.fdopen(ours_in, "rb") as read:
            page = Page(write, read)
            try:
                page.attach()
                yield page
            finally:
                with contextlib.suppress(InputError, OSError):
                    page._session = None
                    page.send("Browser.close")
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
