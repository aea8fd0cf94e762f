"""The result of the check on a pull request, from the committed files of its two revisions alone -> standard output.

    python -m tools.pull_request.check BASE HEAD [LABEL ...]

It prints JSON as GitHub's check runs take it: `conclusion`, and `output` with `title` and `summary`. Nothing of HEAD is
run or checked out: it is read with `git show`. A file of HEAD that cannot be read fails the check.
"""

import argparse
import json

from regularization.errors import InputError
from regularization.words.revisions import LABEL, conclusion_in_words, headline, verdict_text
from stages._ends import run_tool
from tools.pull_request.repository import files_of, fork_point
from tools.pull_request.revision import compare_files

LONGEST_TITLE = 250
LONGEST_SUMMARY = 60_000  # letters; GitHub takes 65,535
CUT = "\n\n(Cut here: `make pull-request` on the branch shows all of it.)\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.pull_request.check", description=__doc__)
    parser.add_argument("base")
    parser.add_argument("head")
    parser.add_argument("labels", nargs="*")
    arguments = parser.parse_args()
    print(json.dumps(check(arguments.base, arguments.head, is_accepted=LABEL in arguments.labels), indent=2))


def check(base: str, head: str, *, is_accepted: bool = False) -> dict:
    """What GitHub's check run takes. Raises `InputError` where the base cannot be found or read."""
    fork = files_of(fork_point(base, head))
    try:
        comparison = compare_files(fork, files_of(head))
    except InputError as error:
        return _result("failure", "The replicates cannot be read", f"    {' '.join(str(error).split())}")  # as code
    result, reason = conclusion_in_words(comparison, is_accepted=is_accepted)
    return _result(result, headline(comparison), f"{reason}\n\n{verdict_text(comparison)}")


def _result(conclusion: str, title: str, summary: str) -> dict:
    if len(title) > LONGEST_TITLE:
        title = f"{title[: LONGEST_TITLE - 4].rsplit(' ', 1)[0]} ..."
    return {"conclusion": conclusion, "output": {"title": title, "summary": cut(summary, LONGEST_SUMMARY)}}


def cut(text: str, longest: int) -> str:
    """The text, or as many of its lines as fit with a word that it was cut; what was unfolded is folded again."""
    if len(text) <= longest:
        return text
    kept = text[: longest - len(CUT) - 100].rsplit("\n", 1)[0]
    unclosed = kept.count("<details>") - kept.count("</details>")
    return kept + "\n\n</details>" * unclosed + CUT


if __name__ == "__main__":
    run_tool(main)
