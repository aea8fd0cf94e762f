import re

import pytest

from tests.conftest import ROOT
from tools.readme import BLOCKS, filled

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_figures_are_those_of_the_committed_metrics():
    assert filled(README, ROOT / "metrics") == README


@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_is_there_once_and_filled(name):
    (block,) = re.findall(rf"<!-- begin {name} -->\n(.*?)<!-- end {name} -->", README, flags=re.DOTALL)
    assert block.strip()


def test_every_picture_and_link_leads_to_a_file():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_every_make_target_it_names_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{''.join(target)}:", makefile, flags=re.MULTILINE), target


def test_the_layout_lists_every_stage():
    for file in (ROOT / "stages").glob("[a-z]*.py"):
        assert f" {file.name} " in README
