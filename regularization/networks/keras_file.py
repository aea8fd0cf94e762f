"""Keras' `.keras` files, which are archives, made reproducible, and with room for what else a network needs.

Equal networks give equal bytes, so that DVC sees no change in them. The weights lie in it twice: for Keras as HDF5, and
for this project as arrays of NumPy, since a library for HDF5 is no place for a file that one was sent.
"""

import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from regularization.errors import InputError

WEIGHTS = "weights.npz"  # the part that holds the weights as arrays
DAMAGED = (zlib.error, lzma.LZMAError)
MOST_BYTES = 10**9  # of a part, unpacked
PREPROCESSING = "preprocessing.json"  # the part that says how rows of the table become inputs of the network


def described_keras_file(file: bytes, weights: Sequence[np.ndarray], preprocessing: bytes) -> bytes:
    """The `.keras` file of a model without what differs between runs, with its `weights` and its `preprocessing`."""
    arrays = io.BytesIO()
    np.savez(arrays, *weights)
    with_weights = with_member(normalized_keras_file(file), WEIGHTS, arrays.getvalue())
    return with_member(with_weights, PREPROCESSING, preprocessing)


def read_model(file: bytes):
    """The uncompiled Keras model of `described_keras_file`. Needs TensorFlow, and reads no HDF5.

    Raises `InputError` where its weights do not fit or are no finite numbers, and where a part of it is not Keras' own.
    """
    import keras

    config = read_member(file, "config.json")
    try:
        described = json.loads(config)
        described.pop("compile_config", None)
        if foreign := next(_foreign_classes(described), None):
            raise InputError(f"{foreign} in it is not Keras' own; expected a model of this project")
        packed = io.BytesIO(read_member(file, WEIGHTS))
        with zipfile.ZipFile(packed) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_BYTES:
                raise InputError(f"its weights have more than {MOST_BYTES:,} bytes; expected a model of this project")
        with np.load(packed, allow_pickle=False) as arrays:
            weights = [arrays[f"arr_{number}"] for number in range(len(arrays.files))]
        model = keras.saving.deserialize_keras_object(described, safe_mode=True)
        if not all(array.dtype == np.float32 and np.isfinite(array).all() for array in weights):
            raise InputError("a weight in it is no finite number; `dvc repro` makes it again")
        model.set_weights(weights)
    except InputError:
        raise
    except Exception as error:  # Keras has no error of its own for what it cannot read
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"Keras cannot read it: {reason}; `dvc repro` makes it again") from None
    return model


def _foreign_classes(config: object) -> Iterator[str]:
    """The names of classes and functions in a model's description that are not of Keras."""
    if isinstance(config, dict):
        if "class_name" in config and (
            str(config.get("module")).partition(".")[0] != "keras" or config["class_name"] == "Lambda"
        ):
            yield str(config["class_name"])
        config = list(config.values())
    for part in config if isinstance(config, list) else ():
        yield from _foreign_classes(part)


def normalized_keras_file(file: bytes) -> bytes:
    """The `.keras` file less what differs between identical runs; Keras reads it as before.

    That is the date of saving, in the metadata and on each part of the archive, and the `shared_object_id`s, addresses
    in memory, which are numbered from 1 here.
    """
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(parts["metadata.json"])
    metadata.pop("date_saved", None)
    parts["metadata.json"] = json.dumps(metadata).encode()
    parts["config.json"] = _renumber_shared_objects(parts["config.json"].decode()).encode()

    undated = io.BytesIO()
    with zipfile.ZipFile(undated, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980, as far back as the format goes
    return undated.getvalue()


def with_member(file: bytes, name: str, content: bytes) -> bytes:
    """The `.keras` file with one more part, which Keras passes over when it reads the network."""
    extended = io.BytesIO(file)
    with zipfile.ZipFile(extended, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return extended.getvalue()


def read_member(file: bytes, name: str) -> bytes:
    """What `with_member` has added. Raises `InputError` where there is none or the file is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            if any(part.file_size > MOST_BYTES for part in archive.infolist()):
                raise InputError(f"a part of it has more than {MOST_BYTES:,} bytes; expected a model of this project")
            damaged = archive.testzip()  # reads every part: a file that was cut off or altered has another checksum
            content = archive.read(name)
    except KeyError:
        raise InputError(f"no {name} in it; expected a model that a train stage of this project saved") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, ValueError, *DAMAGED):
        damaged = "not a whole archive"
    if damaged:
        raise InputError(f"damaged or no model of this project ({damaged}); delete it, and `dvc repro` makes it again")
    return content


def _renumber_shared_objects(config: str) -> str:
    numbers: dict[str, int] = {}

    def renumber(match: re.Match) -> str:
        return f'"shared_object_id": {numbers.setdefault(match[1], len(numbers) + 1)}'

    return re.sub(r'"shared_object_id": (\d+)', renumber, config)
