"""Make the page that `dvc plots` fills in: plots_page.html with the Vega libraries inside -> .dvc/plots/page.html.

The page then opens without the network, where DVC's own loads Vega from elsewhere. Run it again after an upgrade of
vl-convert or a change of plots_page.html.
"""

from pathlib import Path

import vl_convert

from stages._ends import run_tool
from stages._files import atomic_file

TEMPLATE = Path(__file__).with_name("plots_page.html")
PAGE = Path(__file__).parents[1] / ".dvc" / "plots" / "page.html"
# The Vega-Lite of the Vega that vl-convert brings along; an older one warns in the console on every chart.
VEGALITE_VERSION = "6.4"


def main() -> None:
    with atomic_file(PAGE) as partial:
        partial.write_text(page(), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE.relative_to(PAGE.parents[2])} ({PAGE.stat().st_size} bytes)")


def page() -> str:
    """The page with DVC's placeholders, `{refresh_tag}` and `{plot_divs}`, left open."""
    libraries = vl_convert.javascript_bundle(vl_version=VEGALITE_VERSION)
    notice = "/* Vega, Vega-Lite and Vega-Embed: BSD 3-Clause, the Vega project, https://github.com/vega */"
    return TEMPLATE.read_text(encoding="utf-8").replace("{vega}", f"{notice}\n{libraries}")


if __name__ == "__main__":
    run_tool(main)
