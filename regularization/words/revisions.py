"""The comparison of two revisions in words: a headline of one line, what got worse, and a table of the rest."""

import pandas as pd

from regularization.evidence.revisions import (
    COMPARED,
    NEW,
    NOT_COMPARABLE,
    REMOVED,
    SAME,
    SAME_SCORES,
    Comparison,
    conclusion,
    unexplained,
)
from regularization.heads.metrics import METRICS
from regularization.words.phrases import difference, few, figure, in_own_units, listed, rows_of

CLAIMS = ("worse", "better")
NAMED_BETTER = 3  # of those that became better, so many are named in the headline
LABEL = "accept-worse"  # on a pull request: its failure is known and wanted


def headline(comparison: Comparison) -> str:
    """One line: what is worse, what is better, who is undecided, who was not retrained or cannot be compared."""
    parts = ["a stand-in table, which says nothing about wine"] if comparison.standin else []
    if comparison.variants.empty:
        return "; ".join([*parts, "there are no replicates to compare"]) + "."
    if (comparison.variants["state"] == SAME).all():
        return "; ".join([*parts, "no variant was retrained"]) + "."
    claimed = [_claims(name, rows) for name, rows in _by_variant(comparison) if rows["verdict"].isin(CLAIMS).any()]
    worse = [text for text, is_worse in claimed if is_worse]
    better = [text for text, is_worse in claimed if not is_worse]
    parts += worse + better[:NAMED_BETTER]
    if (hidden := len(better) - NAMED_BETTER) > 0:
        parts.append(f"{hidden} other variants better in at least one score")
    parts += [f"{few(names)}: {said}" for said, names in _without_claim(comparison).items()]
    for state in (SAME_SCORES, NEW, REMOVED, SAME):
        if names := _named(comparison, state):
            parts.append(f"{few(names)}: {state}")
    unlike = comparison.variants[comparison.variants["state"] == NOT_COMPARABLE]
    parts += [f"{few(rows['variant'].tolist())}: {NOT_COMPARABLE} ({why})" for why, rows in unlike.groupby("reason")]
    return "; ".join(parts) + "."


def conclusion_in_words(comparison: Comparison, *, is_accepted: bool = False) -> tuple[str, str]:
    """The check's result and its reason; a failure that is accepted by a label becomes neutral."""
    result, gone = conclusion(comparison), unexplained(comparison)
    worse = "At least one variant got worse by more than the margin that matters"
    if gone and not (len(comparison.differences) and comparison.differences["beyond"].any()):
        worse = f"The results of {few(gone)} cannot be compared with the base's, and no run with other data explains it"
    if result == "failure" and is_accepted:
        return "neutral", f"{worse}; the label `{LABEL}` accepts it."
    reasons = {
        "failure": f"{worse}. If that is wanted, say why and set the label `{LABEL}`.",
        "neutral": "No variant is proven to be worse by more than the margin that matters, but not all is decided.",
        "success": "No variant got worse, and no comparison is undecided.",
    }
    if comparison.standin and result == "neutral":
        return result, "A stand-in took the table's place, so nothing is concluded."
    return result, reasons[result]


def verdict_text(comparison: Comparison) -> str:
    """Markdown: the headline, every *worse* by name, how the pairs were made, and the figures, collapsed."""
    parts = [f"**{headline(comparison)}**", _worse(comparison), _notes(comparison), _figures(comparison)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_variant(comparison: Comparison) -> list[tuple[str, pd.DataFrame]]:
    table = comparison.differences
    return [] if table.empty else [(str(name), rows) for name, rows in table.groupby("variant", sort=False)]


def _claims(name: str, rows: pd.DataFrame) -> tuple[str, bool]:
    """`dropout: better in test loss (-0.050, -0.080 to -0.020); test accuracy undecided`, and whether any is worse."""
    said = []
    for claim in CLAIMS:
        figures = [
            f"{METRICS[row['metric']].label} {difference(row, joint=True)}"
            for row in rows_of(rows[rows["verdict"].eq(claim)])
        ]
        said += [f"{claim} in {' and '.join(figures)}"] if figures else []
    others = rows[~rows["verdict"].isin(CLAIMS)]
    said += [
        f"{verdict} in {listed([METRICS[metric].label for metric in rows_of_verdict['metric']])}"
        for verdict, rows_of_verdict in others.groupby("verdict", sort=False)
    ]
    return f"{name}: {', '.join(said)}", bool(rows["verdict"].eq("worse").any())


def _without_claim(comparison: Comparison) -> dict[str, list[str]]:
    """The variants of which nothing is claimed, by what is said of them."""
    names: dict[str, list[str]] = {}
    for name, rows in _by_variant(comparison):
        if rows["verdict"].isin(CLAIMS).any():
            continue
        groups = [
            f"{verdict} in {listed([METRICS[metric].label for metric in rows_of_verdict['metric']])}"
            for verdict, rows_of_verdict in rows.groupby("verdict", sort=False)
        ]
        said = f"{rows['verdict'].iloc[0]} in every score" if len(groups) == 1 else ", ".join(groups)
        names.setdefault(said, []).append(name)
    return names


def _worse(comparison: Comparison) -> str:
    if comparison.differences.empty or not comparison.differences["verdict"].eq("worse").any():
        return ""
    lines = ["What got worse:", ""]
    for row in rows_of(comparison.differences.query("verdict == 'worse'")):
        metric = METRICS[row["metric"]]
        reach = (
            f"by more than the margin that matters, {row['equivalence']:g}"
            if row["beyond"]
            else f"though perhaps by less than the margin that matters, {row['equivalence']:g}"
        )
        lines.append(
            f"- **{row['variant']}** in {metric.label}: {_mean(row, 'branch')} against {_mean(row, 'base')}, "
            f"{difference(row, joint=True)}, {reach}."
        )
    return "\n".join(lines)


def _notes(comparison: Comparison) -> str:
    sentences = []
    if comparison.standin:
        who = " and ".join({"base": "the base", "branch": "this branch"}[side] for side in comparison.standin)
        sentences.append(
            f"> [!WARNING]\n> A synthetic stand-in took the table's place ({who}): that says nothing about wine."
        )
    if comparison.stale:
        sentences.append(
            f"The results of {listed(comparison.stale)} are of other settings or code than those in this branch: run "
            "`dvc repro` and commit what it writes."
        )
    compared = comparison.variants[comparison.variants["state"] == COMPARED]
    if len(compared):
        seeds = (
            "split and seed" if compared["same_seeds"].all() else "split; the seeds differ, which widens the intervals"
        )
        n = len(comparison.differences)
        sentences.append(
            f"A difference is this branch minus the base, in pairs by {seeds}. In brackets: the 95% interval for new "
            f"tables of the same kind; the {n} intervals hold all together."
        )
    for row in rows_of(compared[compared["diverged_branch"].ne(0) | compared["diverged_base"].ne(0)]):
        sentences.append(
            f"{row['variant']}: {row['diverged_branch']} trainings diverged, {row['diverged_base']} in the base; they "
            "are excluded, which flatters the variant."
        )
    return "\n\n".join(sentences)


def _figures(comparison: Comparison) -> str:
    if comparison.differences.empty:
        return ""
    lines = ["| variant | score | base | this branch | difference | 95% together | verdict |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows_of(comparison.differences):
        cells = [row["variant"], METRICS[row["metric"]].label, _mean(row, "base"), _mean(row, "branch")]
        ends = [row[name] for name in ("difference", "joint_lower", "joint_upper")]
        its_difference, lower, upper = (
            figure(end, *ends, sign="+", own_units=in_own_units(row["metric"])) for end in ends
        )
        cells += [its_difference, f"{lower} to {upper}", row["verdict"]]
        lines.append(f"| {' | '.join(cells)} |")
    return collapsed("All differences", "\n".join(lines))


def _mean(row: dict, side: str) -> str:
    return figure(row[side], own_units=in_own_units(row["metric"]))


def collapsed(summary: str, text: str) -> str:
    """Markdown that GitHub folds away under its summary."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def _named(comparison: Comparison, state: str) -> list[str]:
    return comparison.variants.loc[comparison.variants["state"] == state, "variant"].tolist()
