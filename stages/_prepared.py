"""What `prepare` has written, as the library takes it. Not a stage."""

from pathlib import Path

from regularization.table import Arrays, Table
from stages._files import read_arrays

PREPARED = Path("data/prepared")


def prepared_table() -> Table:
    """All rows of the table, checked."""
    arrays = read_arrays(PREPARED / "table.npz", ["X", "y", "groups"], ["n_categories", "n_classes"])
    return Table(**arrays | ({"n_classes": int(arrays["n_classes"])} if "n_classes" in arrays else {}))


def prepared_parts() -> Arrays:
    """The parts of the one split, as the networks take them."""
    return Arrays(**read_arrays(PREPARED / "arrays.npz", Arrays._fields[:-1], Arrays._fields[-1:]))
