"""What the notebook that this project began with was: its table, its split, its networks."""

from regularization.variants import REPLICATE_GROUPS, techniques_of, variants_of

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


def notebook_variants(params) -> tuple[str, ...]:
    """The variants that are trained as the notebook trained its configuration of that name, on its table and split.

    `params` is the checked content of params.yaml. None for another table, split or network. That the table is the one
    of `data.sha256`, and no stand-in, is for the caller to say.
    """
    held = ((params.data, TABLE), (params.split, SPLIT), (params, NETWORK))
    if any(getattr(group, key) != value for group, values in held for key, value in values.items()):
        return ()
    trained = {name: its for group in REPLICATE_GROUPS for name, its in variants_of(group, params).items()}
    of_notebook = {
        name: techniques_of(settings | {"regularized_layers": PENALIZED_LAYERS}) for name, settings in VARIANTS.items()
    }
    return tuple(name for name, its in trained.items() if techniques_of(its) == of_notebook.get(name))
