"""The replicate stage: what it trains, and what it says of bad input. The pipeline's test runs it whole."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.params.schema import Variant, check_params
from regularization.table import duplicate_groups
from regularization.variants import in_steps, split_settings, variants_of
from stages import replicate


@pytest.fixture
def prepared(stage_folder, wine_table):
    """Write a checked table as `prepare` leaves it."""
    Path("data/prepared").mkdir(parents=True)
    Path("data/raw").mkdir()
    Path("data/raw/source.json").write_text('{"origin": "published"}', encoding="utf-8")

    def write(table: pd.DataFrame) -> None:
        features = table.drop(columns="quality")
        y = (table["quality"] >= 6).to_numpy().astype(int)
        np.savez("data/prepared/table.npz", X=features.to_numpy(float), y=y, groups=duplicate_groups(features))

    write(wine_table)
    return write


def replicate_base(monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["replicate", "base"])
    replicate.main()


def test_a_headline_group_is_the_model_of_that_name_with_its_params(params):
    settings = variants_of("l1l2", check_params(params | {"l1": 0.5, "bias_l2": 0.25}))
    assert list(settings) == ["l1l2"]
    assert (settings["l1l2"]["l1"], settings["l1l2"]["bias_l2"]) == (0.5, 0.25)
    assert variants_of("dropout", check_params(params)) == {"dropout": {"dropout": 0.2}}
    early = variants_of("dropout", check_params(params | {"patience": 20}))["dropout"]
    assert split_settings(early) == ({"dropout": 0.2}, {"patience": 20})


def test_the_first_eight_variations_are_the_notebooks(params):
    settings = variants_of("variations", check_params(params))
    techniques = ("l1", "l2", "dropout")
    assert {name: tuple(each.get(key) for key in techniques) for name, each in list(settings.items())[:8]} == {
        "l1l2_0001": (0.001, 0.001, None),
        "l1_0001": (0.001, None, None),
        "l2_0001": (None, 0.001, None),
        "l1_001_l2_0001": (0.01, 0.001, None),
        "dropout_0005": (None, None, 0.005),
        "dropout_01": (None, None, 0.1),
        "dropout_05": (None, None, 0.5),
        "dropout_09": (None, None, 0.9),
    }


def test_the_other_variations_have_every_technique(params):
    others = list(check_params(params).replicate.variants.values())[8:]
    used = {key for variant in others for key in variant.model_dump(exclude_defaults=True)}
    assert used >= set(Variant.model_fields) - {"l1", "l2", "global_clipnorm", "clipvalue", "ema_momentum"}


def test_a_table_too_small_to_split_by_groups(prepared, wine_table, monkeypatch):
    prepared(wine_table.iloc[[0, 1] * 20].assign(quality=[3, 8] * 20))
    with pytest.raises(InputError, match="received 2 distinct rows; expected 20 or more"):
        replicate_base(monkeypatch)
    assert not Path("metrics").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 1}, "replicate.seeds: received 1; expected a whole number from 2"),
        ({"splits": 9}, "replicate.splits: received 9; expected a whole number from 10"),
        ({"variants": {"mine": {"l3": 1}}}, "replicate.variants.mine.l3: unknown key; expected one of l1, l2"),
        ({"variants": {"base": {}}}, "replicate.variants.base: base, l1l2, dropout, logistic_regression"),
        ({"variants": {"l1_0.1": {"l1": 0.1}}}, "received the name 'l1_0.1'; expected a letter, then"),
        ({"variants": {"mine": {"clipnorm": 1, "clipvalue": 1}}}, "received clipnorm and clipvalue together"),
        ({"variants": {"mine": {"use_ema": True, "patience": 9}}}, "received use_ema with patience; expected one"),
        ({"variants": {"mine": {"ema_momentum": 0.9}}}, "received ema_momentum alone"),
        ({"variants": {"mine": {"decay_rate": 0.1}}}, "received decay_rate alone; expected decay_steps beside it"),
        (
            {"variants": {"mine": {"hidden_units": [4], "l1": 0.1}}},
            "received l1 or l2 and 1 as the number of hidden",
        ),
        ({"variants": {"mine": {"batch_normalization": 2}}}, "batch_normalization: received 2; expected true or false"),
        (
            {"variants": {"mine": {"dropout": 2}}},
            "replicate.variants.mine.dropout: received 2; expected a number from 0",
        ),
    ],
)
def test_bad_replicate_params(prepared, stage_folder, params, monkeypatch, change, message):
    params["replicate"] |= change
    stage_folder(params)
    with pytest.raises(InputError) as raised:
        replicate_base(monkeypatch)
    assert message in str(raised.value)


@pytest.mark.training
def test_params_are_refused_before_tensorflow_is_read(prepared):
    code = (
        "import sys; sys.argv = ['replicate', 'base']; import stages.replicate; sys.exit('tensorflow' in sys.modules)"
    )
    root = Path(replicate.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_diverged_trainings_are_counted_on_stderr(capsys):
    replicate._warn_of_diverged(pd.DataFrame({"variant": ["base", "base", "wild"], "test_loss": [0.5, None, None]}))
    assert capsys.readouterr().err.startswith("warning: 1 of base, 1 of wild diverged")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"decay_steps": 0.88, "decay_rate": 0.1},
            {"decay_steps": 3388, "decay_rate": 0.1},
        ),  # of 3,850
        ({"decay_steps": 14500}, {"decay_steps": 14500}),
        ({"decay_steps": 1}, {"decay_steps": 1}),
        ({"decay_steps": 1e-9}, {"decay_steps": 1}),
        ({"use_ema": True, "ema_steps": 0.5}, {"use_ema": True, "ema_momentum": 1 - 1 / 1925}),
        ({"use_ema": True, "ema_steps": 100}, {"use_ema": True, "ema_momentum": 0.99}),
        ({"use_ema": True, "ema_momentum": 0.9}, {"use_ema": True, "ema_momentum": 0.9}),
    ],
)
def test_shares_of_the_training_are_counted_in_steps(settings, expected):
    assert in_steps(settings, n_rows=220, epochs=550, batch_size=32) == pytest.approx(expected)
