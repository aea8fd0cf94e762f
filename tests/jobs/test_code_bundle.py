"""What travels to a cluster: named by its content, complete, and refused where it would be computed otherwise."""

import io
import pickle
import subprocess
import sys
import zipfile

import cloudpickle
import numpy as np
import pytest

from regularization.jobs import code_bundle
from regularization.jobs.code_bundle import differences, make_plugin, make_task, make_version_check, pack
from regularization.jobs.work import Shard, Work

WORK = Work({"hidden_units": [3]}, 2, 8, ((np.zeros((2, 2), np.float32),),))


def test_the_zip_is_the_package_and_always_the_same_bytes():
    code = code_bundle.zip_package()
    assert code == code_bundle.zip_package()
    names = zipfile.ZipFile(io.BytesIO(code)).namelist()
    expected = {
        f"regularization/{path.relative_to(code_bundle.PACKAGE).as_posix()}"
        for path in code_bundle.PACKAGE.rglob("*.py")
    }
    assert set(names) == expected


def test_changed_code_or_work_has_another_name(monkeypatch, tmp_path):
    first = pack(WORK).digest
    assert pack(WORK).digest == first
    assert pack(WORK._replace(epochs=3)).digest != first
    (tmp_path / "regularization").mkdir()
    (tmp_path / "regularization" / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(code_bundle, "PACKAGE", tmp_path / "regularization")
    assert pack(WORK).digest != first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, [2]], [[1], 2]),
        ("1", 1),
        (None, "None"),
        (b"ab", [b"a", b"b"]),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros((1, 2)), np.zeros((2, 1))),
        (Shard(({"l1": 0.1},), (1,)), Shard(({"l1": 0.1},), (2,))),
    ],
)
def test_unlike_values_have_unlike_digests(one, other):
    assert code_bundle.digest_of(one) != code_bundle.digest_of(other)


def test_the_order_of_a_dictionary_does_not_matter():
    assert code_bundle.digest_of({"a": 1, "b": 2}) == code_bundle.digest_of({"b": 2, "a": 1})


def test_differences_name_what_is_unlike():
    assert differences({"python": "3.11.7", "keras": "3"}, {"python": "3.11.7", "keras": "3"}) == ""
    assert differences({"keras": "3", "A": ""}, {"keras": "2", "A": "x"}) == "keras 2 (here 3), A x (here nothing)"


def test_another_setting_of_rounding_is_refused(monkeypatch):
    expected = code_bundle.computing_environment()
    code_bundle.refuse_other_environment(expected)
    monkeypatch.setenv("XLA_FLAGS", "--other")
    with pytest.raises(RuntimeError, match="XLA_FLAGS --other"):
        code_bundle.refuse_other_environment(expected)


def test_plugin_and_task_can_be_read_where_the_package_is_not_installed(tmp_path):
    sent = [cloudpickle.dumps(each) for each in (make_plugin(pack(WORK)), make_task())]
    for number, content in enumerate(sent):
        (tmp_path / f"{number}.pickle").write_bytes(content)
    code = (
        "import pickle, sys\n"
        "for number in (0, 1): pickle.load(open(f'{number}.pickle', 'rb'))\n"
        "sys.exit('regularization' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_dask_sends_plugin_and_task_by_value():
    """Plain pickle must refuse them: what it takes, it sends by reference."""
    for each in (
        make_plugin(pack(WORK)),
        make_task(),
        make_version_check(),
    ):
        with pytest.raises((AttributeError, pickle.PicklingError)):
            pickle.dumps(each)
