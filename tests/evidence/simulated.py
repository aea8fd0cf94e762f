"""Replicates with a known answer, for the tests of the evidence."""

import numpy as np
import pandas as pd

from regularization.evidence import NOTEBOOK_REPORTED

HEADLINE = ("base", "l1l2", "dropout")
ELEVEN = (
    *HEADLINE,
    *dict.fromkeys(variant for _, variant, _, _ in NOTEBOOK_REPORTED if variant not in HEADLINE),
)
SIZES = {"n_train": 1023, "n_test": 320}


def simulated(
    variants=HEADLINE, *, splits=6, seeds=2, notebook_seeds=8, gains=None, split_sd=0.02, seed_sd=0.01, rng=0
):
    """Replicates in which `gains` adds to a variant's accuracy and takes ten times as much off its loss."""
    rng = np.random.default_rng(rng)
    runs = [("notebook", 0, seed) for seed in range(notebook_seeds)]
    runs += [(name, split, seed) for name in ("honest", "leaky") for split in range(splits) for seed in range(seeds)]
    of_split = rng.normal(scale=split_sd, size=(2, splits))
    rows = []
    for variant in variants:
        gain = (gains or {}).get(variant, 0)
        for protocol, split, seed in runs:
            row = {"variant": variant, "protocol": protocol, "split": split, "seed": seed}
            for part in ("test", "val"):
                accuracy = 0.75 + gain + of_split[("test", "val").index(part), split] + rng.normal(scale=seed_sd)
                row[f"{part}_accuracy"] = accuracy
                row[f"{part}_binary_crossentropy"] = 0.6 - 10 * (accuracy - 0.75) + rng.normal(scale=seed_sd)
            rows.append(row | SIZES | {"test_loss": row["test_binary_crossentropy"] + 0.1})
    return pd.DataFrame(rows)


def with_known_answer() -> pd.DataFrame:
    """l1l2 is far better than base, dropout as good as base, copy is base again."""
    found = simulated(gains={"l1l2": 0.2})
    return pd.concat([found, found[found["variant"] == "base"].assign(variant="copy")], ignore_index=True)


def row_of(table: pd.DataFrame, **key) -> pd.Series:
    rows = table[np.logical_and.reduce([table[column] == value for column, value in key.items()])]
    assert len(rows) == 1
    return rows.iloc[0]
