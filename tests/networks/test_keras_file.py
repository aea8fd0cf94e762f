import io
import json
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from regularization.errors import InputError
from regularization.networks.keras_file import (
    WEIGHTS,
    described_keras_file,
    normalized_keras_file,
    read_member,
    read_model,
    with_member,
)
from regularization.networks.models import build_regularized_model

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> list[bytes]:
    """Two files of the same training."""
    folder, contents = tmp_path_factory.mktemp("saved"), []
    for name in ("first.keras", "second.keras"):
        keras.backend.clear_session(free_memory=False)  # layer names count from 1 again, as in another process
        model = build_regularized_model(seed=1)
        model.fit(np.ones((4, 11)), np.ones(4), verbose=0)
        model.save(folder / name)
        contents.append((folder / name).read_bytes())
    return contents


def test_equal_networks_are_equal_bytes(saved):
    first, second = saved
    assert first != second
    assert normalized_keras_file(first) == normalized_keras_file(second)


def test_keras_reads_it_as_before(saved, tmp_path):
    file, X = tmp_path / "model.keras", np.ones((3, 11))
    predictions = []
    for content in (saved[0], normalized_keras_file(saved[0])):
        file.write_bytes(content)
        predictions.append(keras.models.load_model(file)(X).numpy())
    np.testing.assert_array_equal(*predictions)


def test_shared_objects_stay_shared(saved):
    with zipfile.ZipFile(io.BytesIO(normalized_keras_file(saved[0]))) as archive:
        config = archive.read("config.json").decode()
    assert '"shared_object_id": 1' in config
    assert json.loads(config)["class_name"] == "Sequential"


def test_a_part_travels_in_the_file_and_keras_passes_over_it(saved, tmp_path):
    file = tmp_path / "model.keras"
    plain = normalized_keras_file(saved[0])
    file.write_bytes(with_member(plain, "note.json", b"[1]"))
    assert read_member(file.read_bytes(), "note.json") == b"[1]"
    assert with_member(plain, "note.json", b"[1]") == file.read_bytes()
    assert keras.models.load_model(file).count_params() == build_regularized_model(seed=1).count_params()


def test_a_file_without_that_part_is_refused(saved):
    with pytest.raises(InputError, match=r"no note.json in it; expected a model that a train stage"):
        read_member(normalized_keras_file(saved[0]), "note.json")


def test_a_damaged_file_is_said_when_it_is_read(saved):
    """Wherever it was cut off or altered: also in a part that is not asked for."""
    whole = with_member(normalized_keras_file(saved[0]), "note.json", b"[1]")
    weights = whole.index(b"model.weights.h5") + 5000
    altered = whole[:weights] + bytes([whole[weights] ^ 1]) + whole[weights + 1 :]
    for damaged in (b"", b"no archive", altered, *(whole[: len(whole) * part // 10] for part in range(1, 10))):
        with pytest.raises(InputError, match="damaged or no model of this project"):
            read_member(damaged, "note.json")


def rebuilt(file: bytes, **changed: bytes) -> bytes:
    """The file with other parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed.get(name.replace(".", "_"), old.read(name)))
    return content.getvalue()


@pytest.fixture(scope="module")
def described() -> tuple[keras.Sequential, bytes]:
    model = build_regularized_model(seed=1)
    model.fit(np.ones((4, 11)), np.ones(4), verbose=0)
    return model, described_keras_file(keras_bytes(model), model.get_weights(), b"{}")


def keras_bytes(model: keras.Sequential) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        return Path(folder, "model.keras").read_bytes()


def test_the_network_is_read_without_its_hdf5_and_keras_reads_the_file_too(described, tmp_path, monkeypatch):
    model, file = described
    X = np.random.default_rng(0).normal(size=(5, 11))
    (tmp_path / "model.keras").write_bytes(file)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(X), model(X))
    np.testing.assert_array_equal(read_model(rebuilt(file, model_weights_h5=b"no HDF5 at all"))(X), model(X))
    assert described_keras_file(keras_bytes(model), model.get_weights(), b"{}") == file


def arrays(*values: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.savez(content, *values)
    return content.getvalue()


def test_a_network_that_is_not_keras_own_or_has_no_finite_weights_is_refused(described):
    model, file = described
    config = json.loads(read_member(file, "config.json"))
    for layer in ({"class_name": "system", "module": "os"}, {"class_name": "Lambda", "module": "keras.layers"}):
        changed = config | {"config": config["config"] | {"layers": [*config["config"]["layers"], layer]}}
        with pytest.raises(InputError, match=f"{layer['class_name']} in it is not Keras' own"):
            read_model(rebuilt(file, config_json=json.dumps(changed).encode()))
    weights = model.get_weights()
    for first in (weights[0] * np.nan, weights[0].astype(int), np.full(weights[0].shape, 1e300)):
        with pytest.raises(InputError, match="a weight in it is no finite number"):
            read_model(rebuilt(file, weights_npz=arrays(first, *weights[1:])))
    for broken in (arrays(*weights[1:]), arrays(np.array([{}], object)), b"none"):
        with pytest.raises(InputError, match="Keras cannot read it"):
            read_model(rebuilt(file, weights_npz=broken))
    with pytest.raises(InputError, match=f"no {WEIGHTS} in it"):
        read_model(normalized_keras_file(keras_bytes(model)))
