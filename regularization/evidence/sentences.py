"""The tables of questions.py told in few: figures with stable keys for `dvc metrics`, and sentences for people."""

from collections.abc import Sequence

import pandas as pd

from regularization.evidence.facts import STANDIN
from regularization.evidence.majority import MAJORITY
from regularization.metrics import ACCURACY, BRIER, METRICS, leading_metrics

MARK = "These networks saw a synthetic stand-in table: nothing here says anything about wine."
LEARNED = {
    "one class": "{} named one class alone for all test rows of every split",
    "not shown": "No accuracy above the majority class's, balanced or not, and no ROC AUC above 0.5 is shown of {}",
    "ranks": "No accuracy above the majority class's, balanced or not, is shown of {}, but the ROC AUC is above 0.5",
}
NEW_TABLES = "for new tables of the same kind"
THIS_TABLE = "for new seeds and splits of the same blocks"
SAID = {
    "better": "is better than",
    "worse": "is worse than",
    "equivalent": "is equivalent to",
    "likely better": "is likely better than",
    "likely worse": "is likely worse than",
    "undecided": "cannot be told from",
}


def main_figures(tables: dict[str, pd.DataFrame]) -> dict:
    """What a person compares between experiments, nested by metric: verdict and difference of each headline pair.

    Keys depend on the variants' names alone: `<variant>_vs_<reference>`.
    """
    headline = tables["comparisons"].query("family == 'headline'")
    figures = {}
    for name in told_first(tables):
        rows = headline[headline["metric"] == name].to_dict("records")
        pairs = {f"{row['variant']}_vs_{row['reference']}": row for row in rows}
        figures[name] = {
            "verdict": {pair: row["verdict"] for pair, row in pairs.items()},
            "difference": {pair: row["difference"] for pair, row in pairs.items()},
        }
    return figures | ({"origin": STANDIN} if _mark(tables) else {})


def told_first(tables: dict[str, pd.DataFrame]) -> list[str]:
    """The metrics that what is told of this table begins with, of those that its blocks can carry."""
    of_table = leading_metrics(tables["table"]["minority_share"].iloc[0])
    known = set(tables["summaries"]["metric"])
    return [name for name in of_table if name in known] if set(of_table[:1]) <= known else list(leading_metrics(0.5))


def answer(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Few sentences for the first page: the headline variants against base, and who cannot be told from the best."""
    headline, told, first = tables["comparisons"].query("family == 'headline'"), _mark(tables), told_first(tables)
    for variant in headline["variant"].unique():
        of_variant = headline[headline["variant"] == variant]
        for reference in of_variant["reference"].unique():
            pair = of_variant[of_variant["reference"] == reference].set_index("metric")
            parts = [_short(METRICS[name].label, pair.loc[name]) for name in first]
            told.append(f"{variant} against {reference}: {'; '.join(parts)}.")
    of_headline = tables["summaries"]["variant"].isin([*headline["variant"], *headline["reference"]])
    return [*told, *(_set(tables["best"], name) for name in first), *not_learned(tables["summaries"][of_headline])]


def sentences(tables: dict[str, pd.DataFrame], *, headline: Sequence[str]) -> list[str]:
    """All of the evidence as English sentences with 95% intervals.

    Comparisons are told in three metrics: those of `told_first`, and the Brier score where that is two.
    """
    first = told_first(tables)
    shown = [*first, BRIER.name] if len(first) < 3 else first
    means = tables["summaries"].set_index(["metric", "variant"])["mean"]
    in_headline = {name: rows[rows["variant"].isin(headline)] for name, rows in tables.items() if "variant" in rows}
    diverged = tables["summaries"].query(f"metric == '{ACCURACY.name}' and diverged > 0")
    told = {
        name: [rows[rows["metric"] == metric] for metric in shown] for name, rows in tables.items() if "metric" in rows
    }
    return [
        *_mark(tables),
        *_classes(tables["table"].iloc[0], means, first),
        *not_learned(tables["summaries"]),
        *(
            f"{row['variant']} has the settings of {row['same_as']} and is told under that name alone."
            for row in _rows(tables["same_settings"])
        ),
        *(_comparison(row, means) for rows in told["comparisons"] for row in _rows(rows)),
        *(_set(tables["best"], name) for name in shown),
        *(_power(rows, int(tables["table"]["splits"].iloc[0])) for rows in told["plan"] if len(rows)),
        *(_calibration(row) for row in _rows(tables["calibration"].query("family == 'headline'"))),
        *_leakage(in_headline["leakage"], headline[0], first[0]),
        *(_spread(row) for row in _rows(in_headline["spread"]) if row["metric"] == first[0]),
        _lottery(tables["notebook_lottery"], is_notebook=bool(tables["table"]["is_notebook"].iloc[0])),
        *(_selection(row, headline[0]) for rows in told["selection"] for row in _rows(rows)),
        *(_diverged(row) for row in _rows(diverged)),
    ]


def _mark(tables: dict[str, pd.DataFrame]) -> list[str]:
    return [MARK] if tables["table"]["origin"].iloc[0] == STANDIN else []


def _classes(table: pd.Series, means: pd.Series, first: Sequence[str]) -> list[str]:
    """How the classes stand, what naming the larger one is worth, and what one of them lacks."""
    scores = [f"{METRICS[name].label} {means[name, MAJORITY]:.3f}" for name in dict.fromkeys((ACCURACY.name, *first))]
    told = [
        f"The smaller class has {table['minority_share']:.1%} of the {table['rows']} rows: always naming the larger "
        f"one, with its share as the probability, gives {_listed(scores)}."
    ]
    if table["blocks_of_both_classes"] < table["blocks"]:
        told.append(
            f"Only {table['blocks_of_both_classes']} of {table['blocks']} blocks of rows have both classes: balanced "
            "accuracy and ROC AUC rest on these alone."
        )
    if table["splits_trained_on_one_class"]:
        told.append(
            f"In {table['splits_trained_on_one_class']} of {table['splits']} splits the training rows are of one "
            "class: there is nothing to learn in them, and all figures count them."
        )
    return told


def not_learned(summaries: pd.DataFrame) -> list[str]:
    """Which networks have not been shown to beat the majority class, one sentence for each way."""
    found = summaries.drop_duplicates("variant").groupby("learned", sort=False)["variant"].agg(list)
    return [f"{LEARNED[how].format(_listed(names))}." for how, names in found.items() if how in LEARNED]


def _short(label: str, row: pd.Series) -> str:
    if not row["differing"]:
        return f"{label} {row['verdict']} (no training differed from its pair)"
    interval = f"{row['difference']:+.3f}; {row['lower']:+.3f} to {row['upper']:+.3f} for new tables"
    return f"{label} {row['verdict']} ({interval})"


def _comparison(row: dict, means: pd.Series) -> str:
    label, exploratory = METRICS[row["metric"]].label, " (exploratory)" if row["family"] == "exploratory" else ""
    mean, reference = (means[row["metric"], row[name]] for name in ("variant", "reference"))
    if not row["differing"]:
        limit = f": a true difference of up to {row['upper']:.3f} could have gone unseen"
        return (
            f"No training of {row['variant']} differed from its pair of {row['reference']} in {label}{exploratory}"
            f"{limit if METRICS[row['metric']].is_counted else ''}."
        )
    doubt = ", which is not proven" if row["verdict"].startswith("likely") else ""
    said = f"{row['variant']} {SAID[row['verdict']]} {row['reference']} in {label}{exploratory}{doubt}"
    difference = _interval(row["difference"], row["lower"], row["upper"], NEW_TABLES)
    return (
        f"{said}: {mean:.3f} against {reference:.3f}, difference {difference}; "
        f"{row['joint_lower']:+.3f} to {row['joint_upper']:+.3f} together with the other comparisons; "
        f"{row['table_lower']:+.3f} to {row['table_upper']:+.3f} {THIS_TABLE}. It was better in {row['better_in']:.0%} "
        f"of the pairs."
    )


def _set(best: pd.DataFrame, metric: str) -> str:
    rows = best[best["metric"] == metric]
    leader, label = rows["best"].iloc[0], METRICS[metric].label
    tied = rows.loc[rows["mean"] == rows.loc[rows["variant"] == leader, "mean"].iloc[0], "variant"].tolist()
    if len(tied) == len(rows):
        return f"In {label}, {_listed(tied)} have the same mean."
    others = rows.loc[rows["cannot_be_told"] & (rows["variant"] != leader), "variant"].tolist()
    if not others:
        return f"In {label}, {leader} is the best, and every other variant can be told from it."
    worse = rows.loc[~rows["cannot_be_told"], "variant"].tolist()
    if len(others) > max(5, len(worse)):  # the shorter list tells the same
        but = f"all but {_listed(worse)}" if worse else f"all {len(others)} others"
        return f"In {label}, {leader} has the best mean; {but} cannot be told from it."
    return f"In {label}, {leader} has the best mean; {_listed(others)} cannot be told from it."


def _power(rows: pd.DataFrame, splits: int) -> str:
    now = rows[rows["splits"] == splits]
    least, most = (f"{limit:.3f}" for limit in (now["detectable"].min(), now["detectable"].max()))
    limits = least if least == most else f"{least} to {most}, depending on the pair of headline variants,"
    return (
        f"With {splits} splits, a true difference in {METRICS[rows['metric'].iloc[0]].label} of {limits} would be "
        f"found in {now['power'].iloc[0]:.0%} of such studies."
    )


def _calibration(row: dict) -> str:
    said = "cannot be told from"
    if row["table_upper"] < 0 or row["table_lower"] > 0:
        said = "is lower than" if row["difference"] < 0 else "is higher than"
    change = _interval(row["difference"], row["table_lower"], row["table_upper"], THIS_TABLE)
    return (
        f"The calibration error of {row['variant']} on the test rows {said} that of {row['reference']}: "
        f"{row['ece']:.3f} against {row['ece_of_reference']:.3f}, difference {change}."
    )


def _leakage(rows: pd.DataFrame, baseline: str, metric: str) -> list[str]:
    if rows.empty:
        return ["The table has no identical rows, so none can leak into the test."]
    told = []
    for row in _rows(rows[rows["metric"] == metric]):
        change = _interval(row["change"], row["lower"], row["upper"], "for this table's duplicates")
        sentence = (
            f"Shuffling identical rows into both parts changes the {METRICS[metric].label} of {row['variant']} by "
            f"{change}, test rows seen in training and more distinct rows to train on taken together"
        )
        if row["variant"] != baseline:
            excess = _interval(
                row["excess_of_base"], row["excess_lower"], row["excess_upper"], "for the same duplicates"
            )
            sentence += f"; the change of {baseline} minus this one is {excess}"
        told.append(f"{sentence}.")
    return told


def _spread(row: dict) -> str:
    share = (
        f"{row['seed_share']:.0%} ({row['share_lower']:.0%} to {row['share_upper']:.0%} with other seeds and splits)"
    )
    of_seed = f"makes {row['sd_of_seed']:.3f}, which is {share} of the variance"
    if not row["sd_of_seed"]:
        of_seed = "made no difference"
    return (
        f"One training of {row['variant']} has a {METRICS[row['metric']].label} with a standard deviation of "
        f"{row['sd']:.3f} over fresh splits; the seed alone, on one split, {of_seed}."
    )


def _lottery(lottery: pd.DataFrame, *, is_notebook: bool) -> str:
    if len(lottery) < 2:
        return "Only one configuration was trained."
    again = "If the notebook were run again" if is_notebook else "On one and the same split, with another seed each"
    first, second = lottery.sort_values("wins", ascending=False).head(2).to_dict("records")
    tied = lottery.loc[lottery["wins"] > first["wins"] - 1e-9, "variant"].tolist()
    if len(tied) > 1:
        return (
            f"{again}, {_listed(tied)} would have the highest test accuracy of the {len(lottery)} configurations "
            f"equally often, in {first['wins']:.0%} of the runs each."
        )
    interval = f"{first['lower']:.0%} to {first['upper']:.0%} with other seeds"
    told = (
        f"{again}, {first['variant']} would have the highest test accuracy of the "
        f"{len(lottery)} configurations most often, in {first['wins']:.0%} of the runs ({interval})"
    )
    if first["lower"] > second["upper"]:
        return f"{told}."
    interval = f"{second['lower']:.0%} to {second['upper']:.0%}"
    return f"{told}; next comes {second['variant']} with {second['wins']:.0%} ({interval}), so nothing stands out."


def _selection(row: dict, baseline: str) -> str:
    label = METRICS[row["metric"]].label
    looked = "it looked better than it was by" if row["optimism_lower"] > 0 else "whether it looked better is open:"
    optimism, gain = (
        _interval(row[name], row[f"{name}_lower"], row[f"{name}_upper"], THIS_TABLE) for name in ("optimism", "gain")
    )
    often = f"most often ({row['share']:.0%} of the choices)"
    if row["tied"]:
        often = (
            f"as often as {row['tied']} other{'s' if row['tied'] > 1 else ''} ({row['share']:.0%} of the choices each)"
        )
    how = f"Chosen in each split by {label.replace('test', 'validation')} from one training of each variant"
    return (
        f"{how}: {row['chosen']} {often}. The chosen has {row['validation']:.3f} on the validation rows and "
        f"{row['test']:.3f} on the test rows: {looked} {optimism}. Its difference to "
        f"{baseline} on the test rows is {gain}."
    )


def _diverged(row: dict) -> str:
    return (
        f"Left out: {row['diverged']} of {row['trainings']} trainings of {row['variant']}, which diverged; its figures "
        f"describe the others and flatter it."
    )


def _interval(value: float, lower: float, upper: float, scope: str = "") -> str:
    if lower == upper:
        return f"{value:+.3f} (the same every time)"
    return f"{value:+.3f} ({lower:+.3f} to {f'{upper:+.3f} {scope}'.rstrip()})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _rows(table: pd.DataFrame) -> list[dict]:
    return table.to_dict("records")
