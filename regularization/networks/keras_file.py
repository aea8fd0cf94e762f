"""Keras' `.keras` files, which are archives, made reproducible, and with room for what else a network needs.

Equal networks give equal bytes, so that DVC sees no change in them.
"""

import io
import json
import re
import zipfile
import zlib

from regularization.errors import InputError

PREPROCESSING = "preprocessing.json"  # the part that says how rows of the table become inputs of the network


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
            damaged = archive.testzip()  # reads every part: a file that was cut off or altered has another checksum
            content = archive.read(name)
    except KeyError:
        raise InputError(f"no {name} in it; expected a model that a train stage of this project saved") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        damaged = "not a whole archive"
    if damaged:
        raise InputError(f"damaged or no model of this project ({damaged}); delete it, and `dvc repro` makes it again")
    return content


def _renumber_shared_objects(config: str) -> str:
    numbers: dict[str, int] = {}

    def renumber(found: re.Match) -> str:
        return f'"shared_object_id": {numbers.setdefault(found[1], len(numbers) + 1)}'

    return re.sub(r'"shared_object_id": (\d+)', renumber, config)
