"""What the replicates say, with intervals -> metrics/evidence.json, metrics/evidence/, plots/differences.svg."""

import pandas as pd

from regularization import evidence, figures, findings
from regularization.params import HEADLINE_MODELS, REPLICATE_GROUPS, load_params
from stages._common import read_json, run_stage, whole_file, whole_folder, write_json


def main() -> None:
    params, data = load_params(), read_json("metrics/data.json")
    replicates = pd.concat([pd.read_csv(f"metrics/replicates_{group}.csv") for group in REPLICATE_GROUPS])
    tables = evidence.tables(
        replicates,
        n_train=data["rows"]["train"],
        n_test=data["rows"]["test"],
        rope_accuracy=params.evidence.rope_accuracy,
        rope_loss=params.evidence.rope_loss,
        power=params.evidence.power,
        headline=HEADLINE_MODELS,
        random_state=params.seed,
    )
    with whole_folder("metrics/evidence") as folder:
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")
    write_json("metrics/evidence.json", findings.figures(tables, headline=HEADLINE_MODELS))
    ropes = {"accuracy": params.evidence.rope_accuracy, "binary_crossentropy": params.evidence.rope_loss}
    with whole_file("plots/differences.svg") as partial:
        partial.write_text(figures.draw_differences(tables["comparisons"], ropes), encoding="utf-8")
    print("\n".join(findings.sentences(tables, headline=HEADLINE_MODELS)))


if __name__ == "__main__":
    run_stage(main)
