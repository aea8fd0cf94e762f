"""What the workflows that may write do with an artifact that nobody has reviewed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cmarkgfm
import pytest
import yaml

from tests.conftest import ROOT

GITHUB = ROOT / ".github"
SCRIPTS = GITHUB / "scripts"
ADDRESS = "https://example.org/raw/pictures/7/abc"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@pytest.fixture
def artifact(tmp_path) -> Path:
    folder = tmp_path / "artifact"
    (folder / "pull_request").mkdir(parents=True)
    (folder / "pull_request" / "number.txt").write_text("7\n")
    (folder / "pull_request" / "1-training-loss.png").write_bytes(PNG)
    (folder / "pull_request.md").write_text("# Title\n\n![Training loss](pull_request/1-training-loss.png)\n")
    return folder


def clean(artifact: Path) -> tuple[int, Path]:
    output = artifact.parent / "taken"
    command = [sys.executable, str(SCRIPTS / "clean_report.py"), str(artifact), str(output), ADDRESS]
    return subprocess.run(command, check=False, capture_output=True).returncode, output


def test_a_report_keeps_its_text_and_its_own_pictures(artifact):
    code, output = clean(artifact)
    assert code == 0
    assert (output / "report.md").read_text() == f"# Title\n\n![Training loss]({ADDRESS}/1-training-loss.png)\n"
    assert [path.name for path in (output / "pictures").iterdir()] == ["1-training-loss.png"]
    assert (output / "number.txt").read_text() == "7"


@pytest.mark.parametrize(
    "text",
    [
        "thanks @everyone and @someone",
        "![x](https://evil.example/pixel.png)",
        "[click](https://evil.example)",
        "<img src=//evil.example/x>",
        "![x](pull_request/2-not-there.png)",
        "[x]: https://evil.example\n[x][x]",
        "see https://evil.example and www.evil.example",
        "HTTPS://EVIL.example, ftp://evil.example, hthttp://tp://evil.example, wwwww.evil.example",
        "someone@evil.example, mailto:someone@evil.example and xmpp:someone@evil.example/x",
        "http:\\//evil.example and https&colon;//evil.example and http://\u200bevil.example",
        "\0000\0",
        "&commat;everyone &#64;someone &lt;img&gt;",
        "fixes #12, gh-3 and GH-4 and someone/project#5",
        "<details open><summary onclick=x>",
        "<!-- <details> -->",
    ],
)
def test_a_hostile_text_can_mention_nobody_and_show_nothing_from_elsewhere(artifact, text):
    (artifact / "pull_request.md").write_text(text)
    _, output = clean(artifact)
    report = (output / "report.md").read_text(encoding="utf-8")
    assert not re.search(r"@\w|\]\(|\]\[|\]:|<|\0|&(?!amp;|lt;)|#\d|[Gg][Hh]-\d", report)
    assert not re.search(r"(?i)\b(https?|ftp)://|\bwww\.", report)
    assert not re.search("<(a|img) ", cmarkgfm.github_flavored_markdown_to_html(report))  # GitHub's own renderer


def test_what_is_folded_stays_folded_and_what_is_cut_or_open_is_closed(artifact):
    fold = "<details>\n<summary>Params</summary>\n\ntext\n\n</details>\n"
    (artifact / "pull_request.md").write_text(fold)
    _, output = clean(artifact)
    assert (output / "report.md").read_text(encoding="utf-8") == fold


def test_a_report_that_leaves_a_fold_open_hides_nothing_that_follows_it(artifact):
    (artifact / "pull_request.md").write_text("<details>\n<summary>All</summary>\n" + "word\n" * 40_000)
    _, output = clean(artifact)
    report = (output / "report.md").read_text(encoding="utf-8")
    assert len(report) <= 60_000
    assert report.count("<details>") == report.count("</details>") == 1
    assert report.index("</details>") < report.index("The report is cut here")


def test_only_small_plain_png_files_of_the_expected_names_are_taken(artifact):
    folder = artifact / "pull_request"
    (folder / "2-large.png").write_bytes(PNG + b"0" * 2_000_001)
    (folder / "3-text.png").write_text("no picture")
    (folder / "4-link.png").symlink_to("/etc/hostname")
    (folder / "5-.png").write_bytes(PNG)
    (folder / "script.sh").write_text("")
    _, output = clean(artifact)
    assert [path.name for path in (output / "pictures").iterdir()] == ["1-training-loss.png"]


def test_many_pictures_and_a_long_text_stay_under_githubs_limit(artifact):
    for number in range(60):
        (artifact / "pull_request" / f"{number}-chart.png").write_bytes(PNG)
    links = "\n".join(f"![chart](pull_request/{number}-chart.png)" for number in range(60))
    (artifact / "pull_request.md").write_text(links * 50 + "\n" + "word " * 40_000)
    _, output = clean(artifact)
    report = (output / "report.md").read_text(encoding="utf-8")
    assert len(report) <= 60_000
    assert "The report is cut here" in report
    assert len(list((output / "pictures").iterdir())) == 20


@pytest.mark.parametrize("name", ["pull_request.md", "pull_request/number.txt"])
def test_a_link_in_place_of_a_file_is_refused(artifact, name):
    (artifact / name).unlink()
    (artifact / name).symlink_to("/etc/hostname")
    code, output = clean(artifact)
    assert code == 1
    assert not (output / "report.md").exists()


@pytest.mark.parametrize("number", ["", "0", "7; rm", "../7", "9" * 13])
def test_a_number_that_is_none_is_refused(artifact, number):
    (artifact / "pull_request" / "number.txt").write_text(number)
    assert clean(artifact)[0] == (0 if number == "9" * 13 else 1)


# --- the branch with the pictures


@pytest.fixture
def push(tmp_path):
    """Call it as the workflow does; returns the files of the branch afterwards."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)

    def push(*arguments: str) -> list[str]:
        environment = os.environ | {"REMOTE": str(remote), "BRANCH": "pictures", "PAUSE": "0"}
        subprocess.run(["bash", str(SCRIPTS / "push_pictures.sh"), *arguments], env=environment, check=True)
        listed = ["git", "--git-dir", str(remote), "ls-tree", "-r", "--name-only", "pictures"]
        count = ["git", "--git-dir", str(remote), "rev-list", "--count", "pictures"]
        assert subprocess.check_output(count, text=True).strip() == "1"
        return subprocess.check_output(listed, text=True).split()

    return push


def test_pictures_replace_the_earlier_ones_of_their_pull_request_and_go_when_it_closes(tmp_path, push):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "1-a.png").write_bytes(PNG)
    assert push("7", "abc", str(pictures)) == ["7/abc/1-a.png"]
    assert push("8", "def", str(pictures)) == ["7/abc/1-a.png", "8/def/1-a.png"]
    (pictures / "1-a.png").rename(pictures / "2-b.png")
    assert push("7", "fed", str(pictures)) == ["7/fed/2-b.png", "8/def/1-a.png"]
    assert push("7") == ["8/def/1-a.png"]
    assert push("7") == ["8/def/1-a.png"]


# --- the workflows themselves

WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (GITHUB / "workflows").glob("*.yml")
}
JOBS = {(name, job): body for name, workflow in WORKFLOWS.items() for job, body in workflow["jobs"].items()}


def test_every_action_is_pinned_by_the_commit():
    used = [step["uses"] for job in JOBS.values() for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)] == []


def test_no_job_can_both_push_and_comment_and_those_that_run_a_forks_code_can_only_read():
    for (name, _), job in JOBS.items():
        permissions = job.get("permissions", WORKFLOWS[name]["permissions"])
        writes = {key for key, value in permissions.items() if value == "write"}
        assert len(writes) <= 1
        if name in ("main", "pull-request"):
            assert not writes
