"""A command that starts warm does what it does cold: else the tests that call it would show nothing."""

import os
import subprocess
import sys

import pytest

from tests.warm import warm_commands

pytestmark = pytest.mark.training

MODULE = """
import os, sys
print(__name__, sys.argv[1:], os.getcwd(), os.environ["ASKED"], sys.stdin.read())
print("said", file=sys.stderr)
"""


def ended(python, folder) -> subprocess.CompletedProcess:
    command, environment = [python, "-m", "said", "a", "b c"], os.environ | {"ASKED": "this"}
    return subprocess.run(
        command, cwd=folder, env=environment, input="typed", check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "sys.exit('sorry')", "1 / 0", "os.abort()"])
def test_arguments_folder_environment_input_output_and_end_are_those_of_the_command(tmp_path, end):
    (tmp_path / "said.py").write_text(MODULE + end, encoding="utf-8")
    warm, cold = (ended(python, tmp_path) for python in (warm_commands() / "python", sys.executable))
    assert warm.stdout == cold.stdout
    assert warm.stderr.splitlines()[-1:] == cold.stderr.splitlines()[-1:]
    assert warm.returncode == (1 if cold.returncode < 0 else cold.returncode)


def test_nothing_of_the_project_is_there_before_it_is_imported(tmp_path):
    code = "import sys; print({name.split('.')[0] for name in sys.modules} & {'regularization', 'stages', 'tests'})"
    (tmp_path / "said.py").write_text(code, encoding="utf-8")
    assert ended(warm_commands() / "python", tmp_path).stdout == "set()\n"


def test_what_is_no_module_is_done_by_python_itself():
    python = str(warm_commands() / "python")
    assert subprocess.check_output([python, "-c", "import sys; print('keras' in sys.modules)"], text=True) == "False\n"
