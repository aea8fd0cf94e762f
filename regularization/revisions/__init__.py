"""What a change to the project did to each variant: two revisions compared by their replicates, and told in words."""

from regularization.revisions.comparing import Comparison, Revision, compare_revisions, conclusion, value_at
from regularization.revisions.sentences import LABEL, collapsed, conclusion_in_words, headline, verdict_text

__all__ = [
    "LABEL",
    "Comparison",
    "Revision",
    "collapsed",
    "compare_revisions",
    "conclusion",
    "conclusion_in_words",
    "headline",
    "value_at",
    "verdict_text",
]
