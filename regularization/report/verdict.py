"""The verdict: the answer in a few sentences, and the headline comparisons with their intervals."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.differences import differences_table
from regularization.charts.parts import Section
from regularization.metrics import Metric
from regularization.words.answer import answer

HOW_TO_READ = (
    "How to read this: the loss is how surprised a network is by the true labels. Brackets hold 95% intervals for new "
    "tables of the same kind. Better and worse mean that the joint interval, which holds for all comparisons of the "
    "family together, excludes 0; equivalent, that it lies within the region of equivalence; likely, that only the "
    "single interval excludes 0. We never claim that two variants are equal."
)


def verdict_section(evidence: Mapping[str, pd.DataFrame], metrics: Sequence[Metric]) -> Section:
    """The answer in a few sentences, how to read it, and a table per metric of the headline models."""
    comparisons = evidence["comparisons"]
    headline = comparisons[comparisons["family"] == "headline"]
    sentences = [*answer(dict(evidence)), HOW_TO_READ]
    return Section("verdict", "The verdict", sentences, [differences_table(headline, metric) for metric in metrics])
