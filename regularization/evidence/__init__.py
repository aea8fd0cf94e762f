"""What the replicates say: from trainings to differences with intervals, verdicts and sentences."""

from regularization.evidence.notebook import notebook_variants
from regularization.evidence.questions import NOTEBOOK_REPORTED, evidence_tables
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
