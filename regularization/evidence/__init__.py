"""What the replicates say: from trainings to differences with intervals, verdicts and sentences."""

from regularization.evidence.questions import NOTEBOOK_REPORTED, evidence_tables
from regularization.evidence.sentences import answer, main_figures, sentences

__all__ = ["NOTEBOOK_REPORTED", "answer", "evidence_tables", "main_figures", "sentences"]
