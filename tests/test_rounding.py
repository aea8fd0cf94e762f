"""What the user has set of Keras changes no result, and is told."""

import json
import os
import subprocess
import sys

import pytest

from regularization.rounding import REPLACED, SETTINGS, set_environment, warning
from tests.conftest import ROOT

FIT = """
import regularization
from regularization.rounding import warning
print(warning())
import numpy as np
from regularization.networks.models import build_model
model = build_model(n_features=2, hidden_units=(2,), seed=0, regularized_layers=(1,))
history = model.fit(np.zeros((8, 2)), np.zeros((8, 1)), epochs=2, verbose=0)
print(len(history.history["loss"]), model.layers[0].kernel.dtype, type(model).__module__)
"""


@pytest.mark.training
def test_nothing_of_the_users_keras_changes_a_training(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"floatx": "float16", "epsilon": 0.1}), encoding="utf-8")
    theirs = {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "TF_USE_LEGACY_KERAS": "1"}
    environment = os.environ | theirs | {"KERAS_HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", FIT], cwd=ROOT, env=environment, capture_output=True, text=True)
    told, found = ran.stdout.strip().splitlines()
    assert found.split()[:2] == ["2", "float32"]
    for part in (*(f"{name}={value}" for name, value in theirs.items()), "floatx=float16 in", "epsilon=0.1 in"):
        assert part in told
    assert told.endswith("is not used: it would change every result")


def test_without_such_settings_there_is_no_warning(monkeypatch, tmp_path):
    for name in (*REPLACED, *SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("regularization.rounding._replaced", [])
    set_environment()
    assert warning() is None
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


@pytest.mark.parametrize("content", ["{", "[1]", '{"floatx": "float32"}', ""])
def test_a_damaged_or_usual_keras_json_is_no_reason_to_warn(monkeypatch, tmp_path, content):
    (tmp_path / "keras.json").write_text(content, encoding="utf-8")
    for name in (*REPLACED, *SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("regularization.rounding._replaced", [])
    set_environment()
    assert warning() is None
