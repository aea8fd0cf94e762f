"""Compare the variants, with intervals -> metrics/evidence.json, metrics/evidence/, plots/differences.svg."""

import pandas as pd

from regularization.charts.differences import draw_differences, fair_baseline
from regularization.evidence import evidence_tables, notebook_variants
from regularization.heads import head_of_data
from regularization.params import load_params
from regularization.variants import (
    REFERENCE_GROUP,
    headline_models,
    repeated_variants,
    replicate_groups,
    techniques_of,
    variants_of,
)
from regularization.words.answer import answer
from regularization.words.evidence import leading, main_figures, sentences
from stages._ends import run_stage
from stages._files import atomic_folder, read_csv, read_json, write_csv, write_json, write_text


def main() -> None:
    params = load_params()
    data, headline = read_json("metrics/data.json", ["origin"]), headline_models(params)
    origin, head = data["origin"], head_of_data(data)
    metrics = head.with_equivalence(params.evidence.equivalence, data)
    networks = replicate_groups(params)
    trainings, blocks, curves = (
        pd.concat([read_csv(f"{folder}/{group}.csv") for group in groups], ignore_index=True)
        for folder, groups in (
            ("metrics/replicates", (*networks, REFERENCE_GROUP)),
            ("metrics/blocks", (*networks, REFERENCE_GROUP)),
            ("plots/curves", networks),
        )
    )
    variants = [item for group in networks for item in variants_of(group, params).items()]
    settings = {name: techniques_of(settings) for name, settings in variants}
    tables = evidence_tables(
        trainings,
        blocks,
        headline=headline,
        curves=curves,
        head=head,
        metrics=metrics,
        power=params.evidence.power,
        random_state=params.seed,
        same_settings=repeated_variants(params),
        settings=settings,
        of_notebook=notebook_variants(params) if origin == "published" else (),
        origin=origin,
    )
    with atomic_folder("metrics/evidence") as folder:
        for name, table in tables.items():
            write_csv(folder / f"{name}.csv", table)
        tables = {name: read_csv(folder / f"{name}.csv") for name in tables}  # what follows is made of what is written
        lines = [f"- {sentence}" for sentence in sentences(tables, headline=headline)]
        recommended = tables["recommendation"]["variant"].iloc[0]
        write_json(folder / "recommended.json", {"variant": recommended, "settings": settings[recommended]})
        write_text(folder / "sentences.md", "\n".join(lines) + "\n")
    write_json("metrics/evidence.json", main_figures(tables))
    first, *_, last = leading(tables)
    picture = draw_differences(
        tables["comparisons"],
        [metrics[first], metrics[last]],
        reference=fair_baseline(tables["comparisons"]),
        settings=tables["variants"].dropna(subset=["settings"]).set_index("variant")["settings"].to_dict(),
        recommended=recommended,
        is_standin=origin == "standin",
    )
    write_text("plots/differences.svg", picture)
    print("\n".join(answer(tables)))
    print("the rest: metrics/evidence/, plots/report.html")


if __name__ == "__main__":
    run_stage(main)
