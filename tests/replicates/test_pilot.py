import numpy as np
import pytest

from regularization.errors import InputError
from regularization.networks.models import build_model
from regularization.population import Dataset, train_population
from regularization.replicates import pilot
from regularization.replicates.pilot import best_epoch
from regularization.table import Table, plan_splits

pytestmark = pytest.mark.training

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 3))
TABLE = Table(X, (X[:, 0] * X[:, 1] + RANDOM.normal(size=120) > 0).astype(int), np.arange(120))
PLAN = {"test_size": 0.2, "validation_split": 0.2, "random_state": 1, "seed": 3, "seeds": 2, "leaky_twins": 0}
SPLITS = plan_splits(TABLE, splits=20, **PLAN)
NETWORK = {"hidden_units": [4], "learning_rate": 0.01, "n_features": 3, "n_classes": 2}


@pytest.mark.slow
def test_it_is_the_median_epoch_of_the_lowest_validation_loss(monkeypatch):
    monkeypatch.setattr(pilot, "RUNS", 5)
    honest = [split for split in SPLITS if split.protocol == "honest"][:5]
    models = [build_model(seed=split.seeds[0], **NETWORK) for split in honest]
    data = [Dataset(*split.arrays(TABLE)[:4]) for split in honest]
    history = train_population(
        models, data, seeds=[split.seeds[0] for split in honest], epochs=pilot.EPOCHS, batch_size=8, patience=20
    )
    lowest = np.nanargmin(history.val_loss, axis=1) + 1
    assert best_epoch(SPLITS, TABLE, network=NETWORK, batch_size=8) == int(np.median(lowest))


def test_where_all_diverge_it_says_what_to_do():
    with pytest.raises(InputError, match="every training of the pilot diverged; lower learning_rate"):
        best_epoch(SPLITS, TABLE, network=NETWORK | {"learning_rate": 1e30}, batch_size=8)
