"""Train the reference models, which are no networks -> metrics/replicates/, metrics/blocks/, metrics/calibration/."""

from tqdm import tqdm

from regularization.jobs.cost import duration, this_machine
from regularization.params import load_params
from regularization.replicates.plan import plan_group
from regularization.replicates.references import models_of, reference_seconds, train_references
from regularization.variants import REFERENCE_GROUP
from stages._ends import run_stage
from stages._files import write_replicates
from stages._prepared import prepared_table


def main() -> None:
    params = load_params()
    table = prepared_table()
    splits = [split for split in plan_group(REFERENCE_GROUP, params, table) if split.protocol == "honest"]
    trainings = len(models_of(table.head)) * len(splits)
    seconds = this_machine() * reference_seconds(len(splits), n_rows=len(splits[0].rows.train), n_inputs=table.n_inputs)
    print(f"{REFERENCE_GROUP}: {trainings:,} trainings, on this machine about {duration(seconds)}", flush=True)
    with tqdm(total=trainings, desc=REFERENCE_GROUP, unit="training", disable=None) as bar:
        replicates = train_references(splits, table, on_progress=bar.update)
    write_replicates(REFERENCE_GROUP, replicates)


if __name__ == "__main__":
    run_stage(main)
