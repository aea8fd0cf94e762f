"""What the replicates say, with intervals -> metrics/evidence.json, metrics/evidence/, plots/differences.svg."""

import pandas as pd

from regularization.charts import draw_differences
from regularization.evidence import evidence_tables, main_figures, sentences
from regularization.metrics import metrics_with
from regularization.params import load_params
from regularization.variants import HEADLINE_MODELS, REPLICATE_GROUPS
from stages._common import run_stage
from stages._files import atomic_folder, write_csv, write_json, write_text


def main() -> None:
    params = load_params()
    metrics = metrics_with(params.evidence.equivalence)
    replicates = pd.concat([pd.read_csv(f"metrics/replicates_{group}.csv") for group in REPLICATE_GROUPS])
    headline = tuple(HEADLINE_MODELS)
    tables = evidence_tables(
        replicates, metrics=metrics, power=params.evidence.power, headline=headline, random_state=params.seed
    )
    with atomic_folder("metrics/evidence") as folder:
        for name, table in tables.items():
            write_csv(folder / f"{name}.csv", table)
    write_json("metrics/evidence.json", main_figures(tables, headline=headline))
    write_text("plots/differences.svg", draw_differences(tables["comparisons"], metrics))
    print("\n".join(sentences(tables, headline=headline)))


if __name__ == "__main__":
    run_stage(main)
