"""Train a group of variants over seeds and splits, all at once -> metrics/*_*.csv, plots/curves_*.csv."""

import argparse
import sys

import pandas as pd

from regularization.cluster.engines import train_here
from regularization.params import load_params
from regularization.rounding import share_threads
from regularization.table import Table, plan_splits
from regularization.variants import REPLICATE_GROUPS, network_settings, trained_variants
from stages._common import quiet_import, run_stage
from stages._engine import open_engine, progress_bar
from stages._files import read_arrays, read_json, write_csv

RUNS_PER_SHARD = 64  # where several processes share the work: four full programs of each variant


def main() -> None:
    group, params = _group(), load_params()
    arrays, replicate = read_arrays("data/prepared/table.npz", ["X", "y", "groups"], ["n_categories"]), params.replicate
    table = Table(**arrays)
    splits = plan_splits(
        table,
        test_size=params.split.test_size,
        validation_split=params.split.validation_split,
        random_state=params.split.random_state,
        seed=params.seed,
        seeds=replicate.seeds,
        splits=replicate.splits,
        leaky_twins=replicate.leaky_twins,
    )
    variants = trained_variants(group, params)
    share_threads()
    with quiet_import():
        from regularization.population.cost import check_memory, count_weights, estimate_cost
        from regularization.replicates.training import train_replicates

    trainings = len(variants) * sum(len(split.seeds) for split in splits)
    cost = estimate_cost(
        n_trainings=trainings,
        n_splits=len(splits),
        epochs=params.epochs,
        n_rows=len(splits[0].rows.train) + len(splits[0].rows.val),
        n_inputs=table.n_inputs,
        n_weights=max(count_weights(table.n_inputs, units) for units in _hidden_units(variants, params)),
        n_at_once=trainings,
        n_programs=len({frozenset(settings) for settings in variants.values()}),  # by the names of their settings
    )
    print(f"{group}: {trainings} trainings on {len(table.y):,} rows: {cost}", flush=True)
    check_memory(cost)
    with open_engine(trainings) as engine, progress_bar(group, trainings) as on_progress:
        replicates = train_replicates(
            variants,
            splits,
            table,
            network=network_settings(params) | {"n_features": table.n_inputs},
            epochs=params.epochs,
            batch_size=params.batch_size,
            train_shards=engine,
            runs_per_shard=None if engine is train_here else RUNS_PER_SHARD,
            on_progress=on_progress,
        )
    _warn_of_diverged(replicates.trainings)
    is_standin = read_json("data/raw/source.json", ["origin"])["origin"] == "standin"
    for path, written in {
        f"metrics/replicates_{group}.csv": replicates.trainings,
        f"metrics/blocks_{group}.csv": replicates.blocks,
        f"metrics/calibration_{group}.csv": replicates.calibration,
        f"plots/curves_{group}.csv": replicates.curves,
    }.items():
        write_csv(path, written.assign(origin="standin") if is_standin else written)


def _hidden_units(variants: dict[str, dict], params) -> list[list[int]]:
    return [settings.get("hidden_units", params.hidden_units) for settings in variants.values()]


def _group() -> str:
    parser = argparse.ArgumentParser(prog="python -m stages.replicate", description=__doc__)
    parser.add_argument("group", choices=REPLICATE_GROUPS)
    return parser.parse_args().group


def _warn_of_diverged(replicates: pd.DataFrame) -> None:
    diverged = replicates[replicates["test_loss"].isna()]
    if len(diverged):
        counts = ", ".join(f"{count} of {name}" for name, count in diverged["variant"].value_counts().items())
        print(
            f"warning: {counts} diverged and count for nothing; lower learning_rate or the penalties", file=sys.stderr
        )


if __name__ == "__main__":
    run_stage(main)
