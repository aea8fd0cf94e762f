"""The download against real servers on this machine: one that serves, and ones that fail in every way a server can."""

import contextlib
import gc
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from regularization.errors import InputError
from regularization.intake import fetching
from regularization.intake.standin import standin_csv
from stages import download
from stages._files import TABLE
from tests.conftest import CSV_NAME, ROOT
from tests.servers import CONTENT, serving
from tests.warm import warm_commands

pytestmark = pytest.mark.training

SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def published_at(stage_folder, params, server, monkeypatch):
    """Write params whose table is published at a path of the local server."""
    monkeypatch.setattr(fetching, "SECONDS_TO_WAIT", 0.5)
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))  # between two tries

    def write(path: str, **data) -> None:
        url = f"http://127.0.0.1:{server.server_port}/{path}/{CSV_NAME}"
        stage_folder(params | {"data": params["data"] | {"url": url, "sha256": SHA256, "offline": "fail"} | data})

    return write


def source() -> dict:
    return json.loads(Path("data/raw/source.json").read_text(encoding="utf-8"))


def nothing_is_left() -> bool:
    return not any(path.is_file() for path in Path("data").rglob("*"))


def test_the_published_bytes_and_their_source(published_at):
    published_at("ok")
    download.main()
    assert Path("data/raw", TABLE).read_bytes() == CONTENT
    assert source()["origin"] == "published"
    assert (source()["sha256"], source()["bytes"]) == (SHA256, len(CONTENT))


def test_every_way_to_the_bytes_gives_the_same_files(published_at, server, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / CSV_NAME).write_bytes(CONTENT)
    published_at("ok")
    found = []
    for where in (None, str(mirror), f"http://127.0.0.1:{server.server_port}/ok/"):
        with monkeypatch.context() as patch, contextlib.suppress(KeyError):
            patch.setenv("DATA_MIRROR", where) if where else patch.delenv("DATA_MIRROR", raising=False)
            download.main()
        found.append({path.name: path.read_bytes() for path in Path("data/raw").iterdir()})
    assert found[0] == found[1] == found[2]
    assert len(server.requests) == 2  # the folder needed none


def test_a_path_serves_as_address(published_at, tmp_path):
    (tmp_path / "own.csv").write_bytes(CONTENT)
    published_at("ok", url=str(tmp_path / "own.csv"), watch=str(tmp_path / "own.csv"))
    download.main()
    assert source()["file"] == "own.csv"
    assert Path("data/raw", TABLE).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("404", "HTTP 404 Not Found"),
        ("500", "HTTP 500 Internal Server Error"),
        ("hang", "no answer within 0.5 s"),
    ],
)
def test_a_server_that_fails_is_named_with_its_failure(published_at, path, message):
    published_at(path)
    with pytest.raises(InputError, match="could not fetch http://127.0.0.1") as raised:
        download.main()
    assert message in str(raised.value)
    assert "set DATA_MIRROR" in str(raised.value)
    assert nothing_is_left()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no-number", "its answer is no proper HTTP"),
        ("two-numbers", "its answer is no proper HTTP"),
        ("nowhere", "its answer is no proper HTTP"),
        ("elsewhere", "its answer is no proper HTTP"),
        ("long-host", "its answer is no proper HTTP"),
        ("circle", "it redirects without end"),
        ("no-gzip", "the transfer broke off half-way"),
        ("colours", "HTTP 503 [31mbusy"),
        ("stall", "the transfer stalled half-way"),
        ("drip", "the server sends less than"),
    ],
)
def test_an_answer_without_sense_is_a_line_and_never_the_stand_in(published_at, params, path, message, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS_OF_GRACE", 0.4 if path == "drip" else 60)
    monkeypatch.setattr(fetching, "RETRIES", 0)
    published_at(path, offline="standin", sha256=params["data"]["sha256"])
    with pytest.raises(InputError) as raised:
        download.main()
    assert message in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 300
    assert nothing_is_left()
    del raised
    gc.collect()  # connections that the libraries left open, which Python warns of whenever it finds them


@pytest.mark.parametrize("name", ["source.json", "", "a" * 300, "%2e%2e", "%00"])
def test_whatever_the_file_is_called_it_is_stored_beside_its_record(published_at, server, name):
    published_at("ok", url=f"http://127.0.0.1:{server.server_port}/ok/{name}")
    download.main()
    assert Path("data/raw", TABLE).read_bytes() == CONTENT
    assert source()["sha256"] == SHA256
    assert {path.name for path in Path("data/raw").iterdir()} == {TABLE, "source.json"}


def test_a_failing_server_is_asked_again(published_at, server):
    published_at("500")
    with pytest.raises(InputError):
        download.main()
    assert len(server.requests) == 1 + fetching.RETRIES


def test_nobody_listening(published_at):
    published_at("", url=f"http://127.0.0.1:9/{CSV_NAME}")
    with pytest.raises(InputError, match="cannot be reached"):
        download.main()


def test_two_unreachable_hosts_cost_less_than_40_seconds():
    seconds_between_tries = sum(range(1, fetching.RETRIES + 1))  # pooch waits 1 s, then 2 s, and so on
    assert 2 * ((1 + fetching.RETRIES) * fetching.SECONDS_TO_WAIT + seconds_between_tries) < 40


def test_a_transfer_that_breaks_off_is_an_error_never_a_stand_in(published_at):
    published_at("truncated", offline="standin")
    with pytest.raises(InputError, match="broke off"):
        download.main()
    assert nothing_is_left()


@pytest.mark.parametrize("offline", ["standin", "fail"])
def test_wrong_bytes_are_an_error_with_both_checksums_and_nothing_left(published_at, offline):
    published_at("ok", sha256="0" * 64, offline=offline)
    with pytest.raises(InputError, match=f"expected sha256 {'0' * 64}, received {SHA256}"):
        download.main()
    assert nothing_is_left()


def test_wrong_bytes_in_a_mirror_are_not_passed_over(published_at, server, tmp_path, monkeypatch):
    (tmp_path / CSV_NAME).write_bytes(CONTENT[:-1])
    monkeypatch.setenv("DATA_MIRROR", str(tmp_path))
    published_at("ok")
    with pytest.raises(InputError, match="not the pinned bytes"):
        download.main()
    assert server.requests == []


def test_a_mirror_without_the_file_is_passed_over(published_at, tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_MIRROR", str(tmp_path / "empty"))
    published_at("ok")
    download.main()
    assert Path("data/raw", TABLE).read_bytes() == CONTENT


def test_a_relative_mirror_is_meant_from_the_repository(published_at, tmp_path, monkeypatch):
    """A queued experiment runs in a copy elsewhere; DVC_ROOT names the repository it was queued in."""
    (tmp_path / "repository" / "mirror").mkdir(parents=True)
    (tmp_path / "repository" / "mirror" / CSV_NAME).write_bytes(CONTENT)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "repository"))
    monkeypatch.setenv("DATA_MIRROR", "mirror")
    published_at("404")
    download.main()
    assert source()["origin"] == "published"


def test_the_stand_in_says_that_it_is_one(published_at, params, capsys):
    nobody = f"http://127.0.0.1:9/{CSV_NAME}"
    published_at("", url=nobody, sha256=params["data"]["sha256"], offline="standin")
    download.main()
    assert Path("data/raw", TABLE).read_bytes() == standin_csv()
    assert source()["origin"] == "standin"
    assert source()["sha256"] == hashlib.sha256(standin_csv()).hexdigest()
    assert "synthetic stand-in" in capsys.readouterr().err


def test_there_is_no_stand_in_for_another_table(published_at):
    published_at("", url=f"http://127.0.0.1:9/{CSV_NAME}", offline="standin")
    with pytest.raises(InputError, match="the stand-in is for the red-wine table alone"):
        download.main()


@pytest.mark.parametrize("path", ["404", "403", "500"])
def test_an_answer_that_is_an_error_is_no_reason_for_the_stand_in(published_at, params, path):
    published_at(path, sha256=params["data"]["sha256"], offline="standin")
    with pytest.raises(InputError, match=f"HTTP {path} .*; mend data.url, or set DATA_MIRROR"):
        download.main()
    assert nothing_is_left()


def test_a_mistyped_path_says_so(published_at, params):
    published_at("", url="mine.csv", watch="mine.csv", sha256=params["data"]["sha256"], offline="standin")
    with pytest.raises(InputError, match="could not fetch mine.csv: No such file or directory; mend data.url"):
        download.main()
    assert nothing_is_left()


@pytest.mark.parametrize("query", ["key=hush", "v=2&access_token=hush", "X-Amz-Date=1&X-Amz-Signature=hush"])
def test_keys_in_an_address_are_refused_as_dvc_lock_would_show_them(published_at, server, query):
    published_at("ok", url=f"http://127.0.0.1:{server.server_port}/ok/{CSV_NAME}?{query}")
    with pytest.raises(InputError, match="data.url: received an address with a key in it .*fetch the file") as raised:
        download.main()
    assert "hush" not in str(raised.value)


def test_a_query_without_a_key_stays_out_of_the_source(published_at, server):
    address = f"127.0.0.1:{server.server_port}/ok/{CSV_NAME}"
    published_at("ok", url=f"http://{address}?version=2")
    download.main()
    assert source()["url"] == f"http://{address}"


def test_a_file_that_is_larger_than_said_is_refused(published_at):
    published_at("ok", most_bytes=len(CONTENT) - 1)
    with pytest.raises(InputError, match=f"more than {len(CONTENT) - 1:,} bytes; if it is the table you mean, raise"):
        download.main()
    assert nothing_is_left()


def test_a_mirror_that_is_no_address_is_said(published_at, monkeypatch):
    published_at("ok")
    monkeypatch.setenv("DATA_MIRROR", "http://[::1")
    with pytest.raises(InputError, match="DATA_MIRROR: received an address with an impossible host or port"):
        download.main()


def test_credentials_stay_out_of_errors(published_at, server, monkeypatch):
    monkeypatch.setattr(fetching, "RETRIES", 0)
    monkeypatch.setenv("DATA_MIRROR", f"http://me:secret@127.0.0.1:{server.server_port}/403")
    published_at("404")
    with pytest.raises(InputError, match="/403/winequality-red.csv: HTTP 403") as raised:
        download.main()
    assert "secret" not in str(raised.value)


def test_a_mirror_may_need_a_password(published_at, server, monkeypatch):
    monkeypatch.setenv("DATA_MIRROR", f"http://me:secret@127.0.0.1:{server.server_port}/ok")
    published_at("404")
    download.main()
    assert source()["origin"] == "published"
    assert "secret" not in Path("data/raw/source.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("url", ["http://me:secret@example.org/a.csv", "ftp://me:secret@example.org/a.csv"])
def test_a_password_in_the_address_is_refused_and_not_shown(stage_folder, params, url):
    stage_folder(params | {"data": params["data"] | {"url": url}})
    with pytest.raises(InputError, match="data.url: .* set DATA_MIRROR") as raised:
        download.main()
    assert "secret" not in str(raised.value)


def test_killed_while_waiting_it_leaves_nothing_and_runs_again(published_at, server, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS_TO_WAIT", 8)
    published_at("hang")
    command = [sys.executable, "-m", "stages.download"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment) as process:
        while not server.requests:
            time.sleep(0.05)
        process.kill()
    assert not Path("data/raw").exists()
    published_at("ok")
    command[0] = warm_commands() / "python"
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert {path.name for path in Path("data").iterdir()} == {"raw"}


def test_on_the_command_line_an_error_is_a_line_and_a_status(published_at):
    published_at("404")
    command, environment = [warm_commands() / "python", "-m", "stages.download"], os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")


@pytest.mark.parametrize(
    ("path", "message"), [("404", "HTTP 404 Not Found; mend the address"), ("nowhere", "its answer is no proper HTTP")]
)
def test_a_table_is_fetched_before_its_bytes_are_pinned_or_the_reason_is_said(server, monkeypatch, path, message):
    """As `make table FILE=http://...` does."""
    monkeypatch.setattr(fetching, "RETRIES", 0)
    address = f"http://127.0.0.1:{server.server_port}"
    assert fetching.fetch(f"{address}/ok/{CSV_NAME}", most_bytes=10**9) == CONTENT
    with pytest.raises(InputError, match=message):
        fetching.fetch(f"{address}/{path}/{CSV_NAME}", most_bytes=10**9)
