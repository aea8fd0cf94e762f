"""The tables of evidence.py told in few: figures with stable keys for `dvc metrics`, and sentences for people."""

from collections.abc import Callable, Sequence

import pandas as pd

UNITS = {"accuracy": "test accuracy", "binary_crossentropy": "penalty-free test loss"}
SCOPE = {"honest": "over new splits and seeds", "notebook": "on the notebook's one split, over new seeds"}


def main_figures(tables: dict[str, pd.DataFrame], *, headline: Sequence[str]) -> dict:
    """The main figures, nested by question, rounded to 6 decimals. Keys depend on the variants' names alone.

    `verdict.<metric>.<variant>` is against the baseline, `<variant>_vs_<reference>` between two headline variants;
    `difference` has the headline pairs with their 95% interval, `detectable` the largest limit among the pairs.
    """
    honest = tables["comparisons"].query("protocol == 'honest'")
    headlined = honest[honest["variant"].isin(headline)]
    ledger = tables["variance_ledger"].query("metric == 'accuracy'")
    tax = tables["leakage_tax"]
    found = {
        "verdict": _by_metric(honest, lambda rows: {_name(row, headline): row["verdict"] for row in rows}),
        "difference": _by_metric(headlined, lambda rows: {_name(row, headline): _difference(row) for row in rows}),
        "detectable": _by_metric(honest, lambda rows: max(row["detectable"] for row in rows)),
        "leakage_tax": _by_metric(tax[tax["variant"].isin(headline)], lambda rows: _column(rows, "tax")),
        "leakage_excess_of_base": _by_metric(
            tax[tax["variant"].isin(headline[1:])], lambda rows: _column(rows, "excess_of_base")
        ),
        "notebook_lottery": _column(_rows(tables["notebook_lottery"]), "wins"),
        "seed_share_of_variance": _column(_rows(ledger[ledger["variant"].isin(headline)]), "seed"),
        "selection": _by_metric(tables["selection"], _selected),
        "diverged": int(tables["summaries"].query("metric == 'accuracy'")["diverged"].sum()),
    }
    return _rounded(found)


def sentences(tables: dict[str, pd.DataFrame], *, headline: Sequence[str]) -> list[str]:
    """The evidence as English sentences with 95% intervals: all honest verdicts, of the rest the headline variants."""
    means = tables["summaries"].set_index(["protocol", "metric", "variant"])["mean"]
    of_headline = {name: table[table["variant"].isin(headline)] for name, table in tables.items() if "variant" in table}
    notebook = of_headline["comparisons"].query("protocol == 'notebook'")
    diverged = tables["summaries"].query("metric == 'accuracy' and diverged > 0")
    return [
        *(_verdict(row, means) for row in _rows(tables["comparisons"].query("protocol == 'honest'"))),
        *(_verdict(row, means) for row in _rows(notebook)),
        *(_power(rows) for _, rows in tables["comparisons"].query("protocol == 'honest'").groupby("metric")),
        *(_tax(row, headline[0]) for row in _rows(of_headline["leakage_tax"])),
        *(_ledger(row) for row in _rows(of_headline["variance_ledger"].query("metric == 'accuracy'"))),
        _lottery(tables["notebook_lottery"], headline),
        *(_selection(row, headline[0]) for row in _rows(tables["selection"])),
        *(_diverged(row) for row in _rows(diverged)),
    ]


def _verdict(row: dict, means: pd.Series) -> str:
    said = {
        "better": "is better than",
        "worse": "is worse than",
        "equivalent": f"is equivalent, within {row['rope']:g}, to",
        "undecided": "cannot be told from",
    }[row["verdict"]]
    doubt = f"; as it is under the {row['detectable']:.3f} that is found reliably, trust its direction, not its size"
    mean, reference = (means[row["protocol"], row["metric"], row[name]] for name in ("variant", "reference"))
    return (
        f"{row['variant']} {said} {row['reference']} in {UNITS[row['metric']]} {SCOPE[row['protocol']]}: {mean:.3f} "
        f"against {reference:.3f}, difference {_interval(row['difference'], row['lower'], row['upper'])}, "
        f"Holm-adjusted p {_p(row['p_holm'])}, better in {row['probability_of_improvement']:.0%} of the pairs"
        f"{doubt if row['size_may_be_overstated'] else ''}."
    )


def _power(rows: pd.DataFrame) -> str:
    least, most = rows["detectable"].min(), rows["detectable"].max()
    return (
        f"The smallest difference in {UNITS[rows['metric'].iloc[0]]} that the honest splits and seeds find reliably is "
        f"{least:.3f} to {most:.3f}, depending on the pair; smaller ones may exist."
    )


def _tax(row: dict, baseline: str) -> str:
    tax = _interval(row["tax"], row["lower"], row["upper"])
    told = f"Shuffling duplicates into both parts changes the {UNITS[row['metric']]} of {row['variant']} by {tax}"
    if row["variant"] == baseline:
        return f"{told}."
    excess = _interval(row["excess_of_base"], row["excess_lower"], row["excess_upper"])
    return f"{told}; the change of {baseline} minus this one is {excess}."


def _ledger(row: dict) -> str:
    interval = f"95% interval {row['split_lower']:.0%} to {row['split_upper']:.0%}"
    return (
        f"Of the variance of one {row['variant']} training's test accuracy (sd {row['sd']:.3f}), {row['seed']:.0%} "
        f"comes from the seed and {row['split']:.0%} ({interval}) from the split; the finite test set alone accounts "
        f"for up to {row['test_set_at_most']:.0%} of the whole."
    )


def _lottery(lottery: pd.DataFrame, headline: Sequence[str]) -> str:
    first = lottery.loc[lottery["wins"].idxmax()]
    interval = f"95% interval {first['lower']:.0%} to {first['upper']:.0%}"
    wins = lottery.set_index("variant")["wins"]
    return (
        f"If the notebook were run again, {first['variant']} would have the highest test accuracy of the "
        f"{len(lottery)} configurations most often, in {first['wins']:.0%} of the runs ({interval}); "
        f"{', '.join(f'{variant} in {wins[variant]:.0%}' for variant in headline)}."
    )


def _selection(row: dict, baseline: str) -> str:
    how = "in one training of each" if row["rule"] == "one training" else "by the mean over all splits and seeds"
    optimism = _interval(row["optimism"], row["optimism_lower"], row["optimism_upper"])
    return (
        f"Chosen by validation {UNITS[row['metric']].replace('test ', '')} {how}: {row['chosen']} "
        f"({row['share']:.0%} of the choices). The chosen has {row['validation']:.3f} on validation and "
        f"{row['test']:.3f} on test, so it looked better than it was by {optimism}; on test it differs from {baseline} "
        f"by {_interval(row['gain'], row['gain_lower'], row['gain_upper'])}."
    )


def _diverged(row: dict) -> str:
    return (
        f"Left out: {row['diverged']} of {row['trainings']} trainings of {row['variant']} ({row['protocol']} "
        f"protocol), which diverged; its figures describe the others and flatter it."
    )


def _interval(value: float, lower: float, upper: float) -> str:
    return f"{value:+.3f} (95% interval {lower:+.3f} to {upper:+.3f})"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _rows(table: pd.DataFrame) -> list[dict]:
    return table.to_dict("records")


def _by_metric(table: pd.DataFrame, tell: Callable[[list[dict]], object]) -> dict:
    return {metric: tell(_rows(rows)) for metric, rows in table.groupby("metric")}


def _name(row: dict, headline: Sequence[str]) -> str:
    return row["variant"] if row["reference"] == headline[0] else f"{row['variant']}_vs_{row['reference']}"


def _difference(row: dict) -> dict[str, float]:
    return {"mean": row["difference"], "lower": row["lower"], "upper": row["upper"]}


def _column(rows: list[dict], column: str) -> dict[str, float]:
    return {row["variant"]: row[column] for row in rows}


def _selected(rows: list[dict]) -> dict:
    by_rule = {row["rule"]: row for row in rows}
    chosen = {key: by_rule["mean"][key] for key in ("chosen", "validation", "test", "optimism")}
    return chosen | {"optimism_of_one_training": by_rule["one training"]["optimism"]}


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 6) if isinstance(value, float) else value
