"""How it was made: the table, the settings, the versions, and the commands that make the page again.

Nothing here differs between two runs on the same inputs: no date, no name of a machine, no folder, no commit. A page
cannot hold the number of the commit that will hold it, so the command that finds it stands here instead.
"""

from collections.abc import Mapping

import yaml

from regularization.charts.parts import Section, Table
from regularization.intake.addresses import file_name, is_web_address, without_credentials

SHOWN_PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "plotly",
    "dvc",
    "dvclive",
)
ORIGINS = {
    "published": "the table that params.yaml names, with the checksum that stands there",
    "standin": "a synthetic stand-in",
}
COMMANDS = (
    ("make the page and all that it needs", "make"),
    ("make the page alone, once the rest is there", "dvc repro --single-item report"),
    ("find the commit that these results belong to", "git log -1 --format=%H -- dvc.lock"),
)


def provenance_section(source: Mapping, data: Mapping, requirements: str) -> Section:
    """`source` is data/raw/source.json, `data` metrics/data.json, `requirements` the text of requirements.txt."""
    rows = [
        ("origin", ORIGINS.get(source["origin"], source["origin"])),
        ("file", public_address(source["url"])),
        ("SHA-256", source["sha256"]),
        ("bytes", f"{source['bytes']:,}"),
        ("rows", f"{data['rows']['all']:,}: {_parts(data['rows'])}"),
        ("rows with the inputs of an earlier one", f"{data['duplicate_rows']:,}"),
        ("test rows also in training", f"{data['test_rows_also_in_training']:,}"),
    ]
    versions = versions_of(requirements)
    tables = [
        Table("The table", ("what", "value"), rows),
        Table("The packages, as requirements.txt pins them", ("package", "version"), list(versions.items())),
        Table("The commands", ("to", "run"), COMMANDS),
    ]
    sentences = [
        "The same commit gives this page byte for byte on any x86-64 machine with AVX2. It holds no date and no "
        "commit: a page cannot name the commit that will hold its results, but the last command below finds it.",
    ]
    return Section("made", "How it was made", sentences, tables)


def _parts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {part}" for part, count in rows.items() if part != "all")


def public_address(place: str) -> str:
    """An address of the web without what may be secret in it; of a file on a machine, the name alone."""
    return without_credentials(place) if is_web_address(place) else file_name(place.replace("\\", "/"))


def versions_of(requirements: str) -> dict[str, str]:
    """The versions that a requirements.txt pins, of the packages whose code can change a figure."""
    pinned = {}
    for line in requirements.splitlines():
        name, mark, version = line.partition("==")
        if mark and name.strip().lower() in SHOWN_PACKAGES:
            pinned.setdefault(name.strip().lower(), version.split(";")[0].strip())
    return {name: pinned[name] for name in SHOWN_PACKAGES if name in pinned}


def params_text(params: Mapping) -> str:
    """params.yaml as it was read, without the folder of a table on this machine."""
    addresses = {key: public_address(params["data"][key]) for key in ("url", "watch")}
    return yaml.safe_dump(
        dict(params) | {"data": params["data"] | addresses}, sort_keys=False, allow_unicode=True, width=100
    )
