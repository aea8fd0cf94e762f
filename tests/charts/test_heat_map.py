"""The sweep's heat maps show, for each pair of values, the lowest loss that the other settings allow."""

import re

import pandas as pd
import pytest
import vl_convert
from dvc_render import VegaRenderer

from regularization.charts.heat_map import draw_heat_maps
from tests.conftest import ROOT

TABLE = pd.DataFrame(
    {
        "configuration": range(8),
        "l1": pd.Series([None, None, 0.01, 0.01] * 2, dtype=object),
        "dropout": pd.Series([None, 0.2] * 4, dtype=object),
        "patience": pd.Series([None] * 4 + [20] * 4, dtype=object),
        "val_binary_crossentropy": [0.501, 0.502, 0.503, None, 0.401, 0.602, 0.603, None],
    }
)
LOWEST = {"0.401", "0.502", "0.503"}  # of l1 and dropout; for one pair every training diverged


def shown(svg: str) -> set[str]:
    return set(re.findall(r">(0\.\d{3})<", svg))


def test_a_map_for_each_pair_with_the_lowest_values():
    svg = draw_heat_maps(TABLE, ["l1", "dropout", "patience"])
    assert shown(svg) == LOWEST | {"0.501", "0.603", "0.602"}
    assert draw_heat_maps(TABLE, ["l1", "dropout", "patience"]) == svg


def test_settings_with_one_value_get_no_map():
    svg = draw_heat_maps(TABLE.assign(l2=0.1), ["l1", "l2", "dropout"])
    assert shown(svg) == LOWEST
    assert ">l2<" not in svg


def test_names_from_a_grid_cannot_become_markup():
    svg = draw_heat_maps(TABLE.rename(columns={"l1": "<script>"}), ["<script>", "dropout"])
    assert "<script>" not in svg


@pytest.mark.parametrize("revisions", [["workspace"], ["workspace", "0123456789" * 4]])
def test_the_template_of_dvc_plots_shows_the_same(revisions):
    rows = TABLE.astype(object).where(TABLE.notna(), "").astype(str).to_dict("records")
    points = [row | {"rev": revision, "filename": "metrics/sweep.csv"} for revision in revisions for row in rows]
    folder = str(ROOT / ".dvc" / "plots")
    chart = VegaRenderer(points, "Chart", template="heat_map", template_dir=folder, x="dropout", y="l1", title="Chart")
    svg = vl_convert.vegalite_to_svg(chart.get_filled_template(), vl_version="5.21")
    assert shown(svg) >= LOWEST
    assert all(f">{revision[:7] if len(revision) == 40 else revision}<" in svg for revision in revisions)
