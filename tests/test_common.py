import os
import subprocess
import sys

import pytest

from regularization.errors import InputError
from stages._common import quiet_import, read_json, run_stage, whole_file, whole_folder, write_json


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    file = tmp_path / "sub" / "model.keras"
    with pytest.raises(RuntimeError), whole_file(file) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert list(file.parent.iterdir()) == []
    with whole_file(file) as partial:
        assert partial.suffix == ".keras"
        partial.write_text("whole")
        assert not file.exists()
    assert [path.name for path in file.parent.iterdir()] == ["model.keras"]


def test_a_failure_leaves_the_earlier_file_as_it_was(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("earlier")
    with pytest.raises(RuntimeError), whole_file(file) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert file.read_text() == "earlier"


def test_a_folder_appears_whole_and_replaces_the_earlier_one(tmp_path):
    folder = tmp_path / "curves"
    for name in ("first", "second"):
        with whole_folder(folder) as partial:
            assert list(partial.iterdir()) == []
            (partial / name).write_text("")
    assert [path.name for path in folder.iterdir()] == ["second"]
    with pytest.raises(RuntimeError), whole_folder(folder) as partial:
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["curves", "second"]


def test_what_a_killed_run_left_is_no_obstacle(tmp_path):
    (tmp_path / "curves.partial").mkdir()
    (tmp_path / "curves.partial" / "old").write_text("")
    with whole_folder(tmp_path / "curves") as partial:
        assert list(partial.iterdir()) == []


def test_json_comes_back(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1})
    assert read_json(tmp_path / "a.json") == {"b": 1}


def raises(error: Exception):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("one\ntwo"), "error: one\nerror: two"),
        (FileNotFoundError(2, "No such file or directory", "data/raw"), "error: No such file or directory: data/raw"),
        (KeyboardInterrupt(), "interrupted; nothing was written"),
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


@pytest.mark.parametrize("module", ["stages.check_params", "stages.download", "stages.prepare", "stages.report"])
def test_tensorflow_is_imported_where_networks_are_trained_alone(module):
    code = f"import {module}, sys; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
