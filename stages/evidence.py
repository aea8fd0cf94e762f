"""What the replicates say, with intervals -> metrics/evidence.json, metrics/evidence/, plots/differences.svg."""

import pandas as pd

from regularization.charts import draw_differences
from regularization.evidence import (
    answer,
    evidence_tables,
    main_figures,
    notebook_variants,
    sentences,
    told_first,
)
from regularization.metrics import metrics_with
from regularization.params import load_params
from regularization.variants import HEADLINE_MODELS, REPLICATE_GROUPS, repeated_variants
from stages._common import run_stage
from stages._files import atomic_folder, read_csv, read_json, write_csv, write_json, write_text


def main() -> None:
    params = load_params()
    metrics, headline = metrics_with(params.evidence.equivalence), tuple(HEADLINE_MODELS)
    trainings, blocks = (
        pd.concat([read_csv(f"metrics/{kind}_{group}.csv") for group in REPLICATE_GROUPS], ignore_index=True)
        for kind in ("replicates", "blocks")
    )
    origin = read_json("metrics/data.json", ["origin"])["origin"]
    tables = evidence_tables(
        trainings,
        blocks,
        headline=headline,
        metrics=metrics,
        power=params.evidence.power,
        random_state=params.seed,
        same_settings=repeated_variants(params),
        of_notebook=notebook_variants(params) if origin == "published" else (),
        origin=origin,
    )
    told = [f"- {sentence}" for sentence in sentences(tables, headline=headline)]
    with atomic_folder("metrics/evidence") as folder:
        for name, table in tables.items():
            write_csv(folder / f"{name}.csv", table)
        tables = {name: read_csv(folder / f"{name}.csv") for name in tables}  # what follows is made of what is written
        write_text(folder / "sentences.md", "\n".join(told) + "\n")
    write_json("metrics/evidence.json", main_figures(tables))
    shown = told_first(tables)
    picture = draw_differences(
        tables["comparisons"], [metrics[shown[0]], metrics[shown[-1]]], is_standin=origin == "standin"
    )
    write_text("plots/differences.svg", picture)
    print("\n".join(answer(tables)))
    print("all of it: metrics/evidence/sentences.md")


if __name__ == "__main__":
    run_stage(main)
