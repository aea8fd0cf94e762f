"""The evidence in few words: figures with stable keys for `dvc metrics`, and sentences for people."""

from collections.abc import Sequence

import pandas as pd

from regularization.evidence.facts import STANDIN
from regularization.evidence.majority import MAJORITY
from regularization.heads import Head, head_of
from regularization.heads.metrics import ACCURACY, BRIER, MAE, METRICS
from regularization.words.phrases import (
    SAME_BLOCKS,
    STANDIN_MARK,
    counted,
    figure,
    in_own_units,
    interval,
    listed,
    rows_of,
)

LEARNED = {
    "one class": "{} predicted the same class for every test row in every split",
    "not shown": "{} is not shown to be more accurate than the majority class, nor to have a ROC AUC above 0.5",
    "ranks": "{} is not shown to be more accurate than the majority class, but its ROC AUC is above 0.5",
    "no class": "{} is not shown to be more accurate than the majority class",
    "no number": "{} is not shown to have a lower RMSE than always predicting the mean of the training rows",
}


def main_figures(tables: dict[str, pd.DataFrame]) -> dict:
    """Return what a person compares between experiments: the recommended variant, and each headline pair by metric.

    Of a pair, verdict and difference. Keys depend on the variants' names alone: `<variant>_vs_<reference>`.
    """
    headline = tables["comparisons"].query("family == 'headline'")
    figures: dict = {"recommended": tables["recommendation"]["variant"].iloc[0]}
    for name in leading(tables):
        pairs = {f"{row['variant']}_vs_{row['reference']}": row for row in rows_of(of_metric(headline, name))}
        figures[name] = {
            "verdict": {pair: row["verdict"] for pair, row in pairs.items()},
            "difference": {pair: row["difference"] for pair, row in pairs.items()},
        }
    return figures | ({"origin": STANDIN} if mark(tables) else {})


def leading(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return the metrics that reports on this table begin with, of those that its blocks can carry."""
    head, known = head_of_tables(tables), set(tables["summaries"]["metric"])
    of_table = head.leading(tables["table"]["minority_share"].iloc[0])
    return [name for name in of_table if name in known] if set(of_table[:1]) <= known else list(head.leading(1.0))


def head_of_tables(tables: dict[str, pd.DataFrame]) -> Head:
    """Return the head of the networks that the evidence is about."""
    return head_of(int(tables["table"].get("classes", pd.Series([2])).iloc[0]))


def loss_in_words(tables: dict[str, pd.DataFrame]) -> str:
    """Return the score that decides: `test loss`, `test RMSE`."""
    return head_of_tables(tables).loss.in_words


def named(tables: dict[str, pd.DataFrame], variant: str) -> str:
    """Return the name of a variant with the settings that it hides: `dropout_0005 (dropout 0.005)`."""
    settings = tables["variants"].loc[tables["variants"]["variant"] == variant, "settings"]
    texts = [text for text in settings if isinstance(text, str) and text]
    hides_none = [text for text in texts if text.replace(" ", "_") == variant]
    return f"{variant} ({texts[0]})" if texts and not hides_none else variant


def sentences(tables: dict[str, pd.DataFrame], *, headline: Sequence[str]) -> list[str]:
    """Return what the tables of differences do not show, as about a dozen sentences with 95% intervals."""
    metrics, head = leading(tables), head_of_tables(tables)
    in_headline = {name: rows[rows["variant"].isin(headline)] for name, rows in tables.items() if "variant" in rows}
    means = tables["summaries"].set_index(["metric", "variant"])["mean"]
    return [
        *mark(tables),
        *_target(tables["table"].iloc[0], means, metrics, head),
        *not_learned(tables["summaries"]),
        *_same_settings(tables["variants"].dropna(subset=["same_as"])),
        *(best_set(tables, name) for name in head.metrics if name in (BRIER.name, MAE.name)),
        *_power(tables, metrics),
        *_calibration(in_headline["calibration"]),
        *leakage_sentences(in_headline["leakage"], metrics[0], headline[0]),
        *_spread(of_metric(in_headline["spread"], metrics[0]), METRICS[metrics[0]].label),
        lottery_sentence(
            tables["notebook_lottery"],
            is_notebook=bool(tables["table"]["is_notebook"].iloc[0]),
            score=METRICS[head.rate].label,
        ),
        *(_selection(row, headline[0]) for row in rows_of(of_metric(tables["selection"], metrics[0]))),
        *diverged(tables["summaries"]),
    ]


def mark(tables: dict[str, pd.DataFrame]) -> list[str]:
    return [STANDIN_MARK] if tables["table"]["origin"].iloc[0] == STANDIN else []


def of_metric(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    return table[table["metric"] == metric]


def _target(table: pd.Series, means: pd.Series, metrics: Sequence[str], head: Head) -> list[str]:
    """Return the sizes of the classes, the scores of the constant predictor, and what one class lacks."""
    names = [name for name in dict.fromkeys((head.rate, *metrics)) if (name, MAJORITY) in means]
    scores = [f"{METRICS[name].label} {figure(means[name, MAJORITY], own_units=in_own_units(name))}" for name in names]
    if not head.n_classes:
        return [f"The table has {table['rows']:,} rows. {head.constant.capitalize()} has {listed(scores)}."]
    smallest = "minority class" if head.n_classes == 2 else f"smallest of the {head.n_classes} classes"
    sentences = [
        f"The {smallest} has {table['minority_share']:.1%} of the {table['rows']:,} rows. Always predicting the "
        f"majority class, with {'its share' if head.n_classes == 2 else 'the shares of all'} as the probability, has "
        f"{listed(scores)}."
    ]
    if table["blocks_of_both_classes"] < table["blocks"]:
        few = f"Only {table['blocks_of_both_classes']} of {table['blocks']} blocks of rows have"
        rests = "both classes: balanced accuracy and ROC AUC rest on these alone."
        if head.n_classes > 2:
            rests = "all classes: what is said of the rarest rests on few rows."
        sentences.append(f"{few} {rests}")
    if table["splits_trained_on_one_class"]:
        sentences.append(
            f"In {table['splits_trained_on_one_class']} of {table['splits']} splits the training rows are of one "
            "class: there is nothing to learn in them, and all figures count them."
        )
    return sentences


def not_learned(summaries: pd.DataFrame) -> list[str]:
    """Return which networks have not been shown to beat the majority class, one sentence for each way."""
    names_by_way = summaries.drop_duplicates("variant").groupby("learned", sort=False)["variant"].agg(list)
    subjects = {way: names[0] if len(names) == 1 else f"Each of {listed(names)}" for way, names in names_by_way.items()}
    return [f"{LEARNED[way].format(who)}." for way, who in subjects.items() if way in LEARNED]


def _same_settings(repeated: pd.DataFrame) -> list[str]:
    return [
        f"{row['variant']} has the settings of {row['same_as']} and is reported only under that name."
        for row in rows_of(repeated)
    ]


def best_set(tables: dict[str, pd.DataFrame], metric: str) -> str:
    """Return which variant has the best mean, and which others may be the best: none is proven better than they."""
    rows = of_metric(tables["best"], metric)
    leader, label = rows["best"].iloc[0], METRICS[metric].label
    tied = rows.loc[rows["mean"] == rows.loc[rows["variant"] == leader, "mean"].iloc[0], "variant"].tolist()
    if len(tied) == len(rows):
        return f"In {label}, {listed(tied)} have the same mean."
    others = rows.loc[rows["included"] & (rows["variant"] != leader), "variant"].tolist()
    if not others:
        return f"In {label}, {named(tables, leader)} is the best of all {len(rows)} variants."
    worse = rows.loc[~rows["included"], "variant"].tolist()
    may_be = f"{listed([named(tables, name) for name in others])} may be the best too"
    if len(others) > max(5, len(worse)):  # the shorter list says the same
        which = f", except {listed([named(tables, name) for name in worse])}" if worse else ""
        may_be = f"every other variant may be the best too{which}"
    return f"Of the networks, {named(tables, leader)} has the best mean {label}; {may_be}."


def _power(tables: dict[str, pd.DataFrame], metrics: Sequence[str]) -> list[str]:
    plan, limits = tables["plan"].query("factor == 1"), []
    for name in metrics:
        detectable = of_metric(plan, name)["detectable"]
        if len(detectable):
            least, most = (figure(size, own_units=in_own_units(name)) for size in (detectable.min(), detectable.max()))
            limits.append(f"{least if least == most else f'{least} to {most}'} in {METRICS[name].label}")
    if not limits:
        return []
    return [
        f"Between headline models, true differences of {listed(limits)} would be found in {plan['power'].iloc[0]:.0%} "
        "of such studies."
    ]


def _calibration(rows: pd.DataFrame) -> list[str]:
    changes = [
        f"{row['variant']} {row['ece']:.3f} against {row['ece_of_reference']:.3f} of {row['reference']}, difference "
        f"{interval(row['difference'], row['table_lower'], row['table_upper'])}"
        for row in rows_of(rows)
    ]
    return [f"Calibration error on the test rows, {SAME_BLOCKS}: {'; '.join(changes)}."] if changes else []


def leakage_sentences(leakage: pd.DataFrame, metric: str, baseline: str) -> list[str]:
    """Return what rows with the same inputs in both parts do to a test score of each variant that was tried."""
    rows, label = of_metric(leakage, metric), METRICS[metric].label
    if rows.empty:
        return ["No two rows of the table have the same inputs, so none can leak into the test."]
    changes = []
    for row in rows_of(rows):
        change = f"{row['variant']} by {interval(row['change'], row['lower'], row['upper'])}"
        if row["variant"] != baseline:
            excess = interval(row["excess_of_base"], row["excess_lower"], row["excess_upper"])
            change += f", {baseline} by {excess} more"
        changes.append(change)
    return [
        f"Shuffling rows with the same inputs into both parts changes the {label} of {'; '.join(changes)}. Such a "
        "network has seen test rows and trains on more distinct rows."
    ]


def _spread(rows: pd.DataFrame, label: str) -> list[str]:
    parts = [
        f"{row['variant']} {figure(row['sd'])} over fresh splits, {figure(row['sd_of_seed'])} from the seed alone on "
        f"one split ({row['seed_share']:.0%} of the variance, {row['share_lower']:.0%} to {row['share_upper']:.0%})"
        for row in rows_of(rows)
    ]
    return [f"Standard deviation of the {label} of one training: {'; '.join(parts)}."] if parts else []


def lottery_sentence(rows: pd.DataFrame, *, is_notebook: bool, score: str = ACCURACY.label) -> str:
    """Return how often the luckiest variant would win if each were trained once more with another seed."""
    if len(rows) < 2:
        return "Only one configuration was trained."
    again = "If the notebook were run again" if is_notebook else "On one and the same split, with another seed each"
    first, second = rows_of(rows.sort_values("wins", ascending=False).head(2))
    tied = rows.loc[rows["wins"] > first["wins"] - 1e-9, "variant"].tolist()
    if len(tied) > 1:
        return (
            f"{again}, {listed(tied)} would have the highest {score} of the {len(rows)} configurations equally "
            f"often, in {first['wins']:.0%} of the runs each."
        )
    sentence = (
        f"{again}, {first['variant']} would have the highest {score} of the {len(rows)} configurations most "
        f"often, in {first['wins']:.0%} of the runs ({first['lower']:.0%} to {first['upper']:.0%} with other seeds)"
    )
    if first["lower"] > second["upper"]:
        return f"{sentence}."
    ends = f"{second['lower']:.0%} to {second['upper']:.0%}"
    return f"{sentence}; next comes {second['variant']} with {second['wins']:.0%} ({ends}), so nothing stands out."


def _selection(row: dict, baseline: str) -> str:
    label = METRICS[row["metric"]].label
    own_units = in_own_units(row["metric"])
    optimism, gain = (
        interval(row[name], row[f"{name}_lower"], row[f"{name}_upper"], SAME_BLOCKS, own_units=own_units)
        for name in ("optimism", "gain")
    )
    if row["optimism_lower"] > 0:
        looked = f"it looked better than it was by {optimism}"
    elif row["optimism_upper"] < 0:
        looked = f"it looked worse than it was, by {optimism}"
    else:
        looked = f"whether it looked better than it was is open, {optimism}"
    often = f"most often ({row['share']:.0%} of the choices)"
    if row["tied"]:
        often = f"as often as {counted(row['tied'], 'other')} ({row['share']:.0%} of the choices each)"
    how = f"When one training of each variant is compared by {label.replace('test', 'validation')} in each split"
    return (
        f"{how}, {row['chosen']} is chosen {often}. The chosen has {figure(row['validation'])} on the validation rows "
        f"and {figure(row['test'])} on the test rows: {looked}. Its difference to {baseline} on the test rows is "
        f"{gain}."
    )


def diverged(summaries: pd.DataFrame) -> list[str]:
    """Return how many trainings of each variant diverged."""
    rows = summaries.drop_duplicates("variant").query("diverged > 0")
    return [
        f"{row['diverged']:.0f} of {counted(int(row['trainings']), 'training')} of {row['variant']} diverged and are "
        "excluded; its figures describe the others and flatter it."
        for row in rows_of(rows)
    ]
