"""The answer for the first page: does it help, which network should I use, is a network worth it?"""

from collections.abc import Iterator, Sequence
from itertools import chain

import pandas as pd

from regularization.heads.metrics import METRICS
from regularization.variants import BASELINE, SECOND_BASELINE
from regularization.words.evidence import (
    best_set,
    diverged,
    head_of_tables,
    leading,
    loss_in_words,
    mark,
    named,
    not_learned,
    of_metric,
)
from regularization.words.phrases import DECIDED, difference, figure, in_own_units, interval, listed, rows_of

PLAIN = {BASELINE: "the network without regularization", SECOND_BASELINE: "which only stops training in time"}


def answer(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the answer: the lead, the rest of what a reader asks, and what is wrong with a network it speaks of."""
    names = [*_headline(tables), tables["recommendation"]["variant"].iloc[0]]
    in_lead = tables["summaries"][tables["summaries"]["variant"].isin(names)]
    return [
        *mark(tables),
        *lead(tables),
        *chain(*questions(tables).values()),
        *not_learned(in_lead),
        *diverged(in_lead),
    ]


def lead(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return what somebody needs who reads no more: what to use, how sure that is, whether a network is worth it."""
    chosen, metrics = _recommended(tables), leading(tables)
    rows = tables["recommendation"].set_index("metric")
    scores = [f"mean {METRICS[name].in_words} {_mean(rows.loc[name])}" for name in metrics]
    against = {reference: _against(tables, reference) for reference in PLAIN}
    return [
        f"Use {named(tables, chosen)}: {listed(scores)}.{against[BASELINE]}",
        f"How sure that is: {_others(tables)}.{against[SECOND_BASELINE]}",
        *_worth(tables),
    ]


def _recommended(tables: dict[str, pd.DataFrame]) -> str:
    return tables["recommendation"]["variant"].iloc[0]


def _others(tables: dict[str, pd.DataFrame]) -> str:
    """Return how many of the other variants may have the best loss, as none is proven better than they."""
    rows, loss = of_metric(tables["best"], head_of_tables(tables).loss.name), loss_in_words(tables)
    others = rows[rows["variant"] != _recommended(tables)]
    n_others, n_best = len(others), int(others["included"].sum())
    n_worse = n_others - n_best
    if not n_best:
        return f"the {n_others} other networks can be excluded as the best in {loss}"
    if n_best == n_others:
        return f"none of the {n_others} other networks can be excluded as the best in {loss}"
    return f"of the {n_others} other networks, {n_worse} can be excluded as the best in {loss}, and {n_best} cannot"


def _against(tables: dict[str, pd.DataFrame], reference: str) -> str:
    """Return how the recommended network compares with a baseline; nothing where it is that baseline."""
    rows = tables["comparisons"]
    pair = rows[(rows["variant"] == _recommended(tables)) & (rows["reference"] == reference)].drop_duplicates("metric")
    if pair.empty:
        return ""
    by_metric = pair.set_index("metric", drop=False)
    verdicts = [_verdict(METRICS[name].in_words, by_metric.loc[name]) for name in leading(tables)]
    return f" Against {reference}, {PLAIN[reference]}: {'; '.join(verdicts)}."


def questions(tables: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Return the answers to the questions that a reader has, beside the lead."""
    return {
        "Does it help?": does_it_help(tables),
        "How was the network chosen?": how_chosen(tables),
        "How do other models compare with it?": against_references(tables),
    }


def does_it_help(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return each headline comparison, what would decide it, who loses to a constant, and what the epochs did."""
    headline, metrics, sentences = tables["comparisons"].query("family == 'headline'"), leading(tables), []
    head = head_of_tables(tables)
    for (variant, reference), pair in headline.groupby(["variant", "reference"], sort=False):
        sentences.append(f"{variant} against {reference}: {_verdicts(pair, metrics)}.")
    sentences += undecided(tables)
    majority = tables["majority"].query(f"metric == '{head.loss.name}' and lower > 0")
    own_units = head.loss.in_own_units
    worse = [
        f"{row['variant']}, by " + interval(row["difference"], row["lower"], row["upper"], sign="", own_units=own_units)
        for row in rows_of(majority[majority["variant"].isin(_headline(tables))])
    ]
    if worse:
        sentences.append(f"Worse in the {head.loss.in_words} than {head.constant}: {listed(worse)}.")
    return [*sentences, *_epochs(tables["epochs"])]


def _headline(tables: dict[str, pd.DataFrame]) -> list[str]:
    pairs = tables["comparisons"].query("family == 'headline'")
    return list(dict.fromkeys([*pairs["reference"], *pairs["variant"]]))


def _verdicts(pair: pd.DataFrame, metrics: Sequence[str]) -> str:
    by_metric = pair.set_index("metric", drop=False)
    return "; ".join(_verdict(METRICS[name].label, by_metric.loc[name]) for name in metrics)


def _verdict(label: str, row: pd.Series) -> str:
    return f"{label} {row['verdict']}, {difference(row) if row['differing'] else 'no training differed from its pair'}"


def _epochs(rows: pd.DataFrame) -> list[str]:
    """Return the one sentence that ties the answer to the length of training."""
    if rows.empty:
        return []
    base, *others = rows_of(rows)
    lowest, last = (f"{base[name]:.3f}" for name in ("lowest", "last"))
    text = f"The mean validation loss of {base['variant']} is lowest at epoch {base['lowest_at']:.0f} ({lowest})"
    if base["lowest_at"] < base["last_epoch"]:
        text += f" and {last} at epoch {base['last_epoch']:.0f}"
    else:
        text += ", the last one that is kept: longer trainings may score better"
    ahead = [
        f"that of {row['variant']} stays below it from epoch {row['ahead_from']:.0f} on"
        if pd.notna(row["ahead_from"])
        else f"that of {row['variant']} is not below it at the end"
        for row in others
    ]
    return [f"{'; '.join([text, *ahead])}."]


def how_chosen(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the rule by which the network was chosen, what the choosing flatters, and who else may be the best."""
    rows, metrics, loss = tables["recommendation"].set_index("metric"), leading(tables), loss_in_words(tables)
    first, n_variants = rows.iloc[0], tables["best"]["variant"].nunique()
    chosen, leader = first["variant"], first["leader"]
    rule = f"{chosen} has the lowest mean {loss} of {n_variants} variants"
    if first["close"] > 1:
        of_leader = "" if chosen == leader else f", that of {named(tables, leader)}"
        rule = (
            f"{chosen} has the fewest techniques of the {first['close']:.0f} variants whose mean {loss} is within one "
            f"standard error of the lowest{of_leader}"
        )
    if rows["corrected"].notna().all():
        corrected = [f"{METRICS[name].label} {_mean(rows.loc[name], 'corrected')}" for name in metrics]
        same = all(_mean(rows.loc[name], "corrected") == _mean(rows.loc[name]) for name in metrics)
        rule += f". The best of {n_variants} tends to look better than it is; corrected for that, it has "
        rule += "the same scores" if same else listed(corrected)
    return [f"{rule}.", *(best_set(tables, name) for name in metrics)]


def _mean(row: pd.Series, column: str = "mean") -> str:
    return figure(row[column], own_units=in_own_units(str(row.name)))


def against_references(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return how the recommended network compares with each reference model."""
    chosen, metrics = _recommended(tables), leading(tables)
    return [
        f"{chosen} against {reference}: {_verdicts(pair, metrics)}."
        for reference, pair in _with_references(tables).groupby("reference", sort=False)
    ]


def _with_references(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = tables["comparisons"].query("family == 'references'")
    return rows[rows["variant"] == _recommended(tables)]


def _worth(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return whether the recommended network is better than scikit-learn's models; nothing where there are none."""
    chosen, loss = _recommended(tables), head_of_tables(tables).loss
    rows = of_metric(_with_references(tables), loss.name).set_index("reference", drop=False)
    verdicts = rows["verdict"]
    ahead, behind = (verdicts.index[verdicts == verdict].tolist() for verdict in ("worse", "better"))
    level = [name for name in verdicts.index if name not in (*ahead, *behind)]
    if ahead:
        verb = "is" if len(ahead) == 1 else "are"
        return [
            f"No network is needed: in {loss.in_words}, scikit-learn's {listed(ahead)} {verb} better than {chosen}."
        ]
    if level:
        but = f", though better than {listed(behind)}" if behind else ""
        what = f"in {loss.in_words}, {chosen} is not proven better than scikit-learn's {listed(level)}{but}"
        best = rows.loc[rows["difference"].idxmax()]  # the lower a loss, the better
        closest = f"the difference to the best of them, {best['reference']}, is {difference(best)}"
        return [f"Nothing shows that a network is worth it: {what}; {closest}."]
    if behind:
        return [f"A network is worth it: in {loss.in_words}, {chosen} is better than scikit-learn's {listed(behind)}."]
    return []


def undecided(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return, for each undecided headline comparison, how many splits would settle it; from the spread alone.

    They settle it where a difference as large as the region of equivalence is found with the planned power.
    """
    sentences = []
    for row, further, enough in _further_splits(tables):
        pair = f"{row['variant']} against {row['reference']} in {METRICS[row['metric']].label} is {row['verdict']}"
        limit = f"a difference of {row['equivalence']:g}"
        if len(enough) and enough["factor"].iloc[0] == 1:
            power, splits = enough["power"].iloc[0], enough["splits"].iloc[0]
            sentences.append(
                f"{pair}. Its {splits:.0f} splits already find {limit}, the margin that matters, in {power:.0%} of "
                "such studies, so more splits would settle little."
            )
        elif enough.empty:
            least, own_units = further["detectable"].iloc[-1], in_own_units(row["metric"])
            sentences.append(
                f"{pair}: no number of splits would find {limit}, the margin that matters; with this many rows, the "
                f"least that can be found is {figure(least, own_units=own_units)}."
            )
        else:
            splits = f"{enough['splits'].iloc[0]:.0f} splits"
            sentences.append(f"{pair}: {splits} would find {limit}, the margin that matters.")
    return sentences


def splits_to_decide(tables: dict[str, pd.DataFrame]) -> int:
    """Return how many splits would settle the undecided headline comparisons that any number settles; 0 if none."""
    needed = [enough.iloc[0] for _, _, enough in _further_splits(tables) if len(enough)]
    return max((int(row["splits"]) for row in needed if row["factor"] > 1), default=0)


def _further_splits(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[dict, pd.DataFrame, pd.DataFrame]]:
    """Yield each undecided headline comparison, its plan for as many splits or more, and what of it is enough."""
    headline, plan = tables["comparisons"].query("family == 'headline'"), tables["plan"]
    keys = ["metric", "variant", "reference"]
    for row in rows_of(headline[~headline["verdict"].isin(DECIDED) & headline["metric"].isin(leading(tables))]):
        same = (plan[keys] == [row[key] for key in keys]).all(axis=1)
        further = plan[same & (plan["factor"] >= 1)].sort_values("factor")
        if len(further):
            enough = (further["detectable"] <= row["equivalence"]) & (further["splits"] < float("inf"))
            yield row, further, further[enough]
