"""What Keras' own `fit` reaches on a synthetic table: the figures that the population is compared with.

    python -m benchmarks.keras_reference

trains 30 seeds of each kind with plain `fit` (a few minutes) and writes benchmarks/keras_reference.json, which is in
git, so that tests/test_population.py need not repeat it.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification
from tqdm import tqdm

from regularization.networks.models import build_base_model, build_dropout_model, build_regularized_model
from regularization.population import Dataset

FIGURES = Path(__file__).with_suffix(".json")
BUILDERS = {"base": build_base_model, "l1l2": build_regularized_model, "dropout": build_dropout_model}
SEEDS = range(30)
EPOCHS = 50


def reference_data() -> tuple[Dataset, np.ndarray, np.ndarray]:
    """1,279 rows to train and validate on, as many as the wine table gives, and 2,000 to test on; 11 features."""
    X, y = make_classification(
        3279, 11, n_informative=6, n_redundant=3, n_clusters_per_class=3, flip_y=0.15, random_state=42
    )
    X = X.astype(np.float32)
    return Dataset(X[:1023], y[:1023], X[1023:1279], y[1023:1279]), X[1279:], y[1279:]


def main() -> None:
    data, X_test, y_test = reference_data()
    figures = {}
    for name, build in BUILDERS.items():
        figures[name] = []
        for seed in tqdm(SEEDS, desc=name):
            model = build(seed=seed)
            model.fit(data.X_train, data.y_train, epochs=EPOCHS, batch_size=32, verbose=0)
            scores = model.evaluate(X_test, y_test, verbose=0, return_dict=True)
            figures[name].append(scores["binary_crossentropy"])
    FIGURES.write_text(json.dumps({"epochs": EPOCHS, "test_binary_crossentropy": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
