"""The page: its sections laid out by the template, with style, scripts and Plotly inside."""

import json
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from regularization.charts.parts import Section

FOLDER = Path(__file__).parent
SHOWN_FIRST = 2  # sections that stand open; the others are folded


def render(
    sections: Sequence[Section], *, title: str, subtitle: str, params: str, is_standin: bool, plotly: str | None = None
) -> str:
    """One HTML page that loads nothing. Text is escaped wherever it stands, in the scripts' data too."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["script_json"] = script_json
    environment.filters["data_uri"] = _data_uri
    return environment.get_template("page.html.jinja").render(
        sections=sections,
        shown_first=SHOWN_FIRST,
        title=title,
        subtitle=subtitle,
        params=params,
        is_standin=is_standin,
        style=_script_text("style.css"),
        script=_script_text("charts.js"),
        plotly=Markup(get_plotlyjs() if plotly is None else plotly),
    )


def script_json(content) -> Markup:
    """`content` as JSON that cannot end the script element it stands in: `<`, `>` and `&` only as escapes.

    Raises `ValueError` for a number that JSON does not have.
    """
    text = json.dumps(content, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _script_text(name: str) -> Markup:
    return Markup((FOLDER / name).read_text(encoding="utf-8"))


def _data_uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
