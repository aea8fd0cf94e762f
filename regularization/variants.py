"""What a variant is: a name, and the settings of `build_model` and of training that make it.

This is the only place that knows the names of the variants.

A headline model is a variant with a training stage, curves and a saved model of its own. It takes its settings from the
flat keys of params.yaml that stand behind its name here. The other variants are trained as replicates only; their
settings stand in params.yaml under `replicate.variants`.

Wherever `params` stands, it is the checked content of params.yaml (`params.Params`).
"""

BASELINE = "base"  # what every other variant is compared with
HEADLINE_MODELS: dict[str, tuple[str, ...]] = {
    BASELINE: (),
    "l1l2": ("l1", "l2", "regularized_layers", "bias_l1", "bias_l2", "activity_l1", "activity_l2"),
    "dropout": ("dropout",),
}
VARIATIONS = "variations"  # the variants of `replicate.variants`, trained together
REPLICATE_GROUPS = (*HEADLINE_MODELS, VARIATIONS)
SHARED_SETTINGS = ("hidden_units", "learning_rate")
SHARED_BY_VARIATIONS = ("regularized_layers",)
TRAINING_SETTINGS = ("patience",)  # of a variant's settings, those that the training takes and not `build_model`


def headline_settings(params, name: str) -> dict:
    """What `build_model` takes for the headline model `name`, beside `network_settings`."""
    return {key: getattr(params, key) for key in HEADLINE_MODELS[name]}


def network_settings(params) -> dict:
    """What `build_model` takes for every network alike. Its seed and its number of features come on top."""
    return {key: getattr(params, key) for key in SHARED_SETTINGS}


def training_settings(params) -> dict:
    """What the training of every headline model takes beside epochs and batch size; nothing where it is null."""
    return {key: getattr(params, key) for key in TRAINING_SETTINGS if getattr(params, key) is not None}


def variants_of(group: str, params) -> dict[str, dict]:
    """By name, the settings of the variants that one replicate stage trains: a headline model, or the variations."""
    if group in HEADLINE_MODELS:
        return {group: headline_settings(params, group) | training_settings(params)}
    shared = {key: getattr(params, key) for key in SHARED_BY_VARIATIONS}
    variants = params.replicate.variants.items()
    return {name: shared | variant.model_dump(exclude_none=True) for name, variant in variants}


def split_settings(settings: dict) -> tuple[dict, dict]:
    """A variant's settings as those of `build_model` and those of training (`TRAINING_SETTINGS`)."""
    build = {key: value for key, value in settings.items() if key not in TRAINING_SETTINGS}
    return build, {key: value for key, value in settings.items() if key in TRAINING_SETTINGS}
