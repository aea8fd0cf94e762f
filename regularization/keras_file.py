"""Keras' `.keras` files made reproducible: equal networks give equal bytes, so that DVC sees no change in them."""

import io
import json
import re
import zipfile


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


def _renumber_shared_objects(config: str) -> str:
    numbers: dict[str, int] = {}

    def renumber(found: re.Match) -> str:
        return f'"shared_object_id": {numbers.setdefault(found[1], len(numbers) + 1)}'

    return re.sub(r'"shared_object_id": (\d+)', renumber, config)
