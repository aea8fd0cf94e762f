"""The page as a whole: what it holds, that it is the same every time, and that no name can become markup."""

import copy
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from regularization.charts.parts import plain
from regularization.report import report_page
from regularization.report.page import script_json
from tests.report.examples import BASE, HOSTILE, STRONG, WEAK, inputs

pytestmark = pytest.mark.training

VOID = {"meta", "link", "img", "br"}


class Parts(HTMLParser):
    """The tags of a page, the text of its data scripts by id, and whether every tag is closed in its order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.open, self.figures, self.texts = [], [], [], {}, []
        self._figure = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.attributes.append((tag, attrs))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "script" and attrs.get("type") == "application/json":
            self._figure = attrs["id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self._figure = None

    def handle_data(self, data):
        if self._figure:
            self.figures[self._figure] = json.loads(data)
        else:
            self.texts.append(data)


@pytest.fixture(scope="module")
def page(committed_params) -> str:
    return report_page(**inputs(copy.deepcopy(committed_params)), plotly="")


@pytest.fixture(scope="module")
def hostile_page(committed_params) -> str:
    return report_page(**inputs(copy.deepcopy(committed_params), hostile=True), plotly="")


def test_the_verdict_comes_first_and_every_section_follows(page):
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    assert titles == [
        "Which one to use",
        "The verdict",
        "The models, trained once",
        "The replicates",
        "The sweep",
        "Why: what each technique did to the network",
        "How it was made",
    ]
    assert (
        page.index("How sure that is") < page.index("<figure") < page.index("<nav") < page.index("l1l2 against base:")
    )
    assert page.count("How sure that is") == 1


def test_the_same_inputs_give_the_same_bytes(page, committed_params):
    assert report_page(**inputs(copy.deepcopy(committed_params)), plotly="") == page


def test_the_page_is_well_formed_and_its_ids_are_unique(page):
    parts = Parts(page)
    assert parts.open == []
    ids = [attributes["id"] for _, attributes in parts.attributes if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_chart_has_a_title_a_text_and_a_table_and_says_what_it_is_without_scripts(page):
    charts = re.findall(r"<figure id=.*?</figure>", page, flags=re.DOTALL)
    assert len(charts) == len(Parts(page).figures) >= 14
    for chart in charts:
        assert re.search(r"<h3>.+</h3>", chart)
        assert re.search(r'role="img" aria-label="[^"]{40,}"', chart)
        assert re.search(r"<noscript>\s*<(p|img)", chart)
        assert chart.count("<td>") > 2


def test_no_address_is_asked_for(page):
    for tag, attributes in Parts(page).attributes:
        assert tag not in {"iframe", "object", "embed", "form"}
        for name in ("src", "href", "action", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import", page)


def test_nothing_is_told_by_colour_alone(page):
    """Traces that share a picture differ in their mark or their dashes too."""
    for name, figure in Parts(page).figures.items():
        looks = [
            (trace.get("marker", {}).get("symbol"), trace.get("line", {}).get("dash"), trace.get("mode"))
            for trace in figure["data"]
            if trace["type"] == "scatter" and trace.get("showlegend", True)
        ]
        assert len(looks) == len(set(looks)), name


def test_hostile_names_stay_text(page, hostile_page):
    parts, harmless = Parts(hostile_page), Parts(page)
    assert parts.tags == harmless.tags
    assert not [attributes for _, attributes in parts.attributes if "onerror" in attributes]
    assert HOSTILE in "".join(parts.texts)
    figures = json.dumps(parts.figures)
    assert "<img" not in figures
    assert "&lt;img" in figures


def test_no_folder_of_this_machine_is_told(hostile_page):
    assert "secret" not in hostile_page
    assert "mine.csv" in hostile_page


def test_a_stand_in_has_a_banner(page, committed_params):
    params = copy.deepcopy(committed_params)
    assert "synthetic stand-in" not in page.lower()
    standin = report_page(**inputs(params, origin="standin"), plotly="")
    assert 'class="banner"' in standin
    assert "a synthetic stand-in" in standin


def test_without_a_sweep_twins_or_the_notebooks_settings(committed_params):
    given = inputs(copy.deepcopy(committed_params)) | {"sweep": None}
    given["trainings"] = given["trainings"].query("protocol != 'leaky'")
    empty = {name: given["evidence"][name].iloc[:0] for name in ("notebook_reported", "leakage")}
    given["evidence"] = given["evidence"] | empty
    page = report_page(**given, plotly="")
    assert "The sweep" not in page
    assert "so none can leak into the test" in page
    assert "its figures do not belong beside these" in page
    assert "notebook&#39;s accuracy" not in page


def test_a_variant_that_repeats_another_is_told_once(committed_params):
    given, name = inputs(copy.deepcopy(committed_params)), "l1l2_again"
    for key in ("trainings", "curves", "calibration"):
        again = given[key][given[key]["variant"] == STRONG].assign(variant=name)
        given[key] = pd.concat([given[key], again], ignore_index=True)
    same = pd.DataFrame({"variant": [name], "settings": [""], "same_as": [STRONG]})
    assert name in report_page(**given, plotly="")
    assert name not in report_page(**given | {"evidence": given["evidence"] | {"variants": same}}, plotly="")


def test_data_cannot_end_their_script():
    written = script_json({"name": f"{HOSTILE}<!--&"})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"name": f"{HOSTILE}<!--&"}


def test_no_figure_is_a_number_that_json_lacks():
    with pytest.raises(ValueError, match="JSON"):
        script_json([float("nan")])


def test_labels_are_shown_letter_for_letter():
    assert plain("a<b> & c") == "a&lt;b&gt; &amp; c"


def test_the_headline_models_stand_in_every_picture_of_models(page):
    figures = Parts(page).figures
    for name in (BASE, STRONG, WEAK):
        assert any(trace["name"].startswith(name) for trace in figures["figure-curves-loss"]["data"])
        assert name in [trace.get("name") for trace in figures["figure-reliability"]["data"]]
