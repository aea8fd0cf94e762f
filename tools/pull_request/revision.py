"""A revision's replicates read from its files, and which of them are older than the revision's settings."""

import functools
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd

from regularization.errors import InputError
from regularization.evidence.revisions import Comparison, Revision, compare_revisions, value_at
from regularization.heads import Head, head_of_data
from regularization.heads.metrics import Metric
from regularization.params.file import parse_values
from regularization.variants import REFERENCES
from tools.pull_request.repository import Reader

PARAMS, LOCK, PIPELINE, DATA = "params.yaml", "dvc.lock", "dvc.yaml", "metrics/data.json"
TABLE = re.compile(r"metrics/(replicates|blocks)/[A-Za-z0-9_-]{1,60}\.csv")
STAGE = re.compile(r"prepare|replicate_[A-Za-z0-9_-]{1,60}")  # whose results a comparison rests on
NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")  # of a variant, as in params.yaml: it stands in Markdown and in a page
ALIAS = re.compile(r"(?<![^\s\[{,:-])\*[^\s\]},]")
MOST_ALIASES = 20
MOST_COLUMNS, MOST_VARIANTS, MOST_FILES = 200, 200, 2000
KEYS = ["split", "seed", "n_train", "n_distinct_train", "n_test"]
DATA_SETTINGS = ("sha256", "target", "task", "threshold", "positive")  # another of them makes other rows or labels
SPLIT_SETTINGS = ("data", "split", "seed")  # another of them may make other rows, columns or splits


def compare_files(base: tuple[list[str], Reader], branch: tuple[list[str], Reader]) -> Comparison:
    """The comparison of two revisions, by the base's regions of equivalence: a branch cannot widen its own.

    Raises `InputError` for a file that cannot be read.
    """
    of_base = read_revision(*base)
    head, metrics = compared_metrics(of_base, base[1])
    compared = compare_revisions(of_base, read_revision(*branch), head=head, metrics=metrics)
    return compared._replace(stale=tuple(stale_stages(*branch, pipelines=[base[1], branch[1]])))


def read_revision(paths: Iterable[str], read: Reader) -> Revision:
    """The replicates and block scores of all groups of variants, and the facts of the table.

    Raises `InputError` for a file that cannot be read, and for a variant's name that is more than a name.
    """
    tables: dict[str, list[pd.DataFrame]] = {"replicates": [], "blocks": []}
    for path in sorted(paths):
        if (match := TABLE.fullmatch(path)) and (content := read(path)) is not None:
            tables[match[1]].append(_table(path, content))
    trainings, blocks = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"variant": []}) for parts in tables.values()
    )
    trainings, blocks = (table[~table["variant"].isin(REFERENCES)] for table in (trainings, blocks))  # no networks
    params = _mapping(PARAMS, read)
    splits = {key: params.get(key) for key in SPLIT_SETTINGS}
    return Revision(trainings, blocks, _mapping(DATA, read) | {"settings": _settings(params), "splits": splits})


def _table(path: str, content: bytes) -> pd.DataFrame:
    text = {"variant": str, "protocol": str}
    if (columns := content.partition(b"\n")[0].count(b",") + 1) > MOST_COLUMNS:
        raise InputError(f"{path}: received {columns} columns; expected {MOST_COLUMNS} at most")
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=text, keep_default_na=False, na_values=[""])
    except (ValueError, UnicodeDecodeError) as error:  # pandas' own errors are ValueErrors
        raise InputError(f"{path}: expected a CSV, received {str(error)[:200]!r}; make the replicates again") from None
    expected = ["variant", "protocol", *KEYS] if "/replicates/" in path else ["variant", "block", "rows"]
    if missing := [column for column in expected if column not in table]:
        raise InputError(f"{path}: received no column {missing[0]}; make the replicates again")
    numbers = [column for column in expected if column not in text]
    if text := [column for column in numbers if not pd.api.types.is_integer_dtype(table[column])]:
        raise InputError(f"{path}: received {text[0]} with other than whole numbers; make the replicates again")
    if (number := table["variant"].nunique()) > MOST_VARIANTS:
        raise InputError(f"{path}: received {number} variants; expected {MOST_VARIANTS} at most")
    for name in table["variant"].unique():
        if not NAME.fullmatch(str(name)):
            written = ascii(str(name)[:40])
            raise InputError(f"{path}: received the variant {written}; expected letters, digits, _ and - in its name")
    return table


def _mapping(path: str, read: Reader) -> dict:
    """The content of a small YAML or JSON file; empty where there is none. Raises `InputError` for anything else."""
    content = read(path)
    if content is None:
        return {}
    if len(content) > 1_000_000:
        raise InputError(f"{path}: received {len(content)} bytes; expected 1,000,000 at most")
    try:
        text = content.decode("utf-8")
        if path in (PARAMS, LOCK) and len(ALIAS.findall(text)) > MOST_ALIASES:  # a few of them make a billion values
            raise InputError(f"{path}: received more than {MOST_ALIASES} aliases of YAML; expected values")
        loaded = json.loads(text) if path.endswith(".json") else parse_values(text, name=path)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: received a file that cannot be read: {str(error)[:200]!r}") from None
    if not isinstance(loaded, dict):
        raise InputError(f"{path}: received {type(loaded).__name__}; expected keys with values")
    return loaded


def _settings(params: Mapping) -> dict:
    data = params.get("data")
    before = {"task": "binary"}  # of revisions that knew no other
    return {f"data.{key}": data.get(key, before.get(key)) for key in DATA_SETTINGS} if isinstance(data, dict) else {}


def compared_metrics(base: Revision, read: Reader) -> tuple[Head, Mapping[str, Metric]]:
    """The head of the base's networks, and the metrics that its table calls for, with its regions of equivalence."""
    fixed, data = _numbers(value_at(_mapping(PARAMS, read), "evidence.equivalence")), base.data
    share = value_at(data, "share_of_class_1.all")
    if not {"shares_of_classes", "target"} & set(data) and not (isinstance(share, float) and 0 < share < 1):
        data = {"share_of_class_1": {"all": 0.5}}
    try:
        head = head_of_data(data)
        metrics = head.with_equivalence(fixed, data)
        return head, {name: metrics[name] for name in head.leading(head.minority(data))}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(f"{DATA}: received no figures of the target; make the results again") from None


def _numbers(content: object) -> dict[str, float]:
    values = content.items() if isinstance(content, dict) else ()
    return {key: value for key, value in values if type(value) in (int, float)}


def stale_stages(paths: Iterable[str], read: Reader, *, pipelines: Iterable[Reader] | None = None) -> list[str]:
    """The stages whose committed results are of other settings or code than those that stand beside them.

    By dvc.lock, which holds what each stage last ran with: its params and the MD5 of the files and folders that it
    depends on and of the files that it wrote. `pipelines` read the revisions whose dvc.yaml says which stages there
    are and what they depend on (this one): what stands in one of them and in this revision, but not in its dvc.lock,
    was not run. What is not in git, the prepared table, is passed over.
    """
    locked = _mapping(LOCK, read).get("stages")
    locked = locked if isinstance(locked, dict) else {}
    paths, expected = list(paths), {}
    for reader in pipelines or [read]:
        for name, stage in _stages(reader).items():
            expected.setdefault(name, []).append(stage)
    names = dict.fromkeys([*expected, *(name for name in locked if STAGE.fullmatch(str(name)))])
    digest = functools.cache(lambda path: _digest(path, paths, read))
    now = functools.cache(lambda path: _mapping(path, read))
    return [name for name in names if _is_stale(locked.get(name), expected.get(name, []), digest, now)]


def _stages(read: Reader) -> dict[str, tuple[list[str], list[str]]]:
    """Of each stage of a dvc.yaml that a comparison rests on, the files and the params that it depends on."""
    stages, known = _mapping(PIPELINE, read).get("stages"), {}
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        if STAGE.fullmatch(str(name)) and isinstance(stage, dict):
            params = []
            for entry in stage.get("params") or []:
                params += entry.get(PARAMS) or [] if isinstance(entry, dict) else [entry]
            texts = [[text for text in entry if isinstance(text, str)] for entry in (stage.get("deps") or [], params)]
            known[name] = (texts[0], texts[1])
    return known


def _is_stale(
    stage: Any, expected: list[tuple[list[str], list[str]]], digest: Callable[[str], str | None], now: Callable
) -> bool:
    if stage is None:
        return True
    try:
        params = {path: dict(values) for path, values in (stage.get("params") or {}).items()}
        files = {file["path"]: file.get("md5") for file in [*(stage.get("deps") or []), *(stage.get("outs") or [])]}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError(f"{LOCK}: received a stage that DVC would not write; run `dvc repro`") from None
    if len(files) > MOST_FILES:
        raise InputError(f"{LOCK}: received a stage of {len(files)} files; expected {MOST_FILES} at most")
    for path, values in params.items():
        if any(value_at(now(path), key) != value for key, value in values.items()):
            return True
    for deps, keys in expected:
        locked = params.get(PARAMS, {})
        if any(key not in locked and value_at(now(PARAMS), key) is not None for key in keys):
            return True
        if any(path not in files and digest(path) is not None for path in deps):
            return True
    return any(present is not None and present != md5 for path, md5 in files.items() for present in [digest(path)])


def _digest(path: str, paths: list[str], read: Reader) -> str | None:
    """The MD5 by which dvc.lock knows a file, or a folder of files; None where there is neither.

    That of a folder is the MD5 of a JSON list of its files, each with its own, by their paths.
    """
    content = read(path)
    if content is not None:
        return _md5(content)
    inside = sorted(name for name in paths if name.startswith(f"{path}/"))
    files = [{"md5": _md5(read(name) or b""), "relpath": name.removeprefix(f"{path}/")} for name in inside]
    return f"{_md5(json.dumps(files).encode())}.dir" if files else None


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
