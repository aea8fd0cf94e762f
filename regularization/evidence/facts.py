"""What the evidence says of its table, and of variants that are one and the same."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from regularization.evidence.pairing import Replicates

OF_OTHERS = ("regularized_layers", "ema_momentum", "ema_steps", "decay_rate")  # they say how another is used
STANDIN = "standin"  # the origin of a table that took the place of the published one


def facts(replicates: Replicates, *, origin: str, is_notebook: bool) -> pd.DataFrame:
    """One row: rows, share of the smallest class, blocks, those of all classes, splits, those trained on one class.

    And the `origin` of the table, and whether the notebook's figures may stand beside all of these (`is_notebook`).
    """
    rows, sums = replicates.blocks[replicates.headline[0]]
    seen = np.isnan(next(iter(sums.values())))
    counts = np.stack(replicates.counts_of_classes or [rows])  # (classes, blocks)
    shares, of_seen = counts.sum(axis=1) / rows.sum(), seen @ counts.T
    return pd.DataFrame(
        {
            "rows": [int(rows.sum())],
            "minority_share": [float(min(shares))],
            "blocks": [len(rows)],
            "blocks_of_both_classes": [int((counts > 0).all(axis=0).sum())],
            "splits": [len(seen)],
            "fewest_splits": [min(map(replicates.n_splits, replicates.variants))],
            "splits_trained_on_one_class": [int(((of_seen > 0).sum(axis=1) < min(2, len(counts))).sum())],
            "origin": [origin],
            "is_notebook": [is_notebook],
        }
        | ({} if replicates.head.n_classes == 2 else {"classes": [replicates.head.n_classes]})
    )


def count_techniques(settings: Mapping) -> int:
    """How many techniques a variant has, by its settings that have an effect."""
    return sum(key not in OF_OTHERS for key in settings)


def settings_text(settings: Mapping) -> str:
    """`l1 0.01, l2 0.01`; empty where there are none."""
    named = {key: value for key, value in settings.items() if key != "regularized_layers"}
    return ", ".join(key if value is True else f"{key} {_value(value)}" for key, value in named.items())


def _value(value) -> str:
    return "-".join(map(str, value)) if isinstance(value, list | tuple) else f"{value:g}"


def described(
    replicates: Replicates, settings: Mapping[str, Mapping], same_settings: Mapping[str, str]
) -> pd.DataFrame:
    """Each variant with its `settings` in words, then those that have the settings of another, and that one's name."""
    names = [*replicates.variants, *same_settings]
    texts = [settings_text(settings.get(name, {})) for name in names]
    texts = [None if text == name else text for name, text in zip(names, texts, strict=True)]  # the name says it all
    same = [same_settings.get(name) for name in names]
    return pd.DataFrame({"variant": names, "settings": texts, "same_as": same}, dtype=object)


def without_repeated(table: pd.DataFrame, same_settings: Mapping[str, str]) -> pd.DataFrame:
    return table[~table["variant"].isin(list(same_settings))] if "variant" in table else table


def marked(table: pd.DataFrame, origin: str) -> pd.DataFrame:
    """The table, with a column that says so where it rests on a stand-in."""
    return table.assign(origin=origin) if origin == STANDIN else table
