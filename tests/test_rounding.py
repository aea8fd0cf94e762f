"""What the user has set of Keras changes no result, and is told."""

import json
import os
import subprocess
import sys

import pytest

from regularization.rounding import REPLACED, SETTINGS, fix_keras, set_environment, warning
from tests.conftest import ROOT

TOLD = """
import os, stages
from regularization.rounding import warning
print(warning())
print(os.environ["KERAS_BACKEND"])
"""


def test_nothing_of_the_users_keras_is_used_and_it_is_told(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float16", "epsilon": 0.1}), encoding="utf-8")
    theirs = {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "TF_USE_LEGACY_KERAS": "1"}
    environment = os.environ | theirs | {"KERAS_HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", TOLD], cwd=ROOT, env=environment, capture_output=True, text=True)
    told, backend = ran.stdout.strip().splitlines()
    assert backend == "tensorflow"
    for part in (*(f"{name}={value}" for name, value in theirs.items()), "floatx=float16 in", "epsilon=0.1 in"):
        assert part in told
    assert told.endswith("is not used: it would change every result")


@pytest.mark.training
def test_networks_are_of_32_bits_whatever_keras_was_told():
    import keras

    keras.config.set_floatx("float16")
    keras.config.set_epsilon(0.1)
    fix_keras()
    assert (keras.config.floatx(), keras.config.epsilon()) == ("float32", 1e-7)


@pytest.mark.slow
def test_a_training_under_such_settings_is_the_same(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float16", "epsilon": 0.1}), encoding="utf-8")
    found = []
    for theirs in ({}, {"KERAS_HOME": str(tmp_path), "KERAS_MAX_EPOCHS": "1", "TF_USE_LEGACY_KERAS": "1"}):
        ran = subprocess.run(
            [sys.executable, "-c", FIT], cwd=ROOT, env=os.environ | theirs, capture_output=True, text=True, check=True
        )
        found.append(ran.stdout)
    assert found[0] == found[1] != ""


FIT = """
import stages
import numpy as np
from regularization.networks.models import build_model
model = build_model(n_features=2, hidden_units=(2,), seed=0, regularized_layers=(1,))
print(model.fit(np.eye(8, 2), np.zeros((8, 1)), epochs=2, verbose=0).history["loss"], model.layers[0].kernel.dtype)
"""


@pytest.mark.parametrize("content", [None, "{", "[1]", '{"floatx": "float32"}', ""])
def test_without_such_settings_or_with_a_damaged_file_there_is_no_warning(monkeypatch, tmp_path, content):
    if content is not None:
        (tmp_path / "keras.json").write_text(content, encoding="utf-8")
    for name in (*REPLACED, *SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("regularization.rounding._replaced", [])
    set_environment()
    assert warning() is None
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
