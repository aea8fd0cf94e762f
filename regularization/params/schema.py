"""The schema of params.yaml, and its only reader."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from regularization.errors import InputError
from regularization.heads.metrics import METRICS
from regularization.params.allowed import (
    Count,
    Epochs,
    Factor,
    Group,
    LearningRate,
    OptionalCount,
    OptionalDecay,
    OptionalRate,
    OptionalStddev,
    OptionalSteps,
    OptionalWidth,
    Rate,
    Seed,
    Share,
    Splits,
    Units,
    VariantName,
    Width,
    allowed,
)
from regularization.params.data import Data
from regularization.params.errors import sentence, shown
from regularization.params.file import read_values
from regularization.params.grid import grid_problem, grid_schema
from regularization.variants import BASELINE, PENALTIES, REFERENCE_GROUP, REFERENCES, SHARED_BY_VARIATIONS, VARIATIONS

# What programs that read a CSV take for a missing value, a number or a truth value.
NO_NAMES = {"na", "nan", "none", "null", "nil", "inf", "infinity", "true", "false", "yes", "no"}


class Plan(Group):
    budget: str | None = allowed("minutes or hours, such as 15m or 2h, or null", pattern=r"^[1-9][0-9]{0,3}[mh]$")
    rows: int = allowed("a whole number of 1 or more", ge=1)
    inputs: int = allowed("a whole number of 1 or more", ge=1)
    outputs: int = allowed("a whole number of 1 or more", ge=1)
    repeats: bool = allowed("true or false")
    best_epoch: int | None = allowed("a whole number of 1 or more, or null", ge=1)


class Split(Group):
    test_size: Share
    random_state: Seed
    validation_split: Share
    fit_scaler_on: Literal["train", "all"] = allowed("train or all")
    keep_duplicates_together: bool = allowed("true or false")


class Variant(Group):
    """The techniques that a variant may use, as `build_model` names them; None or False where it does without."""

    l1: Factor = None
    l2: Factor = None
    dropout: OptionalRate = None
    patience: OptionalCount = None
    hidden_units: list[Units] | None = Field(
        None, description="a list of 1 to 10 whole numbers from 1 to 1000, or null", min_length=1, max_length=10
    )
    input_stddev: OptionalStddev = None
    hidden_stddev: OptionalStddev = None
    batch_normalization: bool = Field(False, description="true or false")
    max_norm: OptionalWidth = None
    weight_decay: Factor = None
    clipnorm: OptionalWidth = None
    global_clipnorm: OptionalWidth = None
    clipvalue: OptionalWidth = None
    use_ema: bool = Field(False, description="true or false")
    ema_momentum: OptionalRate = None
    ema_steps: OptionalSteps = None
    label_smoothing: OptionalRate = None
    decay_steps: OptionalSteps = None
    decay_rate: OptionalDecay = None

    @model_validator(mode="after")
    def _consistent_variant(self):
        if problem := technique_problem(self.model_dump()):
            raise ValueError(problem)
        return self


def technique_problem(settings: Mapping) -> str | None:
    """Return what is wrong with the techniques that are set together, in words, or None."""
    clipping = [name for name in ("clipnorm", "global_clipnorm", "clipvalue") if settings.get(name) is not None]
    if len(clipping) > 1:
        return f"received {' and '.join(clipping)} together; expected one of them"
    if settings.get("use_ema") and settings.get("patience") is not None:
        return (
            "received use_ema with patience; expected one of them: a training that stops early keeps the weights of "
            "its best epoch, not the averaged ones"
        )
    if settings.get("ema_momentum") is not None and settings.get("ema_steps") is not None:
        return "received ema_momentum and ema_steps together; expected one of them: the momentum is 1 - 1 / ema_steps"
    for name, needed, example in (
        ("ema_momentum", "use_ema", "true"),
        ("ema_steps", "use_ema", "true"),
        ("decay_rate", "decay_steps", "0.9"),
    ):
        if settings.get(name) is not None and not settings.get(needed):
            return f"received {name} alone; expected {needed} beside it, such as `{needed}: {example}`"
    return None


class Replicate(Group):
    seeds: int = allowed("a whole number from 2 to 10000: one seed has no spread, more take days", ge=2, le=10**4)
    variant_seeds: int = allowed("a whole number from 0 to 10000", ge=0, le=10**4)
    splits: Splits
    headline_splits: Splits
    variant_splits: Splits
    leaky_twins: int = allowed("a whole number from 2 to 10000: one twin has no spread", ge=2, le=10**4)
    variants: dict[VariantName, Variant] = allowed("one name or more, each with any of the techniques", min_length=1)


def name_problem(names: Sequence[str], headline: Sequence[str]) -> str | None:
    """Two names that differ in case alone are one file on some disks, and hard to tell apart on a chart."""
    taken = (*headline, VARIATIONS, REFERENCE_GROUP, *REFERENCES)
    seen = {name.lower(): name for name in taken}
    for name in names:
        if name.lower() in NO_NAMES:
            return f"replicate.variants.{name}: programs take this for a missing or a truth value; choose another name"
        other = seen.setdefault(name.lower(), name)
        if other in taken:
            return f"replicate.variants.{name}: {', '.join((*headline, *REFERENCES))} are taken; choose another name"
        if other != name:
            return f"replicate.variants.{name}: received {other!r} too, the same but for case; choose another name"
    return None


class Grid(grid_schema(Group, Variant, learning_rate=LearningRate)):
    """A list of values for each setting of a variant that the sweep varies, and for the learning rate."""


class Sweep(Group):
    grid: Grid = allowed("settings of a variant, each with a list of values")
    folds: int = allowed("a whole number from 2 to 20", ge=2, le=20)
    seeds: int = allowed("a whole number from 1 to 10000", ge=1, le=10**4)
    eliminate: float | None = allowed("a number above 0, at most 0.2, or null", gt=0, le=0.2)
    most_trainings: int = allowed("a whole number of 1 or more", ge=1)

    @model_validator(mode="after")
    def _consistent(self):
        if problem := grid_problem(self.lists(), Variant):
            raise ValueError(problem)
        return self

    def lists(self) -> dict[str, list]:
        """By setting, the values that are tried; without the settings that the grid leaves out."""
        values = ((name, getattr(self.grid, name)) for name in type(self.grid).model_fields)
        return {name: listed for name, listed in values if listed is not None}


class Evidence(Group):
    equivalence: dict[str, Width | None] = allowed(f"a number above 0 or null for any of {', '.join(METRICS)}")
    power: float = allowed("a number from 0.5 to 0.97", ge=0.5, le=0.97)

    @model_validator(mode="after")
    def _known(self):
        if unknown := set(self.equivalence) - set(METRICS):
            raise ValueError(f"evidence.equivalence: received {min(unknown)!r}; expected some of {', '.join(METRICS)}")
        return self


class Params(Variant):
    """All of params.yaml. Any setting of a variant may stand there as a flat key, for a headline model to take."""

    data: Data = allowed("the group of keys about the table")
    plan: Plan = allowed("the group of keys about the table's size")
    split: Split = allowed("the group of keys about the split")
    hidden_units: list[Units] = allowed("a list of 1 to 10 whole numbers from 1 to 1000", min_length=1, max_length=10)
    epochs: Epochs
    batch_size: Count
    learning_rate: LearningRate
    patience: OptionalCount = Field()
    seed: Seed
    headline: dict[VariantName, list[str] | None] = allowed("base, then other names, each with the keys that it takes")
    l1: Factor = Field()
    l2: Factor = Field()
    regularized_layers: list[Count] = allowed("a list of numbers of hidden layers, 1 the first")
    bias_l1: Factor
    bias_l2: Factor
    activity_l1: Factor
    activity_l2: Factor
    dropout: Rate = Field()
    replicate: Replicate = allowed("the group of keys about the replicates")
    sweep: Sweep = allowed("the group of keys about the sweep")
    evidence: Evidence = allowed("the group of keys about the verdicts")

    @model_validator(mode="after")
    def _consistent_variant(self):
        """The flat keys belong to several models: what excludes each other is checked for each of those."""
        return self

    @model_validator(mode="after")
    def _consistent(self):
        for problem in (self._headline_problem(), self._layer_problem(), self._label_problem()):
            if problem:
                raise ValueError(problem)
        if problem := name_problem(list(self.replicate.variants), list(self.headline)):
            raise ValueError(problem)
        return self

    def _headline_problem(self) -> str | None:
        if next(iter(self.headline), None) != BASELINE or self.headline[BASELINE] or len(self.headline) < 2:
            return f"headline: received {shown(self.headline)}; expected `{BASELINE}: []` first, and one model or more"
        known = {*Variant.model_fields, *PENALTIES, *SHARED_BY_VARIATIONS} - {"patience", "hidden_units"}
        for name, keys in self.headline.items():
            for key in keys or []:
                if key not in known:
                    return f"headline.{name}: received {shown(key)}; expected some of {', '.join(sorted(known))}"
            if set(keys or []) & set(PENALTIES) and not set(keys or []) >= set(SHARED_BY_VARIATIONS):
                return f"headline.{name}: received a penalty without regularized_layers; expected that key beside it"
            if name in (VARIATIONS, REFERENCE_GROUP, *REFERENCES) or name.lower() in NO_NAMES:
                return f"headline.{name}: this name is taken; choose another"
            settings = {key: getattr(self, key) for key in keys or []} | {"patience": self.patience}
            if problem := technique_problem(settings):
                return f"headline.{name}: {problem}"
        return None

    def trained_variations(self) -> dict[str, Variant]:
        """Return `replicate.variants`; of a number, which has no labels, less those that smooth labels."""
        is_number, variants = self.data.task == "number", self.replicate.variants
        return {name: variant for name, variant in variants.items() if not (is_number and variant.label_smoothing)}

    def _label_problem(self) -> str | None:
        if self.data.task != "number":
            return None
        of_grid = self.sweep.lists().get("label_smoothing", [])
        settings = {
            "label_smoothing": self.label_smoothing,
            "sweep.grid.label_smoothing": any(of_grid) and of_grid,
        }
        if not self.trained_variations():
            settings |= {"replicate.variants": list(self.replicate.variants)}
        key = next((key for key, value in settings.items() if value), None)
        return key and f"{key}: received {shown(settings[key])} for data.task number, which has no labels; take it out"

    def _layer_problem(self) -> str | None:
        if any(number > len(self.hidden_units) for number in self.regularized_layers):
            return (
                f"regularized_layers: received {self.regularized_layers}; "
                f"expected numbers from 1 to {len(self.hidden_units)}, the hidden layers there are"
            )
        penalized = {
            f"replicate.variants.{name}": variant.hidden_units or self.hidden_units
            for name, variant in self.replicate.variants.items()
            if variant.l1 or variant.l2
        }
        lists = self.sweep.lists()
        if any(lists.get("l1", [])) or any(lists.get("l2", [])):
            in_grid = filter(None, lists.get("hidden_units", []))
            penalized |= {f"sweep.grid.hidden_units, {units}": units for units in in_grid}
        for key, units in penalized.items():
            if any(number > len(units) for number in self.regularized_layers):
                return (
                    f"{key}: received l1 or l2 and {len(units)} as the number of hidden layers; expected the layers "
                    f"that regularized_layers names, {self.regularized_layers}"
                )
        return None


def load_params(path: str | Path = "params.yaml") -> Params:
    """The checked params of the file at `path`.

    Raises `InputError`, with a line per problem: the key, what was received, what is allowed.
    """
    return check_params(read_values(path), name=str(path))


def check_params(values: object, *, name: str = "params.yaml") -> Params:
    """`values`, as YAML gives them, as params. Raises `InputError` as `load_params` does; `name` opens each line."""
    if not isinstance(values, dict):
        raise InputError(f"{name}: received {shown(values)}; expected keys with values, such as `epochs: 500`")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        problems = dict.fromkeys(sentence(problem, Params) for problem in error.errors())
        raise InputError("\n".join(f"{name}: {problem}" for problem in problems)) from None
