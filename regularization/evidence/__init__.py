"""What the replicates say: from trainings to differences with intervals, verdicts and sentences."""

from regularization.evidence.notebook import NOTEBOOK_REPORTED, notebook_variants
from regularization.evidence.questions import evidence_tables
from regularization.evidence.sentences import answer, main_figures, sentences, told_first

__all__ = [
    "NOTEBOOK_REPORTED",
    "answer",
    "evidence_tables",
    "main_figures",
    "notebook_variants",
    "sentences",
    "told_first",
]
