"""The schema of params.yaml, and its only reader."""

import codecs
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from regularization.errors import InputError
from regularization.metrics import METRICS
from regularization.variants import HEADLINE_MODELS


def allowed(words: str, **bounds):
    """A field whose description, which an error message quotes, says in `words` what is allowed."""
    return Field(description=words, **bounds)


Share = Annotated[float, allowed("a number above 0 and below 1", gt=0, lt=1)]
Rate = Annotated[float, allowed("a number from 0 to below 1", ge=0, lt=1)]
OptionalRate = Annotated[float | None, allowed("a number from 0 to below 1, or null", ge=0, lt=1)]
Factor = Annotated[float | None, allowed("a number of 0 or more, or null", ge=0)]
Count = Annotated[int, allowed("a whole number of 1 or more", ge=1)]
OptionalCount = Annotated[int | None, allowed("a whole number of 1 or more, or null", ge=1)]
Seed = Annotated[int, allowed("a whole number from 0 to 4294967295", ge=0, lt=2**32)]
Width = Annotated[float, allowed("a number above 0", gt=0)]
Range = Annotated[tuple[float, float], allowed("a pair [smallest, largest] of numbers")]


class Group(BaseModel):
    """Keys it does not know are errors, and so are the numbers nan and inf; `1e-05` read as text is a number."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Data(Group):
    url: str = allowed("an http(s) address or a path", min_length=1)
    watch: str = allowed("the path of data.url, or of a file that never changes", min_length=1)
    sha256: str = allowed("64 hexadecimal digits", pattern=r"^[0-9a-f]{64}$")
    offline: Literal["standin", "fail"] = allowed("standin or fail")
    delimiter: str = allowed("one character", min_length=1, max_length=1)
    decimal: Literal[".", ","] = allowed("'.' or ','")
    encoding: str = allowed("the name of an encoding, such as utf-8 or cp1252")
    columns: dict[str, Range | None] | None = allowed("each column with its pair [smallest, largest] or null, or null")
    ignore: list[str] = allowed("a list of names of columns")
    target: str = allowed("the name of a column")
    threshold: float | None = allowed("a number or null")
    positive: str | float | bool | None = allowed("one of the target's two labels, or null")

    @model_validator(mode="after")
    def _consistent(self):
        for problem in (self._target_problem(), self._range_problem(), self._watch_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def _target_problem(self) -> str | None:
        if self.columns is not None and self.target not in self.columns:
            return f"data.target: received {self.target!r}; expected one of data.columns: {list(self.columns)}"
        if self.target in self.ignore:
            return f"data.target: received {self.target!r}, which data.ignore leaves out; take it off that list"
        if self.threshold is not None and self.positive is not None:
            return (
                f"data.positive: received {self.positive!r} beside data.threshold {self.threshold:g}; "
                "expected one of them: set the other to null"
            )
        return None

    def _range_problem(self) -> str | None:
        for name, limits in (self.columns or {}).items():
            if name in self.ignore:
                return f"data.columns.{name}: data.ignore leaves it out; take it off one of the two"
            if limits is not None and limits[0] > limits[1]:
                return f"data.columns.{name}: received {list(limits)}; expected the smaller value first"
        return None

    def _watch_problem(self) -> str | None:
        """A local table must be a dependency of the download, or an edit of it would go unnoticed."""
        if self.url.startswith(("http://", "https://")) or self.watch == self.url.removeprefix("file://"):
            return None
        return f"data.watch: received {self.watch!r}; expected {self.url!r}, the path in data.url"

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(f"data.encoding: received {name!r}; expected an encoding, such as utf-8") from None
        return name


class Split(Group):
    test_size: Share
    random_state: Seed
    validation_split: Share
    fit_scaler_on: Literal["train", "all"] = allowed("train or all")
    keep_duplicates_together: bool = allowed("true or false")


class Variant(Group):
    """The techniques that a variant may use; None where it does without."""

    l1: Factor = None
    l2: Factor = None
    dropout: OptionalRate = None
    patience: OptionalCount = None


class Replicate(Group):
    seeds: int = allowed("a whole number of 2 or more: one seed has no spread", ge=2)
    splits: int = allowed("a whole number of 10 or more: each block of rows must be tested twice", ge=10)
    leaky_twins: int = allowed("a whole number of 2 or more: one twin has no spread", ge=2)
    variants: dict[str, Variant] = allowed("names without dots, each with any of the techniques")

    @model_validator(mode="after")
    def _consistent(self):
        for name in set(self.variants) & set(HEADLINE_MODELS):
            raise ValueError(f"replicate.variants.{name}: {', '.join(HEADLINE_MODELS)} are taken; choose another name")
        for name in self.variants:
            if "." in name:  # `dvc exp run -S` takes a dot for the end of a key
                raise ValueError(f"replicate.variants: received the name {name!r}; expected one without a dot")
        return self


class Evidence(Group):
    equivalence: dict[str, Width] = allowed(f"a number above 0 for each of {', '.join(METRICS)}")
    power: float = allowed("a number from 0.5 to 0.97", ge=0.5, le=0.97)

    @model_validator(mode="after")
    def _complete(self):
        if set(self.equivalence) != set(METRICS):
            raise ValueError(
                f"evidence.equivalence: received {list(self.equivalence)}; "
                f"expected a number for each of {', '.join(METRICS)}"
            )
        return self


class Params(Group):
    data: Data = allowed("the group of keys about the table")
    split: Split = allowed("the group of keys about the split")
    hidden_units: list[Count] = allowed("a list of whole numbers of 1 or more", min_length=1)
    epochs: Count
    batch_size: Count
    learning_rate: float = allowed("a number above 0", gt=0)
    patience: OptionalCount
    seed: Seed
    l1: Factor
    l2: Factor
    regularized_layers: list[Count] = allowed("a list of numbers of hidden layers, 1 the first")
    bias_l1: Factor
    bias_l2: Factor
    activity_l1: Factor
    activity_l2: Factor
    dropout: Rate
    replicate: Replicate = allowed("the group of keys about the replicates")
    evidence: Evidence = allowed("the group of keys about the verdicts")

    @model_validator(mode="after")
    def _consistent(self):
        if any(number > len(self.hidden_units) for number in self.regularized_layers):
            raise ValueError(
                f"regularized_layers: received {self.regularized_layers}; "
                f"expected numbers from 1 to {len(self.hidden_units)}, the hidden layers there are"
            )
        return self


def load_params(path: str | Path = "params.yaml") -> Params:
    """The checked params of the file at `path`.

    Raises `InputError`, with a line per problem: the key, what was received, what is allowed.
    """
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; run this in the folder that holds it") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    return check_params(values, name=str(path))


def check_params(values: object, *, name: str = "params.yaml") -> Params:
    """`values`, as YAML gives them, as params. Raises `InputError` as `load_params` does; `name` opens each line."""
    if not isinstance(values, dict):
        raise InputError(f"{name}: received {values!r}; expected keys with values, such as `epochs: 500`")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        problems = dict.fromkeys(_sentence(problem) for problem in error.errors())
        raise InputError("\n".join(f"{name}: {problem}" for problem in problems)) from None


def _sentence(problem: dict) -> str:
    location = [part for part in problem["loc"] if part not in ("float", "int", "str", "bool")]
    key = ".".join(str(part) if str(part).isprintable() else repr(part) for part in location)
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    if problem["type"] == "extra_forbidden":
        return f"{key}: unknown key; {_suggestion(location)}"
    expected = _allowed_words(location)
    if problem["type"] == "missing":
        return f"{key}: missing; expected {expected}"
    return f"{key}: received {problem['input']!r}; expected {expected}"


def _suggestion(location: list) -> str:
    group: Any = _group_at(location[:-1])
    known = list(group.model_fields)
    close = get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"


def _allowed_words(location: list) -> str:
    """The description of the field at `location`; that of the items for an element of a list or a mapping."""
    group: Any = Params
    words = "a valid value"
    for part in location:
        field = group.model_fields.get(part) if hasattr(group, "model_fields") else None
        if field is not None:
            words = field.description or words
        group = _group_below(group, part)
    return words


def _group_at(location: list):
    group = Params
    for part in location:
        group = _group_below(group, part)
    return group


def _group_below(group: Any, part: object):
    """What `part` leads to from `group`: a `Group`, a mapping of names to one, or None."""
    if get_origin(group) is dict:
        below = get_args(group)[1]
    else:
        field = group.model_fields.get(part) if hasattr(group, "model_fields") else None
        below = field.annotation if field else None
    is_group = isinstance(below, type) and issubclass(below, Group)
    return below if is_group or get_origin(below) is dict else None
