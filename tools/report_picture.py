"""Pictures of the report's first screen, for README.md: plots/report.html -> docs/report*.png. It needs a Chromium.

Fonts differ between machines, so its bytes do too: it is no stage's output. Make it again when the report has changed.
"""

from pathlib import Path

from regularization.errors import InputError
from stages._ends import run_tool
from stages._files import atomic_file
from tools.browser import chromium, find_chromium

REPORT = Path("plots/report.html")
PICTURES = {"docs/report.png": (1000, 1080, "light"), "docs/report-phone.png": (390, 844, "dark")}


def main() -> None:
    path = find_chromium()
    if path is None:
        raise InputError(
            "received no chromium; expected one to draw the page with; on Debian, apt-get install chromium"
        )
    if not REPORT.exists():
        raise InputError(f"{REPORT}: not found; `dvc repro report` makes it")
    with chromium(path) as page:
        for place, (width, height, scheme) in PICTURES.items():
            page.look(width=width, height=height, scheme=scheme)
            page.open(REPORT)
            with atomic_file(place) as partial:
                partial.write_bytes(page.picture(width=width, height=height))
            print(f"wrote {place} ({Path(place).stat().st_size} bytes)")


if __name__ == "__main__":
    run_tool(main)
