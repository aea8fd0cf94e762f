import contextlib
import errno
import hashlib
import io
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from regularization.errors import InputError
from stages._files import (
    atomic_file,
    atomic_folder,
    read_arrays,
    read_csv,
    read_curve,
    read_json,
    write_arrays,
    write_json,
)
from tests.conftest import ROOT


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    file = tmp_path / "sub" / "model.keras"
    with pytest.raises(RuntimeError), atomic_file(file) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert list(file.parent.iterdir()) == []
    with atomic_file(file) as partial:
        assert partial.suffix == ".keras"
        partial.write_text("whole")
        assert not file.exists()
    assert [path.name for path in file.parent.iterdir()] == ["model.keras"]


def test_a_failure_leaves_the_earlier_file_as_it_was(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("earlier")
    with pytest.raises(RuntimeError), atomic_file(file) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert file.read_text() == "earlier"


def test_a_folder_appears_whole_and_replaces_the_earlier_one(tmp_path):
    folder = tmp_path / "curves"
    for name in ("first", "second"):
        with atomic_folder(folder) as partial:
            assert list(partial.iterdir()) == []
            (partial / name).write_text("")
    assert [path.name for path in folder.iterdir()] == ["second"]
    with pytest.raises(RuntimeError), atomic_folder(folder) as partial:
        raise RuntimeError
    assert [path.name for path in tmp_path.rglob("*")] == ["curves", "second"]


def test_what_a_killed_run_left_is_no_obstacle(tmp_path):
    (tmp_path / "curves.partial").mkdir()
    (tmp_path / "curves.partial" / "old").write_text("")
    with atomic_folder(tmp_path / "curves") as partial:
        assert list(partial.iterdir()) == []


def test_json_comes_back(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1})
    assert read_json(tmp_path / "a.json") == {"b": 1}


@pytest.fixture
def not_root(tmp_path, monkeypatch):
    """In a folder that anyone may write to, as someone whom permissions bind."""
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o777)
    user = os.geteuid()
    os.seteuid(user or 65534)
    yield
    os.seteuid(user)


def test_a_folder_whose_files_may_not_be_deleted_is_replaced_too(not_root):
    Path("curves").mkdir()
    Path("curves/first").touch()
    Path("curves").chmod(0o555)
    with atomic_folder("curves") as partial:
        (partial / "second").touch()
    assert sorted(map(str, Path().rglob("*"))) == ["curves", "curves/second"]


def test_a_folder_that_cannot_be_written_is_found_out_before_the_work(not_root):
    Path("plots").mkdir(mode=0o555)
    with pytest.raises(PermissionError) as raised, atomic_folder("plots/base"):
        pytest.fail("the work has begun")
    assert raised.value.filename == "plots/base.partial"


def test_a_folder_that_cannot_be_replaced_keeps_both_old_and_new_from_harm(tmp_path, monkeypatch):
    folder = tmp_path / "curves"
    folder.mkdir()
    (folder / "first").touch()
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, to: fail() if ".partial" in path.name else replace(path, to))
    with pytest.raises(PermissionError), atomic_folder(folder) as partial:
        (partial / "second").touch()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["curves", "first"]


def fail():
    raise PermissionError(13, "Permission denied")


def test_a_full_disk_names_the_file(tmp_path):
    for writer in (atomic_file, atomic_folder):
        with pytest.raises(OSError, match="No space left on device: .*x.csv") as raised, writer(tmp_path / "x.csv"):
            raise OSError(errno.ENOSPC, "No space left on device")
        assert raised.value.filename == str(tmp_path / "x.csv")


@pytest.mark.parametrize(("number", "words"), [(math.nan, "a.b.1"), (-math.inf, "a.b.1")])
def test_json_has_no_word_for_a_number_that_is_not_finite(tmp_path, number, words):
    with pytest.raises(InputError, match=f"{words} is not a finite number"):
        write_json(tmp_path / "a.json", {"a": {"b": [1.0, number]}})
    assert list(tmp_path.iterdir()) == []


GOOD = {
    "a.json": b'{"origin": "published"}\n',
    "a.csv": b"variant,test_accuracy\nbase,0.5\nl1l2,0.75\n",
    "loss.tsv": b"step\tloss\n0\t0.5\n1\t0.25\n",
}
READERS = {
    "a.json": lambda path: read_json(path, ["origin"]),
    "a.csv": lambda path: read_csv(path, ["variant", "test_accuracy"]),
    "loss.tsv": read_curve,
    "a.npz": lambda path: read_arrays(path, ["X"], ["y"]),
}


def good(name: str) -> bytes:
    if name in GOOD:
        return GOOD[name]
    content = io.BytesIO()
    np.savez(content, X=np.arange(30.0))
    return content.getvalue()


@pytest.mark.parametrize("name", READERS)
def test_a_whole_file_is_read(tmp_path, name):
    (tmp_path / name).write_bytes(good(name))
    assert len(READERS[name](tmp_path / name))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-3],
        lambda content: b"<" * 7 + b" ours\n" + content + b"=" * 7 + b"\n" + b">" * 7 + b" theirs\n",
        lambda content: bytes(range(256)),
        lambda content: (
            content.replace(b"origin", b"orijin").replace(b"loss", b"lost").replace(b"variant", b"x")
            if b"X.npy" not in content
            else b"no archive"
        ),
        lambda content: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    ],
    ids=["empty", "half", "cut", "conflict", "binary", "other names", "pointer"],
)
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_ends_in_a_line_that_names_it(tmp_path, name, damage):
    file = tmp_path / name
    file.write_bytes(damage(good(name)))
    with pytest.raises(InputError, match=f"{name}: damaged: .*; bring it back"):
        READERS[name](file)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"variant,test_accuracy\nbase,5\n"),
        ("a.csv", b"variant,test_accuracy\nbase,-0.1\n"),
        ("a.csv", b"variant,test_accuracy\nbase,high\n"),
        ("a.csv", b"variant,test_accuracy\nbase,0.5,0.5\nbase,1,2,3\n"),
        ("a.json", b"[1]\n"),
        ("a.json", b"[" * 100_000),
        ("loss.tsv", b"step\tloss\n0\tnan\n"),
        ("loss.tsv", b"step\tloss\n"),
    ],
)
def test_what_cannot_be_a_result_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: damaged: "):
        READERS[name](tmp_path / name)


def test_arrays_are_the_same_bytes_under_every_python(tmp_path):
    arrays = {"X": np.arange(6.0).reshape(2, 3), "y": np.array([0, 1], np.int8)}
    write_arrays(tmp_path / "a.npz", arrays)
    # What was written under 3.11.2; `np.savez` gives other bytes there than under 3.11.7.
    assert (
        hashlib.sha256((tmp_path / "a.npz").read_bytes()).hexdigest()
        == "58ce143160a75ab8b9d3c84eb02a0e849369d5eb84ab6ed9856787065c87526b"
    )
    read = read_arrays(tmp_path / "a.npz", ["X", "y"])
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype


def test_arrays_of_other_names_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", X=[1], z=[2])
    with pytest.raises(InputError, match="no use for an array 'z'"):
        read_arrays(tmp_path / "a.npz", ["X"], ["y"])
    np.savez(tmp_path / "a.npz", X=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="damaged"):
        read_arrays(tmp_path / "a.npz", ["X"])


@pytest.mark.parametrize("name", READERS)
def test_every_cut_and_every_changed_byte_is_read_or_ends_in_a_line(tmp_path, name):
    content, file = good(name), tmp_path / name
    damaged = [content[:length] for length in range(0, len(content), 7)]
    damaged += [content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :] for at in range(0, len(content), 5)]
    for piece in damaged:
        file.write_bytes(piece)
        with contextlib.suppress(InputError):
            READERS[name](file)


def test_on_a_full_disk_nothing_half_remains_and_the_file_is_named(tmp_path):
    """A file system of 64 kB, where the machine lets one be made."""
    if shutil.which("unshare") is None or sys.platform != "linux":
        pytest.skip("no unshare here")
    code = (
        "import sys; import numpy as np; from stages._files import atomic_file, atomic_folder;"
        "from stages._ends import run_tool\n"
        "def main():\n"
        "    with atomic_folder('small/prepared') as folder: np.savez(folder / 'a.npz', X=np.zeros(10**5))\n"
        "run_tool(main)"
    )
    command = f'mount -t tmpfs -o size=64k none small && {sys.executable} -c "$0"; echo $?; ls -A small'
    (tmp_path / "small").mkdir()
    ended = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", command, code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare:" in ended.stderr or "mount:" in ended.stderr:
        pytest.skip(f"no file system may be made here: {ended.stderr.strip()}")
    assert ended.stderr.startswith("error: No space left on device: small/prepared")
    assert ended.stdout.split() == ["1"]
