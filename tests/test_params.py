import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from regularization.errors import InputError
from regularization.params import Params, check_params, load_params
from tests.conftest import ROOT

COMMITTED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def test_committed_params_are_the_notebooks():
    params = load_params(ROOT / "params.yaml")
    assert (params.l1, params.l2, params.dropout) == (0.01, 0.01, 0.2)
    assert (params.epochs, params.batch_size, params.hidden_units) == (500, 32, [20, 20])
    assert (params.split.test_size, params.split.random_state, params.split.validation_split) == (0.2, 42, 0.2)


def test_every_key_is_commented():
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    for key in Params.model_fields:
        (number,) = (i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
        above = next(line for line in reversed(lines[:number]) if ":" not in line.split("#")[0])
        assert above.startswith("#") or key in ("data", "split") or above == "", key


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dropout", 1.5, "params.yaml: dropout: received 1.5; expected a number from 0 to below 1"),
        ("dropout", True, "params.yaml: dropout: received True; expected a number from 0 to below 1"),
        ("l1", -1, "params.yaml: l1: received -1; expected a number from 0 to 1e30, or null"),
        ("l1", "None", "params.yaml: l1: received 'None'; expected a number from 0 to 1e30, or null"),
        ("l1", "", "params.yaml: l1: received ''; expected a number from 0 to 1e30, or null"),
        ("epochs", 0, "params.yaml: epochs: received 0; expected a whole number from 1 to 100000: more take days"),
        ("epochs", 2.5, "params.yaml: epochs: received 2.5; expected a whole number from 1 to 100000: more take days"),
        ("dropuot", 0.3, "params.yaml: dropuot: unknown key; did you mean dropout?"),
        (
            "learning_rate",
            math.nan,
            "params.yaml: learning_rate: received nan; expected a number above 0, at most 1e30",
        ),
        ("data", 3, "params.yaml: data: received 3; expected the group of keys about the table"),
        (
            "regularized_layers",
            [3],
            "params.yaml: regularized_layers: received [3]; expected numbers from 1 to 2, the hidden layers there are",
        ),
    ],
)
def test_a_wrong_value_is_one_line_with_key_received_and_allowed(params, key, value, message):
    params[key] = value
    with pytest.raises(InputError) as raised:
        check_params(params)
    assert str(raised.value) == message


def test_each_problem_has_a_line_of_its_own(params):
    del params["epochs"]
    params["data"]["offline"] = "maybe"
    params["split"]["testsize"] = 0.3
    params["data"]["columns"]["pH"] = [5, 2]
    with pytest.raises(InputError) as raised:
        check_params(params)
    assert set(str(raised.value).splitlines()) == {
        "params.yaml: epochs: missing; expected a whole number from 1 to 100000: more take days",
        "params.yaml: data.offline: received 'maybe'; expected standin or fail",
        "params.yaml: split.testsize: unknown key; did you mean test_size?",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "price"}, "data.target: received 'price'"),
        ({"columns": {"pH": [5, 2], "quality": [0, 10]}}, "data.columns.pH: received [5.0, 2.0]"),
        ({"sha256": "abc"}, "data.sha256: received 'abc'; expected 64 hexadecimal digits"),
        ({"delimiter": ";;"}, "data.delimiter: received ';;'; expected one character"),
        ({"decimal": ";"}, "data.decimal: received ';'; expected '.' or ','"),
        ({"encoding": "utf-9"}, "data.encoding: received 'utf-9'; expected an encoding"),
        ({"positive": "yes"}, "data.positive: received 'yes' beside data.threshold 6; expected one of them"),
        ({"ignore": ["quality"]}, "data.target: received 'quality', which data.ignore leaves out"),
        ({"ignore": ["pH"]}, "data.columns.pH: data.ignore leaves it out"),
        ({"url": "my.csv"}, "data.watch: received 'data/.gitignore'; expected 'my.csv', the path in data.url"),
    ],
)
def test_wrong_data_values(params, change, message):
    params["data"] |= change
    with pytest.raises(InputError, match="params.yaml") as raised:
        check_params(params)
    assert message in str(raised.value)


def test_ranges_and_the_list_of_columns_may_be_left_out(params):
    params["data"]["columns"] |= {"pH": None}
    assert check_params(params).data.columns["pH"] is None
    params["data"] |= {"columns": None, "target": "any", "threshold": None, "positive": "yes", "ignore": ["id"]}
    assert check_params(params).data.columns is None


def test_a_small_number_that_yaml_reads_as_text_is_a_number(tmp_path):
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    file = tmp_path / "params.yaml"
    file.write_text(text.replace("\nl2: 0.01\n", "\nl2: 1e-05\n"), encoding="utf-8")
    assert yaml.safe_load(file.read_text(encoding="utf-8"))["l2"] == "1e-05"
    assert load_params(file).l2 == 1e-05


@pytest.mark.parametrize(
    ("content", "message"),
    [("epochs: [1", "not readable as YAML"), ("", "received None"), ("- 1", r"received \[1\]")],
)
def test_a_file_that_is_no_mapping(tmp_path, content, message):
    file = tmp_path / "params.yaml"
    file.write_text(content)
    with pytest.raises(InputError, match=message):
        load_params(file)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        load_params(tmp_path / "params.yaml")


@given(st.floats(allow_nan=True, allow_infinity=True) | st.integers(-3, 3))
def test_dropout_is_taken_exactly_from_0_to_below_1(value):
    try:
        taken = check_params(COMMITTED | {"dropout": value}).dropout == value
    except InputError:
        taken = False
    assert taken == (0 <= value < 1)


@given(st.one_of(st.none(), st.floats(min_value=0, allow_infinity=False)))
def test_a_factor_survives_yaml(value):
    text = yaml.safe_dump(COMMITTED | {"l1": value})
    assert check_params(yaml.safe_load(text)).l1 == value


@given(st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()))
def test_anything_else_ends_in_lines_never_in_a_traceback(value):
    for key in Params.model_fields:
        try:
            check_params(COMMITTED | {key: value})
        except InputError as error:
            assert all(line.startswith("params.yaml: ") for line in str(error).splitlines())
