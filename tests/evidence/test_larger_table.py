"""The verdicts on a table three times as large, of the white wine's size: the whole way from rows to sentences."""

import pytest

from regularization.evidence import evidence_tables
from regularization.intake.standin import FEATURES, make_standin
from regularization.table import Table, duplicate_groups, plan_splits
from tests.evidence.simulated import HEADLINE

pytestmark = pytest.mark.training

N_ROWS, SPLITS, EPOCHS = 4898, 130, 200
VARIANTS = {"base": {}, "l1l2": {"l1": 0.01, "l2": 0.01, "regularized_layers": (2,)}, "dropout": {"dropout": 0.2}}


@pytest.mark.slow
def test_a_larger_table_gives_verdicts_of_the_same_sort():
    from regularization.replicates.training import train_replicates

    rows = make_standin(n_rows=N_ROWS)
    table = Table(rows[FEATURES].to_numpy(), (rows["quality"] >= 6).to_numpy(float), duplicate_groups(rows[FEATURES]))
    splits = plan_splits(
        table,
        test_size=0.2,
        validation_split=0.2,
        random_state=42,
        seed=42,
        seeds=2,
        splits=SPLITS,
        leaky_twins=2,
    )
    network = {"hidden_units": (20, 20), "learning_rate": 0.001, "n_features": len(FEATURES)}
    found = train_replicates(VARIANTS, splits, table, network=network, epochs=EPOCHS, batch_size=32)
    tables = evidence_tables(found.trainings, found.blocks, headline=HEADLINE)
    verdicts = tables["comparisons"].set_index(["metric", "variant", "reference"])["verdict"]
    widths = tables["comparisons"].set_index(["metric", "variant", "reference"]).eval("upper - lower")
    for variant in ("l1l2", "dropout"):
        assert verdicts["binary_crossentropy", variant, "base"] == "better"
        assert widths["accuracy", variant, "base"] < 0.04
