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
PENALTIES = ("l1", "l2", "bias_l1", "bias_l2", "activity_l1", "activity_l2")  # on `regularized_layers`
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
    return {name: shared | variant.model_dump(exclude_defaults=True) for name, variant in variants}


def split_settings(settings: dict) -> tuple[dict, dict]:
    """A variant's settings as those of `build_model` and those of training (`TRAINING_SETTINGS`)."""
    build = {key: value for key, value in settings.items() if key not in TRAINING_SETTINGS}
    return build, {key: value for key, value in settings.items() if key in TRAINING_SETTINGS}


def sweep_settings(params, configuration: dict) -> dict:
    """The settings of a configuration of the sweep's grid; what is null there stays as all networks have it."""
    shared = {key: getattr(params, key) for key in SHARED_BY_VARIATIONS}
    return shared | {key: value for key, value in configuration.items() if value is not None}


def trained_variants(group: str, params) -> dict[str, dict]:
    """`variants_of` less the variations that would be trained twice, as they are equal to an earlier one.

    One equal to a headline model is trained there and here, so that the settings of a headline model retrain nothing
    but its own stages; `repeated_variants` names it, and the evidence leaves it out.
    """
    kept = {}
    for name, settings in variants_of(group, params).items():
        if techniques_of(settings) not in [techniques_of(others) for others in kept.values()]:
            kept[name] = settings
    return kept


def repeated_variants(params) -> dict[str, str]:
    """The variants that have the settings of an earlier one, each with that one's name; headline models come first."""
    first, repeated = {}, {}
    for group in REPLICATE_GROUPS:
        for name, settings in variants_of(group, params).items():
            key = repr(techniques_of(settings))
            if first.setdefault(key, name) != name:
                repeated[name] = first[key]
    return repeated


def techniques_of(settings: dict) -> dict:
    """What of a variant's settings makes a difference, in a fixed order: without what is off, or acts on no layer."""
    on = {key: value for key, value in sorted(settings.items()) if value and key != "regularized_layers"}
    layers = sorted(set(settings.get("regularized_layers") or ()))
    if layers and set(on) & set(PENALTIES):
        return on | {"regularized_layers": layers}
    return {key: value for key, value in on.items() if key not in PENALTIES}
