"""The notebook that this project began with: table, split, networks, what it printed and what chance made of it."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from regularization.evidence import statistics
from regularization.evidence.pairing import Replicates
from regularization.variants import replicate_groups, techniques_of, variants_of

TABLE = {  # the published red-wine CSV, and what was to be predicted
    "sha256": "4a402cf041b025d4566d954c3b9ba8635a3a8a01e039005d97d6a710278cf05e",
    "target": "quality",
    "threshold": 6,
    "ignore": [],
}
SPLIT = {"test_size": 0.2, "random_state": 42, "validation_split": 0.2}
NETWORK = {"hidden_units": [20, 20], "epochs": 500, "batch_size": 32, "learning_rate": 0.001}
VARIANTS = {
    "base": {},
    "l1l2": {"l1": 0.01, "l2": 0.01},
    "dropout": {"dropout": 0.2},
    "l1l2_0001": {"l1": 0.001, "l2": 0.001},
    "l1_0001": {"l1": 0.001},
    "l2_0001": {"l2": 0.001},
    "l1_001_l2_0001": {"l1": 0.01, "l2": 0.001},
    "dropout_0005": {"dropout": 0.005},
    "dropout_01": {"dropout": 0.1},
    "dropout_05": {"dropout": 0.5},
    "dropout_09": {"dropout": 0.9},
}
PENALIZED_LAYERS = [2]
# What the notebook printed: its cell, the configuration, the column, the figure. Some cells ran out of order: l1_0001
# was trained twice, cell 113 shows the one training and cell 118 the accuracy of the other.
NOTEBOOK_REPORTED = (
    (100, "base", "test_accuracy", 0.753125011920929),
    (100, "l1l2", "test_accuracy", 0.7406250238418579),
    (100, "dropout", "test_accuracy", 0.78125),
    (110, "l1l2_0001", "test_accuracy", 0.746874988079071),
    (113, "l1_0001", "test_accuracy", 0.768750011920929),
    (118, "l1_0001", "test_accuracy", 0.753125011920929),
    (122, "l2_0001", "test_accuracy", 0.768750011920929),
    (120, "l1_001_l2_0001", "test_accuracy", 0.75),
    (95, "dropout_0005", "test_accuracy", 0.7406250238418579),
    (95, "dropout_01", "test_accuracy", 0.75),
    (95, "dropout_05", "test_accuracy", 0.731249988079071),
    (95, "dropout_09", "test_accuracy", 0.7437499761581421),
    (99, "base", "test_loss", 0.7152780294418335),
    (99, "l1l2", "test_loss", 0.5390358567237854),
    (99, "dropout", "test_loss", 0.489147812128067),
    (110, "l1l2_0001", "test_loss", 0.6721113324165344),
    (113, "l1_0001", "test_loss", 0.604773998260498),
    (120, "l1_001_l2_0001", "test_loss", 0.510881781578064),
)


def notebook_variants(params) -> tuple[str, ...]:
    """The variants that are trained as the notebook trained its configuration of that name, on its table and split.

    `params` is the checked content of params.yaml. None for another table, split or network. That the table is the one
    of `data.sha256`, and no stand-in, is for the caller to say.
    """
    held = ((params.data, TABLE), (params.split, SPLIT), (params, NETWORK))
    if any(getattr(group, key) != value for group, values in held for key, value in values.items()):
        return ()
    trained = dict(item for group in replicate_groups(params) for item in variants_of(group, params).items())
    of_notebook = {
        name: techniques_of(settings | {"regularized_layers": PENALIZED_LAYERS}) for name, settings in VARIANTS.items()
    }
    return tuple(name for name, techniques in trained.items() if techniques_of(techniques) == of_notebook.get(name))


def notebook_lottery(
    replicates: Replicates, *, variants: Sequence[str] = (), n_bootstrap: int = 500, random_state: int = 0
) -> pd.DataFrame:
    """How often each of the `variants` (all) has the highest test accuracy if each is trained again on the one split.

    Of a number, the highest R².

    One seed a variant, drawn independently; ties share. Exact over the seeds at hand; the interval says what another
    set of as many seeds could have given (percentile bootstrap).
    """
    scores = replicates.wide("notebook", f"test_{replicates.head.rate}").round(6)
    variants = [variant for variant in replicates.variants if variant in (variants or replicates.variants)]
    samples = [scores[variant].dropna().to_numpy() for variant in variants]
    variants = [variant for variant, losses in zip(variants, samples, strict=True) if len(losses)]  # not all diverged
    samples = [losses for losses in samples if len(losses)]
    if not variants:
        return pd.DataFrame(columns=["variant", "wins", "lower", "upper"])
    rng = np.random.default_rng(random_state)
    redrawn = [
        statistics.win_probabilities([rng.choice(sample, len(sample)) for sample in samples])
        for _ in range(n_bootstrap)
    ]
    lower, upper = np.quantile(redrawn, [0.025, 0.975], axis=0)
    wins = statistics.win_probabilities(samples)
    return pd.DataFrame({"variant": variants, "wins": wins, "lower": lower, "upper": upper})


def notebook_reported(replicates: Replicates, *, of_notebook: Collection[str]) -> pd.DataFrame:
    """Each figure that the notebook printed, and where it falls among our seeds on its split (ties count half).

    Only of the variants `of_notebook`, which are trained as the notebook did. `test_loss` is Keras' loss, with the
    penalty, as printed.
    """
    columns = ["cell", "variant", "score", "reported", "mean", "sd", "percentile"]
    rows = []
    for cell, variant, column, figure in NOTEBOOK_REPORTED:
        if variant in of_notebook and variant in replicates.variants:
            values = replicates.wide("notebook", column)[variant].dropna().round(6)
            if values.empty:
                continue  # every seed diverged
            row = {"cell": cell, "variant": variant, "score": column, "reported": figure, "mean": values.mean()}
            percentile = stats.percentileofscore(values, round(figure, 6), kind="mean")
            rows.append(row | {"sd": values.std(), "percentile": float(percentile)})
    return pd.DataFrame(rows, columns=columns)
