"""What the replicates say: from trainings to differences with intervals, verdicts and sentences."""

from regularization.evidence.questions import NOTEBOOK_REPORTED, evidence_tables
from regularization.evidence.sentences import answer, main_figures, sentences
from regularization.evidence.statistics import Interval, mean_interval

__all__ = ["NOTEBOOK_REPORTED", "Interval", "answer", "evidence_tables", "main_figures", "mean_interval", "sentences"]
