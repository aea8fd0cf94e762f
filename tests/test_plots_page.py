"""The page that `dvc plots` fills in, and the two templates of its charts, as DVC and Vega take them."""

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import vl_convert
from dvc_render.html import render_html
from dvc_render.vega import VegaRenderer

from tools.plots_page import PAGE, VEGALITE_VERSION, page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PLACEHOLDERS = ("{refresh_tag}", "{plot_divs}")
TEMPLATES = PAGE.parent
SOLID = "1,0"  # no gap between the dashes
GREY = "#9aa5b0"
BLUE, ORANGE, GREEN = "#4c78a8", "#f58518", "#54a24b"


@pytest.mark.training
def test_the_committed_page_is_what_the_pinned_vl_convert_gives():
    assert PAGE.read_text(encoding="utf-8") == page()


def test_dvc_is_told_to_use_the_page():
    config = configparser.ConfigParser()
    config.read_string(re.sub(r"(?m)^\s+", "", (PAGE.parents[1] / "config").read_text(encoding="utf-8")))
    assert PAGE.parents[1] / config["plots"]["html_template"] == PAGE


@pytest.mark.training
def test_the_page_has_each_placeholder_once_and_none_that_would_load_vega_from_elsewhere():
    assert [page().count(placeholder) for placeholder in (*PLACEHOLDERS, "{scripts}")] == [1, 1, 0]


def test_the_page_loads_nothing():
    # The libraries' own text names addresses, for instance of the SVG namespace; a tag or a style must not.
    written_by_hand = re.sub("<script>.*?</script>", "", page(), flags=re.DOTALL)
    assert not re.findall(r"<script[^>]+src|<link(?! rel=\"icon\" href=\"data:)|@import|url\(|https?:", written_by_hand)


def test_dvc_puts_every_chart_into_the_page(tmp_path):
    charts = [_chart("models", f"Chart {number}", _curves("base", "dropout")) for number in range(3)]
    written = Path(render_html(charts, tmp_path / "index.html", html_template=PAGE)).read_text(encoding="utf-8")
    assert len(re.findall("vegaEmbed\\('#Chart_[012]', spec\\)", written)) == 3
    assert not any(placeholder in written for placeholder in PLACEHOLDERS)


HOSTILE = "</script></plaintext><img src=x onerror=document.title=1><script>document.title=1</script>"


@pytest.mark.training
@pytest.mark.skipif(CHROMIUM is None, reason="expected Chromium, to open the page in")
def test_a_browser_draws_every_chart_and_takes_nothing_in_them_for_markup(tmp_path):
    charts = [
        _chart("models", "Validation loss", _curves("base", HOSTILE)),
        _chart("bands", HOSTILE, _bands("base", HOSTILE, in_one_file=True), y="mean"),
    ]
    page = render_html(charts, tmp_path / "index.html", html_template=PAGE)
    opened = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    opened += ["--virtual-time-budget=5000", "--enable-logging=stderr", "--dump-dom", Path(page).as_uri()]
    ended = subprocess.run(opened, check=True, capture_output=True, text=True, timeout=60)
    assert "<title>Which regularization helps: the curves</title>" in ended.stdout
    assert ended.stdout.count('class="marks"') == len(charts)
    assert "CONSOLE" not in ended.stderr


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["dropout", "l1l2", "base"], ["base", "l1l2", "dropout"]),
        (["dropout", "base"], ["base", "dropout"]),
        (["wide", "base", "narrow"], ["base", "wide", "narrow"]),
    ],
)
def test_the_legend_names_the_three_models_in_their_order_and_then_any_other(names, shown):
    assert _legend(_svg("models", _curves(*names))) == shown


def test_of_one_revision_a_model_is_a_color():
    assert sorted(_lines(_svg("models", _curves("base", "l1l2", "dropout")))) == sorted(
        (color, SOLID) for color in (BLUE, ORANGE, GREEN)
    )


@pytest.mark.parametrize("changed", [["dropout"], ["base", "dropout"]])
def test_of_two_revisions_each_changed_model_has_a_panel_with_a_color_and_a_dash_for_each_revision(changed):
    points = _curves("base", "l1l2", "dropout", revisions=("main", "workspace"))
    for point in points:
        if point["rev"] == "workspace" and point["filename"].split("/")[0] in changed:
            point["loss"] = str(float(point["loss"]) + 0.1)
    svg = _svg("models", points)
    assert _lines(svg) == [(BLUE, SOLID), (ORANGE, "5,3")] * len(changed)
    assert _legend(svg) == ["main", "workspace"]
    assert [text for text in _texts(svg) if text in ("base", "l1l2", "dropout")] == changed


def test_a_model_of_one_revision_alone_counts_as_changed():
    points = _curves("base", revisions=("main",)) + _curves("base", "dropout", revisions=("workspace",))
    svg = _svg("models", points)
    assert len(_lines(svg)) == 1
    assert "dropout" in _texts(svg)


def test_of_two_revisions_that_do_not_differ_the_models_are_drawn():
    svg = _svg("models", _curves("base", "dropout", revisions=("main", "workspace")))
    assert _legend(svg) == ["base", "dropout"]
    assert {color for color, _ in _lines(svg)} == {BLUE, ORANGE}


def test_the_title_and_the_axes_are_named():
    texts = _texts(_svg("models", _curves("base"), title="Validation loss", x_label="epoch", y_label="without penalty"))
    assert {"Validation loss", "epoch", "without penalty"} <= set(texts)


def test_a_commit_is_shown_by_its_first_seven_digits():
    commit = "0123456789abcdef0123456789abcdef01234567"
    other = [point | {"loss": "0"} for point in _curves("base", revisions=("exp-one",))]
    assert _legend(_svg("models", _curves("base", revisions=(commit,)) + other)) == ["0123456", "exp-one"]


@pytest.mark.parametrize("template", ["models", "bands"])
def test_a_chart_can_be_zoomed_and_its_legend_clicked(template):
    layers = json.loads((TEMPLATES / f"{template}.json").read_text(encoding="utf-8"))["spec"]["layer"]
    bound_to = [parameter.get("bind") for layer in layers for parameter in layer.get("params", [])]
    assert bound_to == ["scales", "legend", None]


@pytest.mark.parametrize("layout", ["one file", "a file each"])
def test_a_band_is_an_area_from_low_to_high_around_the_line_of_the_mean(layout):
    points = _bands("l1_001_l2_0001", "base", in_one_file=layout == "one file")
    svg = _svg("bands", points, y="mean")
    assert _legend(svg) == ["base", "l1_001_l2_0001"]
    assert sorted(_lines(svg)) == [(BLUE, SOLID), (ORANGE, SOLID)]
    # The mean is halfway between low and high in these bands, so its line lies halfway up each area.
    for area, line in zip(_heights(svg, "mark-area"), _heights(svg, "mark-line"), strict=True):
        assert area[0] - line[0] == pytest.approx(line[0] - area[-1], abs=0.01)
        assert area[0] > line[0]  # SVG counts downwards


def test_eight_variants_have_eight_colors_and_of_more_the_three_lowest():
    points = _bands(*(f"dropout_{number}" for number in range(8)), in_one_file=True)
    assert len({color for color, _ in _lines(_svg("bands", points, y="mean"))}) == 8
    crowd = _svg("bands", _bands(*(f"dropout_{number}" for number in range(22)), in_one_file=True), y="mean")
    assert _legend(crowd) == ["dropout_0", "dropout_1", "dropout_2"]
    colors = [color for color, _ in _lines(crowd)]
    assert (len(colors), colors.count(GREY)) == (22, 19)
    assert "mark-area" not in crowd or not _heights(crowd, "mark-area")


@pytest.mark.parametrize("revisions", [["workspace"], ["workspace", "0123456789" * 4]])
def test_configurations_of_a_sweep_are_points_coloured_by_the_set(revisions):
    """One of four diverged and has no loss."""
    rows = [
        {"configuration": str(number), "l1": "0.01" if number % 2 else "", "val_binary_crossentropy": loss}
        | {"cannot_be_told_from_best": str(number < 1), "rev": revision, "filename": "metrics/sweep.csv"}
        for revision in revisions
        for number, loss in enumerate(["0.5", "0.6", "0.7", ""])
    ]
    how = {"template": "configurations", "template_dir": str(TEMPLATES), "x": "l1", "y": "cannot_be_told_from_best"}
    filled = VegaRenderer(rows, "Chart", title="Chart", **how).get_filled_template()
    text = vl_convert.vegalite_to_svg(filled, vl_version=VEGALITE_VERSION)
    svg = ElementTree.fromstring(text)
    assert text.count('aria-roledescription="point"') == 3 * len(revisions)
    assert {"none", "0.01", "not distinguishable from the best"} <= set(_texts(svg))
    assert all((revision[:7] if len(revision) == 40 else revision) in _texts(svg) for revision in revisions)


@pytest.mark.parametrize(("family", "reference"), [("second_baseline", "early_stopping"), ("headline", "base")])
@pytest.mark.parametrize("revisions", [["workspace"], ["main", "workspace"]])
def test_differences_are_those_of_the_loss_to_the_stronger_baseline_the_best_above(family, reference, revisions):
    """Against `base` those of the exploratory family too, here one more row."""
    found = {"worse": 0.2, "best": -0.1, "between": 0.05}
    rows = [
        {"metric": metric, "family": its, "variant": name, "reference": against, "difference": str(value)}
        | {"lower": str(value - 0.02), "upper": str(value + 0.02), "equivalence": "0.02", "verdict": "worse"}
        | {"rev": revision, "filename": "metrics/evidence/comparisons.csv"}
        for revision in revisions
        for metric in ("accuracy", "rmse")
        for its, against in {(family, reference), ("exploratory", "base"), ("references", "logistic_regression")}
        for name, value in found.items()
        if its == family or name == "worse"
    ]
    how = {"template": "differences", "template_dir": str(TEMPLATES), "x": "difference", "y": "variant"}
    filled = VegaRenderer(rows, "Chart", title="Chart", **how).get_filled_template()
    text = vl_convert.vegalite_to_svg(filled, vl_version=VEGALITE_VERSION)
    svg = ElementTree.fromstring(text)
    said = _texts(svg)
    assert [name for name in said if name in found] == ["best", "between", "worse"]
    assert f"against {reference}" in said
    assert set(_legend(svg)) == set(revisions)
    assert text.count('aria-roledescription="point"') == len(revisions) * (3 if family == "second_baseline" else 4)


def _curves(*names: str, revisions: tuple[str, ...] = ("workspace",)) -> list[dict]:
    """What DVC hands over for `plots/<name>/eval/loss.tsv`: text, with the files' common folder cut off."""
    return [
        {"step": str(step), "loss": str(1 / (step + 1)), "rev": revision, "filename": f"{name}/eval/loss.tsv"}
        for revision in revisions
        for name in names
        for step in range(12)
    ]


def _bands(*variants: str, in_one_file: bool) -> list[dict]:
    points = []
    for number, variant in enumerate(variants, start=1):
        place = {"filename": "plots/loss.csv", "variant": variant} if in_one_file else {"filename": f"{variant}.csv"}
        points += [
            {"step": str(step), "mean": str(number), "mean_low": str(number - 0.5), "mean_high": str(number + 0.5)}
            | {"rev": "workspace"}
            | place
            for step in range(12)
        ]
    return points


def _chart(template: str, title: str, points: list[dict], *, y: str = "loss", **labels: str) -> VegaRenderer:
    return VegaRenderer(
        points, title, template=template, template_dir=str(TEMPLATES), x="step", y=y, title=title, **labels
    )


def _svg(template: str, points: list[dict], *, title: str = "Chart", **properties: str) -> ElementTree.Element:
    chart = _chart(template, title, points, **properties).get_filled_template()
    return ElementTree.fromstring(vl_convert.vegalite_to_svg(chart, vl_version=VEGALITE_VERSION))


def _texts(svg: ElementTree.Element) -> list[str]:
    return [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]


def _legend(svg: ElementTree.Element) -> list[str]:
    """The labels of the legend."""
    return [
        text.text
        for group in _groups(svg, "role-legend-label")
        for text in group.iter("{http://www.w3.org/2000/svg}text")
    ]


def _groups(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [group for group in svg.iter("{http://www.w3.org/2000/svg}g") if name in group.get("class", "").split()]


def _paths(svg: ElementTree.Element, mark: str) -> list[ElementTree.Element]:
    return [path for group in _groups(svg, mark) for path in group.iter("{http://www.w3.org/2000/svg}path")]


def _lines(svg: ElementTree.Element) -> list[tuple[str, str]]:
    """Of each curve, its color and its dashes."""
    return [(path.get("stroke"), path.get("stroke-dasharray", "")) for path in _paths(svg, "mark-line")]


def _heights(svg: ElementTree.Element, mark: str) -> list[list[float]]:
    """Of each path, the heights of its corners in the order in which they are drawn."""
    return [[float(y) for y in re.findall(r"[ML][^,]+,([-\d.]+)", path.get("d"))] for path in _paths(svg, mark)]
