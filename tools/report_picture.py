"""A picture of the report's first screen, for README.md: plots/report.html -> docs/report.png. It needs a Chromium.

Fonts differ between machines, so its bytes do too: it is no stage's output. Make it again when the report has changed.
"""

from pathlib import Path

from regularization.errors import InputError
from stages._ends import run_tool
from stages._files import atomic_file
from tools.browser import chromium, find_chromium

REPORT, PICTURE = Path("plots/report.html"), Path("docs/report.png")
WIDTH, HEIGHT = 1000, 1080


def main() -> None:
    path = find_chromium()
    if path is None:
        raise InputError(
            "received no chromium; expected one to draw the page with; on Debian, apt-get install chromium"
        )
    if not REPORT.exists():
        raise InputError(f"{REPORT}: not found; `dvc repro report` makes it")
    with chromium(path) as page, atomic_file(PICTURE) as partial:
        page.look(width=WIDTH, height=HEIGHT)
        page.open(REPORT)
        partial.write_bytes(page.picture(width=WIDTH, height=HEIGHT))
    print(f"wrote {PICTURE} ({PICTURE.stat().st_size} bytes)")


if __name__ == "__main__":
    run_tool(main)
