"""Kept results: what was saved is given back, and nothing else."""

import os
import shutil
from typing import NamedTuple

import numpy as np
import pytest

from stages import _kept
from stages._kept import kept_results


class Result(NamedTuple):
    weights: np.ndarray
    names: np.ndarray


RESULT = Result(np.arange(6.0).reshape(2, 3), np.array([(1, 0.5)], dtype=[("n", "<i8"), ("score", "<f8")]))


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    store = kept_results(Result, {"epochs": 5})
    store.save(RESULT, {"l1": 0.1}, (1, 2))
    return store


def files(store) -> list:
    return sorted(store.folder.glob("*.npz"))


def test_what_was_saved_comes_back(kept):
    found = kept.load({"l1": 0.1}, (1, 2))
    assert isinstance(found, Result)
    np.testing.assert_array_equal(found.weights, RESULT.weights)
    assert found.names.dtype == RESULT.names.dtype
    assert len(files(kept)) == 1


def test_another_key_or_another_work_has_nothing(kept):
    assert kept.load({"l1": 0.2}, (1, 2)) is None
    assert kept.load({"l1": 0.1}, (1, 3)) is None
    assert kept_results(Result, {"epochs": 6}).load({"l1": 0.1}, (1, 2)) is None


@pytest.mark.parametrize("damage", ["empty", "cut", "zeroed", "text", "flipped"])
def test_a_damaged_file_is_not_taken(kept, damage):
    (path,) = files(kept)
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "empty": b"",
            "cut": content[:middle],
            "zeroed": bytes(len(content)),
            "text": b"not an archive",
            "flipped": content[:200] + bytes([content[200] ^ 1]) + content[201:],
        }[damage]
    )
    assert kept.load({"l1": 0.1}, (1, 2)) is None


def test_a_file_that_was_copied_or_swapped_is_not_taken(kept):
    kept.save(RESULT._replace(weights=-RESULT.weights), {"l1": 0.2}, (1, 2))
    first, second = files(kept)
    shutil.copy(first, second)
    found = [kept.load({"l1": l1}, (1, 2)) for l1 in (0.1, 0.2)]
    assert sum(each is None for each in found) == 1


def test_two_writers_do_not_collide(kept, monkeypatch):
    names = []
    monkeypatch.setattr(_kept, "write_arrays", lambda path, arrays: names.append(path) or np.savez(path, **arrays))
    for process in (1, 2):
        monkeypatch.setattr(os, "getpid", lambda process=process: process)
        kept.save(RESULT, {"l1": 0.1}, (1, 2))
    assert len(set(names)) == 2
    assert len(files(kept)) == 1


def test_the_folder_has_a_limit_and_the_oldest_go_first(kept, monkeypatch):
    for number in range(4):
        kept.save(RESULT, {"l1": number}, (1, 2))
    for age, path in enumerate(files(kept)):
        os.utime(path, (1000 - age, 1000 - age))
    newest = files(kept)[:2]
    monkeypatch.setattr(_kept, "KEPT_BYTES", 2 * newest[0].stat().st_size)
    kept_results(Result)
    assert files(kept) == newest


def test_changed_code_has_nothing(kept, monkeypatch):
    monkeypatch.setattr(_kept, "code_in_use", lambda: {"regularization/population/program.py": b"other"})
    assert kept_results(Result, {"epochs": 5}).load({"l1": 0.1}, (1, 2)) is None
