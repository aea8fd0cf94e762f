import pytest

from stages._files import atomic_file, atomic_folder, read_json, write_json


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
