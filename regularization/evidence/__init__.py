"""The evidence: from the replicates to differences with intervals and verdicts, as tables.

`revisions` compares the replicates of two revisions of the project; the sentences about all of it are in `words/`.
"""

from regularization.evidence.facts import without_repeated
from regularization.evidence.notebook import NOTEBOOK_REPORTED, notebook_variants
from regularization.evidence.questions import evidence_tables
from regularization.evidence.statistics import Interval, mean_interval

__all__ = [
    "NOTEBOOK_REPORTED",
    "Interval",
    "evidence_tables",
    "mean_interval",
    "notebook_variants",
    "without_repeated",
]
