"""dvc.yaml says what the stages really read: a module or a param left out would leave stale results behind."""

import ast
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
# These check params, end in a message or write files: they change no result, so they make nothing run again.
NO_RESULT_DEPENDS_ON = {"regularization/params.py", "regularization/errors.py", "stages/_common.py"}


def imported(file: str) -> set[str]:
    """The project's modules that `file` imports, anywhere in it, and those that they import."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {f"{name.replace('.', '/')}.py" for name in names}
    found = {name for name in found if (ROOT / name).exists()}
    return found.union(*(imported(name) for name in found))


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
    assert modules <= {script(stage)} | imported(script(stage))


def test_every_param_is_read_by_some_stage_and_is_there():
    tracked = [param for stage in STAGES.values() for param in stage.get("params", []) if isinstance(param, str)]
    for param in tracked:
        value = PARAMS
        for key in param.split("."):
            value = value[key]
    flat = {key for key in PARAMS if key not in ("data", "split", "replicate", "evidence")}
    flat |= {f"{group}.{key}" for group in ("data", "split", "replicate") for key in PARAMS[group]}
    assert {param for param in flat if param not in tracked and param.split(".")[0] not in tracked} == set()


def test_there_is_a_file_for_every_stage_and_a_stage_for_every_file():
    files = {f"stages/{path.name}" for path in (ROOT / "stages").glob("*.py") if path.name != "_common.py"}
    assert {script(stage) for stage in STAGES.values()} == files


def test_no_stage_imports_another_and_the_library_imports_none():
    for file in [*(ROOT / "stages").glob("*.py"), *(ROOT / "regularization").glob("*.py")]:
        behind = imported(str(Path(file).relative_to(ROOT)))
        assert {name for name in behind if name.startswith("stages/")} <= {"stages/_common.py"}
    assert not {
        name
        for file in (ROOT / "regularization").glob("*.py")
        for name in imported(f"regularization/{file.name}")
        if name.startswith("stages/")
    }
