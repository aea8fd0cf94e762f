"""Train a group of variants over seeds and splits, all at once -> metrics/replicates_*.csv, plots/replicates_*.csv."""

import argparse
import sys
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from regularization import table as tables
from regularization.params import (
    HEADLINE_MODELS,
    REPLICATE_GROUPS,
    Params,
    headline_settings,
    load_params,
    network_settings,
)
from regularization.protocols import plan_studies
from stages._common import quiet_import, read_json, run_stage, whole_file


def main() -> None:
    group, params = _group(), load_params()
    data, split, replicate = params.data, params.split, params.replicate
    raw = tables.read_table(Path("data/raw") / read_json("data/raw/source.json")["file"], delimiter=data.delimiter)
    checked = tables.check_table(raw, columns=data.columns, target=data.target, threshold=data.threshold)
    features = checked.drop(columns=data.target)
    studies = plan_studies(
        tables.duplicate_groups(features),
        test_size=split.test_size,
        validation_split=split.validation_split,
        random_state=split.random_state,
        seed=params.seed,
        seeds=replicate.seeds,
        splits=replicate.splits,
        seeds_per_split=replicate.seeds_per_split,
    )
    variants = _variants(group, params)
    with quiet_import():
        from regularization.replicates import train_replicates

    trainings = len(variants) * sum(len(study.seeds) for study in studies)
    with tqdm(total=trainings * params.epochs, desc=group, unit="epoch", unit_scale=True, disable=None) as bar:
        replicates, bands = train_replicates(
            variants,
            studies,
            features.to_numpy(),
            tables.binarize(checked[data.target], data.threshold),
            network=network_settings(params) | {"n_features": features.shape[1]},
            epochs=params.epochs,
            batch_size=params.batch_size,
            on_progress=bar.update,
        )
    _warn_of_diverged(replicates)
    _write(replicates, Path(f"metrics/replicates_{group}.csv"))
    _write(bands, Path(f"plots/replicates_{group}.csv"))


def _group() -> str:
    parser = argparse.ArgumentParser(prog="python -m stages.replicate", description=__doc__)
    parser.add_argument("group", choices=REPLICATE_GROUPS)
    return parser.parse_args().group


def _variants(group: str, params: Params) -> dict[str, dict]:
    """The settings of `build_model` for each variant of the group."""
    if group in HEADLINE_MODELS:
        return {group: headline_settings(params)[group]}
    layers = {"regularized_layers": params.regularized_layers}
    return {name: variant.model_dump() | layers for name, variant in params.replicate.variants.items()}


def _warn_of_diverged(replicates: pd.DataFrame) -> None:
    diverged = replicates[replicates["test_loss"].isna()]
    if len(diverged):
        counts = ", ".join(f"{count} of {name}" for name, count in diverged["variant"].value_counts().items())
        print(
            f"warning: {counts} diverged and count for nothing; lower learning_rate or the penalties", file=sys.stderr
        )


def _write(table: pd.DataFrame, path: Path) -> None:
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, float_format="%.6g")


if __name__ == "__main__":
    run_stage(main)
