"""The table: its rows, how they are split, and who may see which.

`checks` (reading and checking a CSV), `fetching` (the published file) and `standin` (what takes its place without a
network) are imported by name, each by the one stage that needs it.
"""

from regularization.table.splits import (
    Arrays,
    PlannedSplit,
    Rows,
    Table,
    describe,
    duplicate_groups,
    fit_preprocessor,
    leaked_rows,
    plan_splits,
    split_rows,
    split_rows_by_group,
    to_arrays,
)

__all__ = [
    "Arrays",
    "PlannedSplit",
    "Rows",
    "Table",
    "describe",
    "duplicate_groups",
    "fit_preprocessor",
    "leaked_rows",
    "plan_splits",
    "split_rows",
    "split_rows_by_group",
    "to_arrays",
]
