"""Train the reference models, which are no networks -> metrics/replicates/, metrics/blocks/, metrics/calibration/."""

from tqdm import tqdm

from regularization.budget import references_cost, size_of
from regularization.params import load_params
from regularization.replicates.plan import plan_group
from regularization.replicates.references import models_of, train_references
from regularization.variants import REFERENCE_GROUP
from stages._ends import run_stage
from stages._files import write_replicates
from stages._prepared import prepared_table


def main() -> None:
    params = load_params()
    table = prepared_table()
    splits = [split for split in plan_group(REFERENCE_GROUP, params, table) if split.protocol == "honest"]
    trainings = len(models_of(table.head)) * len(splits)
    cost = references_cost(params, size_of(table))
    print(f"{REFERENCE_GROUP}: {trainings:,} trainings, on this machine {cost}", flush=True)
    with tqdm(total=trainings, desc=REFERENCE_GROUP, unit="training", disable=None) as bar:
        replicates = train_references(splits, table, on_progress=bar.update)
    write_replicates(REFERENCE_GROUP, replicates)


if __name__ == "__main__":
    run_stage(main)
