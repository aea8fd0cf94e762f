import contextlib
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from regularization.errors import InputError
from stages._ends import as_lines, quiet_import, run_stage, run_tool
from tests.conftest import ROOT


def raises(error: Exception):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("one\ntwo"), "error: one\nerror: two"),
        (FileNotFoundError(2, "No such file or directory", "data/raw"), "error: No such file or directory: data/raw"),
        (KeyboardInterrupt(), "interrupted; nothing is recorded: run it again"),
    ],
)
def test_an_error_for_people_ends_the_stage_in_its_text(error, message):
    with pytest.raises(SystemExit) as raised:
        run_stage(raises(error))
    assert raised.value.code == message


def test_too_little_memory_is_a_line():
    with pytest.raises(SystemExit) as raised:
        run_stage(raises(MemoryError()))
    assert raised.value.code.startswith("error: not enough memory; take fewer")


def test_a_message_is_cut_to_what_can_be_read_and_holds_no_control_character():
    text = as_lines("\n".join(["a" * 10**6 + "\x1b[31m; mend it", *["again"] * 100]))
    lines = text.splitlines()
    assert lines[0].startswith("error: aaa")
    assert lines[0].endswith("aaa\\x1b[31m; mend it")
    assert len(lines[0]) < 600
    assert lines[-1] == "error: and 81 more of this kind"


def swallow(error: type[BaseException]):
    def main():
        with contextlib.suppress(error):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)

    return main


def test_an_interrupt_that_a_library_swallows_still_counts():
    with pytest.raises(SystemExit, match="interrupted"):
        run_stage(swallow(KeyboardInterrupt))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def changing(text: str):
    def main():
        Path("params.yaml").write_text(text, encoding="utf-8")

    return main


def test_params_that_change_while_a_stage_runs_make_it_fail(stage_folder, params):
    stage_folder(params)
    before = Path("params.yaml").read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as raised:
        run_stage(changing(before.replace("dropout: 0.2\n", "dropout: 0.5\n", 1)))
    assert raised.value.code == (
        "error: params.yaml (dropout) changed while this stage ran: nothing is recorded; `dvc repro` runs it again"
    )


@pytest.mark.parametrize("text", ["a: [1", "", "- 1", "\x00"])
def test_params_that_an_editor_has_half_written_make_it_fail(stage_folder, text):
    with pytest.raises(SystemExit, match="params.yaml.* changed while this stage ran"):
        run_stage(changing(text))


def test_params_that_disappear_make_it_fail(stage_folder):
    with pytest.raises(SystemExit, match="params.yaml.* changed while this stage ran"):
        run_stage(Path("params.yaml").unlink)


def test_another_layout_of_params_is_no_change(stage_folder):
    before = Path("params.yaml").read_text(encoding="utf-8")
    run_stage(changing(f"# a comment\n{before}"))


def test_code_that_changes_while_a_stage_runs_makes_it_fail(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("stages/_made_up.py", "regularization/_not_loaded.py"):
        Path(file).parent.mkdir()
        Path(file).write_text("", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "made_up", types.SimpleNamespace(__file__=str(tmp_path / "stages/_made_up.py")))
    run_stage(lambda: Path("regularization/_not_loaded.py").write_text("x = 1", encoding="utf-8"))
    with pytest.raises(SystemExit, match="error: stages/_made_up.py changed while this stage ran"):
        run_stage(lambda: Path("stages/_made_up.py").write_text("x = 1", encoding="utf-8"))


def test_a_tool_may_change_params(stage_folder):
    run_tool(changing("dropout: 0.5\n"))


def python(code: str, shell: str = '"$0" -c "$1"') -> subprocess.CompletedProcess:
    return subprocess.run(
        ["sh", "-c", shell, sys.executable, code], check=False, capture_output=True, text=True, cwd=ROOT
    )


def test_with_stderr_closed_no_file_takes_its_place(tmp_path):
    """A file would get its number, and with it whatever libraries have to say there."""
    code = f"import stages, sys; print('lost', file=sys.stderr); print('x', file=open('{tmp_path}/x', 'w'))"
    assert python(code, '"$0" -c "$1" 0>&- 1>&- 2>&-').returncode == 0
    assert (tmp_path / "x").read_text(encoding="utf-8") == "x\n"


def test_ctrl_c_while_libraries_load_is_a_line():
    ended = python("import stages, os, signal; os.kill(os.getpid(), signal.SIGINT); import pandas")
    assert ended.stderr == "interrupted; nothing is recorded: run it again\n"
    assert ended.returncode != 0


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_stage(raises(ZeroDivisionError()))


def test_importing_quietly_hides_stderr_and_gives_it_back(capfd):
    with quiet_import():
        os.write(2, b"noise")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


@pytest.mark.training
def test_tensorflow_is_imported_where_networks_are_trained_alone():
    modules = "stages.check_params, stages.download, stages.prepare, stages.report"
    assert python(f"import {modules}, sys; sys.exit('tensorflow' in sys.modules)").returncode == 0
