"""Replicates with a known answer, for the tests of the evidence."""

import numpy as np
import pandas as pd

from regularization.evidence import NOTEBOOK_REPORTED
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.table.block_scores import pack_blocks
from regularization.table.blocks import N_BLOCKS, TRAIN, divide_blocks

HEADLINE = ("base", "l1l2", "dropout")
ELEVEN = (
    *HEADLINE,
    *dict.fromkeys(variant for _, variant, _, _ in NOTEBOOK_REPORTED if variant not in HEADLINE),
)
ROWS_PER_BLOCK = 40
SIZES = {"n_train": 13 * ROWS_PER_BLOCK, "n_distinct_train": 500, "n_test": 4 * ROWS_PER_BLOCK}


def simulated(
    variants=HEADLINE, *, splits=40, twins=6, notebook_seeds=8, gains=None, block_sd=0.01, seed_sd=0.02, rng=0, loss=0.6
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trainings and blocks. `gains` adds to a variant's accuracy, and takes ten times as much off its losses.

    These are about `loss`.
    """
    rng = np.random.default_rng(rng)
    runs = [("notebook", 0, seed) for seed in range(notebook_seeds)]
    runs += [("honest", split, 100 + split) for split in range(splits)]
    runs += [("leaky", split, 100 + split) for split in range(twins)]
    unseen = divide_blocks(splits, random_state=0) != TRAIN
    of_block = rng.normal(scale=block_sd, size=N_BLOCKS)
    trainings, blocks = [], []
    for variant in variants:
        of_variant = (gains or {}).get(variant, 0) + rng.normal(scale=block_sd / 4, size=N_BLOCKS)
        noise = rng.normal(scale=seed_sd, size=len(runs))
        for (protocol, split, seed), off in zip(runs, noise, strict=True):
            row = {"variant": variant, "protocol": protocol, "split": split, "seed": seed} | SIZES
            for part in ("test", "val"):
                accuracy = 0.75 + of_variant.mean() + off + rng.normal(scale=seed_sd / 4)
                row |= {f"{part}_{name}": value for name, value in scores(accuracy, loss).items()}
            others = {"test_loss": row["test_binary_crossentropy"] + 0.1, "test_ece": 0.05, "test_predicted_1": 0.5}
            trainings.append(row | others)
        honest = noise[[protocol == "honest" for protocol, *_ in runs]]
        accuracy = 0.75 + of_block + of_variant + honest[:, None] + rng.normal(scale=seed_sd, size=unseen.shape)
        sums = {
            METRICS[name].block_column: np.where(unseen, value * ROWS_PER_BLOCK, np.nan)
            for name, value in scores(accuracy, loss).items()
        }
        class_1 = np.full(N_BLOCKS, ROWS_PER_BLOCK // 2)
        blocks.append(pack_blocks(variant, np.full(N_BLOCKS, ROWS_PER_BLOCK), sums, facts={"class_1": class_1}))
    return pd.DataFrame(trainings), pd.concat(blocks, ignore_index=True)


def scores(accuracy, loss=0.6) -> dict:
    return {
        "accuracy": accuracy,
        "binary_crossentropy": loss - 10 * (accuracy - 0.75),
        "brier": loss - 0.4 - 10 * (accuracy - 0.75),
        "balanced_accuracy": accuracy,
        "roc_auc": accuracy,
    }


def with_known_answer() -> tuple[pd.DataFrame, pd.DataFrame]:
    """l1l2 is far better than base, dropout as good as base, copy is base again."""
    tables = simulated(gains={"l1l2": 0.2}, splits=200)
    copies = (table[table["variant"] == "base"].assign(variant="copy") for table in tables)
    trainings, blocks = (pd.concat(pair, ignore_index=True) for pair in zip(tables, copies, strict=True))
    return trainings, blocks


def row_of(table: pd.DataFrame, **key) -> pd.Series:
    rows = table[np.logical_and.reduce([table[column] == value for column, value in key.items()])]
    assert len(rows) == 1
    return rows.iloc[0]
