"""The verdict: the answer in a few sentences, and the headline comparisons with their intervals."""

from collections.abc import Mapping, Sequence

import pandas as pd

from regularization.charts.differences import differences_chart, differences_table, fair_baseline
from regularization.charts.parts import Section
from regularization.heads.metrics import Metric
from regularization.words.answer import answer, lead
from regularization.words.evidence import head_of_tables, mark

LEADS = {
    "classes": "the loss is how surprised a network is by the true labels.",
    "number": "the RMSE is the root of the mean squared error, in units of the target; R² is the share of the variance "
    "that a network explains.",
}
HOW_TO_READ = (
    "How to read this: {lead} Brackets hold 95% intervals for new "
    "tables of the same kind. Better and worse mean that the joint interval, which holds for all comparisons of the "
    "family together, excludes 0; equivalent, that it lies within the region of equivalence; likely, that only the "
    "single interval excludes 0. We never claim that two variants are equal."
)


def lead_section(evidence: Mapping[str, pd.DataFrame], metrics: Sequence[Metric], *, svg: str) -> Section:
    """What to use, how sure that is, and every model in one picture; `svg` is the same without scripts."""
    comparisons, recommended = evidence["comparisons"], evidence["recommendation"]["variant"].iloc[0]
    chart = differences_chart(
        comparisons,
        metrics[-1],
        reference=fair_baseline(comparisons),
        recommended=recommended,
        svg=svg,
        name="lead",
    )
    return Section("lead", "Which one to use", [*mark(dict(evidence)), *lead(dict(evidence))], charts=[chart])


def verdict_section(evidence: Mapping[str, pd.DataFrame], metrics: Sequence[Metric]) -> Section:
    """The answer in a few sentences, how to read it, and a table per metric of the headline models."""
    comparisons = evidence["comparisons"]
    headline = comparisons[comparisons["family"] == "headline"]
    rest = [sentence for sentence in answer(dict(evidence)) if sentence not in lead(dict(evidence))]
    is_number = not head_of_tables(dict(evidence)).n_classes
    sentences = [*rest, HOW_TO_READ.format(lead=LEADS["number" if is_number else "classes"])]
    return Section("verdict", "The verdict", sentences, [differences_table(headline, metric) for metric in metrics])
