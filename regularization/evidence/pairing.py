"""The table of replicates as paired columns: checks, one column a variant, one interval a column."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.evidence import statistics
from regularization.metrics import METRICS

PROTOCOLS = ("honest", "leaky", "notebook")
KEYS = ["variant", "protocol", "split", "seed"]
SIZES = ["n_train", "n_test"]
SCORES = [metric.column for metric in METRICS.values()]
SCORES += [metric.validation_column for metric in METRICS.values()] + ["test_loss"]


def checked_replicates(replicates: pd.DataFrame, *, headline: Sequence[str]) -> pd.DataFrame:
    """The replicates with a diverged training's scores as NaN, so that no figure rests on it.

    Diverged: any of `SCORES` is not finite. Raises `InputError` for a missing column, protocol or variant, a training
    that is there twice, a variant without the splits and seeds of the others, honest splits without leaky twins, and
    fewer than 2 splits or seeds.
    """
    _require("columns", [*KEYS, *SIZES, *SCORES], replicates.columns)
    text = [column for column in SIZES + SCORES if not pd.api.types.is_numeric_dtype(replicates[column])]
    if text:
        raise InputError(f"Expected numbers in {text}, received text. Make the replicates again.")
    _require("protocols", PROTOCOLS, replicates["protocol"])
    _require("variants", headline, replicates["variant"])
    if replicates.duplicated(KEYS).any():
        twice = replicates.loc[replicates.duplicated(KEYS), KEYS].iloc[0].to_dict()
        raise InputError(f"Expected one row a training, received {twice} more than once. Make the replicates again.")
    runs = {key: set(zip(rows["split"], rows["seed"], strict=True)) for key, rows in replicates.groupby(KEYS[:2])}
    _require_pairs(runs, headline[0], sorted(set(replicates["variant"])))
    _require_enough(runs, headline[0])
    diverged = ~np.isfinite(replicates[SCORES]).all(axis=1)
    return replicates.assign(**{column: replicates[column].mask(diverged) for column in SCORES})


def ordered_variants(replicates: pd.DataFrame, headline: Sequence[str]) -> list[str]:
    """The headline variants, then the others by name. The first is the baseline."""
    return [*headline, *sorted(set(replicates["variant"]) - set(headline))]


def wide(replicates: pd.DataFrame, protocol: str, column: str) -> pd.DataFrame:
    """One score under one protocol: a row for each (split, seed) in their order, a column for each variant."""
    rows = replicates[replicates["protocol"] == protocol]
    # not pivot_table: it would drop a variant of which every training diverged
    return rows.pivot(index=["split", "seed"], columns="variant", values=column).sort_index()  # noqa: PD010


def split_values(values: pd.Series, protocol: str) -> pd.Series:
    """What counts as one observation: a split, its seeds averaged; on the notebook's one split, a seed."""
    values = values.dropna()
    return values if protocol == "notebook" else values.groupby("split").mean()


def interval(values: pd.Series, protocol: str, n_train: float, n_test: float) -> statistics.Estimate:
    """The mean of a `(split, seed)` column with its interval, corrected for overlap where the splits are resampled."""
    units = split_values(values, protocol)
    if len(units) < 2:
        unit = "seeds" if protocol == "notebook" else "splits"
        raise InputError(
            f"Expected 2 or more {unit} with finite scores for {values.name} ({protocol} protocol), received "
            f"{len(units)}. Its other trainings diverged: lower its learning rate or leave it out."
        )
    if protocol == "notebook":
        return statistics.mean_interval(units)
    return statistics.corrected_interval(units, n_train=n_train, n_test=n_test)


def _require(what: str, expected: Collection[str], received: Collection[str]) -> None:
    missing = sorted(set(expected) - set(received))
    if missing:
        raise InputError(
            f"Expected the replicates to hold the {what} {sorted(expected)}; {missing} missing, received "
            f"{sorted(set(received))}. Make the replicates again, of every variant."
        )


def _require_pairs(runs: dict[tuple[str, str], set], baseline: str, variants: Sequence[str]) -> None:
    """Same splits and seeds for all: of every variant, and of a leaky split and its honest twin."""
    for protocol in PROTOCOLS:
        expected = runs.get((baseline, "honest" if protocol == "leaky" else protocol), set())
        for variant in variants:
            unpaired = sorted(expected ^ runs.get((variant, protocol), set()))
            if unpaired:
                raise InputError(
                    f"Expected {variant} ({protocol} protocol) to have the splits and seeds of {baseline}; "
                    f"{len(unpaired)} (split, seed) without a pair, the first {unpaired[0]}. Make the replicates of "
                    f"all variants again, with the same splits and seeds."
                )


def _require_enough(runs: dict[tuple[str, str], set], baseline: str) -> None:
    honest, notebook = runs[baseline, "honest"], runs[baseline, "notebook"]
    splits = {split for split, _ in honest}
    if len(splits) < 2:
        raise InputError(
            f"Expected 2 or more honest splits, received {len(splits)}. Set replicate.splits to 2 or more."
        )
    if len(honest) == len(splits):
        raise InputError(
            "Expected 2 or more seeds for each honest split, received 1. Set replicate.seeds_per_split to 2 or more."
        )
    if len(notebook) < 2 or len({split for split, _ in notebook}) > 1:
        raise InputError(
            f"Expected 2 or more seeds on the notebook's one split, received the (split, seed) pairs "
            f"{sorted(notebook)[:3]}. Set replicate.seeds to 2 or more."
        )
