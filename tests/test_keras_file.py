import io
import json
import zipfile

import keras
import numpy as np

from regularization.keras_file import normalized_keras_file
from regularization.models import build_regularized_model


def saved(tmp_path, name: str) -> bytes:
    keras.backend.clear_session(free_memory=False)  # layer names count from 1 again, as in another process
    model = build_regularized_model(seed=1)
    model.fit(np.ones((4, 11)), np.ones(4), verbose=0)
    model.save(tmp_path / name)
    return (tmp_path / name).read_bytes()


def test_equal_networks_are_equal_bytes(tmp_path):
    first, second = saved(tmp_path, "first.keras"), saved(tmp_path, "second.keras")
    assert first != second
    assert normalized_keras_file(first) == normalized_keras_file(second)


def test_keras_reads_it_as_before(tmp_path):
    file = tmp_path / "model.keras"
    cleaned = normalized_keras_file(saved(tmp_path, "model.keras"))
    X = np.ones((3, 11))
    before = keras.models.load_model(file).predict(X, verbose=0)
    file.write_bytes(cleaned)
    np.testing.assert_array_equal(keras.models.load_model(file).predict(X, verbose=0), before)


def test_shared_objects_stay_shared(tmp_path):
    cleaned = normalized_keras_file(saved(tmp_path, "model.keras"))
    with zipfile.ZipFile(io.BytesIO(cleaned)) as archive:
        config = archive.read("config.json").decode()
    assert '"shared_object_id": 1' in config
    assert json.loads(config)["class_name"] == "Sequential"
