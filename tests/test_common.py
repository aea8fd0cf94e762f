import os
import subprocess
import sys

import pytest

from regularization.errors import InputError
from stages._common import quiet_import, run_stage


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


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_stage(raises(ZeroDivisionError()))


def test_importing_quietly_hides_stderr_and_gives_it_back(capfd):
    with quiet_import():
        os.write(2, b"noise")
    os.write(2, b"news")
    assert capfd.readouterr().err == "news"


@pytest.mark.parametrize("module", ["stages.check_params", "stages.download", "stages.prepare", "stages.charts"])
def test_tensorflow_is_imported_where_networks_are_trained_alone(module):
    code = f"import {module}, sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
