"""What `make` ends with: the three models' test figures, and where to look next."""

import json
from pathlib import Path

from regularization.variants import HEADLINE_MODELS

COLUMNS = ("accuracy", "loss", "binary_crossentropy")
HEADINGS = ("model", "test accuracy", "test loss", "without penalty")
WHERE_NEXT = """
plots/accuracy.html, plots/loss.html   the curves, epoch by epoch
dvc plots show                         the same, and more, as DVC draws them
dvc exp run -S dropout=0.5             an experiment; then `dvc exp show`, `dvc plots diff`"""


def main() -> None:
    print()
    print("".join(f"{heading:<17}" for heading in HEADINGS))
    for name in HEADLINE_MODELS:
        test = _read(f"metrics/{name}.json")["test"]
        print("".join([f"{name:<17}", *(f"{test[column]:<17.4f}" for column in COLUMNS)]).rstrip())
    if _read("metrics/data.json")["origin"] == "standin":
        print("\nThese networks saw a synthetic stand-in table: the figures say nothing about wine.")
    print(WHERE_NEXT)


def _read(path: str) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
