"""dvc.yaml says what the stages really read: a module or a param left out would leave stale results behind."""

import ast
import functools
import re
import subprocess
from collections.abc import Collection

import pytest
import yaml

from regularization.heads.metrics import OF_BINARY
from regularization.params.schema import Variant
from regularization.variants import (
    BASELINE,
    SHARED_SETTINGS,
    TECHNIQUES,
    TRAINING_SETTINGS,
    VARIATIONS,
)
from stages._guard import NO_RESULT_DEPENDS_ON
from tests.conftest import ROOT, committed
from tests.repositories import run

DVC = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = DVC["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
HEADLINE = PARAMS["headline"]


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
    missing = sorted(file for file in needed if not covers(stage["deps"], file))
    assert not missing, f"dvc.yaml: {name} lacks {missing} among its deps"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_no_code_that_it_does_not_import(name):
    stage = STAGES[name]
    modules = {script(stage)} | imported(script(stage), unfollowed=())
    code = [each for each in stage["deps"] if each.startswith(("stages/", "regularization/"))]
    assert not [each for each in code if not any(covers([each], file) for file in modules)]


def covers(dependencies: Collection[str], file: str) -> bool:
    return any(file == each or file.startswith(f"{each}/") for each in dependencies)


def tracked_params(stage: dict) -> set[str]:
    """By whatever way of writing: `key`, `params.yaml: [key, ...]`, or a dependency `${key}`."""
    entries = [{"params.yaml": [entry]} if isinstance(entry, str) else entry for entry in stage.get("params", [])]
    in_deps = {dependency[2:-1] for dependency in stage["deps"] if dependency.startswith("${")}
    return in_deps | {key for entry in entries for key in entry.get("params.yaml") or []}


# --- three promises of CONTRIBUTING.md


@pytest.mark.parametrize("name", HEADLINE)
def test_a_headline_model_has_its_stages_and_files_in_dvc_yaml(name):
    settings, splits = (
        {key for keys in HEADLINE.values() for key in keys},
        "splits" if name == BASELINE else "headline_splits",
    )
    for kind in ("train", "replicate"):
        assert f"{kind}_{name}" in STAGES, f"dvc.yaml: no stage {kind}_{name} for the headline model of params.yaml"
        tracked = tracked_params(STAGES[f"{kind}_{name}"])
        assert tracked & settings == set(HEADLINE[name]), f"dvc.yaml: {kind}_{name} has other params than params.yaml"
        assert tracked >= {*SHARED_SETTINGS, *TRAINING_SETTINGS, f"headline.{name}"}
    assert f"replicate.{splits}" in tracked
    files = {f"metrics/{name}.json", f"plots/{name}"}
    assert files <= set(STAGES["report"]["deps"]), f"dvc.yaml: the report lacks one of {sorted(files)} among its deps"
    assert DVC["artifacts"][name]["path"] == f"models/{name}.keras", f"dvc.yaml: no artifact {name}"
    drawn = {path for chart in DVC["plots"] for its in chart.values() for path in its["y"]}
    assert f"plots/curves/{name}.csv" in drawn, f"dvc.yaml: the curves of {name} are in no chart under `plots`"
    assert f"plots/{name}/eval/loss.tsv" in drawn, f"dvc.yaml: the curves of {name} are in no chart under `plots`"


def test_every_headline_model_of_dvc_yaml_is_in_params_yaml():
    trained = {name.removeprefix("train_") for name in STAGES if name.startswith("train_")}
    assert trained == set(HEADLINE), "params.yaml: headline has other models than dvc.yaml has stages"
    assert {f"replicate_{name}" for name in (*HEADLINE, VARIATIONS)} <= set(STAGES)


def test_adding_a_headline_model_makes_no_other_model_run():
    """Each of their stages tracks its own entry under `headline`, and no file that names the others."""
    for name in HEADLINE:
        for kind in ("train", "replicate"):
            tracked = {param for param in tracked_params(STAGES[f"{kind}_{name}"]) if param.startswith("headline")}
            assert tracked == {f"headline.{name}"}
    assert not [param for param in tracked_params(STAGES["replicate_variations"]) if param.startswith("headline")]


def test_a_metric_has_its_region_of_equivalence_in_params_yaml():
    missing = set(OF_BINARY) ^ set(PARAMS["evidence"]["equivalence"])
    assert not missing, f"params.yaml: evidence.equivalence and metrics.py differ in {sorted(missing)}"


def test_a_technique_is_in_the_schema_the_examples_and_the_docs():
    """And in `build_model`: of its own arguments, those that are no technique are named here."""
    page = (ROOT / "docs" / "techniques.md").read_text(encoding="utf-8")
    used = {key for settings in TECHNIQUES.values() for key in settings} | {
        "patience",
        "ema_steps",
    }  # becomes ema_momentum
    missing = set(Variant.model_fields) - used
    assert not missing, f"regularization/variants.py: TECHNIQUES has no example with {sorted(missing)}"
    unexplained = [key for key in Variant.model_fields if f"`{key}" not in page]
    assert not unexplained, f"docs/techniques.md: nothing about {unexplained}"
    models = ast.parse((ROOT / "regularization" / "networks" / "models.py").read_text(encoding="utf-8"))
    (build,) = (each for each in models.body if isinstance(each, ast.FunctionDef) and each.name == "build_model")
    arguments = {argument.arg for argument in build.args.kwonlyargs}
    assert set(Variant.model_fields) - {"patience", "ema_steps"} <= arguments, (
        "regularization/networks/models.py: build_model lacks it"
    )


# --- no orphans


def outputs() -> set[str]:
    entries = [
        each for stage in STAGES.values() for kind in ("outs", "metrics", "plots") for each in stage.get(kind, [])
    ]
    return {each if isinstance(each, str) else next(iter(each)) for each in entries}


def tracked_files(*folders: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", *folders], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("no git repository with a commit")
    return listed.stdout.splitlines()


def test_every_stage_of_the_lock_is_in_dvc_yaml():
    assert set(yaml.safe_load(committed("dvc.lock"))["stages"]) == set(STAGES)


def test_every_tracked_result_is_the_output_of_a_stage():
    results = [path for path in tracked_files("metrics", "plots") if not path.endswith(".gitignore")]
    assert results
    assert not [path for path in results if not covers(outputs(), path)]


def test_make_clean_deletes_nothing_that_git_tracks(tmp_path):
    """In a clone: what is deleted would show as a change."""
    for command in (["git", "clone", "--quiet", str(ROOT), str(tmp_path)], ["make", "--silent", "clean"]):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    changed = subprocess.check_output(["git", "status", "--porcelain"], cwd=tmp_path, text=True)
    assert changed == ""


def test_dvc_yaml_and_its_lock_stay_short():
    assert len(committed("dvc.yaml").splitlines()) <= 400
    assert len(committed("dvc.lock").splitlines()) <= 1800


def test_every_param_is_read_by_some_stage_and_is_there():
    tracked = {param for stage in STAGES.values() for param in tracked_params(stage)}
    for param in tracked:
        value = PARAMS
        for key in param.split("."):
            value = value[key]
    flat = {key for key in PARAMS if key not in ("data", "split", "headline", "replicate", "sweep", "evidence")}
    flat |= {f"{group}.{key}" for group in ("data", "split", "replicate") for key in PARAMS[group]}
    drawn = {"data.curves", "plan"}  # by dvc.yaml itself, under `plots`; by `make plan`
    assert {param for param in flat - drawn if param not in tracked and param.split(".")[0] not in tracked} == set()
    assert "${data.curves.loss}" in committed("dvc.yaml")


def test_there_is_a_file_for_every_stage_and_a_stage_for_every_file():
    files = {f"stages/{path.name}" for path in (ROOT / "stages").glob("*.py") if not path.name.startswith("_")}
    assert {script(stage) for stage in STAGES.values()} == files


def test_no_stage_imports_another_and_the_library_imports_none():
    for file in (ROOT / "stages").glob("*.py"):
        behind = imported(str(file.relative_to(ROOT)))
        stages = {name for name in behind if name.startswith("stages/")}
        assert not [name for name in stages if not name.startswith("stages/_")]
    for file in (ROOT / "regularization").rglob("*.py"):
        behind = imported(str(file.relative_to(ROOT)))
        assert {name.split("/")[0] for name in behind} <= {"regularization"}


@pytest.mark.training
def test_a_clone_that_wants_other_ends_of_lines_has_the_same_bytes(tmp_path):
    """Git on Windows does; each stage would count as changed."""
    if not (ROOT / ".git").exists():
        pytest.skip("expected a git repository")
    run("git", "clone", "--quiet", "-c", "core.autocrlf=true", str(ROOT), "clone", cwd=tmp_path)
    for name in ("dvc.yaml", "stages/train.py", "metrics/data.json", "requirements.txt"):
        assert b"\r" not in (tmp_path / "clone" / name).read_bytes()


@pytest.mark.parametrize(("version", "status"), [((3, 10), 1), ((3, 11), 0), ((3, 13), 0), ((3, 14), 1)])
def test_a_python_without_the_packages_is_one_line_before_they_are_fetched(version, status):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (check,) = re.findall(r"@\$\(PYTHON\) -c '(import sys; .*?)'\n", makefile, re.DOTALL)
    with pytest.raises(SystemExit) as raised, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.version_info", (*version, 0, "final", 0))
        exec(check)
    assert bool(raised.value.code) == bool(status)
