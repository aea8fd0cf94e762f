"""Take from a pull request's artifact what may be posted: plain pictures, and a text that can do no harm.

    python3 clean_report.py ARTIFACT OUTPUT PICTURES_ADDRESS

The artifact was made by code that nobody has reviewed, so it is data: links to files are refused, sizes are limited,
and the text can mention nobody and show no picture and no link from elsewhere. Writes report.md, pictures/ and
number.txt in the folder OUTPUT.
"""

import re
import shutil
import sys
from pathlib import Path

PICTURE_NAME = re.compile(r"[0-9]{1,2}(-[a-z0-9]{1,40}){1,12}\.png")
PICTURE_LINK = re.compile(r"!\[([^\[\]\n]{0,120})\]\(pull_request/([0-9a-z-]{1,500}\.png)\)")
FOLDS = ("<details>", "</details>", "<summary>", "</summary>")  # all of HTML that is let through, to the letter
PNG = b"\x89PNG\r\n\x1a\n"
MOST_PICTURES = 20
LARGEST_PICTURE = 2_000_000  # bytes
LONGEST_REPORT = 60_000  # letters; GitHub takes 65,536
CUT = "\n\n(The report is cut here; the whole of it is in the artifact.)\n"


def main() -> None:
    artifact, output, address = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    number = read_number(artifact / "pull_request" / "number.txt")
    (output / "pictures").mkdir(parents=True)
    names = [picture.name for picture in pictures(artifact / "pull_request")]
    for name in names:
        shutil.copyfile(artifact / "pull_request" / name, output / "pictures" / name)
    text = read_text(artifact / "pull_request.md")
    (output / "report.md").write_text(clean(text, names, address), encoding="utf-8")
    (output / "number.txt").write_text(number, encoding="utf-8")


def is_plain_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def read_number(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")[:12].strip() if is_plain_file(path) else ""
    if not re.fullmatch(r"[1-9][0-9]*", text):
        sys.exit("::error::expected the number of a pull request in the artifact")
    return text


def read_text(path: Path) -> str:
    if not is_plain_file(path):
        sys.exit("::error::expected pull_request.md in the artifact")
    with path.open("rb") as file:
        return file.read(4 * LONGEST_REPORT).decode("utf-8", errors="replace")


def pictures(folder: Path) -> list[Path]:
    """The plain PNG files of the expected names, the first few of them."""
    named = sorted(path for path in folder.iterdir() if PICTURE_NAME.fullmatch(path.name) and is_plain_file(path))
    small = [path for path in named if path.stat().st_size <= LARGEST_PICTURE]
    return [path for path in small if path.read_bytes()[:8] == PNG][:MOST_PICTURES]


def clean(text: str, names: list[str], address: str) -> str:
    """The text with our own pictures as links to `address`, and with nothing else that links, mentions or is HTML.

    Only what folds a part away stays; where the text is cut, what is open is closed.
    """
    kept: list[str] = []

    def keep(match: re.Match) -> str:
        if match[2] not in names:
            return match[1]
        kept.append(f"![{harmless(match[1])}]({address}/{match[2]})")
        return f"\0{len(kept) - 1}\0"

    marked = PICTURE_LINK.sub(keep, text.replace("\0", ""))
    cleaned = re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], harmless(marked))
    for tag in FOLDS:
        cleaned = re.sub(f"(?m)^{re.escape(escaped(tag))}|{re.escape(escaped(tag))}$", tag, cleaned)
    is_long = len(cleaned) > LONGEST_REPORT
    if is_long:
        cleaned = cleaned[: LONGEST_REPORT - len(CUT) - 1000].rsplit("\n", 1)[0]
    unclosed = max(0, cleaned.count("<details>") - cleaned.count("</details>"))
    cleaned += "\n\n</details>" * min(unclosed, 50)
    return cleaned + CUT if is_long else cleaned


def harmless(text: str) -> str:
    """No HTML, no link, no picture, no mention: a space of no width parts what would make one.

    It stands within the scheme of an address: after it, GitHub would still make a link, and browsers drop the space.
    """
    text = escaped(text).replace("](", "]\u200b(").replace("][", "]\u200b[").replace("]:", "]\u200b:")
    text = re.sub(r"(?i)[a-z0-9+.-](?=://)|(?<=mailt)o(?=:)|(?<=xmp)p(?=:)", "\u200b\\g<0>", text)
    text = re.sub(r"(?i)(ww)(w\.)", "\\1\u200b\\2", text).replace("@", "@\u200b")
    return re.sub(r"#(?=\d)|\b(?:GH|gh)-(?=\d)", "\\g<0>\u200b", text)  # what would name an issue


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


if __name__ == "__main__":
    main()
