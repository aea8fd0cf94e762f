import io
import json
import zipfile

import keras
import numpy as np
import pytest

from regularization.errors import InputError
from regularization.networks.keras_file import normalized_keras_file, read_member, with_member
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
