"""The answer for the first page: does it help, which network should I use, is a network worth it?"""

from collections.abc import Sequence
from itertools import chain

import pandas as pd

from regularization.heads.metrics import METRICS
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
    undecided,
)
from regularization.words.phrases import difference, figure, in_own_units, interval, listed, rows_of

WORSE, NOT_BETTER = ("worse",), ("likely worse", "undecided", "equivalent", "likely better")


def answer(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return a few sentences for the first page: does it help, which network should I use, is one worth it?"""
    names = [*_headline(tables), tables["recommendation"]["variant"].iloc[0]]
    in_lead = tables["summaries"][tables["summaries"]["variant"].isin(names)]
    return [
        *mark(tables),
        *chain(*questions(tables).values()),
        *not_learned(in_lead),
        *diverged(in_lead),
    ]


def lead(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the two sentences for who reads no more: what to use, and whether a network is worth it."""
    return [which_to_use(tables)[0], *is_it_worth_it(tables)[-1:]]


def questions(tables: dict[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Return the answers to the questions that a reader has."""
    return {
        "Does it help?": does_it_help(tables),
        "Which network should I use?": which_to_use(tables),
        "Is a network worth it?": is_it_worth_it(tables),
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


def which_to_use(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the recommended variant, how it was chosen, its scores, and how it compares with stopping early."""
    rows, metrics = tables["recommendation"].set_index("metric"), leading(tables)
    first = rows.iloc[0]
    chosen, leader = first["variant"], first["leader"]
    loss = loss_in_words(tables)
    how = f"it has the lowest mean {loss}"
    if first["close"] > 1:
        how = (
            f"of the {first['close']:.0f} variants within one standard error of the lowest mean {loss}"
            f"{'' if chosen == leader else f', that of {named(tables, leader)},'} it has the fewest techniques"
        )
    scores = [f"{METRICS[name].label} {_mean(rows.loc[name])}{_corrected(rows.loc[name])}" for name in metrics]
    sentences = [f"Recommended is {named(tables, chosen)}: {how}; {listed(scores)}."]
    second = tables["comparisons"].query("family == 'second_baseline'")
    pair = second[second["variant"] == chosen]
    if len(pair):
        sentences.append(f"{chosen} against {pair['reference'].iloc[0]}: {_verdicts(pair, metrics)}.")
    return [*sentences, *(best_set(tables, name) for name in metrics)]


def _corrected(row: pd.Series) -> str:
    if pd.isna(row["corrected"]):
        return ""
    mean, corrected = (_mean(row, name) for name in ("mean", "corrected"))
    return f" ({'unchanged' if mean == corrected else corrected} when corrected for selection)"


def _mean(row: pd.Series, column: str = "mean") -> str:
    return figure(row[column], own_units=in_own_units(str(row.name)))


def is_it_worth_it(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return how the recommended network compares with each reference model, and whether one of these would do."""
    chosen, metrics = tables["recommendation"]["variant"].iloc[0], leading(tables)
    rows = tables["comparisons"].query("family == 'references'")
    rows = rows[rows["variant"] == chosen]
    sentences = [
        f"{chosen} against {reference}: {_verdicts(pair, metrics)}."
        for reference, pair in rows.groupby("reference", sort=False)
    ]
    of_loss = of_metric(rows, head_of_tables(tables).loss.name).set_index("reference")["verdict"]
    loss = loss_in_words(tables)
    ahead, level = ([name for name in of_loss.index if of_loss[name] in verdicts] for verdicts in (WORSE, NOT_BETTER))
    if ahead:
        verb = "is" if len(ahead) == 1 else "are"
        sentences.append(f"By the {loss}, {listed(ahead)} {verb} better than {chosen}: no network is needed.")
    elif level:
        sentences.append(f"By the {loss}, {chosen} is not proven better than {listed(level)}.")
    elif len(of_loss):
        sentences.append(f"By the {loss}, {chosen} is better than every reference model.")
    return sentences
