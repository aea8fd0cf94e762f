import copy
import math

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from regularization.errors import InputError
from regularization.params import check_params, load_params
from regularization.params.file import parse_values
from regularization.variants import headline_settings, variants_of
from stages._ends import as_lines
from stages._files import read_csv, write_csv
from tests.conftest import ROOT

COMMITTED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def test_a_variant_is_named_in_what_is_wrong_with_it_and_the_grid_in_what_is_wrong_with_that():
    both = {"clipnorm": 0.1, "clipvalue": 0.1}
    values = copy.deepcopy(COMMITTED)
    values["replicate"]["variants"]["chosen"] = both
    problem = "received clipnorm and clipvalue together; expected one of them"
    with pytest.raises(InputError, match=f"^params.yaml: replicate.variants.chosen: {problem}$"):
        check_params(values)
    values = copy.deepcopy(COMMITTED)
    values["sweep"]["grid"] = {name: [value] for name, value in both.items()}
    with pytest.raises(InputError, match=rf"^params.yaml: sweep.grid, {{.*}}: {problem}$"):
        check_params(values)


def test_of_a_number_no_variant_that_smooths_labels_is_trained_and_none_is_lost():
    values = copy.deepcopy(COMMITTED)
    values["data"] |= {
        "task": "number",
        "threshold": None,
        "curves": {"loss": "mean_squared_error", "score": "mean_absolute_error"},
    }
    params = check_params(values)
    assert set(params.replicate.variants) - set(variants_of("variations", params)) == {"label_smoothing_04"}
    assert set(check_params(COMMITTED).trained_variations()) == set(COMMITTED["replicate"]["variants"])
    values["replicate"]["variants"] = {"smooth": {"label_smoothing": 0.1}}
    with pytest.raises(InputError, match=r"replicate.variants: received \['smooth'\] for data.task number, "):
        check_params(values)


def test_committed_params_are_the_notebooks():
    params = load_params(ROOT / "params.yaml")
    assert (params.l1, params.l2, params.dropout) == (0.01, 0.01, 0.2)
    assert (params.epochs, params.batch_size, params.hidden_units) == (500, 32, [20, 20])
    assert (params.split.test_size, params.split.random_state, params.split.validation_split) == (0.2, 42, 0.2)


def test_every_key_is_commented():
    lines = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()
    for key in yaml.safe_load("\n".join(lines)):
        (number,) = (i for i, line in enumerate(lines) if line.startswith(f"{key}:"))
        above = next(line for line in reversed(lines[:number]) if ":" not in line.split("#")[0])
        assert above.startswith("#") or key in ("data", "split", "regularized_layers") or above == "", key


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
        (
            {"columns": {"pH": {"min": 5, "max": 2}, "quality": {"min": 0, "max": 10}}},
            "data.columns.pH: received [5.0, 2.0]",
        ),
        ({"sha256": "abc"}, "data.sha256: received 'abc'; expected 64 hexadecimal digits"),
        ({"delimiter": ";;"}, "data.delimiter: received ';;'; expected one character"),
        ({"decimal": ";"}, "data.decimal: received ';'; expected '.' or ','"),
        ({"delimiter": "\n"}, r"data.delimiter: received '\n'; expected a mark such as ','"),
        ({"delimiter": "\r"}, r"data.delimiter: received '\r'; expected a mark such as ','"),
        ({"delimiter": ","} | {"decimal": ","}, "data.delimiter: received ',', which is data.decimal too"),
        ({"thousands": "."}, "data.thousands: received '.', which is data.decimal too"),
        ({"thousands": " "}, "data.thousands: received ' '; expected ',' or '.', or null"),
        ({"encoding": "hex"}, "data.encoding: received 'hex'; expected an encoding"),
        ({"url": "s3://bucket/a.csv"}, "data.url: received an address that begins with s3:"),
        ({"url": "http://[::1/a.csv"}, "data.url: received an address with an impossible host"),
        ({"url": f"http://{'a' * 300}/a.csv"}, "data.url: received an address with an impossible host"),
        ({"url": "http:///a.csv"}, "data.url: received an address without a host"),
        ({"url": "my\0.csv"}, "data.url: received an address with a control character"),
        ({"watch": "http://example.org/a.csv"}, "data.watch: received an address; expected the path"),
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


@given(st.one_of(st.none(), st.floats(min_value=0, max_value=1e30)))
def test_a_factor_survives_yaml(value):
    text = yaml.safe_dump({"l1": value})
    assert check_params(COMMITTED | parse_values(text)).l1 == value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 10**9}, "epochs: received 1000000000; expected a whole number from 1 to 100000"),
        ({"batch_size": 10**9}, "batch_size: received 1000000000; expected a whole number from 1 to 1000000"),
        ({"hidden_units": [10**6]}, "hidden_units.0: received 1000000; expected a list of 1 to 10 whole numbers"),
        ({"hidden_units": [1] * 11}, "hidden_units: received [1, 1, 1, 1, 1, 1, ...]; expected a list of 1 to 10"),
        ({"seed": 2**32 - 1}, "seed: received 4294967295; expected a whole number from 0 to 4000000000"),
        ({"l1": 10**400}, "l1: received 1000"),
        ({"learning_rate": 1e39}, "learning_rate: received 1e+39; expected a number above 0, at most 1e30"),
    ],
)
def test_a_number_that_no_machine_could_serve(params, change, message):
    with pytest.raises(InputError) as raised:
        check_params(params | change)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("split", "test_size", 0.9999),
        ("split", "random_state", 2**32 - 1),
        ("replicate", "seeds", 10**9),
        ("replicate", "splits", 10**9),
        ("replicate", "leaky_twins", 10**9),
        ("replicate", "variants", {}),
    ],
)
def test_a_number_of_a_group_that_no_machine_could_serve(params, group, key, value):
    params[group][key] = value
    with pytest.raises(InputError, match=rf"^params.yaml: {group}.{key}: received .*; expected "):
        check_params(params)


@pytest.mark.parametrize(
    "name",
    ["None", "NA", "nan", "NULL", "True", "yes", "1", "0.1", "", "a/b", "a b", "é", "a\n", "x" * 61, 1, None, True],
)
def test_a_name_of_a_variant_that_would_not_come_back_from_a_csv(params, name):
    params["replicate"]["variants"] = {name: {"l1": 0.1}}
    with pytest.raises(InputError, match="^params.yaml: replicate.variants.*(expected a letter|choose another)"):
        check_params(params)


@pytest.mark.parametrize("names", [["a", "A"], ["Base"], ["base"], ["DropOut"]])
def test_names_of_variants_that_differ_in_case_alone(params, names):
    params["replicate"]["variants"] = {name: {} for name in names}
    with pytest.raises(InputError, match="choose another name"):
        check_params(params)


@pytest.mark.parametrize("place", ["replicate.variants.small", "sweep.grid.hidden_units, [4]"])
def test_a_penalty_needs_the_layer_that_it_acts_on(params, place):
    """`regularized_layers` names the second, which a network of one hidden layer lacks."""
    if "grid" in place:
        params["sweep"]["grid"] = {"l1": [None, 0.1], "hidden_units": [None, [4], [4, 4]]}
    else:
        params["replicate"]["variants"] = {"small": {"l1": 0.1, "hidden_units": [4]}}
    with pytest.raises(InputError) as raised:
        check_params(params)
    assert str(raised.value) == (
        f"params.yaml: {place}: received l1 or l2 and 1 as the number of hidden layers; expected the layers that "
        "regularized_layers names, [2]"
    )


VARIANT_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,59}", fullmatch=True)


@given(st.lists(VARIANT_NAMES, min_size=1, max_size=5, unique_by=str.lower))
def test_a_name_that_is_taken_comes_back_from_a_csv(tmp_path_factory, names):
    try:
        check_params(COMMITTED | {"replicate": COMMITTED["replicate"] | {"variants": {name: {} for name in names}}})
    except InputError:
        return
    file = tmp_path_factory.getbasetemp() / "names.csv"
    write_csv(file, pd.DataFrame({"variant": names, "test_accuracy": 0.5}))
    assert read_csv(file, ["variant"])["variant"].to_list() == names


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=5,
)
PLACES = [(key,) for key in COMMITTED] + [
    (group, key) for group in ("data", "split", "replicate", "evidence") for key in COMMITTED[group]
]


def check_some_value(place: tuple[str, ...], value: object) -> None:
    """It passes, or ends in lines that say where it stands."""
    changed = copy.deepcopy(COMMITTED)
    group = changed if len(place) == 1 else changed[place[0]]
    group[place[-1]] = value
    try:
        check_params(changed)
    except InputError as error:
        *lines, last = as_lines(str(error)).replace("error: ", "").splitlines()
        assert all(line.startswith("params.yaml: ") for line in lines)
        assert last.startswith("params.yaml: ") or last.endswith("more of this kind")
        assert len(str(error)) < 5000


@settings(max_examples=300)
@given(st.sampled_from(PLACES), ANYTHING)
def test_anything_else_ends_in_lines_never_in_a_traceback(place, value):
    check_some_value(place, value)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(st.sampled_from(PLACES), ANYTHING)
def test_ten_thousand_values_end_in_lines(place, value):
    check_some_value(place, value)


@pytest.mark.parametrize(
    ("headline", "message"),
    [
        ({}, "headline: received {}; expected `base: []` first, and one model or more"),
        ({"l1l2": ["l1", "regularized_layers"], "base": []}, "expected `base: []` first"),
        ({"base": [], "mine": ["l3"]}, "headline.mine: received 'l3'; expected some of activity_l1, "),
        ({"base": [], "mine": ["l1"]}, "headline.mine: received a penalty without regularized_layers"),
        ({"base": [], "variations": ["dropout"]}, "headline.variations: this name is taken"),
    ],
)
def test_headline_models_that_cannot_be(params, headline, message):
    with pytest.raises(InputError) as raised:
        check_params(params | {"headline": headline})
    assert message in str(raised.value)


def test_a_headline_model_takes_any_setting_of_a_variant(params):
    checked = check_params(params | {"headline": {"base": [], "noise": ["input_stddev"]}, "input_stddev": 0.8})
    assert headline_settings(checked, "noise") == {"input_stddev": 0.8}
