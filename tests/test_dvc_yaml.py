"""dvc.yaml says what the stages really read: a module or a param left out would leave stale results behind."""

import ast
import functools
from collections.abc import Collection

import pytest
import yaml

from regularization.variants import HEADLINE_MODELS, SHARED_SETTINGS, TRAINING_SETTINGS
from stages import _common
from tests.conftest import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
# These check params or end in a message: they change no result, so they make nothing run again. The settings of a
# variant and the metrics stand in modules that do.
SHARED_BY_STAGES = {
    "stages/__init__.py",
    "stages/_common.py",
    "stages/_engine.py",
    "stages/_files.py",
    "stages/_kept.py",
}
NO_RESULT_DEPENDS_ON = _common.NO_RESULT_DEPENDS_ON


def imported(
    file: str, seen: frozenset = frozenset(), *, unfollowed: Collection[str] = NO_RESULT_DEPENDS_ON
) -> set[str]:
    """The project's modules that run when `file` does: what it imports anywhere in it, and what those import.

    Those `unfollowed`, on which no result depends, are named and no more: a setting that the params' schema knows of is
    no result of the stage that reads the params.
    """
    found = named_in(file) - seen - {file}
    follow = sorted(found - set(unfollowed))
    return found.union(*(imported(name, seen | found | {file}, unfollowed=unfollowed) for name in follow))


@functools.cache
def named_in(file: str) -> frozenset[str]:
    """The project's modules that the file itself imports anywhere in it."""
    names = []
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.Constant) and str(node.value).startswith("regularization."):
            names.append(node.value)  # imported by its name, as a work's `trainer` is
    return frozenset(path for name in names for path in files_of(name))


def files_of(module: str) -> set[str]:
    """What Python runs to import `module`: its file, and the `__init__.py` of every package that it stands in."""
    parts = module.split(".")
    packages = {"/".join([*parts[:number], "__init__.py"]) for number in range(1, len(parts) + 1)}
    return {path for path in packages | {f"{'/'.join(parts)}.py"} if (ROOT / path).exists()}


def script(stage: dict) -> str:
    return f"{stage['cmd'].split()[2].replace('.', '/')}.py"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_its_script_and_every_module_behind_it(name):
    stage = STAGES[name]
    needed = {script(stage)} | imported(script(stage)) - NO_RESULT_DEPENDS_ON
    assert needed <= set(stage["deps"])


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_no_module_that_it_does_not_import(name):
    stage = STAGES[name]
    modules = {dependency for dependency in stage["deps"] if dependency.endswith(".py")}
    assert modules <= {script(stage)} | imported(script(stage), unfollowed=())


def tracked_params(stage: dict) -> set[str]:
    """By whatever way of writing: `key`, `params.yaml: [key, ...]`, or a dependency `${key}`."""
    entries = [{"params.yaml": [entry]} if isinstance(entry, str) else entry for entry in stage.get("params", [])]
    in_deps = {dependency[2:-1] for dependency in stage["deps"] if dependency.startswith("${")}
    return in_deps | {key for entry in entries for keys in entry.values() for key in keys or []}


@pytest.mark.parametrize("name", HEADLINE_MODELS)
def test_a_headline_model_tracks_the_settings_that_make_it_and_no_other_ones(name):
    settings = {key for keys in HEADLINE_MODELS.values() for key in keys}
    for stage in (f"train_{name}", f"replicate_{name}"):
        assert tracked_params(STAGES[stage]) & settings == set(HEADLINE_MODELS[name])
        assert tracked_params(STAGES[stage]) >= {*SHARED_SETTINGS, *TRAINING_SETTINGS}


def test_no_dependency_is_a_folder_of_code():
    """DVC would take the interpreter's own files in it, `__pycache__`, for changes."""
    folders = [dependency for stage in STAGES.values() for dependency in stage["deps"] if (ROOT / dependency).is_dir()]
    assert not [folder for folder in folders if list((ROOT / folder).rglob("*.py"))]


def test_every_param_is_read_by_some_stage_and_is_there():
    tracked = {param for stage in STAGES.values() for param in tracked_params(stage)}
    for param in tracked:
        value = PARAMS
        for key in param.split("."):
            value = value[key]
    flat = {key for key in PARAMS if key not in ("data", "split", "replicate", "sweep", "evidence")}
    flat |= {f"{group}.{key}" for group in ("data", "split", "replicate") for key in PARAMS[group]}
    assert {param for param in flat if param not in tracked and param.split(".")[0] not in tracked} == set()


def test_there_is_a_file_for_every_stage_and_a_stage_for_every_file():
    files = {f"stages/{path.name}" for path in (ROOT / "stages").glob("*.py") if not path.name.startswith("_")}
    assert {script(stage) for stage in STAGES.values()} == files


def test_no_stage_imports_another_and_the_library_imports_none():
    for file in (ROOT / "stages").glob("*.py"):
        behind = imported(str(file.relative_to(ROOT)))
        assert {name for name in behind if name.startswith("stages/")} <= SHARED_BY_STAGES
    for file in (ROOT / "regularization").rglob("*.py"):
        behind = imported(str(file.relative_to(ROOT)))
        assert {name.split("/")[0] for name in behind} <= {"regularization"}
