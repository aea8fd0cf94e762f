"""params.yaml is read and written as DVC does: DVC itself is the judge."""

import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import load_yaml, parse_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from regularization.errors import InputError
from regularization.params import load_params
from regularization.params.file import AFTER_DATA, parse_values, with_data
from stages._ends import as_lines
from tests.conftest import ROOT
from tests.repositories import commit, run


def with_line(old: str, new: str, folder: Path) -> Path:
    """The committed params.yaml with another line, as a file in `folder`."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert text.count(f"\n{old}\n") == 1
    file = folder / "params.yaml"
    file.write_text(text.replace(f"\n{old}\n", f"\n{new}\n"), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("l2: 1e-05", "l2", 1e-05),  # as `dvc exp run -S l2=0.00001` writes it
        ("epochs: 0012", "epochs", 12),  # 10 in YAML 1.1
        ("epochs: 0o12", "epochs", 10),
        ("batch_size: 1_000", "batch_size", 1000),
    ],
)
def test_a_number_is_what_dvc_records(tmp_path, line, key, value):
    old = {"l2": "l2: 0.01", "epochs": "epochs: 500", "batch_size": "batch_size: 32"}[key]
    file = with_line(old, line, tmp_path)
    assert getattr(load_params(file), key) == value == load_yaml(file)[key]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("epochs: 1:30", "epochs: received '1:30'; expected a whole number"),  # 90 in YAML 1.1
        ("epochs: true", "epochs: received True; expected a whole number"),
        ("epochs: yes", "epochs: received 'yes'; expected a whole number"),
        ("epochs: 5e2", "epochs: received 500.0; expected a whole number"),
        ("epochs: '500'", "epochs: received '500'; expected a whole number"),
        ("epochs: 500\nepochs: 600", 'found duplicate key "epochs" in line'),
        ("epochs: !!int abc", "not readable as YAML: invalid literal for int"),
        ("epochs: 2001-02-30", "not readable as YAML: day is out of range"),
        ("epochs: " + "9" * 5000, "not readable as YAML: Exceeds the limit"),
        ("epochs: 0x" + "f" * 5000, "epochs: received a value of type int; expected a whole number"),
        ("epochs: " + "[" * 600 + "]" * 600, "not readable as YAML: nested too deeply"),
        ("epochs: !!python/object:os.system x", "not readable as YAML: could not determine a constructor"),
        ("epochs: &a [*a, *a, *a]", "epochs: received [[[...], [...], [...]], "),
        ("epochs: !!bool x", "not readable as YAML"),
        ("? [epochs]\n: 3", "unknown key"),
        ("epochs: 500\n1: 2", "1: unknown key"),
        ("epochs: 500\n---\na: 1", "found another document in line"),
    ],
)
def test_a_crafted_value_is_one_readable_line(tmp_path, line, message):
    with pytest.raises(InputError) as raised:
        load_params(with_line("epochs: 500", line, tmp_path))
    assert message in str(raised.value)
    assert all(len(line) < 500 for line in as_lines(str(raised.value)).splitlines())


def test_a_secret_that_stands_twice_is_not_shown(tmp_path):
    file = with_line("seed: 42", "seed: 42\nx: http://me:hunter2@a\nx: http://me:hunter2@b", tmp_path)
    with pytest.raises(InputError, match="found duplicate key") as raised:
        load_params(file)
    assert "hunter2" not in str(raised.value)


@pytest.mark.slow
@pytest.mark.training
def test_two_experiments_change_the_two_lines_that_they_name(tmp_path):
    """By the command itself: what it does to lists and comments is its own."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    stage = {"cmd": "true", "params": ["dropout", "sweep.folds"]}
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"only": stage}}), encoding="utf-8")
    for command in (("git", "init", "--quiet"), ("dvc", "init", "--quiet")):
        run(*command, cwd=tmp_path)
    commit(tmp_path, "as it stands")
    for setting in ("dropout=0.3", "sweep.folds=4"):
        run("dvc", "exp", "run", "--set-param", setting, cwd=tmp_path)
    before = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    after = (tmp_path / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert [(old.strip(), new.strip()) for old, new in zip(before, after, strict=True) if old != new] == [
        ("dropout: 0.2", "dropout: 0.3"),
        ("folds: 5", "folds: 4"),
    ]


PIECES = (
    "!!int ",
    "!!float ",
    "!!bool ",
    "&a ",
    "*a",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    "? ",
    ": ",
    "- ",
    "\n",
    "  ",
    "'",
    '"',
    "|",
    ">",
)
YAML_TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5) | st.sampled_from(["epochs", "l1"]), max_size=12)


def read_some_text(text: str) -> None:
    """It is readable, with what DVC reads, or ends in a line."""
    try:
        found = parse_values(text)
    except InputError as error:
        assert str(error).startswith("params.yaml: not readable as YAML: ")
        assert len(str(error)) < 500
    else:
        assert repr(found or {}) == repr(parse_yaml(text, "params.yaml"))


@settings(max_examples=300)
@given(YAML_TEXTS.map("".join))
def test_any_text_is_read_as_dvc_reads_it_or_ends_in_a_line(text):
    read_some_text(text)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(YAML_TEXTS.map("".join))
def test_ten_thousand_texts_are_read_as_dvc_reads_them(text):
    read_some_text(text)


ODD_NAMES = ["?x", ": x", "- x", "a\xa0b", "{a", "[b", "#c", "x: y", "'q", '"d', "null", "yes", "1e3", "1_000", "0x1f"]
ODD_NAMES += ["ünï", "a,b", "*s", "&t", "!u", "@v", "%w", "`z", "=", "~", "", " padded "]


def test_odd_names_come_back_as_they_are_after_an_experiment_as_well(tmp_path):
    """What `make table` writes is read the same by YAML 1.1 and 1.2, and DVC changes none of it."""
    values = {"ignore": ODD_NAMES, "columns": {name: None if name == "?x" else [0, 2.5] for name in ODD_NAMES}}
    values |= {"target": "?x", "positive": "no", "threshold": None}
    before = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(with_data(before, values), encoding="utf-8")
    for setting in ("dropout=0.3", "dropout=0.4"):
        apply_overrides(tmp_path / "params.yaml", [setting])
    text = (tmp_path / "params.yaml").read_text(encoding="utf-8")
    found = parse_values(text)["data"]
    ranges = {name: its and {"min": its[0], "max": its[1]} for name, its in values["columns"].items()}
    assert {key: found[key] for key in values} == values | {"columns": ranges}
    assert text[text.index(AFTER_DATA) :] == before[before.index(AFTER_DATA) :].replace(
        "\ndropout: 0.2\n", "\ndropout: 0.4\n"
    )


@pytest.mark.parametrize("name", ["a\x85b", "a\u2028b", "a\nb", "a\x1b[31m"])
def test_a_name_that_yaml_would_change_is_refused(name):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="received the name .*, which params.yaml cannot keep; rename it in the file"):
        with_data(text, {"ignore": [name]})


def test_make_table_after_an_experiment_writes_the_table_and_nothing_else(tmp_path):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    apply_overrides(tmp_path / "params.yaml", ["hidden_units=[10]"])
    text = with_data((tmp_path / "params.yaml").read_text(encoding="utf-8"), {"columns": {"a": [0, 1], "b": None}})
    assert parse_values(text)["data"]["columns"] == {"a": {"min": 0, "max": 1}, "b": None}
    assert parse_values(text)["hidden_units"] == [10]
