"""Variants: a name, and the settings of `build_model` and of training that make it.

A headline model is a variant with a training stage, curves and a saved model of its own. params.yaml names them under
`headline`, each with the flat keys that it takes its settings from; the first one, `base`, is what every other variant
is compared with. The other variants are trained as replicates only; their settings stand in params.yaml under
`replicate.variants`.

Wherever `params` stands, it is the checked content of params.yaml (`params.Params`).
"""

BASELINE = "base"
SECOND_BASELINE = "early_stopping"  # where there is a variant of that name: what costs a user nothing
VARIATIONS = "variations"  # the variants of `replicate.variants`, trained together
REFERENCE_GROUP = "references"  # the models that are no networks (replicates/references.py), trained together
REFERENCES = ("logistic_regression", "ridge_regression", "random_forest", "gradient_boosting")
PENALTIES = ("l1", "l2", "bias_l1", "bias_l2", "activity_l1", "activity_l2")  # on `regularized_layers`
SHARED_SETTINGS = ("hidden_units", "learning_rate")
SHARED_BY_VARIATIONS = ("regularized_layers",)
SETTINGS_IN_STEPS = ("decay_steps", "ema_steps")  # below 1 they are a share of the training's steps
TRAINING_SETTINGS = ("patience",)  # of a variant's settings, those that the training takes and not `build_model`
# An example of every technique, as settings of `build_model`. The tests, the benchmarks and the check of equal bytes
# train each of them, and docs/techniques.md explains each. The schedules are short enough to end in a test.
TECHNIQUES: dict[str, dict] = {
    "l1l2": {"l1": 0.01, "l2": 0.01},
    "dropout": {"dropout": 0.2},
    "weight_decay": {"weight_decay": 0.3},
    "label_smoothing": {"label_smoothing": 0.2},
    "input_stddev": {"input_stddev": 0.4},
    "hidden_stddev": {"hidden_stddev": 0.3},
    "use_ema": {"use_ema": True, "ema_momentum": 0.9},
    "max_norm": {"max_norm": 0.7},
    "batch_normalization": {"batch_normalization": True},
    "clipnorm": {"clipnorm": 0.05},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.02},
    "cosine_decay": {"decay_steps": 25},
    "exponential_decay": {"decay_steps": 10, "decay_rate": 0.2},
    "hidden_units": {"hidden_units": (4, 4)},
}
APART = ("clipnorm", "clipvalue", "cosine_decay", "hidden_units")  # excluded by, or the same as, others of the list


def techniques_together() -> dict:
    """Return the settings of all techniques that can be combined in one network of any widths."""
    return {key: value for name, settings in TECHNIQUES.items() if name not in APART for key, value in settings.items()}


def headline_models(params) -> tuple[str, ...]:
    """Return the names of the headline models, the baseline first."""
    return tuple(params.headline)


def replicate_groups(params) -> tuple[str, ...]:
    """Return the names of the replicate stages that train networks: the headline models, then the variations."""
    return (*params.headline, VARIATIONS)


def headline_settings(params, name: str) -> dict:
    """Return what `build_model` takes for the headline model `name`, beside `network_settings`."""
    return {key: getattr(params, key) for key in params.headline[name]}


def network_settings(params) -> dict:
    """Return what `build_model` takes for every network alike. Its seed and number of features come on top."""
    return {key: getattr(params, key) for key in SHARED_SETTINGS}


def training_settings(params) -> dict:
    """Return what the training of every headline model takes beside epochs and batch size; nothing where it is null."""
    return {key: getattr(params, key) for key in TRAINING_SETTINGS if getattr(params, key) is not None}


def variants_of(group: str, params) -> dict[str, dict]:
    """Return, by name, the settings of the variants of one replicate stage: a headline model, or the variations."""
    if group != VARIATIONS:
        return {group: headline_settings(params, group) | training_settings(params)}
    shared = {key: getattr(params, key) for key in SHARED_BY_VARIATIONS}
    variants = params.trained_variations().items()
    return {name: shared | variant.model_dump(exclude_defaults=True) for name, variant in variants}


def splits_of(group: str, params) -> int:
    """Return how many honest splits the variants of one group of replicates are trained on."""
    replicate = params.replicate
    if group == BASELINE:
        return replicate.splits
    return min(replicate.splits, replicate.headline_splits if group in params.headline else replicate.variant_splits)


def seeds_of(group: str, params) -> int:
    """Return how many networks each variant of one group of replicates gets on the notebook's one split."""
    replicate = params.replicate
    return replicate.seeds if group in params.headline else min(replicate.seeds, replicate.variant_seeds)


def split_settings(settings: dict) -> tuple[dict, dict]:
    """Return a variant's settings as those of `build_model` and those of training (`TRAINING_SETTINGS`)."""
    build = {key: value for key, value in settings.items() if key not in TRAINING_SETTINGS}
    return build, {key: value for key, value in settings.items() if key in TRAINING_SETTINGS}


def sweep_settings(params, configuration: dict) -> dict:
    """Return the settings of a configuration of the sweep's grid; null leaves what all networks share."""
    shared = {key: getattr(params, key) for key in SHARED_BY_VARIATIONS}
    return shared | {key: value for key, value in configuration.items() if value is not None}


def in_steps(settings: dict, *, n_rows: int, epochs: int, batch_size: int) -> dict:
    """Return the settings with numbers of steps where they hold shares of the training's steps, on `n_rows` rows.

    A moving average that reaches back over n steps has the momentum 1 - 1 / n.
    """
    counted, steps = dict(settings), epochs * -(-n_rows // batch_size)
    for key in SETTINGS_IN_STEPS:
        if counted.get(key) and counted[key] < 1:
            counted[key] = max(round(counted[key] * steps), 1)
    if averaged := counted.pop("ema_steps", None):
        counted["ema_momentum"] = 1 - 1 / averaged
    return counted


def trained_variants(group: str, params) -> dict[str, dict]:
    """Return `variants_of` less the variations that would be trained twice, as they equal an earlier one.

    One equal to a headline model is trained there and here, so that the settings of a headline model retrain nothing
    but its own stages; `repeated_variants` names it, and the evidence leaves it out.
    """
    kept = {}
    for name, settings in variants_of(group, params).items():
        if techniques_of(settings) not in [techniques_of(others) for others in kept.values()]:
            kept[name] = settings
    return kept


def repeated_variants(params) -> dict[str, str]:
    """Return the variants with the settings of an earlier one, each with that one's name; headline models first."""
    first, repeated = {}, {}
    for group in replicate_groups(params):
        for name, settings in variants_of(group, params).items():
            key = repr(techniques_of(settings))
            if first.setdefault(key, name) != name:
                repeated[name] = first[key]
    return repeated


def techniques_of(settings: dict) -> dict:
    """Return the settings of a variant that have an effect, in a fixed order: none that is off, or acts on no layer.

    Without `regularized_layers` the penalties act on `build_model`'s own.
    """
    on = {key: value for key, value in sorted(settings.items()) if value and key != "regularized_layers"}
    if "regularized_layers" not in settings or not set(on) & set(PENALTIES):
        return on
    layers = sorted(set(settings["regularized_layers"] or ()))
    if layers:
        return on | {"regularized_layers": layers}
    return {key: value for key, value in on.items() if key not in PENALTIES}


def program_of(settings: dict) -> str:
    """Return a name for the compiled program that trains a variant: widths, and which techniques are on.

    Penalties on weights are part of every program, at 0 where there is none; so is patience.
    """
    on = techniques_of(settings)
    techniques = sorted(set(on) - {*PENALTIES[:4], *TRAINING_SETTINGS, "regularized_layers", *SHARED_SETTINGS})
    return f"{on.get('hidden_units')} {' '.join(techniques)}"
