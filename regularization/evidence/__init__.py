"""What the replicates say: from trainings to differences with intervals, verdicts and sentences."""

from regularization.evidence.facts import without_repeated
from regularization.evidence.notebook import NOTEBOOK_REPORTED, notebook_variants
from regularization.evidence.questions import evidence_tables
from regularization.evidence.sentences import answer, main_figures, not_learned, sentences, told_first
from regularization.evidence.statistics import Interval, mean_interval

__all__ = [
    "NOTEBOOK_REPORTED",
    "Interval",
    "answer",
    "evidence_tables",
    "main_figures",
    "mean_interval",
    "not_learned",
    "notebook_variants",
    "sentences",
    "told_first",
    "without_repeated",
]
