"""Train a group of variants over seeds and splits -> metrics/replicates/, blocks/ and calibration/, plots/curves/."""

import sys

import pandas as pd

from regularization.budget import group_cost, size_of
from regularization.jobs.cost import check_memory
from regularization.jobs.engines import train_here
from regularization.params import load_params
from regularization.replicates.plan import plan_group
from regularization.rounding import share_threads
from regularization.table import Table
from regularization.variants import network_settings, replicate_groups, trained_variants
from stages._ends import chosen, quiet_import, run_stage
from stages._engine import open_engine, progress_bar
from stages._files import write_replicates
from stages._kept import kept_results
from stages._prepared import prepared_table

RUNS_PER_SHARD = 64  # where several processes share the work: four full programs of each variant


def main() -> None:
    params = load_params()
    group = chosen("group", replicate_groups(params), __doc__)
    table = prepared_table()
    splits, variants = plan_group(group, params, table), trained_variants(group, params)
    share_threads()
    with quiet_import():
        from regularization.replicates.measuring import Measured
        from regularization.replicates.training import train_replicates

    network = network_settings(params) | {"n_features": table.n_inputs, "n_classes": table.n_classes}
    trainings = len(variants) * sum(len(split.seeds) for split in splits)
    _announce(group, params, table, trainings)
    with open_engine(trainings) as engine, progress_bar(group, trainings) as on_progress:
        replicates = train_replicates(
            variants,
            splits,
            table,
            network=network,
            epochs=params.epochs,
            batch_size=params.batch_size,
            train_shards=engine,
            runs_per_shard=None if engine is train_here else RUNS_PER_SHARD,
            store=kept_results(Measured, table._asdict(), network, params.epochs, params.batch_size),
            on_progress=on_progress,
        )
    _warn_of_diverged(replicates.trainings)
    write_replicates(group, replicates)


def _announce(group: str, params, table: Table, trainings: int) -> None:
    """Print beforehand what the trainings cost at most; raise `InputError` where this machine's memory is too small."""
    cost = group_cost(group, params, size_of(table))
    print(f"{group}: {trainings} trainings on {len(table.y):,} rows: {cost}, less where kept", flush=True)
    check_memory(cost)


def _warn_of_diverged(replicates: pd.DataFrame) -> None:
    diverged = replicates[replicates["test_loss"].isna()]
    if len(diverged):
        counts = ", ".join(f"{count} of {name}" for name, count in diverged["variant"].value_counts().items())
        print(f"warning: {counts} diverged and are excluded; lower learning_rate or the penalties", file=sys.stderr)


if __name__ == "__main__":
    run_stage(main)
