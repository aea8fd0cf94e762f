"""How params.yaml is read: as DVC reads it, so that what a stage takes is what dvc.lock says that it took.

DVC reads YAML 1.2 with ruamel.yaml: `0012` is 12, `1:30` and `yes` are texts, a key that stands twice is an error.
"""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from regularization.errors import InputError


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
