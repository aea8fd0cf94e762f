"""A stage's params and code before and after it ran, and which code is in use. Not a stage.

DVC reads params.yaml and the code again when a stage has ended, and would record new ones beside results of the old.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from regularization.errors import InputError
from regularization.params.file import parse_values

PARAMS = Path("params.yaml")
CODE = ("stages", "regularization")
NO_RESULT_DEPENDS_ON = {  # they check, end in a message, carry code and names, or hold nothing but imports
    "regularization/__init__.py",
    "regularization/budget.py",
    "regularization/errors.py",
    "regularization/intake/__init__.py",
    "regularization/intake/addresses.py",
    "regularization/jobs/__init__.py",
    "regularization/jobs/code_bundle.py",
    "regularization/jobs/cost.py",
    "regularization/params/__init__.py",
    "regularization/params/allowed.py",
    "regularization/params/data.py",
    "regularization/params/errors.py",
    "regularization/params/file.py",
    "regularization/params/grid.py",
    "regularization/params/schema.py",
    "regularization/sweep/__init__.py",
    "regularization/sweep/grid.py",
    "stages/__init__.py",
    "stages/_ends.py",
    "stages/_guard.py",
}


def unless_changed(main: Callable[[], None]) -> None:
    """Call `main`, and raise `InputError` where params.yaml or the code in use changed meanwhile.

    A value that this stage does not use counts as well: that costs a run, and no result.
    """
    params, code = _content(PARAMS), _code()
    main()
    changed = _changed_params(params) or ", ".join(_changed_code(code))
    if changed:
        raise InputError(f"{changed} changed while this stage ran: nothing is recorded; `dvc repro` runs it again")


def code_in_use() -> dict[str, bytes]:
    """Return the loaded modules of this project that results depend on, by path, with their content."""
    loaded = _loaded()
    return {name: content for name, content in _code().items() if str(Path(name).absolute()) in loaded}


def _changed_params(before: bytes | None) -> str:
    """Return the keys of params.yaml whose values are not those of `before`; empty if none or no such file.

    Another layout is no change.
    """
    after = _content(PARAMS)
    if before == after:
        return ""
    try:
        old, new = (dict(parse_values((content or b"").decode())) for content in (before, after))
    except (InputError, TypeError, ValueError):
        return str(PARAMS)  # an editor may be half-way
    keys = sorted(key for key in old.keys() | new.keys() if repr(old.get(key)) != repr(new.get(key)))
    return f"{PARAMS} ({', '.join(keys)})" if keys else ""


def _code() -> dict[str, bytes]:
    """Return the content of the project's code, by path, less what no result depends on."""
    files = sorted(file for folder in CODE for file in Path(folder).rglob("*.py"))
    return {file.as_posix(): _content(file) or b"" for file in files if file.as_posix() not in NO_RESULT_DEPENDS_ON}


def _changed_code(before: dict[str, bytes]) -> list[str]:
    after, loaded = _code(), _loaded()
    return [name for name in before if before[name] != after.get(name) and str(Path(name).absolute()) in loaded]


def _loaded() -> set[str | None]:
    """Return the files of all modules that are loaded."""
    return {getattr(module, "__file__", None) for module in list(sys.modules.values())}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
