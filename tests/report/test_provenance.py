import pytest
import yaml

from regularization.report.provenance import params_text, public_address, versions_of


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("https://example.org/a/b.csv", "https://example.org/a/b.csv"),
        ("https://someone:secret@example.org/b.csv?key=1#x", "https://example.org/b.csv"),
        ("/home/someone/b.csv", "b.csv"),
        ("C:\\Users\\someone\\b.csv", "b.csv"),
        ("data/mine/b.csv", "b.csv"),
    ],
)
def test_no_secret_and_no_folder_is_shown(place, shown):
    assert public_address(place) == shown


def test_versions_are_those_that_are_pinned():
    text = "keras==3.15.1\nScipy==1.17.1 ; python_version < '3.14'\nnumpy>=2\nother==1\n# tensorflow==1\n"
    assert versions_of(text) == {"keras": "3.15.1", "scipy": "1.17.1"}


def test_the_settings_are_those_of_params_yaml_less_folders(params):
    params["data"] |= {"url": "/home/someone/b.csv", "watch": "/home/someone/b.csv"}
    shown = yaml.safe_load(params_text(params))
    assert shown["data"] == params["data"] | {"url": "b.csv", "watch": "b.csv"}
    assert {key: value for key, value in shown.items() if key != "data"} == {
        key: value for key, value in params.items() if key != "data"
    }
