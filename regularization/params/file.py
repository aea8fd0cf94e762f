"""How params.yaml is read and written: as DVC does, so that what a stage takes is what dvc.lock says that it took.

DVC reads YAML 1.2 with ruamel.yaml: `0012` is 12, `1:30` and `yes` are texts, a key that stands twice is an error.
"""

import io
import re
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from regularization.errors import InputError

CURVES = ["loss", "score"]  # the keys of `data.curves`
AFTER_DATA = "\nplan:"  # where params.yaml goes on after its `data` group
CHANGED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")  # what YAML takes for the end of a line, or rewrites
PLAIN = re.compile(r"[A-Za-z0-9_./-]+( [A-Za-z0-9_./()%-]+)*")  # a text that YAML takes as it stands


def read_values(path: str | Path) -> object:
    """What the YAML file at `path` holds, unchecked. Raises `InputError`, in one line, where it is not readable."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; run this in the folder that holds it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not readable as UTF-8 text: byte {error.start + 1} is {error.reason}") from None
    return parse_values(text, name=str(path))


def parse_values(text: str, *, name: str = "params.yaml") -> object:
    """What the YAML `text` holds, unchecked. Raises `InputError`, whose line begins with `name`.

    A crafted text makes ruamel.yaml raise nearly anything: a ValueError for an impossible date, a RecursionError for
    deep nesting. All of them mean the same.
    """
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        raise InputError(f"{name}: not readable as YAML: {_marked(error)}") from None
    except Exception as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else _one_line(str(error))
        raise InputError(f"{name}: not readable as YAML: {reason}; mend that value") from None


def _marked(error: MarkedYAMLError) -> str:
    """The problem and its place. No line of the file, and no value of a key that stands twice: it may be a secret."""
    problem = _one_line(str(error.problem or error.context).split(" with value ")[0])
    mark = error.problem_mark or error.context_mark
    return f"{problem} in line {mark.line + 1}; mend it there" if mark else problem


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def with_data(text: str, values: dict) -> str:
    """The text of params.yaml with other values in its `data` group, as DVC would write it; all other groups stay.

    Of the comments, those within the old columns go with them.
    """
    yaml, changed = YAML(), io.StringIO()
    content = yaml.load(text)
    for key, value in values.items():
        content["data"][key] = _written(value)
    yaml.dump(content, changed)
    head, after, rest = changed.getvalue().partition(AFTER_DATA)
    return f"{head.rstrip()}\n{after}{rest}"  # the blank line belonged to the old columns


def with_values(text: str, values: dict) -> str:
    """The text of params.yaml with other values, by their keys with dots, as DVC would write it."""
    yaml, changed = YAML(), io.StringIO()
    content = yaml.load(text)
    for key, value in values.items():
        *groups, name = key.split(".")
        group = content
        for part in groups:
            group = group[part]
        group[name] = _in_braces(value) if isinstance(value, dict) else value
    yaml.dump(content, changed)
    return changed.getvalue()


def _written(value: object) -> object:
    """As YAML writes it so that every reader reads the same: a text of more than plain characters in double quotes."""
    if isinstance(value, dict) and list(value) == CURVES:
        return _in_braces(value)
    if isinstance(value, dict):
        return CommentedMap({_written(key): _range(part) for key, part in value.items()})
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, str) and CHANGED.search(value):
        raise InputError(f"FILE: received the name {value!r}, which params.yaml cannot keep; rename it in the file")
    return DoubleQuotedScalarString(value) if isinstance(value, str) and not PLAIN.fullmatch(value) else value


def _range(limits: object) -> object:
    if limits is None:
        return None
    return _in_braces(dict(zip(("min", "max"), limits, strict=True)))


def _in_braces(values: dict) -> CommentedMap:
    within = CommentedMap({key: _in_line(item) if isinstance(item, list) else item for key, item in values.items()})
    within.fa.set_flow_style()
    return within


def _in_line(values: list) -> CommentedSeq:
    within = CommentedSeq(values)
    within.fa.set_flow_style()
    return within
