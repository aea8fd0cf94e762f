import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from regularization.errors import InputError
from stages import prepare
from stages._files import TABLE
from tests.conftest import CSV_NAME, ROOT
from tests.warm import warm_commands

pytestmark = pytest.mark.training


@pytest.fixture
def raw(stage_folder):
    """Write a table, or text, as the download leaves it."""

    def write(table, *, delimiter: str = ";", origin: str = "standin") -> None:
        text = table if isinstance(table, str) else table.to_csv(sep=delimiter, index=False)
        folder = Path("data/raw")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TABLE).write_text(text, encoding="utf-8")
        sha256 = hashlib.sha256((folder / TABLE).read_bytes()).hexdigest()
        source = {"origin": origin, "file": CSV_NAME, "sha256": sha256}
        (folder / "source.json").write_text(json.dumps(source), encoding="utf-8")

    return write


def test_arrays_scaler_and_figures(raw, wine_table):
    raw(wine_table)
    prepare.main()
    with np.load("data/prepared/arrays.npz") as file:
        arrays = dict(file)
    assert {name: part.shape for name, part in arrays.items()} == {
        "X_train": (38, 11),
        "y_train": (38,),
        "X_val": (10, 11),
        "y_val": (10,),
        "X_test": (12, 11),
        "y_test": (12,),
    }
    np.testing.assert_allclose(arrays["X_train"].mean(axis=0), 0, atol=1e-9)
    figures = json.loads(Path("metrics/data.json").read_text(encoding="utf-8"))
    assert figures["duplicate_rows"] == 10
    assert figures["origin"] == "standin"


def test_keeping_duplicates_together_leaks_none(raw, wine_table, stage_folder, params):
    params["split"]["keep_duplicates_together"] = True
    stage_folder(params)
    raw(wine_table)
    prepare.main()
    assert json.loads(Path("metrics/data.json").read_text(encoding="utf-8"))["test_rows_also_in_training"] == 0


def test_the_same_table_gives_the_same_bytes(raw, wine_table):
    raw(wine_table)
    found = []
    for _ in range(2):
        prepare.main()
        found.append({path: path.read_bytes() for path in Path("data/prepared").iterdir()})
    assert found[0] == found[1]


def test_a_table_of_ones_own_needs_other_data_values_alone(raw, stage_folder, params):
    params["data"] |= {
        "delimiter": ",",
        "columns": {"height": {"min": 0, "max": 3}, "weight": {"min": 0, "max": 200}, "tall": {"min": 0, "max": 1}},
        "target": "tall",
        "threshold": 1,
    }
    stage_folder(params)
    lines = [f"{1 + i / 50},{60 + i},{i % 2}" for i in range(40)]
    raw("\n".join(["height,weight,tall", *lines]))
    prepare.main()
    with np.load("data/prepared/arrays.npz") as file:
        assert file["X_train"].shape[1] == 2


def test_texts_missing_values_and_labels(raw, stage_folder, params, capsys):
    params["data"] |= {
        "delimiter": ",",
        "columns": None,
        "ignore": ["name"],
        "target": "bought",
        "threshold": None,
        "positive": "yes",
    }
    stage_folder(params)
    jobs, marks = ("nurse", "cook", "pilot"), ("", "true", "false")
    lines = [f"person {i},{jobs[i % 3]},{marks[i % 3]},{i},{'yes' if i % 4 else 'no'},7" for i in range(40)]
    raw("\n".join(["name,job,smoker,age,bought,country", *lines]))
    prepare.main()
    with np.load("data/prepared/arrays.npz") as file:
        assert file["X_train"].shape[1] == 3 + (1 + 1) + 1 + 1
        assert file["y_test"].dtype == np.int64
    with np.load("data/prepared/table.npz") as file:
        assert file["n_categories"].tolist() == [3, 0, 0, 0]
        assert file["y"].tolist() == [int(i % 4 > 0) for i in range(40)]
    kept = json.loads(Path("data/prepared/preprocessing.json").read_text(encoding="utf-8"))
    assert kept["target"] == {"name": "bought", "labels": ["no", "yes"], "threshold": None}
    assert [column["name"] for column in kept["columns"]] == ["job", "smoker", "age", "country"]
    assert "column 'country': the same value in every row" in capsys.readouterr().err


def test_bytes_that_were_not_downloaded_are_refused(raw, wine_table):
    """As when a file in DVC's cache was altered: what DVC brings out of it is checked by nobody else."""
    raw(wine_table)
    table = Path("data/raw", TABLE)
    table.write_bytes(table.read_bytes().replace(b"\n", b"\n\n", 1))
    with pytest.raises(InputError, match=r"not what was downloaded: expected sha256 \w{64}, received \w{64}"):
        prepare.main()
    assert not Path("data/prepared").exists()


def labelled(quality: list[int]) -> str:
    """60 rows of two features, of which those of `quality` 6 and more are of class 1."""
    return "\n".join(["height,weight,quality", *(f"{i},{i * i},{value}" for i, value in enumerate(quality))])


@pytest.fixture
def own(stage_folder, params):
    params["data"] |= {"delimiter": ",", "columns": None}
    stage_folder(params)


def test_a_part_of_one_class_is_told_of(own, raw, capsys):
    rows = train_test_split(range(60), test_size=0.2, random_state=42)[0]
    raw(labelled([8 if row in rows[:3] else 3 for row in range(60)]))
    prepare.main()
    said = capsys.readouterr().err
    for part, count in (("validation", 10), ("test", 12)):
        assert f"warning: all {count} {part} rows are of class 0, 3 of 60 rows are of 1; scores on them say" in said
    figures = json.loads(Path("metrics/data.json").read_text(encoding="utf-8"))
    assert figures["majority_class_on_test_rows"]["accuracy"] == 1


def test_training_rows_of_one_class_are_refused(own, raw):
    _, rows = train_test_split(range(60), test_size=0.2, random_state=42)
    raw(labelled([8 if row in rows[:2] else 3 for row in range(60)]))
    with pytest.raises(InputError, match=r"all 38 training rows are of class 0, 2 of 60 rows are of 1; expected both"):
        prepare.main()
    assert not Path("data/prepared").exists()


def test_a_published_table_has_the_bytes_of_params(raw, wine_table):
    raw(wine_table, origin="published")
    with pytest.raises(InputError, match="not the table of data.sha256"):
        prepare.main()


def with_value(table: pd.DataFrame, row: int, column: str, value) -> pd.DataFrame:
    table = table.astype(object)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda table: table.drop(columns="pH"), r"missing: \['pH'\]"),
        (lambda table: with_value(table, 3, "alcohol", "strong"), "column 'alcohol', row 4 .strong.: not a number"),
        (lambda table: table.assign(quality=None), "column 'quality', rows 1 .*: the value to predict is missing"),
        (lambda table: table.assign(quality=8), "every row is on one side"),
        (lambda table: table.to_csv(sep=",", index=False), "is data.delimiter the right one"),
        (lambda table: "", "the file is empty"),
    ],
    ids=["missing column", "text in a number", "no label", "one class", "wrong delimiter", "empty file"],
)
def test_a_bad_table_ends_in_an_error_and_leaves_nothing(raw, wine_table, spoil, message):
    raw(spoil(wine_table))
    with pytest.raises(InputError, match=message):
        prepare.main()
    assert not Path("data/prepared").exists()
    assert not Path("metrics").exists()


def test_killed_in_the_middle_it_leaves_nothing_and_runs_again(raw, wine_table):
    raw(wine_table)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    killed_while_writing = (
        "import numpy, os, signal; numpy.save = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL);"
        "from stages import prepare; prepare.main()"
    )
    ended = subprocess.run([sys.executable, "-c", killed_while_writing], env=environment, check=False)
    assert ended.returncode == -9
    assert not Path("data/prepared").exists()
    again = [warm_commands() / "python", "-m", "stages.prepare"]
    assert subprocess.run(again, env=environment, check=False).returncode == 0
    assert {path.name for path in Path("data").iterdir()} == {"raw", "prepared"}


def test_a_row_without_a_label_is_left_out_with_a_word(raw, wine_table, capsys):
    raw(with_value(wine_table, 7, "quality", None))
    prepare.main()
    assert "rows without quality, left out: 1" in capsys.readouterr().out
    assert len(np.load("data/prepared/table.npz")["y"]) == len(wine_table) - 1
